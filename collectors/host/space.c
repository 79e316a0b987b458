/* Helper threads around statfs(), see collectors/host/space.h.
 *
 * One lock guards everything below. Queries wait in a queue; a helper takes one, calls with the lock released, stores the answer. Usually one
 * helper serves all. When nothing has been answered for a while, it is taken to be stuck in its call, and another helper is started for the rest
 * of the queue: so mounts that are dead side by side cost one wait, not one each. Helpers that find nothing to do end, but for one. */
#include "collectors/host/space.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"

#define STACK_BYTES 65536

struct space_query {
  unsigned references; /* atomic */
  char *path;
  /* Guarded by the helpers' lock: */
  bool busy;      /* in the queue or with a helper */
  uint64_t round; /* in which it was asked */
  struct space answer;
  struct space_query *next; /* in the queue */
};

struct space_helpers {
  int (*ask)(const char *path, struct statfs *ret);
  pthread_mutex_t lock;
  pthread_cond_t work, answered;
  unsigned references; /* the owner and each helper */
  unsigned helpers, idle;
  uint64_t round;   /* each asking is one; answers to an earlier one are late */
  unsigned awaited; /* queries of this round without an answer */
  bool closing;
  struct space_query *queue, **queue_end;
};

struct space_query *space_query_new(const char *path) {
  struct space_query *q = mem_zero(sizeof *q);
  q->references = 1;
  q->path = mem_copy(path);
  return q;
}

struct space_query *space_query_ref(struct space_query *q) {
  __atomic_add_fetch(&q->references, 1, __ATOMIC_RELAXED);
  return q;
}

void space_query_unref(struct space_query *q) {
  if (!q || __atomic_sub_fetch(&q->references, 1, __ATOMIC_ACQ_REL)) return;
  free(q->path);
  free(q);
}

struct space_helpers *space_helpers_new(int (*ask)(const char *path, struct statfs *ret)) {
  struct space_helpers *h = mem_zero(sizeof *h);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&h->lock, NULL);
  pthread_cond_init(&h->work, NULL);
  pthread_cond_init(&h->answered, &monotonic);
  pthread_condattr_destroy(&monotonic);
  h->ask = ask;
  h->references = 1;
  h->queue_end = &h->queue;
  return h;
}

static struct space_query *dequeue(struct space_helpers *h) {
  struct space_query *q = h->queue;
  if (!q) return NULL;
  h->queue = q->next;
  if (!h->queue) h->queue_end = &h->queue;
  q->next = NULL;
  return q;
}

/* Unlocks, and lets go of one reference. */
static void leave(struct space_helpers *h) {
  bool last = --h->references == 0;
  struct space_query *q;
  while (last && (q = dequeue(h))) space_query_unref(q);
  pthread_mutex_unlock(&h->lock);
  if (!last) return;
  pthread_cond_destroy(&h->answered);
  pthread_cond_destroy(&h->work);
  pthread_mutex_destroy(&h->lock);
  free(h);
}

void space_helpers_free(struct space_helpers *h) {
  if (!h) return;
  pthread_mutex_lock(&h->lock);
  h->closing = true;
  pthread_cond_broadcast(&h->work);
  leave(h);
}

/* With the lock held, but for the call itself. */
static void answer(struct space_helpers *h, struct space_query *q) {
  struct space answer = {0};
  pthread_mutex_unlock(&h->lock);
  if (h->ask(q->path, &answer.fs) < 0) answer.error = errno;
  pthread_mutex_lock(&h->lock);
  q->answer = answer;
  q->busy = false;
  if (q->round == h->round && --h->awaited == 0) pthread_cond_signal(&h->answered);
  space_query_unref(q);
}

static void *help(void *arg) {
  struct space_helpers *h = arg;
  pthread_mutex_lock(&h->lock);
  while (!h->closing) {
    struct space_query *q = dequeue(h);
    if (q) {
      answer(h, q);
    } else if (h->idle) {
      break;
    } else {
      h->idle++;
      pthread_cond_wait(&h->work, &h->lock);
      h->idle--;
    }
  }
  h->helpers--;
  leave(h);
  return NULL;
}

/* Signals are for the main thread: a helper takes none. */
static void start_helper(struct space_helpers *h) {
  if (h->helpers >= SPACE_HELPERS_MAX) return;
  pthread_t thread;
  pthread_attr_t attributes;
  sigset_t all;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setsigmask_np(&attributes, &all);
  h->helpers++;
  h->references++;
  if (pthread_create(&thread, &attributes, help, h)) {
    h->helpers--;
    h->references--;
  }
  pthread_attr_destroy(&attributes);
}

static void enqueue(struct space_helpers *h, struct space_query *q) {
  q->busy = true;
  q->round = h->round;
  q->next = NULL;
  *h->queue_end = space_query_ref(q);
  h->queue_end = &q->next;
  h->awaited++;
}

static void wait_step(struct space_helpers *h) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += SPACE_STEP * 1000000;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  unsigned before = h->awaited;
  int result = 0;
  while (h->awaited && result == 0) result = pthread_cond_timedwait(&h->answered, &h->lock, &until);
  if (h->queue && h->awaited == before) start_helper(h);
}

/* What nobody took up is not asked any more. What a helper is at stays busy until it answers. */
static void give_up(struct space_helpers *h) {
  struct space_query *q;
  while ((q = dequeue(h))) {
    q->busy = false;
    q->answer = (struct space){.error = ETIMEDOUT};
    space_query_unref(q);
  }
  h->round++;
  h->awaited = 0;
}

void space_ask(struct space_helpers *h, struct space_query *const *queries, size_t count) {
  pthread_mutex_lock(&h->lock);
  h->round++;
  h->awaited = 0;
  for (size_t i = 0; i < count; i++)
    if (!queries[i]->busy) enqueue(h, queries[i]);
  bool wake = h->queue && h->idle;
  if (h->queue && !h->idle) start_helper(h);
  pthread_mutex_unlock(&h->lock);
  if (wake) pthread_cond_signal(&h->work);
}

void space_answers(struct space_helpers *h, struct space_query *const *queries, struct space *answers, size_t count,
                   const struct wait *wait) {
  pthread_mutex_lock(&h->lock);
  for (msec_t waited = 0; h->awaited && waited < SPACE_PATIENCE; waited += SPACE_STEP) {
    wait_step(h);
    if (h->awaited && wait_over(wait, NULL)) break;
  }
  if (h->awaited) give_up(h);
  for (size_t i = 0; i < count; i++) {
    answers[i] = queries[i]->answer;
    if (queries[i]->busy) answers[i].error = ETIMEDOUT;
  }
  pthread_mutex_unlock(&h->lock);
}
