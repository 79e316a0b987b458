/* The HTTP server: see http/server.h. One thread of ours waits for all there is (new connections, libmicrohttpd's epoll descriptor, the stop
 * event, the guard's next deadline) and runs libmicrohttpd in between, without a thread of its own. So the guard, the cache and its responses
 * belong to one thread and need no lock, and an idle server sleeps: nothing here ticks. Measured, this serves as many requests a second as
 * libmicrohttpd's internal thread. */
#include "http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/http/guard.h"
#include "agent/http/listen.h"
#include "agent/http/pages.h"
#include "agent/http/path.h"
#include "agent/http/question.h"
#include "agent/http/routes.h"
#include "base/log.h"
#include "base/mem.h"

#define LISTENERS_MAX        16
#define ACCEPTS_AT_ONCE      64
#define SPARES               4
#define ACCEPT_PAUSE_MSEC    500
#define ACCEPT_SOON_MSEC     10 /* a guest was cut, whose descriptor is free when libmicrohttpd has closed it */
#define COMPLAINT_EVERY_MSEC 60000
#define CONNECTION_BYTES     ((size_t)32 << 10) /* of a request's header; libmicrohttpd answers 431 above it */
#define HOST_SIZE            300

struct server {
  struct site site;
  struct guard guard;
  struct worker *worker;
  struct MHD_Daemon *daemon;
  int daemon_fd;
  int wake_fd; /* written to when the worker has resumed a connection, which libmicrohttpd would not notice, and at the end */
  atomic_bool ending;
  bool running;
  pthread_t thread;
  size_t spare_count;
  int spares[SPARES]; /* descriptors held back for connections: sources that use up the limit must not shut scrapers out */
  msec_t accept_at;   /* accept() failed for want of descriptors and is tried again then */
  msec_t complain_at; /* the next time that may be said */
  size_t listener_count;
  struct listener listeners[LISTENERS_MAX];
  struct listener own; /* of `sonde check` */
};

/* What libmicrohttpd calls, all of it from within MHD_run() and MHD_add_connection(). */

static struct guest *guest_of(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code) {
  struct server *s = arg;
  if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
    guard_leave(*context);
    return;
  }
  const struct sockaddr *peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
  int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  *context = guard_enter(&s->guard, fd, peer, clock_now());
}

/* The request line is there. */
static void *on_line(void *arg, const char *uri, struct MHD_Connection *connection) {
  (void)uri;
  struct server *s = arg;
  struct guest *guest = guest_of(connection);
  if (guest) guard_phase(&s->guard, guest, GUEST_ASKING, clock_now());
  return NULL;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code) {
  (void)code;
  struct server *s = arg;
  struct guest *guest = guest_of(connection);
  if (*context && *context != arg) question_free(*context);
  *context = NULL;
  if (guest) guard_phase(&s->guard, guest, GUEST_IDLE, clock_now());
}

/* Paths are decoded by us: libmicrohttpd would end the string at %00. */
static size_t keep_encoded(void *arg, struct MHD_Connection *connection, char *text) {
  (void)arg, (void)connection;
  return strlen(text);
}

/* Where the client reached us. A client that is known by no usable Host header gets the address its connection ends at. */
static void find_host(const struct server *s, struct MHD_Connection *connection, char *out) {
  const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
  const struct sockaddr *peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
  int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  bool is_tcp = peer && peer->sa_family != AF_UNIX;
  if (is_tcp && host && host_is_valid(host)) {
    snprintf(out, HOST_SIZE, "%s", host);
    return;
  }
  if (is_tcp && socket_address(fd, out, HOST_SIZE)) return;
  snprintf(out, HOST_SIZE, "localhost");
  for (size_t i = s->listener_count; i-- > 0;)
    if (!s->listeners[i].is_unix) snprintf(out, HOST_SIZE, "%s", s->listeners[i].address);
}

/* A proxy on this machine speaks for clients that are elsewhere. */
static bool is_local(struct MHD_Connection *connection) {
  const struct guest *guest = guest_of(connection);
  return guest && guest->local && !MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Forwarded-For") &&
         !MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_FORWARDED);
}

/* Through which socket the client came is told by the name of our end. */
static bool is_own(const struct server *s, struct MHD_Connection *connection) {
  struct sockaddr_un bound = {0};
  socklen_t length = sizeof bound - 1;
  const struct sockaddr *peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
  if (s->own.fd < 0 || !peer || peer->sa_family != AF_UNIX) return false;
  int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  return getsockname(fd, (struct sockaddr *)&bound, &length) == 0 && !strcmp(bound.sun_path, s->own.address + strlen("unix:"));
}

static enum MHD_Result send_answer(struct server *s, struct MHD_Connection *connection, struct answer a) {
  enum MHD_Result result = MHD_queue_response(connection, a.status, a.response);
  if (!a.kept) MHD_destroy_response(a.response);
  struct guest *guest = guest_of(connection);
  if (guest) guard_phase(&s->guard, guest, GUEST_ANSWERING, clock_now());
  return result;
}

static enum MHD_Result give(struct server *s, struct MHD_Connection *connection, const char *method, const char *path) {
  char host[HOST_SIZE];
  find_host(s, connection, host);
  struct request request = {
      .method = method,
      .path = path,
      .accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT),
      .accept_encoding = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING),
      .asked = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "target"),
      .host = host,
      .local = is_local(connection),
      .own = is_own(s, connection),
      .now = clock_now(),
  };
  return send_answer(s, connection, route(&s->site, &request));
}

/* Comes twice: to be asked, and again when the worker has resumed the connection. */
static enum MHD_Result ask(struct server *s, struct question *q, const char *method, const char *path) {
  struct answer a;
  struct guest *guest = guest_of(q->job->connection);
  if (question_ask(q, s->worker, method, path, &a)) return send_answer(s, q->job->connection, a);
  if (guest) guard_phase(&s->guard, guest, GUEST_ANSWERING, clock_now());
  return MHD_YES;
}

/* Called once with the header, then for each piece of a body, then to be answered. A body is read and thrown away, but for a question to the API. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **context) {
  (void)version;
  struct server *s = arg;
  bool first = !*context;
  if (first) *context = question_is(path) ? (void *)question_new(connection) : arg;
  struct question *question = *context != arg ? *context : NULL;
  if (first) return MHD_YES;
  if (question && *upload_size) question_body(question, upload, *upload_size);
  if (!*upload_size) return question ? ask(s, question, method, path) : give(s, connection, method, path);
  *upload_size = 0;
  return MHD_YES;
}

/* The loop. */

static void fill_spares(struct server *s) {
  while (s->spare_count < SPARES) {
    int fd = fcntl(s->wake_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return;
    s->spares[s->spare_count++] = fd;
  }
}

static bool lend_spare(struct server *s) {
  if (s->spare_count == 0) return false;
  close(s->spares[--s->spare_count]);
  return true;
}

/* With nothing to spare, the guest that has waited longest goes. The listeners stay readable: looking away for a moment keeps the loop from
 * spinning. */
static void accept_failed(struct server *s, msec_t now) {
  struct fail why;
  fail_errno(&why, "cannot accept more HTTP connections");
  s->accept_at = now + (guard_cut_oldest(&s->guard) ? ACCEPT_SOON_MSEC : ACCEPT_PAUSE_MSEC);
  if (now < s->complain_at) return;
  s->complain_at = now + COMPLAINT_EVERY_MSEC;
  log_error(NULL, "%s; raise the limit of open files (LimitNOFILE)", why.text);
}

static bool is_exhausted(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void accept_some(struct server *s, int listener, msec_t now) {
  for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;
    struct sockaddr *address = (struct sockaddr *)&peer;
    int fd = accept4(listener, address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && errno == EMFILE && lend_spare(s)) continue;
    if (fd < 0) {
      if (is_exhausted(errno)) accept_failed(s, now);
      return;
    }
    if (!guard_make_room(&s->guard, address))
      close(fd);
    else
      MHD_add_connection(s->daemon, fd, address, length); /* closes it when it cannot */
  }
}

static int timeout_of(struct server *s, msec_t now) {
  MHD_UNSIGNED_LONG_LONG work;
  if (MHD_get_timeout(s->daemon, &work) == MHD_YES && work == 0) return 0;
  msec_t until = MIN(s->guard.next, s->accept_at > now ? s->accept_at : GUARD_NEVER);
  return until == GUARD_NEVER ? -1 : (int)MIN(MAX(until - now, 0), (msec_t)INT_MAX);
}

/* Waits for work and does it; false when it is time to end. */
static bool turn(struct server *s) {
  struct pollfd fds[4 + LISTENERS_MAX] = {{.fd = s->wake_fd, .events = POLLIN}, {.fd = s->daemon_fd, .events = POLLIN}};
  msec_t now = clock_now();
  bool accepting = s->accept_at <= now;
  fds[2] = (struct pollfd){.fd = accepting ? s->own.fd : -1, .events = POLLIN};
  for (size_t i = 0; i < s->listener_count; i++)
    fds[3 + i] = (struct pollfd){.fd = accepting ? s->listeners[i].fd : -1, .events = POLLIN};
  struct pollfd *asker = &fds[3 + s->listener_count];
  *asker = (struct pollfd){.fd = worker_watched(s->worker), .events = POLLRDHUP};
  poll(fds, 4 + s->listener_count, timeout_of(s, now)); /* signals are blocked: it has no reason to fail */
  eventfd_t count;
  if (fds[0].revents) eventfd_read(s->wake_fd, &count);
  if (asker->revents) worker_left(s->worker, asker->fd);
  if (atomic_load(&s->ending)) return false;
  now = clock_now();
  for (size_t i = 2; i < 3 + s->listener_count; i++)
    if (fds[i].revents) accept_some(s, fds[i].fd, now);
  if (s->guard.next <= now) guard_sweep(&s->guard, now);
  MHD_run(s->daemon);
  fill_spares(s);
  return true;
}

static void *serve(void *arg) {
  pthread_setname_np(pthread_self(), "http");
  while (turn(arg)) {
  }
  return NULL;
}

/* Starting and stopping. */

static bool open_listeners(struct server *s, const struct strings *listen, struct fail *f) {
  if (listen->count > LISTENERS_MAX)
    return fail(f, FAIL_CONFIG, "%zu listen addresses are too many: at most %d", listen->count, LISTENERS_MAX);
  for (size_t i = 0; i < listen->count; i++) {
    if (!listener_open(&s->listeners[i], listen->items[i], f)) return false;
    s->listener_count++;
  }
  return true;
}

static bool start_daemon(struct server *s, struct fail *f) {
  s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, s,
                               MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_URI_LOG_CALLBACK, on_line, s,
                               MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL,
                               MHD_OPTION_CONNECTION_LIMIT, (unsigned)COUNTOF(s->guard.guests), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                               CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
  if (!s->daemon) return fail_errno(f, "cannot start the HTTP server");
  fill_spares(s);
  s->daemon_fd = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  return true;
}

/* Signals are for the main thread. */
static bool start_thread(struct server *s, struct fail *f) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  errno = pthread_create(&s->thread, NULL, serve, s);
  s->running = errno == 0;
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return s->running || fail_errno(f, "cannot start the HTTP server's thread");
}

static void open_own(struct server *s, const char *path) {
  struct fail why;
  if (path && !listener_open_own(&s->own, path, &why)) log_warn(NULL, "sonde check cannot ask this agent: %s", why.text);
}

struct server *server_start(const struct server_config *config, struct fail *f) {
  struct server *s = mem_zero(sizeof *s);
  s->own.fd = -1;
  s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  guard_init(&s->guard);
  s->site = (struct site){.store = config->store, .started = clock_now(), .expected = EXPECTED_UNKNOWN};
  s->site.telemetry_path = mem_copy(config->telemetry_path);
  s->site.cache = cache_new(config->store);
  s->worker = worker_new(config->store, s->wake_fd);
  bool good = (s->wake_fd >= 0 || fail(f, FAIL_SYSTEM, "cannot start the HTTP server: no descriptor is left")) &&
              open_listeners(s, config->listen, f);
  if (good) open_own(s, config->socket);
  if (good && start_daemon(s, f) && start_thread(s, f)) return s;
  server_stop(s);
  return NULL;
}

const char *server_address(const struct server *s, size_t n) {
  return n < s->listener_count ? s->listeners[n].address : NULL;
}

void server_expect(struct server *s, size_t targets, uint64_t digest) {
  s->site.digest = digest;
  s->site.expected = targets;
}

void server_show(struct server *s, struct history *history, struct evaluator *evaluator) {
  s->site.evaluator = evaluator;
  worker_show(s->worker, history, evaluator);
}

void server_stop(struct server *s) {
  if (!s) return;
  if (s->running) {
    atomic_store(&s->ending, true);
    eventfd_write(s->wake_fd, 1);
    pthread_join(s->thread, NULL);
  }
  worker_stop(s->worker);
  if (s->daemon) MHD_stop_daemon(s->daemon);
  worker_free(s->worker);
  while (lend_spare(s)) {
  }
  if (s->wake_fd >= 0) close(s->wake_fd);
  for (size_t i = 0; i < s->listener_count; i++) listener_close(&s->listeners[i]);
  listener_close(&s->own);
  cache_free(s->site.cache);
  mem_free(&s->site.telemetry_path);
  mem_free(&s);
}
