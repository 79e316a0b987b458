/* A non-blocking stream to a server: TCP or a unix socket, TLS where the address says so. Every wait ends at the deadline. */
#ifndef SONDE_COLLECTORS_REDIS_SOCKET_H
#define SONDE_COLLECTORS_REDIS_SOCKET_H

#include "base/wait.h"
#include "collectors/redis/options.h"

struct tls;
struct redis_socket {
  int fd;          /* -1: closed */
  struct tls *tls; /* NULL: plain */
};

bool redis_socket_open(struct redis_socket *s, const struct redis_options *o, const struct wait *w, struct fail *f) MUST_CHECK;
void redis_socket_close(struct redis_socket *s);
/* Moves what can be moved now, without waiting. When nothing could be, *ret is 0 and *wanted says what to wait for (POLLIN or POLLOUT: TLS may
 * want to write before it can read). False when the connection is of no use any more. */
bool redis_socket_read(struct redis_socket *s, char *bytes, size_t size, size_t *ret, short *wanted, struct fail *f) MUST_CHECK;
bool redis_socket_write(struct redis_socket *s, const char *bytes, size_t length, size_t *ret, short *wanted,
                        struct fail *f) MUST_CHECK;
/* True when the server closed the connection or sent something nobody asked for. */
bool redis_socket_stale(const struct redis_socket *s);

#endif
