/* Listening sockets: see listen.h. The messages are the point of this file: a port in use, a port below 1024 and an address of another
 * machine are what people meet on their first start. */
#include "agent/http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG      256
#define UNIX_PREFIX  "unix:"
#define SOCKET_FLAGS (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

static bool no_address(struct fail *f, const char *text, const char *why) {
  return fail(f, FAIL_CONFIG,
              "\"%.200s\" is no listen address: %s; write 127.0.0.1:10420, [::1]:10420, :10420 (all addresses), localhost:10420 or "
              "unix:/path",
              text, why);
}

static bool parse_unix(const char *text, struct listen_address *ret, struct fail *f) {
  struct sockaddr_un space;
  const char *path = text + strlen(UNIX_PREFIX);
  if (path[0] != '/') return no_address(f, text, "the path of a unix socket starts with /");
  if (strlen(path) >= sizeof space.sun_path) return no_address(f, text, "the path of a unix socket has at most 107 bytes");
  ret->path = path;
  return true;
}

static bool parse_port(const char *port, struct listen_address *ret) {
  size_t length = strlen(port);
  if (!length || length >= sizeof ret->port || strspn(port, "0123456789") != length) return false;
  if (strtoul(port, NULL, 10) > 65535) return false;
  memcpy(ret->port, port, length + 1);
  return true;
}

bool listen_address_parse(const char *text, struct listen_address *ret, struct fail *f) {
  *ret = (struct listen_address){0};
  if (!strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX))) return parse_unix(text, ret, f);
  const char *colon = strrchr(text, ':');
  if (!colon) return no_address(f, text, "the port is missing");
  if (!parse_port(colon + 1, ret)) return no_address(f, text, "the port is no number from 0 to 65535");
  const char *host = text;
  size_t length = (size_t)(colon - text);
  bool brackets = length > 2 && host[0] == '[' && host[length - 1] == ']';
  if (brackets) {
    host++;
    length -= 2;
  }
  if (length >= sizeof ret->host) return no_address(f, text, "the host is too long");
  memcpy(ret->host, host, length);
  if (strpbrk(ret->host, "[]/ ")) return no_address(f, text, "the host is none");
  if (!brackets && strchr(ret->host, ':')) return no_address(f, text, "an IPv6 address stands in brackets");
  return true;
}

static const char *remedy(int error) {
  switch (error) {
  case EADDRINUSE:
    return "the port is in use; `ss -ltnp` shows by whom. Stop that program, or choose another address with --web.listen-address";
  case EACCES:
    return "ports below 1024 are for root; choose a higher one with --web.listen-address, or give the service CAP_NET_BIND_SERVICE";
  case EADDRNOTAVAIL:
    return "this machine has no such address; `ip address` lists those it has. Choose one of them, or :PORT for all, with "
           "--web.listen-address";
  default:
    return strerror(error);
  }
}

static bool cannot_listen(struct fail *f, const char *address, int error) {
  return fail(f, FAIL_SYSTEM, "cannot listen on %s: %s", address, remedy(error));
}

bool socket_address(int fd, char *out, size_t size) {
  struct sockaddr_storage bound = {0};
  socklen_t length = sizeof bound;
  char host[NI_MAXHOST], port[NI_MAXSERV];
  struct sockaddr *address = (struct sockaddr *)&bound;
  if (getsockname(fd, address, &length) < 0) return false;
  if (getnameinfo(address, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV)) return false;
  snprintf(out, size, strchr(host, ':') ? "[%.100s]:%s" : "%.100s:%s", host, port);
  return true;
}

/* Binds the socket and writes where it is bound, which is not what was asked for when the port is 0. */
static bool bind_tcp(struct listener *l, const struct addrinfo *to) {
  const int on = 1, off = 0;
  if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return false; /* or a restart meets TIME_WAIT */
  if (to->ai_family == AF_INET6 && setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0) return false;
  if (bind(l->fd, to->ai_addr, to->ai_addrlen) < 0 || listen(l->fd, BACKLOG) < 0) return false;
  return socket_address(l->fd, l->address, sizeof l->address);
}

/* A name with several addresses is bound to one, an IPv4 one where there is a choice: the address people type when "localhost" fails. */
static const struct addrinfo *choose(const struct addrinfo *found) {
  for (const struct addrinfo *i = found; i; i = i->ai_next)
    if (i->ai_family == AF_INET) return i;
  return found;
}

static bool has_ipv6(void) {
  int fd = socket(AF_INET6, SOCKET_FLAGS, 0);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

static bool open_tcp(struct listener *l, const char *text, const struct listen_address *address, struct fail *f) {
  const char *host = address->host[0] ? address->host : has_ipv6() ? "::" : "0.0.0.0";
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
  int error = getaddrinfo(host, address->port, &hints, &found);
  if (error)
    return fail(f, FAIL_RESOLVE, "cannot listen on %s: \"%s\" has no address (%s); choose another with --web.listen-address", text,
                host, error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
  const struct addrinfo *to = choose(found);
  l->fd = socket(to->ai_family, SOCKET_FLAGS, 0);
  bool ok = l->fd >= 0 && bind_tcp(l, to);
  error = errno;
  freeaddrinfo(found);
  return ok || cannot_listen(f, text, error);
}

/* A process that was killed leaves its socket behind; nobody answers there. Anything else at that path is not ours to remove. */
static bool clear_path(const char *path, const struct sockaddr_un *at, struct fail *f) {
  struct stat st;
  if (lstat(path, &st) < 0) return errno == ENOENT || fail_errno(f, "cannot listen on unix:%s", path);
  if (!S_ISSOCK(st.st_mode)) return fail(f, FAIL_CONFIG, "cannot listen on unix:%s: there is a file that is not a socket", path);
  int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
  if (fd < 0) return fail_errno(f, "cannot listen on unix:%s", path);
  bool dead = connect(fd, (const struct sockaddr *)at, sizeof *at) < 0 && errno == ECONNREFUSED;
  close(fd);
  if (!dead) return fail(f, FAIL_SYSTEM, "cannot listen on unix:%s: another program serves it; `ss -lxp` shows which", path);
  return unlink(path) == 0 || fail_errno(f, "cannot remove the dead socket %s", path);
}

static bool open_unix(struct listener *l, const char *path, mode_t mode, struct fail *f) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  memcpy(at.sun_path, path, strlen(path) + 1);
  if (!clear_path(path, &at, f)) return false;
  l->fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
  if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&at, sizeof at) < 0) return fail_errno(f, "cannot listen on unix:%s", path);
  l->is_unix = true;
  snprintf(l->address, sizeof l->address, UNIX_PREFIX "%s", path);
  /* Nobody can connect before listen(), so there is no moment with wider rights. */
  if (chmod(path, mode) < 0 || listen(l->fd, BACKLOG) < 0) return fail_errno(f, "cannot listen on unix:%s", path);
  return true;
}

bool listener_open(struct listener *l, const char *address, struct fail *f) {
  *l = (struct listener){.fd = -1};
  struct listen_address parsed;
  if (!listen_address_parse(address, &parsed, f)) return false;
  if (parsed.path ? open_unix(l, parsed.path, 0660, f) : open_tcp(l, address, &parsed, f)) return true;
  listener_close(l);
  return false;
}

bool listener_open_own(struct listener *l, const char *path, struct fail *f) {
  *l = (struct listener){.fd = -1};
  if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
    return fail(f, FAIL_CONFIG, "%.300s is too long for a unix socket, whose path has at most 107 bytes", path);
  if (open_unix(l, path, 0600, f)) return true;
  listener_close(l);
  return false;
}

void listener_close(struct listener *l) {
  if (l->fd >= 0) close(l->fd);
  if (l->is_unix) unlink(l->address + strlen(UNIX_PREFIX));
  *l = (struct listener){.fd = -1};
}
