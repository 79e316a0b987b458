/* libcurl says which sockets it waits for and until when, and is told of those that are ready alone: a thousand transfers that hang cost nothing (with
 * curl_multi_poll() each event walks over all). Nothing here blocks: names are looked up by libcurl's own threads, which QUICK_EXIT leaves behind when
 * they hang. The number of transfers at a time is bounded by the descriptors there may be; the others wait for their turn, within their timeout. */
#include "agent/net/loop.h"

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

struct loop {
  CURLM *multi;
  int epoll, wake;
  atomic_bool stopping;
  msec_t timer;    /* libcurl's next */
  msec_t deadline; /* not later than the next of those that wait or talk */
  size_t under_way, places;
  struct transfers begun, talking, waiting;
  struct lookups lookups;
};

static int watch(struct loop *l, int fd, uint32_t events, uint64_t mark) {
  struct epoll_event e = {.events = events, .data.u64 = (uint32_t)fd | mark};
  int done = epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &e);
  return done && errno == ENOENT ? epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) : done;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket) {
  struct loop *l = arg;
  (void)easy, (void)of_socket;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
    return 0;
  }
  uint32_t in = what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0, out = what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0;
  return watch(l, fd, in | out, 0);
}

static int on_timer(CURLM *multi, long msec, void *arg) {
  struct loop *l = arg;
  (void)multi;
  l->timer = msec < 0 ? NEVER : clock_now() + msec;
  return 0;
}

static size_t count_places(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) return PLACES_MIN;
  rlim_t taken = DESCRIPTORS_OF_OTHERS + CONNECTIONS_KEPT, left = limit.rlim_cur > taken ? limit.rlim_cur - taken : 0;
  return (size_t)MAX((rlim_t)PLACES_MIN, MIN(left / DESCRIPTORS_EACH, (rlim_t)PLACES_MAX));
}

static bool set_up(struct loop *l) {
  return l->multi && l->epoll >= 0 && l->wake >= 0 && watch(l, l->wake, EPOLLIN, TALKS) == 0 &&
         curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
         curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l) == CURLM_OK &&
         curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
         curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l) == CURLM_OK &&
         curl_multi_setopt(l->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) == CURLM_OK &&
         curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT) == CURLM_OK;
}

struct loop *loop_new(struct fail *f) {
  struct loop *l = mem_zero(sizeof *l);
  *l = (struct loop){
      .epoll = epoll_create1(EPOLL_CLOEXEC), .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .places = count_places()};
  l->timer = l->deadline = NEVER;
  TAILQ_INIT(&l->begun);
  TAILQ_INIT(&l->talking);
  TAILQ_INIT(&l->waiting);
  atomic_init(&l->stopping, false);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) l->multi = curl_multi_init();
  if (set_up(l)) return l;
  fail_errno(f, "the loop of transfers cannot be started");
  loop_free(l);
  return NULL;
}

static void end(struct loop *l, struct transfers *list, struct transfer *t, CURLcode result) {
  TAILQ_REMOVE(list, t, link);
  if (list != &l->waiting) {
    curl_multi_remove_handle(l->multi, t->easy);
    l->under_way--;
  }
  if (!atomic_load(&l->stopping)) transfer_tell(t, result);
  transfer_free(t);
}

static void begin(struct loop *l, struct transfer *t) {
  msec_t left = t->deadline - clock_now();
  TAILQ_INSERT_TAIL(&l->begun, t, link);
  l->under_way++;
  transfer_begin(t, &l->lookups);
  curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)MAX(left, (msec_t)1));
  if (curl_multi_add_handle(l->multi, t->easy) != CURLM_OK) end(l, &l->begun, t, CURLE_OUT_OF_MEMORY);
}

void loop_add(struct loop *l, struct transfer *t) {
  if (t->urgent || l->under_way < l->places) {
    begin(l, t);
    return;
  }
  TAILQ_INSERT_TAIL(&l->waiting, t, link);
  l->deadline = MIN(l->deadline, t->deadline);
}

static void begin_waiting(struct loop *l) {
  struct transfer *t;
  while (l->under_way < l->places && (t = TAILQ_FIRST(&l->waiting))) {
    TAILQ_REMOVE(&l->waiting, t, link);
    begin(l, t);
  }
}

static void go_on_talking(struct loop *l, struct transfer *t) {
  uint32_t events;
  CURLcode result;
  if (talk_step(t, &events, &result))
    end(l, &l->talking, t, result);
  else if (watch(l, t->socket, events, TALKS))
    end(l, &l->talking, t, CURLE_OUT_OF_MEMORY);
}

/* Connected. libcurl watches the socket no more. */
static void begin_talk(struct loop *l, struct transfer *t) {
  TAILQ_REMOVE(&l->begun, t, link);
  TAILQ_INSERT_TAIL(&l->talking, t, link);
  l->deadline = MIN(l->deadline, t->deadline);
  curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &t->socket);
  go_on_talking(l, t);
}

static void end_finished(struct loop *l) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(l->multi, &left))) {
    struct transfer *t = NULL;
    CURLcode result = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
    if (result == CURLE_OK && t->connects_only)
      begin_talk(l, t);
    else
      end(l, &l->begun, t, result);
  }
}

/* Ends those of the list whose time is over. */
static void end_late(struct loop *l, struct transfers *list, msec_t now) {
  for (struct transfer *t = TAILQ_FIRST(list), *next; t; t = next) {
    next = TAILQ_NEXT(t, link);
    if (t->deadline > now) {
      l->deadline = MIN(l->deadline, t->deadline);
      continue;
    }
    if (list == &l->waiting)
      fail(&t->answer->told.why, FAIL_LIMIT, "not begun: %zu transfers were under way all the time, the most there may be",
           l->places);
    end(l, list, t, CURLE_OPERATION_TIMEDOUT);
  }
}

static void keep_deadlines(struct loop *l, msec_t now) {
  if (now < l->deadline) return;
  l->deadline = NEVER;
  end_late(l, &l->waiting, now);
  end_late(l, &l->talking, now);
}

static void handle(struct loop *l, const struct epoll_event *e) {
  int fd = (int)(uint32_t)e->data.u64, running;
  uint64_t count;
  if (!(e->data.u64 & TALKS)) {
    int what = (e->events & EPOLLIN ? CURL_CSELECT_IN : 0) | (e->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (e->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    curl_multi_socket_action(l->multi, fd, what, &running);
    return;
  }
  struct transfer *t = TAILQ_FIRST(&l->talking);
  while (t && t->socket != fd) t = TAILQ_NEXT(t, link);
  if (t)
    go_on_talking(l, t);
  else if (fd == l->wake && read(fd, &count, sizeof count) < 0)
    return; /* somebody else's wake-up was taken with it */
}

static int msec_left(const struct loop *l) {
  msec_t until = MIN(l->timer, l->deadline);
  if (until == NEVER) return -1;
  return (int)MAX((msec_t)0, MIN(until - clock_now(), (msec_t)INT32_MAX));
}

bool loop_turn(struct loop *l) {
  struct epoll_event events[EVENTS];
  int running, count = epoll_wait(l->epoll, events, EVENTS, msec_left(l));
  for (int i = 0; i < count; i++) handle(l, &events[i]);
  if (clock_now() >= l->timer) {
    l->timer = NEVER;
    curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  end_finished(l);
  keep_deadlines(l, clock_now());
  begin_waiting(l);
  return !atomic_load(&l->stopping);
}

void loop_wake(struct loop *l) {
  uint64_t one = 1;
  ssize_t written = write(l->wake, &one, sizeof one);
  (void)written; /* it fails only when there are wake-ups in plenty */
}

void loop_stop(struct loop *l) {
  atomic_store(&l->stopping, true);
  loop_wake(l);
}

void loop_free(struct loop *l) {
  if (!l) return;
  atomic_store(&l->stopping, true);
  struct transfers *const lists[] = {&l->begun, &l->talking, &l->waiting};
  for (size_t i = 0; i < COUNTOF(lists); i++)
    while (TAILQ_FIRST(lists[i])) end(l, lists[i], TAILQ_FIRST(lists[i]), CURLE_OK);
  if (l->multi) curl_multi_cleanup(l->multi);
  if (l->epoll >= 0) close(l->epoll);
  if (l->wake >= 0) close(l->wake);
  free(l);
}
