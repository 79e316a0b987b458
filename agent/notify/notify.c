/* The delivery thread's life: see notify/notify.h. It sleeps until a message is due, an answer came, or somebody wakes it. */
#include "notify/notify.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/notify/notifier.h"
#include "base/log.h"
#include "base/mem.h"

#define SLEEP_MAX ((msec_t)3600000)

void notifier_signal(struct notifier *n) {
  n->woken = true;
  pthread_cond_signal(&n->changed);
}

void notifier_wake(struct notifier *n) {
  pthread_mutex_lock(&n->lock);
  notifier_signal(n);
  pthread_mutex_unlock(&n->lock);
}

static struct queue *find_queue(struct notifier *n, const char *name) {
  for (struct queue *q = n->queues; q; q = q->next)
    if (!strcmp(q->config->name, name)) return q;
  return NULL;
}

static void free_queue(struct queue *q) {
  config_unref(q->whole);
  free(q->body);
  free(q);
}

/* The queue of a receiver, new or as it was; what is known of its troubles is forgotten, since they may be why the file was changed. */
static void set_queue(struct notifier *n, struct config *whole, const struct receiver_config *config) {
  struct queue *q = find_queue(n, config->name);
  struct config *old = q ? q->whole : NULL;
  pthread_mutex_lock(&n->lock);
  if (!q) {
    q = mem_zero(sizeof *q);
    q->notifier = n;
    q->next = n->queues;
    n->queues = q;
  }
  q->whole = config_ref(whole);
  q->config = config;
  pthread_mutex_unlock(&n->lock);
  queue_succeeded(q);
  config_unref(old);
}

static bool is_configured(const struct config *c, const char *name) {
  for (size_t i = 0; i < c->receiver_count; i++)
    if (!strcmp(c->receivers[i].name, name)) return true;
  return false;
}

static void drop_others(struct notifier *n, const struct config *c) {
  const char **names = mem_zero((c->receiver_count + 1) * sizeof *names);
  for (size_t i = 0; i < c->receiver_count; i++) names[i] = c->receivers[i].name;
  size_t dropped = state_drop_others(n->state, names, c->receiver_count);
  free(names);
  if (dropped)
    log_warn(NULL, "%zu message%s dropped: the receiver is no longer in the configuration", dropped,
             dropped == 1 ? " was" : "s were");
}

/* Those that are gone are freed when nothing of theirs is on its way. */
static void free_gone(struct notifier *n) {
  pthread_mutex_lock(&n->lock);
  for (struct queue **at = &n->queues; *at;) {
    struct queue *q = *at;
    if (!q->gone || q->busy) {
      at = &q->next;
      continue;
    }
    *at = q->next;
    free_queue(q);
  }
  pthread_mutex_unlock(&n->lock);
}

static void take_up(struct notifier *n, struct config *c) {
  for (size_t i = 0; i < c->receiver_count; i++) set_queue(n, c, &c->receivers[i]);
  for (struct queue *q = n->queues; q; q = q->next) q->gone = !is_configured(c, q->config->name);
  drop_others(n, c);
  config_unref(c);
}

static bool is_busy(const struct notifier *n) {
  for (const struct queue *q = n->queues; q; q = q->next)
    if (q->busy) return true;
  return false;
}

/* Everything that can be done now. Returns when there will be more. */
static msec_t make_round(struct notifier *n, bool woken, bool stopping, msec_t now) {
  msec_t next = NEVER;
  for (struct queue *q = n->queues; q; q = q->next) {
    delivery_settle(q, now);
    if (woken) q->due = MIN(q->due, now);
    if (q->busy || q->gone || stopping) continue;
    if (q->due <= now) delivery_begin(q, now);
    if (!q->busy) next = MIN(next, q->due);
  }
  free_gone(n);
  return next;
}

/* With the lock held. */
static void sleep_until(struct notifier *n, msec_t until) {
  struct timespec at;
  msec_t left = MIN(until - clock_now(), SLEEP_MAX);
  if (n->woken || left <= 0) return;
  clock_gettime(CLOCK_MONOTONIC, &at);
  at.tv_sec += left / 1000;
  at.tv_nsec += left % 1000 * 1000000;
  if (at.tv_nsec >= 1000000000) {
    at.tv_sec++;
    at.tv_nsec -= 1000000000;
  }
  pthread_cond_timedwait(&n->changed, &n->lock, &at);
}

/* What was said since the last round. False when it is time to end. */
static bool listen(struct notifier *n, msec_t until, bool *ret_woken, bool *ret_stopping) {
  pthread_mutex_lock(&n->lock);
  sleep_until(n, n->stop ? MIN(n->stop, until) : until);
  struct config *apply = n->apply;
  msec_t stop = n->stop;
  *ret_woken = n->woken || apply;
  *ret_stopping = stop != 0;
  n->apply = NULL;
  n->woken = false;
  pthread_mutex_unlock(&n->lock);
  if (apply) take_up(n, apply);
  return !stop || clock_now() < stop;
}

static void *deliver(void *arg) {
  struct notifier *n = arg;
  msec_t next = 0;
  bool woken, stopping;
  while (listen(n, next, &woken, &stopping)) {
    next = make_round(n, woken, stopping, clock_now());
    if (stopping && !is_busy(n)) break;
    size_t waiting = state_waiting(n->state);
    pthread_mutex_lock(&n->lock);
    n->waiting = waiting;
    pthread_mutex_unlock(&n->lock);
  }
  return NULL;
}

void notifier_apply(struct notifier *n, struct config *config) {
  if (!n->running && config->receiver_count == 0) return;
  pthread_mutex_lock(&n->lock);
  config_unref(n->apply);
  n->apply = config_ref(config);
  notifier_signal(n);
  pthread_mutex_unlock(&n->lock);
  if (n->running) return;
  n->running = pthread_create(&n->thread, NULL, deliver, n) == 0;
  if (!n->running) log_error(NULL, "no thread can be started to deliver messages: they wait until the next reload");
}

struct notifier *notifier_new(struct state *state, struct net *net) {
  struct notifier *n = mem_zero(sizeof *n);
  pthread_condattr_t clock;
  n->state = state;
  n->net = net;
  n->waiting = state_waiting(state);
  pthread_mutex_init(&n->lock, NULL);
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&n->changed, &clock);
  pthread_condattr_destroy(&clock);
  return n;
}

void notifier_stop(struct notifier *n, msec_t deadline) {
  pthread_mutex_lock(&n->lock);
  n->stop = MAX(deadline, (msec_t)1);
  notifier_signal(n);
  pthread_mutex_unlock(&n->lock);
  if (n->running) pthread_join(n->thread, NULL);
  n->running = false;
}

void notifier_free(struct notifier *n) {
  if (!n) return;
  while (n->queues) {
    struct queue *q = n->queues;
    n->queues = q->next;
    free_queue(q);
  }
  config_unref(n->apply);
  pthread_cond_destroy(&n->changed);
  pthread_mutex_destroy(&n->lock);
  free(n);
}
