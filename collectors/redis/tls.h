/* TLS over a connected non-blocking socket. The functions are as those of socket.h. */
#ifndef SONDE_COLLECTORS_REDIS_TLS_H
#define SONDE_COLLECTORS_REDIS_TLS_H

#include "base/wait.h"
#include "collectors/redis/options.h"

struct tls;
/* The handshake, with the server's certificate checked against its name. NULL with a sentence that says what to do. */
struct tls *tls_open(int fd, const struct redis_options *o, const struct wait *w, struct fail *f) MUST_CHECK;
void tls_close(struct tls *t); /* NULL allowed; says goodbye when that needs no waiting */
bool tls_read(struct tls *t, char *bytes, size_t size, size_t *ret, short *wanted, struct fail *f) MUST_CHECK;
bool tls_write(struct tls *t, const char *bytes, size_t length, size_t *ret, short *wanted, struct fail *f) MUST_CHECK;
/* True when the server closed the connection or sent something nobody asked for; session tickets do not count. */
bool tls_stale(struct tls *t);

#endif
