/* The socket is ours rather than the protocol library's, whose waits are one for each read: a server that drips bytes holds those for ever. */
#include "collectors/redis/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "collectors/redis/tls.h"

static const char *remedy(int error, const struct redis_options *o) {
  if (error == ECONNREFUSED || error == ENOENT) return "; is the server running, and listening there?";
  if ((error == EACCES || error == EPERM) && o->address.path)
    return "; the user of sonde must be in the group of the socket, or unixsocketperm be 777";
  return "";
}

static bool cannot_connect(struct fail *f, int error, const struct redis_options *o) {
  return fail(f, FAIL_CONNECT, "cannot connect to %s: %s%s", o->shown, strerror(error), remedy(error, o));
}

/* Connects one socket to one address. */
static bool connect_one(struct redis_socket *s, int family, const struct sockaddr *to, socklen_t length,
                        const struct redis_options *o, const struct wait *w, struct fail *f) {
  s->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (s->fd < 0) return fail_errno(f, "cannot make a socket");
  int error = connect(s->fd, to, length) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    if (!wait_fd(w, s->fd, POLLOUT, f)) return fail_prefix(f, "cannot connect to %s", o->shown);
    socklen_t size = sizeof error;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size)) error = errno;
  }
  return error == 0 || cannot_connect(f, error, o);
}

static bool open_unix(struct redis_socket *s, const struct redis_options *o, const struct wait *w, struct fail *f) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  memcpy(to.sun_path, o->address.path, MIN(strlen(o->address.path), sizeof to.sun_path - 1));
  return connect_one(s, AF_UNIX, (const struct sockaddr *)&to, sizeof to, o, w, f);
}

/* Each address gets its share of the time that is left, so that one that swallows packets leaves some to the next. */
static struct wait share(const struct wait *w, size_t addresses) {
  msec_t now = clock_now(), left = MAX(w->deadline - now, 0);
  return (struct wait){now + left / (msec_t)addresses, w->stop_fd};
}

static bool open_any(struct redis_socket *s, const struct addrinfo *found, const struct redis_options *o, const struct wait *w,
                     struct fail *f) {
  size_t count = 0;
  for (const struct addrinfo *i = found; i; i = i->ai_next) count++;
  for (const struct addrinfo *i = found; i; i = i->ai_next) {
    struct wait part = share(w, count--);
    if (connect_one(s, i->ai_family, i->ai_addr, i->ai_addrlen, o, &part, f)) return true;
    redis_socket_close(s);
    if (f->kind == FAIL_STOPPED) return false;
  }
  return false;
}

static bool open_tcp(struct redis_socket *s, const struct redis_options *o, const struct wait *w, struct fail *f) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG}, *found = NULL;
  int error = getaddrinfo(o->address.host, o->address.port, &hints, &found);
  if (error) return fail(f, FAIL_RESOLVE, "the host %s has no address: %s", o->address.host, gai_strerror(error));
  bool opened = open_any(s, found, o, w, f);
  freeaddrinfo(found);
  if (opened) (void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  return opened;
}

bool redis_socket_open(struct redis_socket *s, const struct redis_options *o, const struct wait *w, struct fail *f) {
  *s = (struct redis_socket){.fd = -1};
  bool opened = o->address.path ? open_unix(s, o, w, f) : open_tcp(s, o, w, f);
  if (opened && o->address.tls) opened = (s->tls = tls_open(s->fd, o, w, f)) != NULL;
  if (!opened) redis_socket_close(s);
  return opened;
}

void redis_socket_close(struct redis_socket *s) {
  tls_close(s->tls);
  if (s->fd >= 0) close(s->fd);
  *s = (struct redis_socket){.fd = -1};
}

/* What a system call that moved nothing means. */
static bool judge(ssize_t moved, size_t *ret, struct fail *f) {
  *ret = moved > 0 ? (size_t)moved : 0;
  if (moved > 0 || (moved < 0 && (errno == EAGAIN || errno == EINTR))) return true;
  if (moved == 0) return fail(f, FAIL_CONNECT, "the server closed the connection");
  return fail(f, FAIL_CONNECT, "the connection broke: %s", strerror(errno));
}

bool redis_socket_read(struct redis_socket *s, char *bytes, size_t size, size_t *ret, short *wanted, struct fail *f) {
  *wanted = POLLIN;
  return s->tls ? tls_read(s->tls, bytes, size, ret, wanted, f) : judge(recv(s->fd, bytes, size, 0), ret, f);
}

bool redis_socket_write(struct redis_socket *s, const char *bytes, size_t length, size_t *ret, short *wanted, struct fail *f) {
  *wanted = POLLOUT;
  return s->tls ? tls_write(s->tls, bytes, length, ret, wanted, f) : judge(send(s->fd, bytes, length, MSG_NOSIGNAL), ret, f);
}

bool redis_socket_stale(const struct redis_socket *s) {
  if (s->tls) return tls_stale(s->tls);
  char byte;
  ssize_t n = recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EINTR);
}
