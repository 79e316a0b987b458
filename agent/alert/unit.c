/* Running unit tests: a test gets a history of its own, in which its series grow from one evaluation to the next, and its rules are evaluated as the
 * evaluator does it, but with nothing in doubt: what a test does not write is not there. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/alert/running.h"
#include "agent/alert/unit.h"
#include "agent/alert/unit_judge.h"
#include "base/mem.h"

/* Where a test begins in the time of the history, which knows no 0. */
#define BEGIN         ((msec_t)1000000000)
#define HISTORY_BYTES ((size_t)1 << 30)

enum { EVALUATIONS_MAX = 1000000 };

/* One group at work. */
struct unit_group {
  const struct rule_group *group;
  struct running_rule *rules;
};
struct unit_running {
  const struct unit_file *file;
  const struct unit_test *test;
  const struct rule_set *set;
  struct unit_group *groups; /* in the order of evaluation */
  struct history *history;
  size_t *next; /* of each series: its next slot */
  struct verdicts verdicts;
};

/* What is missing of a target's past keeps rules from judging; here nothing is missing. */
static bool select_all(void *history, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                       struct selection *ret, struct fail *f) {
  if (!history_select(history, matchers, count, from, to, a, ret, f)) return false;
  ret->coverage_count = 0;
  return true;
}

static struct source source_of(const struct unit_running *u) {
  return (struct source){
      .select = select_all,
      .context = u->history,
      .wall_offset = u->test->start - (double)BEGIN / 1000,
      .resolution = u->file->evaluation_interval,
  };
}

/* Series up to a time, all of them at the same pace: the history takes no point that is older than its last. */
static void load_until(struct unit_running *u, msec_t at) {
  const struct unit_test *t = u->test;
  for (bool more = true; more;) {
    more = false;
    msec_t first = INT64_MAX;
    for (size_t i = 0; i < t->series_count; i++)
      if (u->next[i] < t->series[i].count) first = MIN(first, (msec_t)u->next[i] * t->interval);
    for (size_t i = 0; i < t->series_count && first <= at; i++) {
      const struct sequence *s = &t->series[i];
      if (u->next[i] == s->count || (msec_t)u->next[i] * t->interval != first) continue;
      const struct slot *slot = &s->slots[u->next[i]++];
      if (slot->kind == SLOT_NUMBER) history_append(u->history, s->labels, BEGIN + first, slot->value);
      more = true;
    }
  }
}

static struct moment moment_of(struct unit_running *u, msec_t at, struct ups *ups) {
  const struct unit_test *t = u->test;
  return (struct moment){
      .history = u->history,
      .source = source_of(u),
      .at = BEGIN + at,
      .wall = llround(t->start * 1000) + at,
      .settled = true,
      .silent = true,
      .external_labels = &t->external_labels,
      .external_url = t->external_url,
      .ups = ups,
  };
}

/* What a rule says of an evaluation that fails, once. */
static void note_error(struct unit_running *u, const struct running_rule *r, msec_t at) {
  if (r->health == RULE_ERROR) unit_rule_say(&u->verdicts, r->rule->name, at, r->error.text);
}

static void evaluate(struct unit_running *u, msec_t at) {
  struct transitions changes = {0};
  struct ups ups = {0};
  arena_init(&ups.arena);
  const struct moment m = moment_of(u, at, &ups);
  for (size_t g = 0; g < u->set->count; g++)
    for (size_t i = 0; i < u->groups[g].group->count; i++) {
      rule_evaluate(&u->groups[g].rules[i], u->groups[g].group, &m, &changes);
      note_error(u, &u->groups[g].rules[i], at);
    }
  transitions_done(&changes);
  map_done(&ups.by_target);
  arena_done(&ups.arena);
}

/* The firing alerts of all rules of a name. */
static void judge_alerts(struct unit_running *u, const struct unit_alerts *expected) {
  struct firing firing;
  firing_init(&firing);
  for (size_t g = 0; g < u->set->count; g++)
    for (size_t i = 0; i < u->groups[g].group->count; i++) {
      const struct running_rule *r = &u->groups[g].rules[i];
      if (r->rule->records || strcmp(r->rule->name, expected->name) != 0) continue;
      for (size_t k = 0; k < r->alerts.count; k++)
        if (r->alerts.items[k].state == ALERT_FIRING) firing_add(&firing, &r->alerts.items[k]);
    }
  unit_alerts_judge(&u->verdicts, expected, &firing);
  firing_done(&firing);
}

/* A test of alerts is made at the evaluation that is the last before the time it asks for. */
static void judge_due(struct unit_running *u, msec_t at, msec_t step) {
  for (size_t i = 0; i < u->test->alert_count; i++) {
    const struct unit_alerts *a = &u->test->alerts[i];
    if (a->at >= at && a->at < at + step) judge_alerts(u, a);
  }
}

static bool is_judged(const struct expr *e, struct fail *why) {
  enum value_type type = promql_type(e);
  return type == VALUE_VECTOR || type == VALUE_SCALAR ||
         fail(why, FAIL_CONFIG, "an instant vector or a number can be compared, and this is %s",
              type == VALUE_MATRIX ? "a range" : "a string");
}

static void judge_expr(struct unit_running *u, const struct unit_expr *expected) {
  struct arena a;
  struct value v = {.type = VALUE_VECTOR};
  struct evaluation notes;
  struct fail why = {0};
  const struct source source = source_of(u);
  arena_init(&a);
  const struct expr *e = promql_parse(expected->text, &a, &why);
  if (e && is_judged(e, &why) && promql_eval(e, &source, BEGIN + expected->at, &a, &v, &notes, &why))
    unit_value_judge(&u->verdicts, expected, &v, u->file->fuzzy);
  else
    unit_error_say(&u->verdicts, expected, why.text);
  value_done(&v);
  arena_done(&a);
}

static msec_t last_time(const struct unit_test *t) {
  msec_t last = 0;
  for (size_t i = 0; i < t->alert_count; i++) last = MAX(last, t->alerts[i].at);
  for (size_t i = 0; i < t->expr_count; i++) last = MAX(last, t->exprs[i].at);
  return last;
}

static void run_times(struct unit_running *u) {
  msec_t last = last_time(u->test), step = u->file->evaluation_interval;
  for (msec_t at = 0; at <= last; at += step) {
    load_until(u, at);
    evaluate(u, at);
    judge_due(u, at, step);
  }
  load_until(u, last);
  for (size_t i = 0; i < u->test->expr_count; i++) judge_expr(u, &u->test->exprs[i]);
}

/* Groups in the order that the file asks for; the others after them, as their files have them. */
static size_t place_of(const struct unit_file *f, const char *group) {
  for (size_t i = 0; i < f->group_order.count; i++)
    if (!strcmp(f->group_order.items[i], group)) return i;
  return f->group_order.count;
}

static void order_groups(struct unit_running *u) {
  size_t count = 0;
  for (size_t place = 0; place <= u->file->group_order.count; place++)
    for (size_t g = 0; g < u->set->count; g++) {
      const struct rule_group *group = &u->set->groups[g];
      if (place_of(u->file, group->name) != place) continue;
      struct unit_group *x = &u->groups[count++];
      x->group = group;
      x->rules = mem_zero((group->count + 1) * sizeof *x->rules);
      for (size_t i = 0; i < group->count; i++) x->rules[i].rule = &group->rules[i];
    }
}

static bool run_test(const struct unit_file *f, const struct unit_test *t, const struct rule_set *set, struct buf *said) {
  struct unit_running u = {.file = f, .test = t, .set = set};
  msec_t span = last_time(t) + set->span + PROMQL_LOOKBACK;
  u.history = history_new(span, HISTORY_BYTES);
  u.groups = mem_zero((set->count + 1) * sizeof *u.groups);
  u.next = mem_zero((t->series_count + 1) * sizeof *u.next);
  verdicts_init(&u.verdicts, f, t);
  order_groups(&u);
  run_times(&u);
  bool passed = verdicts_done(&u.verdicts, said);
  for (size_t g = 0; g < set->count; g++) {
    for (size_t i = 0; i < u.groups[g].group->count; i++) running_rule_done(&u.groups[g].rules[i]);
    free(u.groups[g].rules);
  }
  free(u.groups);
  free(u.next);
  history_free(u.history);
  return passed;
}

static bool check_order(const struct unit_file *f, const struct rule_set *set, struct fail *why) {
  for (size_t i = 0; i < f->group_order.count; i++) {
    size_t g = 0;
    while (g < set->count && strcmp(set->groups[g].name, f->group_order.items[i]) != 0) g++;
    if (g == set->count)
      return fail(why, FAIL_CONFIG, "%s: group_eval_order: no group is called \"%.60s\"", f->path, f->group_order.items[i]);
  }
  return true;
}

static bool check_length(const struct unit_file *f, struct fail *why) {
  for (size_t i = 0; i < f->count; i++)
    if (last_time(&f->tests[i]) / f->evaluation_interval > EVALUATIONS_MAX)
      return fail(why, FAIL_LIMIT, "%s:%u: the rules would be evaluated more than %d times; make evaluation_interval longer",
                  f->path, f->tests[i].line, EVALUATIONS_MAX);
  return true;
}

static bool run_file(struct unit_file *u, const char *path, struct buf *said, struct unit_count *ret, struct fail *f) {
  if (!unit_file_read(u, path, f) || !check_length(u, f)) return false;
  struct rule_set *set = rules_load(&u->rule_files, f);
  bool good = set ? check_order(u, set, f) : fail_prefix(f, "%s", u->path);
  for (size_t i = 0; good && i < u->count; i++) {
    bool passed = run_test(u, &u->tests[i], set, said);
    ret->passed += passed;
    ret->failed += !passed;
  }
  rules_free(set);
  return good;
}

bool unit_run(const char *path, struct buf *said, struct unit_count *ret, struct fail *f) {
  struct unit_file u = {.path = path};
  *ret = (struct unit_count){0};
  arena_init(&u.arena);
  bool good = run_file(&u, path, said, ret, f);
  arena_done(&u.arena);
  return good;
}
