/* Listening sockets. They are ours, not libmicrohttpd's: several at once, of any family, with errors that say what to do. */
#ifndef SONDE_AGENT_HTTP_LISTEN_H
#define SONDE_AGENT_HTTP_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/fail.h"

struct listen_address {
  char host[256];   /* "" for all addresses of the machine */
  char port[6];     /* decimal; "" for a unix socket */
  const char *path; /* of a unix socket, pointing into the text; NULL for TCP */
};

/* Reads "127.0.0.1:10420", "[::1]:10420", ":10420", "localhost:10420" or "unix:/path". False with a sentence that shows these forms. */
bool listen_address_parse(const char *text, struct listen_address *ret, struct fail *f) MUST_CHECK;

struct listener {
  int fd;
  bool is_unix;
  char address[128]; /* as bound, with the real port: "127.0.0.1:10420", "unix:/run/sonde.sock" */
};

/* Binds and listens, non-blocking. A unix socket that a dead process left behind is replaced; a new one may be used by its owner and group.
 * False with a sentence that names the address, the cause and the remedy. */
bool listener_open(struct listener *l, const char *address, struct fail *f) MUST_CHECK;
/* The same for a unix socket that only this user may use. */
bool listener_open_own(struct listener *l, const char *path, struct fail *f) MUST_CHECK;
/* Closes it and removes the file of a unix socket. */
void listener_close(struct listener *l);

/* Writes the local address of a TCP socket, "127.0.0.1:10420" or "[::1]:10420". */
bool socket_address(int fd, char *out, size_t size) MUST_CHECK;

#endif
