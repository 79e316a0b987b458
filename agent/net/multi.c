/* libcurl says which sockets it waits for and until when, and is told of those that are ready alone: a thousand transfers that hang cost nothing (with
 * curl_multi_poll() each event walks over all). Nothing here blocks: names are looked up by libcurl's own threads, which QUICK_EXIT leaves behind when
 * they hang. The number of transfers at a time is bounded by the descriptors there may be; the others wait for their turn, within their timeout. */
#include "agent/net/multi.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/net/talk.h"
#include "base/mem.h"

enum { EVENTS = 256, CONNECTIONS_KEPT = 256 };
enum { DESCRIPTORS_OF_OTHERS = 256, DESCRIPTORS_EACH = 3, PLACES_MIN = 16, PLACES_MAX = 1024 }; /* a lookup has three descriptors */
#define NEVER INT64_MAX
#define TALKS ((uint64_t)1 << 32) /* beside the descriptor in an epoll event: not libcurl's to handle */

struct multi {
  CURLM *handle;
  int epoll, wake;
  atomic_bool stopping;
  msec_t timer;    /* libcurl's next */
  msec_t deadline; /* not later than the next of those that wait or talk */
  size_t under_way, places;
  struct transfers begun, talking, waiting;
  struct lookups lookups;
};

static int watch(struct multi *m, int fd, uint32_t events, uint64_t mark) {
  struct epoll_event e = {.events = events, .data.u64 = (uint32_t)fd | mark};
  int done = epoll_ctl(m->epoll, EPOLL_CTL_MOD, fd, &e);
  return done && errno == ENOENT ? epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &e) : done;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket) {
  struct multi *m = arg;
  (void)easy, (void)of_socket;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL);
    return 0;
  }
  uint32_t in = what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0, out = what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0;
  return watch(m, fd, in | out, 0);
}

static int on_timer(CURLM *multi, long msec, void *arg) {
  struct multi *m = arg;
  (void)multi;
  m->timer = msec < 0 ? NEVER : clock_now() + msec;
  return 0;
}

static size_t count_places(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) return PLACES_MIN;
  rlim_t taken = DESCRIPTORS_OF_OTHERS + CONNECTIONS_KEPT, left = limit.rlim_cur > taken ? limit.rlim_cur - taken : 0;
  return (size_t)MAX((rlim_t)PLACES_MIN, MIN(left / DESCRIPTORS_EACH, (rlim_t)PLACES_MAX));
}

static bool set_up(struct multi *m) {
  return m->handle && m->epoll >= 0 && m->wake >= 0 && watch(m, m->wake, EPOLLIN, TALKS) == 0 &&
         curl_multi_setopt(m->handle, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
         curl_multi_setopt(m->handle, CURLMOPT_SOCKETDATA, m) == CURLM_OK &&
         curl_multi_setopt(m->handle, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
         curl_multi_setopt(m->handle, CURLMOPT_TIMERDATA, m) == CURLM_OK &&
         curl_multi_setopt(m->handle, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) == CURLM_OK &&
         curl_multi_setopt(m->handle, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT) == CURLM_OK;
}

struct multi *multi_new(struct fail *f) {
  struct multi *m = mem_zero(sizeof *m);
  *m = (struct multi){
      .epoll = epoll_create1(EPOLL_CLOEXEC), .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .places = count_places()};
  m->timer = m->deadline = NEVER;
  TAILQ_INIT(&m->begun);
  TAILQ_INIT(&m->talking);
  TAILQ_INIT(&m->waiting);
  atomic_init(&m->stopping, false);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) m->handle = curl_multi_init();
  if (set_up(m)) return m;
  fail_errno(f, "the loop of transfers cannot be started");
  multi_free(m);
  return NULL;
}

static void end(struct multi *m, struct transfers *list, struct transfer *t, CURLcode result) {
  TAILQ_REMOVE(list, t, link);
  if (list != &m->waiting) {
    curl_multi_remove_handle(m->handle, t->easy);
    m->under_way--;
  }
  if (!atomic_load(&m->stopping)) transfer_tell(t, result);
  transfer_free(t);
}

static void begin(struct multi *m, struct transfer *t) {
  msec_t left = t->deadline - clock_now();
  TAILQ_INSERT_TAIL(&m->begun, t, link);
  m->under_way++;
  transfer_begin(t, &m->lookups);
  curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)MAX(left, (msec_t)1));
  if (curl_multi_add_handle(m->handle, t->easy) != CURLM_OK) end(m, &m->begun, t, CURLE_OUT_OF_MEMORY);
}

void multi_add(struct multi *m, struct transfer *t) {
  if (t->urgent || m->under_way < m->places) {
    begin(m, t);
    return;
  }
  TAILQ_INSERT_TAIL(&m->waiting, t, link);
  m->deadline = MIN(m->deadline, t->deadline);
}

static void begin_waiting(struct multi *m) {
  struct transfer *t;
  while (m->under_way < m->places && (t = TAILQ_FIRST(&m->waiting))) {
    TAILQ_REMOVE(&m->waiting, t, link);
    t->answer->waited = (double)(clock_now() - t->sent) / 1000;
    begin(m, t);
  }
}

static void go_on_talking(struct multi *m, struct transfer *t) {
  uint32_t events;
  CURLcode result;
  if (talk_step(t, &events, &result))
    end(m, &m->talking, t, result);
  else if (watch(m, t->socket, events, TALKS))
    end(m, &m->talking, t, CURLE_OUT_OF_MEMORY);
}

/* Connected. libcurl watches the socket no more. */
static void begin_talk(struct multi *m, struct transfer *t) {
  TAILQ_REMOVE(&m->begun, t, link);
  TAILQ_INSERT_TAIL(&m->talking, t, link);
  m->deadline = MIN(m->deadline, t->deadline);
  curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &t->socket);
  go_on_talking(m, t);
}

static void end_finished(struct multi *m) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(m->handle, &left))) {
    struct transfer *t = NULL;
    CURLcode result = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
    if (result == CURLE_OK && t->connects_only)
      begin_talk(m, t);
    else
      end(m, &m->begun, t, result);
  }
}

/* Ends those of the list whose time is over. */
static void end_late(struct multi *m, struct transfers *list, msec_t now) {
  for (struct transfer *t = TAILQ_FIRST(list), *next; t; t = next) {
    next = TAILQ_NEXT(t, link);
    if (t->deadline > now) {
      m->deadline = MIN(m->deadline, t->deadline);
      continue;
    }
    if (list == &m->waiting)
      fail(&t->answer->told.why, FAIL_LIMIT, "not begun: %zu transfers were under way all the time, the most there may be",
           m->places);
    end(m, list, t, CURLE_OPERATION_TIMEDOUT);
  }
}

static void keep_deadlines(struct multi *m, msec_t now) {
  if (now < m->deadline) return;
  m->deadline = NEVER;
  end_late(m, &m->waiting, now);
  end_late(m, &m->talking, now);
}

static void handle(struct multi *m, const struct epoll_event *e) {
  int fd = (int)(uint32_t)e->data.u64, running;
  uint64_t count;
  if (!(e->data.u64 & TALKS)) {
    int what = (e->events & EPOLLIN ? CURL_CSELECT_IN : 0) | (e->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (e->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    curl_multi_socket_action(m->handle, fd, what, &running);
    return;
  }
  struct transfer *t = TAILQ_FIRST(&m->talking);
  while (t && t->socket != fd) t = TAILQ_NEXT(t, link);
  if (t)
    go_on_talking(m, t);
  else if (fd == m->wake && read(fd, &count, sizeof count) < 0)
    return; /* somebody else's wake-up was taken with it */
}

static int msec_left(const struct multi *m) {
  msec_t until = MIN(m->timer, m->deadline);
  if (until == NEVER) return -1;
  return (int)MAX((msec_t)0, MIN(until - clock_now(), (msec_t)INT32_MAX));
}

bool multi_turn(struct multi *m) {
  struct epoll_event events[EVENTS];
  int running, count = epoll_wait(m->epoll, events, EVENTS, msec_left(m));
  for (int i = 0; i < count; i++) handle(m, &events[i]);
  if (clock_now() >= m->timer) {
    m->timer = NEVER;
    curl_multi_socket_action(m->handle, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  end_finished(m);
  keep_deadlines(m, clock_now());
  begin_waiting(m);
  return !atomic_load(&m->stopping);
}

void multi_wake(struct multi *m) {
  uint64_t one = 1;
  ssize_t written = write(m->wake, &one, sizeof one);
  (void)written; /* it fails only when there are wake-ups in plenty */
}

void multi_stop(struct multi *m) {
  atomic_store(&m->stopping, true);
  multi_wake(m);
}

void multi_free(struct multi *m) {
  if (!m) return;
  atomic_store(&m->stopping, true);
  struct transfers *const lists[] = {&m->begun, &m->talking, &m->waiting};
  for (size_t i = 0; i < COUNTOF(lists); i++)
    while (TAILQ_FIRST(lists[i])) end(m, lists[i], TAILQ_FIRST(lists[i]), CURLE_OK);
  if (m->handle) curl_multi_cleanup(m->handle);
  if (m->epoll >= 0) close(m->epoll);
  if (m->wake >= 0) close(m->wake);
  free(m);
}
