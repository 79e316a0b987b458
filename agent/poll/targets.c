/* The set of targets: see poll/target.h. It belongs to the main thread alone, so it needs no lock; drivers share nothing with it but what
 * life.h says. A retired target leaves the store at once and stays in the list until its driver has let go of it. */
#include "poll/target.h"

#include <stdlib.h>
#include <string.h>

#include "agent/poll/loop.h"
#include "agent/poll/process.h"
#include "agent/poll/runner.h"
#include "base/log.h"
#include "base/mem.h"
#include "metric/snapshot.h"

/* main calls again when it was asked to; later by this much, and the machine slept or the process was stopped: no driver is to blame. */
#define LATE_MAX  ((msec_t)3000)
#define WATCH_MAX ((msec_t)5000)

struct targets {
  struct store *store;
  struct history *history; /* may be NULL */
  struct loop *loop;
  struct config *config; /* the one that was applied last; a reference */
  struct life *lives;
  msec_t watch;     /* when targets_watch() asked to be called */
  msec_t patience;  /* before this nobody is newly overdue */
  uint64_t dropped; /* samples of targets that have gone */

  struct identity *id; /* the agent as a target */
  struct slot *slot;
  struct shard *past; /* may be NULL */
  struct ticks ticks;
  msec_t published;
  struct process process;
  struct teller {
    struct section *(*make)(void *context);
    void *context;
  } tellers[TARGETS_TELLERS];
  size_t teller_count;
  bool reload_successful;
  double reload_wall;
};

struct targets *targets_new(struct store *store, struct history *history, struct net *net) {
  struct targets *t = mem_zero(sizeof *t);
  t->store = store;
  t->history = history;
  t->loop = loop_new(net);
  t->id = identity_new("sonde", "sonde", "sonde", "sonde");
  t->slot = store_add(store);
  t->past = history ? history_add(history, t->id) : NULL;
  process_init(&t->process);
  targets_reloaded(t, true, clock_wall());
  return t;
}

void targets_reloaded(struct targets *t, bool successful, double wall) {
  t->reload_successful = successful;
  if (successful) t->reload_wall = wall;
}

void targets_tell(struct targets *t, struct section *(*make)(void *context), void *context) {
  if (t->teller_count < TARGETS_TELLERS) t->tellers[t->teller_count++] = (struct teller){make, context};
}

static const struct target_config *configured(const struct config *config, const struct life *l) {
  for (size_t i = 0; i < config->target_count; i++) {
    const struct target_config *c = &config->targets[i];
    if (c->digest == l->config->digest && !strcmp(c->name, l->config->name)) return c;
  }
  return NULL;
}

static bool is_watched(const struct targets *t, const struct target_config *c) {
  for (const struct life *l = t->lives; l; l = l->next)
    if (!l->leaving && l->config->digest == c->digest && !strcmp(l->config->name, c->name)) return true;
  return false;
}

static uint64_t dropped_by(struct life *l) {
  pthread_mutex_lock(&l->lock);
  uint64_t dropped = l->facts.dropped;
  pthread_mutex_unlock(&l->lock);
  return dropped;
}

static bool is_looped(const struct life *l) {
  return l->collector->ask != NULL;
}

static void retire(struct targets *t, struct life *l, msec_t now) {
  t->dropped += dropped_by(l);
  atomic_store(&l->leaving, true);
  if (!is_looped(l)) runner_stop(l);
  life_retire(l, now);
}

static void try_start(struct targets *t, struct life *l) {
  struct fail f;
  l->started = is_looped(l) ? loop_add(t->loop, l, &f) : runner_start(l, &f);
  if (l->started || l->told) return;
  l->told = true;
  log_error(l->config->name, "%s; this is tried again", f.text);
}

static void add(struct targets *t, const struct target_config *c, struct config *whole, msec_t now) {
  struct life *l = life_new(c, whole, t->store, t->history, now);
  l->next = t->lives;
  t->lives = l;
  try_start(t, l);
}

void targets_apply(struct targets *t, struct config *config) {
  msec_t now = clock_now();
  for (struct life *l = t->lives; l; l = l->next)
    if (!l->leaving && !configured(config, l)) retire(t, l, now);
  for (size_t i = 0; i < config->target_count; i++)
    if (!is_watched(t, &config->targets[i])) add(t, &config->targets[i], config, now);
  loop_sweep(t->loop);
  config_unref(t->config);
  t->config = config;
  t->ticks = ticks_of(t->id->name, config->poll_interval);
}

/* The loop keeps what it needs by itself. */
static bool has_ended(struct life *l, msec_t deadline) {
  return is_looped(l) || runner_ended(l, deadline);
}

/* Lets go of the retired targets whose threads have ended. */
static void reap(struct targets *t) {
  for (struct life **at = &t->lives; *at;) {
    struct life *l = *at;
    if (l->leaving && has_ended(l, 0)) {
      *at = l->next;
      life_unref(l);
    } else {
      at = &l->next;
    }
  }
}

static size_t series_shown(struct store *store) {
  struct snapshot *snapshot = store_snapshot(store);
  size_t sum = 0;
  for (size_t i = 0; i < snapshot->count; i++)
    for (size_t k = 0; k < snapshot->batches[i]->count; k++) {
      size_t count;
      section_samples(snapshot->batches[i]->sections[k], &count);
      sum += count;
    }
  snapshot_free(snapshot);
  return sum;
}

static void publish_agent(struct targets *t, msec_t now) {
  struct agent_facts facts = {
      .series = series_shown(t->store),
      .dropped = t->dropped,
      .reload_successful = t->reload_successful,
      .reload_wall = t->reload_wall,
  };
  for (struct life *l = t->lives; l; l = l->next) {
    if (l->leaving) continue;
    facts.targets++;
    facts.dropped += dropped_by(l);
  }
  struct batch *b = batch_new(t->id, 2 + t->teller_count);
  b->time = tick_before(&t->ticks, now);
  b->success = now;
  b->up = b->polled = true;
  b->sections[0] = agent_section(&facts);
  b->sections[1] = process_section(&t->process);
  for (size_t i = 0; i < t->teller_count; i++) b->sections[2 + i] = t->tellers[i].make(t->tellers[i].context);
  if (t->past) shard_append(t->past, b);
  slot_publish(t->slot, b);
}

/* Returns when to look at them again. */
static msec_t watch_lives(struct targets *t, msec_t now) {
  msec_t next = now + WATCH_MAX;
  for (struct life *l = t->lives; l; l = l->next) {
    if (l->leaving) continue;
    if (!l->started) try_start(t, l);
    msec_t patience = t->patience ? t->patience + 2 * l->config->every + l->config->timeout : 0;
    next = MIN(next, life_watch(l, now, patience));
  }
  return next;
}

msec_t targets_watch(struct targets *t, msec_t now) {
  if (t->watch && now - t->watch > LATE_MAX) t->patience = now;
  reap(t);
  t->watch = watch_lives(t, now);
  if (!t->config) return t->watch;
  if (!t->published || now >= tick_after(&t->ticks, t->published)) {
    publish_agent(t, now);
    t->published = now;
  }
  t->watch = MIN(t->watch, tick_after(&t->ticks, now));
  return t->watch;
}

void targets_stop(struct targets *t, msec_t deadline) {
  msec_t now = clock_now();
  for (struct life *l = t->lives; l; l = l->next)
    if (!l->leaving) retire(t, l, now);
  loop_free(t->loop);
  while (t->lives) {
    struct life *l = t->lives;
    t->lives = l->next;
    if (!has_ended(l, deadline)) runner_abandon(l);
    life_unref(l);
  }
  slot_retire(t->slot);
  if (t->past) shard_retire(t->past, now);
  process_done(&t->process);
  identity_unref(t->id);
  config_unref(t->config);
  free(t);
}
