/* The queue of questions: see worker.h. */
#include "agent/http/worker.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/mem.h"

/* The wall's clock is followed when it moves by more than this: times in answers would else jitter by what reading two clocks takes. */
#define STEP_MSEC          100
#define ANSWER_BYTES_LEAST ((size_t)64 << 10) /* room for any error */

/* What is left for answers: the worker takes, the server's thread gives back. */
struct budget {
  atomic_size_t left;
};

struct worker {
  struct budget budget;
  struct api api; /* the thread's, once there is a history and it runs */
  atomic_bool stop;
  atomic_bool give_up; /* the job that is under way: at the end, and when its client has left */
  int wake_fd;
  pthread_mutex_t lock; /* of what follows */
  struct job *now;      /* under way */
  pthread_cond_t asked;
  struct job *first, **last;
  size_t waiting;
  bool running;
  pthread_t thread;
};

struct job *job_new(void) {
  struct job *j = mem_zero(sizeof *j);
  arena_init(&j->arena);
  buf_init(&j->answer, API_BYTES_MAX);
  j->form.arena = &j->arena;
  return j;
}

void job_free(struct job *j) {
  if (!j) return;
  if (j->budget) atomic_fetch_add(&j->budget->left, j->held);
  arena_done(&j->arena);
  buf_done(&j->answer);
  free(j);
}

struct worker *worker_new(struct store *store, int wake_fd) {
  struct worker *w = mem_zero(sizeof *w);
  w->api = (struct api){.store = store, .stop = &w->give_up};
  w->last = &w->first;
  w->wake_fd = wake_fd;
  w->budget.left = ANSWERS_BYTES_MAX;
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->asked, NULL);
  return w;
}

void worker_show(struct worker *w, struct history *history, struct evaluator *evaluator) {
  pthread_mutex_lock(&w->lock);
  w->api.history = history;
  w->api.evaluator = evaluator;
  pthread_mutex_unlock(&w->lock);
}

/* The next job; NULL when it is time to end. */
static struct job *next_job(struct worker *w) {
  pthread_mutex_lock(&w->lock);
  while (!w->first && !w->stop) pthread_cond_wait(&w->asked, &w->lock);
  struct job *j = w->stop ? NULL : w->first;
  if (j) {
    w->first = j->next;
    if (!w->first) w->last = &w->first;
    w->waiting--;
    w->give_up = false;
  }
  w->now = j;
  pthread_mutex_unlock(&w->lock);
  return j;
}

static int descriptor_of(const struct job *j) {
  return MHD_get_connection_info(j->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

int worker_watched(struct worker *w) {
  pthread_mutex_lock(&w->lock);
  int fd = w->now && !w->give_up ? descriptor_of(w->now) : -1;
  pthread_mutex_unlock(&w->lock);
  return fd;
}

void worker_left(struct worker *w, int fd) {
  pthread_mutex_lock(&w->lock);
  if (w->now && descriptor_of(w->now) == fd) w->give_up = true;
  pthread_mutex_unlock(&w->lock);
}

static void refuse(struct job *j, const char *sentence) {
  j->status = 503;
  buf_printf(&j->answer, "{\"status\":\"error\",\"errorType\":\"unavailable\",\"error\":\"%s\"}", sentence);
}

/* libmicrohttpd does not look at a suspended connection. */
static bool has_left(const struct job *j) {
  struct pollfd fd = {.fd = descriptor_of(j), .events = POLLRDHUP};
  return poll(&fd, 1, 0) == 1 && fd.revents;
}

/* An answer may be as large as what is left for all, so that many large ones that are fetched slowly do not fill the memory. */
static void query(struct worker *w, struct job *j) {
  eventfd_write(w->wake_fd, 1); /* from now on it is watched */
  j->answer.max = MIN(atomic_load(&w->budget.left), API_BYTES_MAX);
  j->status = api_answer(&w->api, &(struct api_request){clock_now(), j->path, j->form.parameters, j->form.count}, &j->answer);
  j->held = j->answer.length;
  j->budget = &w->budget;
  atomic_fetch_sub(&w->budget.left, j->held);
}

static void answer(struct worker *w, struct job *j) {
  int64_t offset = llround(clock_wall() * 1000) - clock_now();
  if (llabs(offset - w->api.wall_offset) > STEP_MSEC) w->api.wall_offset = offset;
  if (has_left(j))
    refuse(j, "nobody waits for this any more");
  else if (clock_now() - j->since > JOB_PATIENCE_MSEC)
    refuse(j, "too many queries were asked before this one");
  else if (atomic_load(&w->budget.left) < ANSWER_BYTES_LEAST)
    refuse(j, "too many large answers are still being fetched");
  else
    query(w, j);
  pthread_mutex_lock(&w->lock);
  w->now = NULL;
  pthread_mutex_unlock(&w->lock);
  MHD_resume_connection(j->connection); /* from here on both may be gone */
  eventfd_write(w->wake_fd, 1);
}

static void *work(void *arg) {
  struct worker *w = arg;
  struct job *j;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  pthread_setname_np(pthread_self(), "query");
  while ((j = next_job(w))) answer(w, j);
  return NULL;
}

bool worker_ask(struct worker *w, struct job *j) {
  pthread_mutex_lock(&w->lock);
  if (!w->running && w->api.history) w->running = pthread_create(&w->thread, NULL, work, w) == 0;
  bool taken = w->running && w->waiting < JOBS_WAITING_MAX;
  if (taken) {
    j->since = clock_now();
    MHD_suspend_connection(j->connection);
    *w->last = j;
    w->last = &j->next;
    w->waiting++;
    pthread_cond_signal(&w->asked);
  }
  pthread_mutex_unlock(&w->lock);
  return taken;
}

void worker_stop(struct worker *w) {
  pthread_mutex_lock(&w->lock);
  w->stop = w->give_up = true;
  pthread_cond_signal(&w->asked);
  bool running = w->running;
  w->running = false;
  pthread_mutex_unlock(&w->lock);
  if (running) pthread_join(w->thread, NULL);
  for (struct job *j = w->first, *next; j; j = next) {
    next = j->next; /* it may be gone when it is resumed */
    refuse(j, "the agent is ending");
    MHD_resume_connection(j->connection);
  }
  w->first = NULL;
}

void worker_free(struct worker *w) {
  if (!w) return;
  pthread_cond_destroy(&w->asked);
  pthread_mutex_destroy(&w->lock);
  free(w);
}
