/* The evaluator: see alert/evaluator.h. Rules and alerts belong to the evaluating thread alone; what comes from elsewhere (another configuration) waits
 * under a lock until the thread takes it in, and what others want to see is a copy. Groups are due at whole multiples of their interval, so that all
 * that are due together make points of one time. */
#include "alert/evaluator.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/alert/running.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/wait.h"

#define IDLE_MSEC ((msec_t)60000)
#define STEP_MSEC ((int64_t)1000) /* a wall clock that jumps by more was set */

struct running_group {
  const struct rule_group *group;
  struct running_rule *rules;
  msec_t interval, due;
};

/* A set of rules at work. */
struct running {
  struct config *config; /* a reference */
  struct rule_set *set;
  struct running_group *groups;
};

struct evaluator {
  struct history *history;
  struct state *state;
  struct evaluator_hooks hooks;

  /* The evaluating thread's own. */
  struct running now;
  struct arena restored; /* what the state held, until the first rules take it */
  struct alert_record *records;
  size_t record_count;
  msec_t started, at;
  int64_t offset; /* of the wall clock to clock_now(), milliseconds */
  uint64_t failures;

  pthread_mutex_t lock;
  struct config *next_config; /* with next_rules: what is to count from the next evaluation on */
  struct rule_set *next_rules;
  struct rules_view *view;

  pthread_t thread;
  bool is_running;
  int stop_fd, wake_fd;
};

struct evaluator *evaluator_new(struct history *history, struct state *state, const struct evaluator_hooks *hooks) {
  struct evaluator *e = mem_zero(sizeof *e);
  e->history = history;
  e->state = state;
  if (hooks) e->hooks = *hooks;
  e->stop_fd = e->wake_fd = -1;
  pthread_mutex_init(&e->lock, NULL);
  arena_init(&e->restored);
  if (state) e->record_count = state_alerts(state, &e->restored, &e->records);
  e->view = view_new(0, 0);
  return e;
}

static void wake(int fd) {
  if (fd >= 0) (void)!write(fd, &(uint64_t){1}, sizeof(uint64_t));
}

void evaluator_apply(struct evaluator *e, struct config *config, struct rule_set *rules) {
  pthread_mutex_lock(&e->lock);
  config_unref(e->next_config);
  rules_free(e->next_rules);
  e->next_config = config_ref(config);
  e->next_rules = rules;
  pthread_mutex_unlock(&e->lock);
  wake(e->wake_fd);
}

/* Taking in other rules */

static void running_done(struct running *r) {
  for (size_t g = 0; r->set && g < r->set->count; g++) {
    for (size_t i = 0; i < r->groups[g].group->count; i++) running_rule_done(&r->groups[g].rules[i]);
    free(r->groups[g].rules);
  }
  free(r->groups);
  rules_free(r->set);
  config_unref(r->config);
  *r = (struct running){0};
}

static struct running running_new(struct config *config, struct rule_set *set) {
  struct running r = {.config = config, .set = set, .groups = mem_zero((set->count + 1) * sizeof *r.groups)};
  for (size_t g = 0; g < set->count; g++) {
    struct running_group *group = &r.groups[g];
    group->group = &set->groups[g];
    group->interval = group->group->interval ? group->group->interval : config->poll_interval;
    group->rules = mem_zero((group->group->count + 1) * sizeof *group->rules);
    for (size_t i = 0; i < group->group->count; i++) group->rules[i].rule = &group->group->rules[i];
  }
  return r;
}

static void by_identity(const struct running *r, struct map *ret) {
  for (size_t g = 0; r->set && g < r->set->count; g++)
    for (size_t i = 0; i < r->groups[g].group->count; i++) {
      struct running_rule *rule = &r->groups[g].rules[i];
      *map_slot(ret, rule->rule->identity, strlen(rule->rule->identity)) = rule;
    }
}

/* Nobody judges these alerts any more. */
static void resolve_all(const char *rule, const struct alerts *a, int64_t wall, struct transitions *out) {
  for (size_t i = 0; i < a->count; i++) {
    struct alert alert = a->items[i];
    alert.state = ALERT_RESOLVED;
    alert.resolved_at = wall;
    alert.value = NAN;
    transitions_add(out, rule, &alert, a->items[i].state);
  }
}

static void hand_over(struct evaluator *e, struct running_rule *old, struct running_rule *new, int64_t wall,
                      struct transitions *out) {
  if (!new) {
    resolve_all(old->rule->identity, &old->alerts, wall, out);
    emit(&old->emitted, e->history, e->at, NULL, NULL, 0);
    return;
  }
  const struct rule *rule = new->rule;
  *new = *old;
  new->rule = rule;
  *old = (struct running_rule){.rule = old->rule};
}

/* What the state held belongs to the first rules that come. */
static void hand_over_restored(struct evaluator *e, const struct map *rules, int64_t wall, struct transitions *out) {
  for (size_t i = 0; i < e->record_count; i++) {
    const struct alert_record *record = &e->records[i];
    struct running_rule *rule = map_find(rules, record->rule, strlen(record->rule));
    struct alert alert;
    if (!alert_restore(record, &alert)) {
      log_warn(NULL, "an alert of the rule %s was kept in a form that cannot be read; it is forgotten", record->rule);
      state_commit(e->state, &(struct alert_record){.rule = record->rule, .fingerprint = record->fingerprint, .gone = true}, 1,
                   NULL, 0);
      continue;
    }
    struct alerts one = {0};
    alerts_add(rule ? &rule->alerts : &one, &alert);
    resolve_all(record->rule, &one, wall, out);
    alerts_done(&one);
  }
  e->record_count = 0;
}

static struct delivery delivery_of(const struct evaluator *e) {
  return (struct delivery){.state = e->state, .hooks = &e->hooks, .config = e->now.config};
}

static void take_in(struct evaluator *e, struct config *config, struct rule_set *set, int64_t wall) {
  struct running old = e->now;
  struct transitions changes = {0};
  SCOPED(map_done) struct map rules = {0};
  e->now = running_new(config, set);
  by_identity(&e->now, &rules);
  for (size_t g = 0; old.set && g < old.set->count; g++)
    for (size_t i = 0; i < old.groups[g].group->count; i++) {
      const char *identity = old.groups[g].group->rules[i].identity;
      hand_over(e, &old.groups[g].rules[i], map_find(&rules, identity, strlen(identity)), wall, &changes);
    }
  hand_over_restored(e, &rules, wall, &changes);
  struct delivery d = delivery_of(e);
  deliver(&d, &changes, wall);
  transitions_done(&changes);
  running_done(&old);
}

static void take_next(struct evaluator *e, int64_t wall) {
  pthread_mutex_lock(&e->lock);
  struct config *config = e->next_config;
  struct rule_set *rules = e->next_rules;
  e->next_config = NULL;
  e->next_rules = NULL;
  pthread_mutex_unlock(&e->lock);
  if (rules) take_in(e, config, rules, wall);
}

/* Evaluating */

/* The wall clock was set: what was counted on it moves along, so that no alert fires early or late. */
static void move_clock(struct evaluator *e, int64_t offset) {
  int64_t moved = offset - e->offset;
  e->offset = offset;
  if (!e->at || llabs(moved) <= STEP_MSEC) return;
  struct delivery d = delivery_of(e);
  for (size_t g = 0; e->now.set && g < e->now.set->count; g++)
    for (size_t i = 0; i < e->now.groups[g].group->count; i++) {
      struct running_rule *r = &e->now.groups[g].rules[i];
      for (size_t k = 0; k < r->alerts.count; k++) {
        struct alert *a = &r->alerts.items[k];
        int64_t *const times[] = {&a->active_at, &a->fired_at, &a->keep_since};
        for (size_t t = 0; t < COUNTOF(times); t++) *times[t] += *times[t] ? moved : 0;
      }
      if (r->alerts.count) deliver_moved(&d, r->rule->identity, &r->alerts);
    }
}

static void evaluate_group(struct evaluator *e, struct running_group *g, struct ups *ups) {
  struct transitions changes = {0};
  struct moment m = {
      .history = e->history,
      .source = {.select = history_select, .context = e->history, .wall_offset = (double)e->offset / 1000},
      .at = e->at,
      .wall = e->at + e->offset,
      .settled = e->at - e->started >= PROMQL_LOOKBACK,
      .set = e->now.set,
      .external_labels = &e->now.config->external_labels,
      .external_url = e->now.config->external_url,
      .ups = ups,
  };
  for (size_t i = 0; i < g->group->count; i++) {
    rule_evaluate(&g->rules[i], g->group, &m, &changes);
    e->failures += g->rules[i].health == RULE_ERROR;
  }
  struct delivery d = delivery_of(e);
  deliver(&d, &changes, m.wall);
  transitions_done(&changes);
}

/* Returns when the next group is due. */
static msec_t evaluate_due(struct evaluator *e, msec_t now) {
  msec_t next = now + IDLE_MSEC;
  struct ups ups = {0};
  arena_init(&ups.arena);
  for (size_t g = 0; g < e->now.set->count; g++) {
    struct running_group *group = &e->now.groups[g];
    msec_t tick = now - now % group->interval;
    if (group->due <= now) {
      e->at = MAX(e->at, group->due ? tick : now);
      evaluate_group(e, group, &ups);
      group->due = tick + group->interval;
    }
    next = MIN(next, group->due);
  }
  map_done(&ups.by_target);
  arena_done(&ups.arena);
  return next;
}

static void publish(struct evaluator *e) {
  struct rules_view *v = view_new(e->now.set->rule_count, e->now.config->poll_interval);
  v->evaluated = e->at;
  v->failures = e->failures;
  for (size_t g = 0; g < e->now.set->count; g++)
    for (size_t i = 0; i < e->now.groups[g].group->count; i++)
      view_add(v, e->now.groups[g].group, &e->now.groups[g].rules[i], e->at, e->at + e->offset);
  pthread_mutex_lock(&e->lock);
  struct rules_view *old = e->view;
  e->view = v;
  pthread_mutex_unlock(&e->lock);
  rules_view_unref(old);
}

msec_t evaluator_step(struct evaluator *e, msec_t now, int64_t wall) {
  if (!e->started) e->started = now;
  move_clock(e, wall - now);
  take_next(e, wall);
  if (!e->now.set) return now + IDLE_MSEC;
  msec_t next = evaluate_due(e, now);
  if (e->state) (void)state_make_durable(e->state);
  publish(e);
  return next;
}

/* The thread */

static int64_t wall_now(void) {
  return (int64_t)(clock_wall() * 1000);
}

static void *run(void *arg) {
  struct evaluator *e = arg;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  pthread_setname_np(pthread_self(), "rules");
  for (;;) {
    struct wait w = {.deadline = evaluator_step(e, clock_now(), wall_now()), .stop_fd = e->stop_fd};
    struct fail why;
    uint64_t woken;
    if (wait_fd(&w, e->wake_fd, POLLIN, &why))
      (void)!read(e->wake_fd, &woken, sizeof woken);
    else if (why.kind == FAIL_STOPPED)
      return NULL;
  }
}

bool evaluator_start(struct evaluator *e, struct fail *f) {
  if (e->is_running) return true;
  if (e->stop_fd < 0) e->stop_fd = eventfd(0, EFD_CLOEXEC);
  if (e->wake_fd < 0) e->wake_fd = eventfd(0, EFD_CLOEXEC);
  if (e->stop_fd < 0 || e->wake_fd < 0) return fail_errno(f, "the rules cannot be evaluated");
  errno = pthread_create(&e->thread, NULL, run, e);
  e->is_running = errno == 0;
  return e->is_running || fail_errno(f, "no thread can be started for the rules");
}

bool evaluator_stop(struct evaluator *e, msec_t deadline) {
  if (!e->is_running) return true;
  wake(e->stop_fd);
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  msec_t left = MAX((msec_t)0, deadline - clock_now()), nanoseconds = until.tv_nsec + left % 1000 * 1000000;
  until.tv_sec += left / 1000 + nanoseconds / 1000000000;
  until.tv_nsec = nanoseconds % 1000000000;
  e->is_running = pthread_timedjoin_np(e->thread, NULL, &until) != 0;
  return !e->is_running;
}

void evaluator_free(struct evaluator *e) {
  if (!e) return;
  running_done(&e->now);
  config_unref(e->next_config);
  rules_free(e->next_rules);
  rules_view_unref(e->view);
  arena_done(&e->restored);
  if (e->stop_fd >= 0) close(e->stop_fd);
  if (e->wake_fd >= 0) close(e->wake_fd);
  pthread_mutex_destroy(&e->lock);
  free(e);
}

/* Being seen */

struct rules_view *evaluator_view(struct evaluator *e) {
  pthread_mutex_lock(&e->lock);
  struct rules_view *v = e->view;
  atomic_fetch_add(&v->references, 1);
  pthread_mutex_unlock(&e->lock);
  return v;
}
