/* The room's door: a caller builds its transfer completely and hands it over in a list; from then on it belongs to the loop's thread, so that no handle
 * is ever touched by two threads. */
#include "net/net.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/net/multi.h"
#include "base/mem.h"

struct net {
  pthread_mutex_t lock; /* of what follows */
  bool stopping, running;
  struct transfers fresh;
  struct multi *multi; /* while its thread runs, which alone uses it: others only wake it */
  pthread_t thread;
};

struct net *net_new(void) {
  struct net *n = mem_zero(sizeof *n);
  TAILQ_INIT(&n->fresh);
  pthread_mutex_init(&n->lock, NULL);
  return n;
}

static struct transfer *take_fresh(struct net *n) {
  pthread_mutex_lock(&n->lock);
  struct transfer *t = TAILQ_FIRST(&n->fresh);
  if (t) TAILQ_REMOVE(&n->fresh, t, link);
  pthread_mutex_unlock(&n->lock);
  return t;
}

static void *run(void *arg) {
  struct net *n = arg;
  struct transfer *t;
  do {
    while ((t = take_fresh(n))) multi_add(n->multi, t);
  } while (multi_turn(n->multi));
  return NULL;
}

/* With n->lock held. */
static bool start(struct net *n, struct fail *f) {
  if (n->stopping) return fail(f, FAIL_STOPPED, "the agent is ending");
  if (n->running) return true;
  n->multi = multi_new(f);
  if (!n->multi) return false;
  n->running = pthread_create(&n->thread, NULL, run, n) == 0;
  if (n->running) return true;
  multi_free(n->multi);
  return fail(f, FAIL_SYSTEM, "no thread can be started for transfers");
}

bool net_send(struct net *n, const struct net_request *r, void (*done)(void *context, const struct net_answer *a), void *context,
              struct fail *f) {
  struct transfer *t = transfer_new(r, done, context, f);
  if (!t) return false;
  pthread_mutex_lock(&n->lock);
  bool good = start(n, f);
  if (good) {
    TAILQ_INSERT_TAIL(&n->fresh, t, link);
    multi_wake(n->multi);
  }
  pthread_mutex_unlock(&n->lock);
  if (!good) transfer_free(t);
  return good;
}

void net_stop(struct net *n) {
  pthread_mutex_lock(&n->lock);
  bool running = n->running;
  n->stopping = true;
  n->running = false;
  pthread_mutex_unlock(&n->lock);
  if (!running) return;
  multi_stop(n->multi);
  pthread_join(n->thread, NULL);
  multi_free(n->multi);
}

void net_free(struct net *n) {
  if (!n) return;
  net_stop(n);
  struct transfer *t;
  while ((t = take_fresh(n))) transfer_free(t);
  pthread_mutex_destroy(&n->lock);
  free(n);
}
