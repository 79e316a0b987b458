/* The set of targets: see poll/target.h. It belongs to the main thread alone, so it needs no lock; runners share nothing with it but what
 * runner.h says. A retired runner leaves the store at once and stays in the list until its thread has ended. */
#include "poll/target.h"

#include <stdlib.h>
#include <string.h>

#include "agent/poll/process.h"
#include "agent/poll/runner.h"
#include "base/log.h"
#include "base/mem.h"

/* main calls again when it was asked to; later by this much, and the machine slept or the process was stopped: no runner is to blame. */
#define LATE_MAX  ((msec_t)3000)
#define WATCH_MAX ((msec_t)5000)

struct targets {
  struct store *store;
  struct history *history; /* may be NULL */
  struct config *config;   /* the one that was applied last; a reference */
  struct runner *runners;
  msec_t watch;     /* when targets_watch() asked to be called */
  msec_t patience;  /* before this nobody is newly overdue */
  uint64_t dropped; /* samples of runners that have gone */

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

struct targets *targets_new(struct store *store, struct history *history) {
  struct targets *t = mem_zero(sizeof *t);
  t->store = store;
  t->history = history;
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

static const struct target_config *configured(const struct config *config, const struct runner *r) {
  for (size_t i = 0; i < config->target_count; i++) {
    const struct target_config *c = &config->targets[i];
    if (c->digest == r->config->digest && !strcmp(c->name, r->config->name)) return c;
  }
  return NULL;
}

static bool is_watched(const struct targets *t, const struct target_config *c) {
  for (const struct runner *r = t->runners; r; r = r->next)
    if (!r->leaving && r->config->digest == c->digest && !strcmp(r->config->name, c->name)) return true;
  return false;
}

static uint64_t dropped_by(struct runner *r) {
  pthread_mutex_lock(&r->lock);
  uint64_t dropped = r->facts.dropped;
  pthread_mutex_unlock(&r->lock);
  return dropped;
}

static void retire(struct targets *t, struct runner *r, msec_t now) {
  t->dropped += dropped_by(r);
  r->leaving = true;
  runner_stop(r);
  runner_retire(r, now);
}

static void try_start(struct runner *r) {
  struct fail f;
  if (runner_start(r, &f) || r->told) return;
  r->told = true;
  log_error(r->config->name, "%s; this is tried again", f.text);
}

static void add(struct targets *t, const struct target_config *c, struct config *whole, msec_t now) {
  struct runner *r = runner_new(c, whole, t->store, t->history, now);
  r->next = t->runners;
  t->runners = r;
  try_start(r);
}

void targets_apply(struct targets *t, struct config *config) {
  msec_t now = clock_now();
  for (struct runner *r = t->runners; r; r = r->next)
    if (!r->leaving && !configured(config, r)) retire(t, r, now);
  for (size_t i = 0; i < config->target_count; i++)
    if (!is_watched(t, &config->targets[i])) add(t, &config->targets[i], config, now);
  config_unref(t->config);
  t->config = config;
  t->ticks = ticks_of(t->id->name, config->poll_interval);
}

/* Lets go of the retired runners whose threads have ended. */
static void reap(struct targets *t) {
  for (struct runner **at = &t->runners; *at;) {
    struct runner *r = *at;
    if (r->leaving && runner_ended(r, 0)) {
      *at = r->next;
      runner_unref(r);
    } else {
      at = &r->next;
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
  for (struct runner *r = t->runners; r; r = r->next) {
    if (r->leaving) continue;
    facts.targets++;
    facts.dropped += dropped_by(r);
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

/* Returns when to look at the runners again. */
static msec_t watch_runners(struct targets *t, msec_t now) {
  msec_t next = now + WATCH_MAX;
  for (struct runner *r = t->runners; r; r = r->next) {
    if (r->leaving) continue;
    if (!r->started) try_start(r);
    msec_t patience = t->patience ? t->patience + 2 * r->config->every + r->config->timeout : 0;
    next = MIN(next, runner_watch(r, now, patience));
  }
  return next;
}

msec_t targets_watch(struct targets *t, msec_t now) {
  if (t->watch && now - t->watch > LATE_MAX) t->patience = now;
  reap(t);
  t->watch = watch_runners(t, now);
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
  for (struct runner *r = t->runners; r; r = r->next)
    if (!r->leaving) retire(t, r, now);
  while (t->runners) {
    struct runner *r = t->runners;
    t->runners = r->next;
    if (!runner_ended(r, deadline)) runner_abandon(r);
    runner_unref(r);
  }
  slot_retire(t->slot);
  if (t->past) shard_retire(t->past, now);
  process_done(&t->process);
  identity_unref(t->id);
  config_unref(t->config);
  free(t);
}
