/* One thread for many targets: see loop.h. Their places are a heap by when they are due; one whose transfer is under way is due never, until its answer
 * is in. Net's thread only puts answers into a list: all judging is done here. */
#include "agent/poll/loop.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/poll/thread.h"
#include "base/mem.h"

#define NEVER INT64_MAX

/* Of one target. */
struct place {
  struct life *life; /* a reference */
  struct loop *loop;
  msec_t due;
  size_t at;                       /* in the heap */
  const struct net_answer *answer; /* that came; kept */
  struct place *next;              /* in a list of the loop */
};

struct loop {
  struct net *net;
  int wake_fd;
  bool started;
  pthread_t thread;

  pthread_mutex_t lock; /* of what follows */
  bool stopping, removed;
  struct place *added, *answered; /* latest first */

  /* The thread's own. */
  struct place **heap;
  size_t count, capacity;
  struct poll poll;
};

/* The heap */

static void put(struct loop *loop, size_t at, struct place *p) {
  loop->heap[at] = p;
  p->at = at;
}

/* Moves the place to where its time belongs. */
static void settle(struct loop *loop, struct place *p) {
  size_t at = p->at;
  for (; at > 0 && p->due < loop->heap[(at - 1) / 2]->due; at = (at - 1) / 2) put(loop, at, loop->heap[(at - 1) / 2]);
  for (;;) {
    size_t least = 2 * at + 1;
    if (least + 1 < loop->count && loop->heap[least + 1]->due < loop->heap[least]->due) least++;
    if (least >= loop->count || loop->heap[least]->due >= p->due) break;
    put(loop, at, loop->heap[least]);
    at = least;
  }
  put(loop, at, p);
}

static void insert(struct loop *loop, struct place *p) {
  if (loop->count == loop->capacity) {
    loop->capacity = MAX(loop->capacity * 2, (size_t)16);
    loop->heap = mem_resize(loop->heap, loop->capacity, sizeof(struct place *));
  }
  put(loop, loop->count++, p);
  settle(loop, p);
}

static void take_out(struct loop *loop, struct place *p) {
  struct place *last = loop->heap[--loop->count];
  if (last == p) return;
  put(loop, p->at, last);
  settle(loop, last);
}

/* A target's turn */

/* On net's thread. */
static void take_answer(void *context, const struct net_answer *a) {
  struct place *p = context;
  struct loop *loop = p->loop;
  p->answer = net_answer_keep(a);
  pthread_mutex_lock(&loop->lock);
  p->next = loop->answered;
  loop->answered = p;
  pthread_mutex_unlock(&loop->lock);
  eventfd_write(loop->wake_fd, 1);
}

static bool ask(struct loop *loop, struct place *p, struct fail *f) {
  const struct life *l = p->life;
  struct net_request request = {.connect_timeout = l->config->timeout, .timeout = l->config->timeout};
  life_prepare(l, &loop->poll);
  return l->collector->ask(l->state, &loop->poll, &request, f) && net_send(loop->net, &request, take_answer, p, f);
}

/* False when the agent is ending: then it is due never. */
static void end_turn(struct loop *loop, struct place *p, bool up, const struct fail *why) {
  p->due = life_end(p->life, &loop->poll, up, why) ? schedule_wake(&p->life->schedule) : NEVER;
}

static void serve(struct loop *loop, struct place *p) {
  struct fail why = {0};
  if (life_begin(p->life, clock_now()) && ask(loop, p, &why))
    p->due = NEVER;
  else
    end_turn(loop, p, false, &why);
  settle(loop, p);
}

static void discard(struct place *p) {
  net_answer_free(p->answer);
  life_close(p->life);
  life_unref(p->life);
  free(p);
}

static void finish(struct loop *loop, struct place *p) {
  const struct life *l = p->life;
  struct fail why = {0};
  if (atomic_load(&l->leaving)) {
    take_out(loop, p);
    discard(p);
    return;
  }
  life_prepare(l, &loop->poll);
  bool up = l->collector->read(l->state, p->answer, &loop->poll, &why);
  net_answer_free(p->answer);
  p->answer = NULL;
  end_turn(loop, p, up, &why);
  settle(loop, p);
}

/* The thread */

/* What other threads left for this one. */
struct news {
  bool stopping, removed;
  struct place *added, *answered;
};

static struct news take_news(struct loop *loop) {
  eventfd_t count;
  eventfd_read(loop->wake_fd, &count);
  pthread_mutex_lock(&loop->lock);
  struct news n = {loop->stopping, loop->removed, loop->added, loop->answered};
  if (!loop->stopping) loop->added = loop->answered = NULL; /* who ends the loop frees them */
  loop->removed = false;
  pthread_mutex_unlock(&loop->lock);
  return n;
}

/* First polls are a millisecond apart: thousands that begin at one instant would wait for each other. */
static void admit(struct loop *loop, struct place *added) {
  msec_t first = clock_now();
  for (struct place *next; added; added = next) {
    next = added->next;
    life_open(added->life, first++);
    added->due = schedule_wake(&added->life->schedule);
    insert(loop, added);
  }
}

/* Those whose answer is outstanding go when it comes. The heap is built anew in its own place. */
static void drop_leaving(struct loop *loop) {
  size_t all = loop->count;
  loop->count = 0;
  for (size_t i = 0; i < all; i++) {
    struct place *p = loop->heap[i];
    if (atomic_load(&p->life->leaving) && p->due != NEVER)
      discard(p);
    else
      insert(loop, p);
  }
}

static void *run(void *arg) {
  struct loop *loop = arg;
  thread_name("loop");
  for (struct news n = take_news(loop); !n.stopping; n = take_news(loop)) {
    admit(loop, n.added);
    for (struct place *p = n.answered, *next; p; p = next) {
      next = p->next;
      finish(loop, p);
    }
    if (n.removed) drop_leaving(loop);
    while (loop->count && loop->heap[0]->due <= clock_now()) serve(loop, loop->heap[0]);
    if (!wait_until(loop->wake_fd, loop->count ? loop->heap[0]->due : NEVER)) continue;
  }
  return NULL;
}

/* What other threads do */

struct loop *loop_new(struct net *net) {
  struct loop *loop = mem_zero(sizeof *loop);
  loop->net = net;
  loop->wake_fd = loop->poll.wait.stop_fd = -1;
  pthread_mutex_init(&loop->lock, NULL);
  return loop;
}

static bool start(struct loop *loop, struct fail *f) {
  if (loop->wake_fd < 0) loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (loop->wake_fd < 0) return fail_errno(f, "cannot start watching");
  if (!loop->started) loop->started = thread_start(&loop->thread, run, loop, f);
  return loop->started;
}

bool loop_add(struct loop *loop, struct life *l, struct fail *f) {
  if (!start(loop, f)) return false;
  struct place *p = mem_zero(sizeof *p);
  *p = (struct place){.life = life_ref(l), .loop = loop};
  pthread_mutex_lock(&loop->lock);
  p->next = loop->added;
  loop->added = p;
  pthread_mutex_unlock(&loop->lock);
  eventfd_write(loop->wake_fd, 1);
  return true;
}

void loop_sweep(struct loop *loop) {
  if (!loop->started) return;
  pthread_mutex_lock(&loop->lock);
  loop->removed = true;
  pthread_mutex_unlock(&loop->lock);
  eventfd_write(loop->wake_fd, 1);
}

static void stop(struct loop *loop) {
  pthread_mutex_lock(&loop->lock);
  loop->stopping = true;
  pthread_mutex_unlock(&loop->lock);
  eventfd_write(loop->wake_fd, 1);
  pthread_join(loop->thread, NULL);
}

void loop_free(struct loop *loop) {
  net_stop(loop->net);
  if (loop->started) stop(loop);
  for (size_t i = 0; i < loop->count; i++) discard(loop->heap[i]);
  for (struct place *p = loop->added, *next; p; p = next) {
    next = p->next;
    life_unref(p->life);
    free(p);
  }
  if (loop->wake_fd >= 0) close(loop->wake_fd);
  pthread_mutex_destroy(&loop->lock);
  free(loop->heap);
  free(loop);
}
