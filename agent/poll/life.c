/* What happens to a target from turn to turn: see life.h.
 *
 * The last good section of each part is kept with the time of its collection. A part that is not due is carried over; so is, after an
 * outage, what is not too old and comes from the same server. Only the status section is shown while the target is down. */
#include "agent/poll/life.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

/* How a turn's poll ended. */
struct outcome {
  bool up;
  struct fail why; /* kind NONE: it is well */
  double seconds;
  size_t dropped;
};

/* Whole microseconds: shorter to write, shorter to read. */
static double rounded(double seconds) {
  return nearbyint(seconds * 1e6) / 1e6;
}

static void drop(struct carried *c) {
  section_unref(c->section);
  c->section = NULL;
}

static void part_failed(struct life *l, struct poll *p, size_t part) {
  struct fail *why = &p->fails[part];
  struct carried *c = &l->carried[part];
  const char *name = l->collector->kind.parts[part].name;
  if (why->kind == FAIL_NONE) fail(why, FAIL_SYSTEM, "nothing was collected");
  drop(c);
  if (c->failing == why->kind) return;
  c->failing = why->kind;
  /* What a server does not have is a hint; what fails is a warning. */
  if (why->kind == FAIL_UNSUPPORTED)
    log_info(l->config->name, "part %s: %s", name, why->text);
  else
    log_warn(l->config->name, "part %s: %s", name, why->text);
}

/* Takes the part's new section over from the poll. Returns how many samples it dropped. */
static size_t part_collected(struct life *l, struct poll *p, size_t part, msec_t now) {
  struct carried *c = &l->carried[part];
  drop(c);
  c->section = p->sections[part];
  c->collected = now;
  p->sections[part] = NULL;
  const char *name = l->collector->kind.parts[part].name;
  const struct fail *lacks = &p->fails[part];
  if (c->failing != FAIL_NONE) log_info(l->config->name, "part %s: collected again", name);
  if (lacks->kind != FAIL_NONE && !c->lacking) log_warn(l->config->name, "part %s: %s", name, lacks->text);
  c->failing = FAIL_NONE;
  c->lacking = lacks->kind != FAIL_NONE;
  return section_dropped(c->section);
}

/* What another server said is not carried over. */
static void note_server(struct life *l, const struct poll *p) {
  if (!strcmp(p->server, l->server)) return;
  memcpy(l->server, p->server, sizeof l->server);
  for (size_t i = 0; i < PARTS_MAX; i++) drop(&l->carried[i]);
  schedule_renew(&l->schedule, &l->turn);
}

static size_t take_results(struct life *l, struct poll *p, msec_t now) {
  size_t dropped = 0;
  note_server(l, p);
  for (size_t i = 0; i < l->collector->kind.part_count; i++) {
    if (!(l->turn.due >> i & 1u)) continue;
    bool good = p->sections[i] != NULL;
    if (good)
      dropped += part_collected(l, p, i, now);
    else
      part_failed(l, p, i);
    schedule_part(&l->schedule, i, &l->turn, good);
  }
  return dropped;
}

/* With l->lock held. */
static void sign_of_life(struct life *l, msec_t now) {
  l->seen = now;
  l->suspected = 0;
  l->overdue = false;
}

bool life_begin(struct life *l, msec_t now) {
  l->turn = schedule_turn(&l->schedule, now);
  l->turn_began = clock_seconds();
  if (!l->turn.poll) return false;
  pthread_mutex_lock(&l->lock);
  l->deadline = now + l->config->timeout;
  sign_of_life(l, now);
  pthread_mutex_unlock(&l->lock);
  return true;
}

void life_prepare(const struct life *l, struct poll *p) {
  p->wait.deadline = l->deadline;
  p->due = l->turn.due;
  for (size_t i = 0; i < l->collector->kind.part_count; i++) {
    p->fails[i].kind = FAIL_NONE;
    p->seconds[i] = 0;
  }
  memcpy(p->server, l->server, sizeof p->server);
}

static void drop_expired(struct life *l, msec_t now) {
  for (size_t i = 0; i < l->collector->kind.part_count; i++)
    if (l->carried[i].section && now - l->carried[i].collected > schedule_age_max(&l->schedule, i)) drop(&l->carried[i]);
}

/* With l->lock held. */
static void note_parts(struct life *l, const struct poll *p) {
  l->facts.series = 0;
  for (size_t i = 0; i < l->collector->kind.part_count; i++) {
    const struct carried *c = &l->carried[i];
    struct part_facts *part = &l->facts.part[i];
    part->ok = c->section != NULL;
    part->collected = c->collected;
    if (l->turn.poll && p->seconds[i] > 0) part->duration_seconds = rounded(p->seconds[i]);
    size_t count = 0;
    if (c->section) section_samples(c->section, &count);
    l->facts.series += count;
  }
}

/* With l->lock held. What the watchdog has counted as failed is not counted twice. */
static bool note_outcome(struct life *l, const struct outcome *o, msec_t now) {
  l->facts.duration_seconds = o->seconds;
  l->facts.dropped += o->dropped;
  if (!o->up && l->overdue) return false;
  return facts_note(&l->facts, o->up, &o->why, now);
}

static void show(struct life *l, const struct publication *p, msec_t now) {
  struct section *sections[PARTS_MAX];
  size_t count = 0;
  for (size_t i = 0; p->facts.up && i < PARTS_MAX; i++)
    if (l->carried[i].section) sections[count++] = l->carried[i].section;
  publication_end(l, p, sections, count, now);
}

/* Notes how the turn went, and tells the world: the log and, when it is time, the store. */
static void tell(struct life *l, const struct poll *poll, const struct outcome *o, bool publish, msec_t now) {
  struct publication p;
  pthread_mutex_lock(&l->lock);
  bool say = l->turn.poll && note_outcome(l, o, now);
  l->deadline = 0;
  sign_of_life(l, now);
  if (l->facts.up) note_parts(l, poll);
  if (publish)
    publication_begin(l, &p, now);
  else
    p.facts = l->facts;
  pthread_mutex_unlock(&l->lock);
  if (say) facts_log(&p.facts, l->config->name);
  if (publish) show(l, &p, now);
}

static void clear_results(struct poll *p) {
  for (size_t i = 0; i < PARTS_MAX; i++) {
    section_unref(p->sections[i]);
    p->sections[i] = NULL;
  }
}

static void finish_turn(struct life *l, struct poll *p, bool up, const struct fail *why) {
  msec_t now = clock_now();
  struct outcome o = {.up = up, .why = *why, .seconds = rounded(clock_seconds() - l->turn_began)};
  if (l->turn.poll && up) o.dropped = take_results(l, p, now);
  if (!up && why->kind == FAIL_NONE) fail(&o.why, FAIL_SYSTEM, "the poll failed");
  bool publish = schedule_end(&l->schedule, &l->turn, up, now);
  drop_expired(l, now);
  tell(l, p, &o, publish, now);
}

bool life_end(struct life *l, struct poll *p, bool up, const struct fail *why) {
  bool stopped = why->kind == FAIL_STOPPED;
  if (!stopped) finish_turn(l, p, up, why);
  clear_results(p);
  return !stopped;
}

void life_open(struct life *l, msec_t first) {
  schedule_init(&l->schedule, l->config, first);
  l->state = l->collector->open(l->config->options);
}

void life_close(struct life *l) {
  l->collector->close(l->state);
  for (size_t i = 0; i < PARTS_MAX; i++) drop(&l->carried[i]);
}

struct life *life_new(const struct target_config *config, struct config *whole, struct store *store, struct history *history,
                      msec_t now) {
  struct life *l = mem_zero(sizeof *l);
  l->config = config;
  l->collector = collector_of(config->kind);
  l->whole = config_ref(whole);
  l->id = identity_new(config->name, config->kind->name, config->job, config->instance);
  l->slot = slot_ref(store_add(store));
  l->past = history ? history_add(history, l->id) : NULL;
  l->ticks = ticks_of(config->name, config->every);
  l->stop_fd = -1;
  pthread_mutex_init(&l->lock, NULL);
  facts_init(&l->facts, config, now);
  l->published = l->seen = now;
  atomic_init(&l->references, 1);

  struct batch *b = batch_new(l->id, 0);
  b->time = now;
  b->relayed = config->kind->relays;
  slot_publish(l->slot, b);
  return l;
}

struct life *life_ref(struct life *l) {
  atomic_fetch_add(&l->references, 1);
  return l;
}

void life_retire(struct life *l, msec_t now) {
  slot_retire(l->slot);
  pthread_mutex_lock(&l->lock);
  if (l->past) shard_retire(l->past, now);
  l->past = NULL;
  pthread_mutex_unlock(&l->lock);
}

void life_unref(struct life *l) {
  if (atomic_fetch_sub(&l->references, 1) != 1) return;
  if (l->stop_fd >= 0) close(l->stop_fd);
  slot_unref(l->slot);
  identity_unref(l->id);
  config_unref(l->whole);
  pthread_mutex_destroy(&l->lock);
  free(l);
}
