/* A scripted server on the loopback, and one who waits for answers, for the tests of this folder. */
#ifndef SONDE_TESTS_UNIT_NET_SERVER_H
#define SONDE_TESTS_UNIT_NET_SERVER_H

#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/net.h"

enum { CONNECTIONS_MAX = 128 };

/* Each connection has a thread, in which `handle` does what the server is to do; the connection is closed when it returns. */
struct server {
  int fd, port, count;
  pthread_t thread;
  void (*handle)(struct server *s, int fd);
  struct connection {
    struct server *server;
    int fd;
    pthread_t thread;
  } connections[CONNECTIONS_MAX];
  pthread_mutex_t lock;
  int requests;
  char seen[16384]; /* all requests, one behind the other */
  const char *answer;
  int other_port; /* for whoever needs one */
};

static inline bool server_say(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes += n, length -= (size_t)n;
  }
  return true;
}

static inline bool server_puts(int fd, const char *text) {
  return server_say(fd, text, strlen(text));
}

/* The next request with its body; false at the end of the connection. */
static inline bool server_read(struct server *s, int fd, char *out, size_t size) {
  size_t length = 0;
  while (length < size - 1) {
    ssize_t n = read(fd, out + length, size - 1 - length);
    if (n <= 0) return false;
    length += (size_t)n;
    out[length] = 0;
    if (out[0] == 0x16) break; /* TLS: whatever is said next is wrong */
    char *end = strstr(out, "\r\n\r\n"), *body = strcasestr(out, "Content-Length: ");
    if (end && (size_t)(end + 4 - out) + (body ? strtoul(body + 16, NULL, 10) : 0) <= length) break;
  }
  pthread_mutex_lock(&s->lock);
  s->requests++;
  snprintf(s->seen + strlen(s->seen), sizeof s->seen - strlen(s->seen), "%s", out);
  pthread_mutex_unlock(&s->lock);
  return true;
}

/* Answers every request of a connection with s->answer. */
static inline void server_answers(struct server *s, int fd) {
  char request[4096];
  while (server_read(s, fd, request, sizeof request) && server_puts(fd, s->answer)) continue;
}

/* … the first one, and closes. */
static inline void server_answers_once(struct server *s, int fd) {
  char request[4096];
  if (server_read(s, fd, request, sizeof request)) server_puts(fd, s->answer);
}

/* Takes what comes, says nothing, and waits for the peer to go. */
static inline void server_is_mute(struct server *s, int fd) {
  char ignored[4096];
  (void)s;
  while (read(fd, ignored, sizeof ignored) > 0) continue;
}

static inline void *server_connection(void *arg) {
  struct connection *c = arg;
  c->server->handle(c->server, c->fd);
  shutdown(c->fd, SHUT_RDWR);
  return NULL;
}

static inline void *server_accept(void *arg) {
  struct server *s = arg;
  int fd;
  while (s->count < CONNECTIONS_MAX && (fd = accept(s->fd, NULL, NULL)) >= 0) {
    struct connection *c = &s->connections[s->count];
    *c = (struct connection){.server = s, .fd = fd};
    if (pthread_create(&c->thread, NULL, server_connection, c)) abort();
    s->count++;
  }
  return NULL;
}

static inline int server_listen(int *ret_port, int backlog) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(fd, backlog), 0);
  getsockname(fd, (struct sockaddr *)&address, &length);
  *ret_port = ntohs(address.sin_port);
  return fd;
}

static inline void server_start(struct server *s, void (*handle)(struct server *s, int fd), const char *answer) {
  memset(s, 0, sizeof *s);
  pthread_mutex_init(&s->lock, NULL);
  s->handle = handle;
  s->answer = answer;
  s->fd = server_listen(&s->port, 128);
  assert_int_equal(pthread_create(&s->thread, NULL, server_accept, s), 0);
}

/* Afterwards s->count says how many connections there were, s->requests and s->seen what was asked. */
static inline void server_stop(struct server *s) {
  shutdown(s->fd, SHUT_RDWR);
  pthread_join(s->thread, NULL);
  close(s->fd);
  for (int i = 0; i < s->count; i++) {
    shutdown(s->connections[i].fd, SHUT_RDWR);
    pthread_join(s->connections[i].thread, NULL);
    close(s->connections[i].fd);
  }
  pthread_mutex_destroy(&s->lock);
}

/* Whoever waits for answers. */
struct waiting {
  pthread_mutex_t lock;
  pthread_cond_t came;
  const struct net_answer *answer; /* the latest, kept */
  int count, good;
};

#define WAITING                                                                                                                    \
  { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER }

static inline void take(void *context, const struct net_answer *a) {
  struct waiting *w = context;
  pthread_mutex_lock(&w->lock);
  net_answer_free(w->answer);
  w->answer = net_answer_keep(a);
  w->good += a->why.kind == FAIL_NONE;
  w->count++;
  pthread_cond_signal(&w->came);
  pthread_mutex_unlock(&w->lock);
}

static inline void wait_for(struct waiting *w, int count) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += 60;
  pthread_mutex_lock(&w->lock);
  while (w->count < count)
    if (pthread_cond_timedwait(&w->came, &w->lock, &end)) fail_msg("no answer in a minute");
  pthread_mutex_unlock(&w->lock);
}

/* Sends it and waits; the answer lives until the next one or until net_answer_free(w->answer). */
static inline const struct net_answer *ask_with(struct net *net, struct waiting *w, const struct net_request *r) {
  struct fail why = {0};
  int before = w->count;
  if (!net_send(net, r, take, w, &why)) fail_msg("%s", why.text);
  wait_for(w, before + 1);
  return w->answer;
}

/* The same by a loop of its own: afterwards all its connections are closed. */
static inline const struct net_answer *ask(struct waiting *w, const struct net_request *r) {
  struct net *net = net_new();
  const struct net_answer *a = ask_with(net, w, r);
  net_free(net);
  return a;
}

static inline void make_url(char *out, size_t size, const char *scheme, int port, const char *path) {
  snprintf(out, size, "%s://127.0.0.1:%d%s", scheme, port, path);
}

#define PLAIN(address)                                                                                                             \
  { .url = (address), .connect_timeout = 30000, .timeout = 30000, .answer_max = 4096 }

#endif
