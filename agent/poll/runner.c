/* The thread of one target: see runner.h.
 *
 * The last good section of each part is kept with the time of its collection. A part that is not due is carried over; so is, after an
 * outage, what is not too old and comes from the same server. Only the status section is shown while the target is down. */
#include "agent/poll/runner.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

/* libpq and OpenSSL need some, getaddrinfo() most. */
#define STACK_BYTES (256u << 10)

/* How a turn's poll ended. */
struct outcome {
  bool good;
  struct fail why;
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

static void part_failed(struct runner *r, size_t part) {
  struct fail *why = &r->poll.fails[part];
  struct carried *c = &r->carried[part];
  const char *name = r->collector->kind.parts[part].name;
  if (why->kind == FAIL_NONE) fail(why, FAIL_SYSTEM, "nothing was collected");
  drop(c);
  if (c->failing == why->kind) return;
  c->failing = why->kind;
  /* What a server does not have is a hint; what fails is a warning. */
  if (why->kind == FAIL_UNSUPPORTED)
    log_info(r->config->name, "part %s: %s", name, why->text);
  else
    log_warn(r->config->name, "part %s: %s", name, why->text);
}

/* Takes the part's new section over from the poll. Returns how many samples it dropped. */
static size_t part_collected(struct runner *r, size_t part, msec_t now) {
  struct carried *c = &r->carried[part];
  drop(c);
  c->section = r->poll.sections[part];
  c->collected = now;
  r->poll.sections[part] = NULL;
  const char *name = r->collector->kind.parts[part].name;
  const struct fail *lacks = &r->poll.fails[part];
  if (c->failing != FAIL_NONE) log_info(r->config->name, "part %s: collected again", name);
  if (lacks->kind != FAIL_NONE && !c->lacking) log_warn(r->config->name, "part %s: %s", name, lacks->text);
  c->failing = FAIL_NONE;
  c->lacking = lacks->kind != FAIL_NONE;
  return section_dropped(c->section);
}

/* What another server said is not carried over. */
static void note_server(struct runner *r, const struct turn *turn) {
  if (!strcmp(r->poll.server, r->server)) return;
  memcpy(r->server, r->poll.server, sizeof r->server);
  for (size_t i = 0; i < PARTS_MAX; i++) drop(&r->carried[i]);
  schedule_renew(&r->schedule, turn);
}

static size_t take_results(struct runner *r, const struct turn *turn, msec_t now) {
  size_t dropped = 0;
  note_server(r, turn);
  for (size_t i = 0; i < r->collector->kind.part_count; i++) {
    if (!(turn->due >> i & 1u)) continue;
    bool good = r->poll.sections[i] != NULL;
    if (good)
      dropped += part_collected(r, i, now);
    else
      part_failed(r, i);
    schedule_part(&r->schedule, i, turn, good);
  }
  return dropped;
}

/* With r->lock held. */
static void sign_of_life(struct runner *r, msec_t now) {
  r->seen = now;
  r->suspected = 0;
  r->overdue = false;
}

static void begin_poll(struct runner *r, const struct turn *turn, msec_t now) {
  r->poll.wait = (struct wait){.deadline = now + r->config->timeout, .stop_fd = r->stop_fd};
  r->poll.due = turn->due;
  for (size_t i = 0; i < r->collector->kind.part_count; i++) {
    r->poll.fails[i].kind = FAIL_NONE;
    r->poll.seconds[i] = 0;
  }
  memcpy(r->poll.server, r->server, sizeof r->poll.server);
  pthread_mutex_lock(&r->lock);
  r->deadline = r->poll.wait.deadline;
  sign_of_life(r, now);
  pthread_mutex_unlock(&r->lock);
}

static struct outcome poll_target(struct runner *r, const struct turn *turn) {
  struct outcome o = {.good = false};
  double start = clock_seconds();
  begin_poll(r, turn, clock_now());
  o.good = r->collector->poll(r->state, &r->poll, &o.why);
  o.seconds = rounded(clock_seconds() - start);
  if (o.good)
    o.dropped = take_results(r, turn, clock_now());
  else if (o.why.kind == FAIL_NONE)
    fail(&o.why, FAIL_SYSTEM, "the poll failed");
  for (size_t i = 0; i < PARTS_MAX; i++) {
    section_unref(r->poll.sections[i]);
    r->poll.sections[i] = NULL;
  }
  return o;
}

static void drop_expired(struct runner *r, msec_t now) {
  for (size_t i = 0; i < r->collector->kind.part_count; i++)
    if (r->carried[i].section && now - r->carried[i].collected > schedule_age_max(&r->schedule, i)) drop(&r->carried[i]);
}

/* With r->lock held. */
static void note_parts(struct runner *r) {
  r->facts.series = 0;
  for (size_t i = 0; i < r->collector->kind.part_count; i++) {
    const struct carried *c = &r->carried[i];
    struct part_facts *part = &r->facts.part[i];
    part->ok = c->section != NULL;
    part->collected = c->collected;
    if (r->poll.seconds[i] > 0) part->duration_seconds = rounded(r->poll.seconds[i]);
    size_t count = 0;
    if (c->section) section_samples(c->section, &count);
    r->facts.series += count;
  }
}

/* With r->lock held. What the watchdog has counted as failed is not counted twice. */
static bool note_outcome(struct runner *r, const struct outcome *o, msec_t now) {
  r->facts.duration_seconds = o->seconds;
  r->facts.dropped += o->dropped;
  if (o->good) return facts_good(&r->facts, now);
  return !r->overdue && facts_bad(&r->facts, &o->why, now);
}

static void show(struct runner *r, const struct publication *p, msec_t now) {
  struct section *sections[PARTS_MAX];
  size_t count = 0;
  for (size_t i = 0; p->facts.up && i < PARTS_MAX; i++)
    if (r->carried[i].section) sections[count++] = r->carried[i].section;
  publication_end(r, p, sections, count, now);
}

/* One round of the thread: wait, poll, publish. False when told to stop. */
static bool take_turn(struct runner *r) {
  struct outcome o = {.good = false};
  struct publication p;
  if (!wait_until(r->stop_fd, schedule_wake(&r->schedule))) return false;
  struct turn turn = schedule_turn(&r->schedule, clock_now());
  if (turn.poll) o = poll_target(r, &turn);
  if (o.why.kind == FAIL_STOPPED) return false;

  msec_t now = clock_now();
  bool publish = schedule_end(&r->schedule, &turn, o.good, now);
  drop_expired(r, now);
  pthread_mutex_lock(&r->lock);
  bool say = turn.poll && note_outcome(r, &o, now);
  r->deadline = 0;
  sign_of_life(r, now);
  if (r->facts.up) note_parts(r);
  if (publish)
    publication_begin(r, &p, now);
  else
    p.facts = r->facts;
  pthread_mutex_unlock(&r->lock);
  if (say) facts_log(&p.facts, r->config->name);
  if (publish) show(r, &p, now);
  return true;
}

static void *run(void *arg) {
  struct runner *r = arg;
  char name[16] = "t:";
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  strncat(name, r->config->name, sizeof name - strlen(name) - 1);
  pthread_setname_np(pthread_self(), name);

  schedule_init(&r->schedule, r->config, clock_now());
  r->state = r->collector->open(r->config->options);
  while (take_turn(r)) continue;
  r->collector->close(r->state);
  for (size_t i = 0; i < PARTS_MAX; i++) drop(&r->carried[i]);
  runner_unref(r);
  return NULL;
}

struct runner *runner_new(const struct target_config *config, struct config *whole, struct store *store, struct history *history,
                          msec_t now) {
  struct runner *r = mem_zero(sizeof *r);
  r->config = config;
  r->collector = collector_of(config->kind);
  r->whole = config_ref(whole);
  r->id = identity_new(config->name, config->kind->name, config->job, config->instance);
  r->slot = slot_ref(store_add(store));
  r->past = history ? history_add(history, r->id) : NULL;
  r->ticks = ticks_of(config->name, config->every);
  r->stop_fd = -1;
  pthread_mutex_init(&r->lock, NULL);
  facts_init(&r->facts, config, now);
  r->published = r->seen = now;
  atomic_init(&r->references, 1);

  struct batch *b = batch_new(r->id, 0);
  b->time = now;
  slot_publish(r->slot, b);
  return r;
}

void runner_retire(struct runner *r, msec_t now) {
  slot_retire(r->slot);
  pthread_mutex_lock(&r->lock);
  if (r->past) shard_retire(r->past, now);
  r->past = NULL;
  pthread_mutex_unlock(&r->lock);
}

void runner_unref(struct runner *r) {
  if (atomic_fetch_sub(&r->references, 1) != 1) return;
  if (r->stop_fd >= 0) close(r->stop_fd);
  slot_unref(r->slot);
  identity_unref(r->id);
  config_unref(r->whole);
  pthread_mutex_destroy(&r->lock);
  free(r);
}

bool runner_start(struct runner *r, struct fail *f) {
  if (r->stop_fd < 0) r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (r->stop_fd < 0) return fail_errno(f, "cannot start watching");
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, STACK_BYTES);
  atomic_fetch_add(&r->references, 1);
  int error = pthread_create(&r->thread, &attr, run, r);
  pthread_attr_destroy(&attr);
  r->started = error == 0;
  if (r->started) return true;
  atomic_fetch_sub(&r->references, 1);
  errno = error;
  return fail_errno(f, "cannot start a thread");
}

void runner_stop(struct runner *r) {
  if (r->started && eventfd_write(r->stop_fd, 1) != 0) log_error(r->config->name, "cannot be told to stop: %s", strerror(errno));
}

bool runner_ended(struct runner *r, msec_t deadline) {
  struct timespec t;
  if (!r->started) return true;
  clock_gettime(CLOCK_REALTIME, &t);
  msec_t until = (msec_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + MAX(deadline - clock_now(), 0);
  t = (struct timespec){.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
  r->started = pthread_timedjoin_np(r->thread, NULL, &t) != 0;
  return !r->started;
}

void runner_abandon(struct runner *r) {
  if (r->started) pthread_detach(r->thread);
  r->started = false;
}
