/* From a status to a judgement. A condition that holds counts, whether its rule's `for` is over or not: `for` is there to keep messages back, and
 * whoever runs a check has a patience of his own. Of a target that is down its rules say nothing new. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cli/check_report.h"
#include "alert/status.h"
#include "base/mem.h"
#include "base/number.h"

#define STALE_INTERVALS 3

static const struct {
  const char *name;
  int exit;
} levels[] = {
    [LEVEL_WAITING] = {"WAITING", 0}, [LEVEL_OK] = {"OK", 0},           [LEVEL_INFO] = {"INFO", 0},
    [LEVEL_WARNING] = {"WARNING", 1}, [LEVEL_UNKNOWN] = {"UNKNOWN", 3}, [LEVEL_CRITICAL] = {"CRITICAL", 2},
};

const char *level_name(enum level level) {
  return levels[level].name;
}

int level_exit(enum level level) {
  return levels[level].exit;
}

void report_init(struct report *r) {
  *r = (struct report){0};
  arena_init(&r->arena);
}

void report_done(struct report *r) {
  free(r->rows);
  arena_done(&r->arena);
}

static struct verdict *add(struct report *r, enum level level, const char *check, const char *target, const char *state) {
  if (r->count == r->capacity) {
    r->capacity = r->capacity ? r->capacity * 2 : 32;
    r->rows = mem_resize(r->rows, r->capacity, sizeof *r->rows);
  }
  struct verdict *v = &r->rows[r->count++];
  *v = (struct verdict){
      .level = level, .check = check, .target = target, .state = state, .series = "", .value = NAN, .threshold = NAN};
  return v;
}

/* Text that a server or a user wrote must not move the cursor of whoever reads it. C1 controls are two bytes of UTF-8. */
static const char *clean(struct report *r, const char *text) {
  char *copy = arena_copy(&r->arena, text);
  for (char *c = copy; c && *c; c++) {
    unsigned char first = (unsigned char)*c, second = (unsigned char)c[1];
    if (first < 0x20 || first == 0x7F) *c = ' ';
    if (first == 0xC2 && second >= 0x80 && second < 0xA0) c[0] = c[1] = ' ';
  }
  return copy;
}

static const char *text_of(struct report *r, const json_t *object, const char *key) {
  return clean(r, json_string_value(json_object_get(object, key)));
}

static msec_t span_of(const json_t *object, const char *key) {
  return (msec_t)(json_number_value(json_object_get(object, key)) * 1000);
}

static double number_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  double value;
  return text && number_parse(text, strlen(text), &value) ? value : NAN;
}

static bool is(const char *text, const char *word) {
  return text && !strcmp(text, word);
}

/* Targets */

static const struct target_config *find_target(const struct config *c, const char *name) {
  for (size_t i = 0; i < c->target_count; i++)
    if (is(name, c->targets[i].name)) return &c->targets[i];
  return NULL;
}

static void judge_up(struct report *r, const json_t *object, const struct target_config *t) {
  char age[48], every[48];
  msec_t old = span_of(object, "age_seconds");
  r->age = MAX(r->age, old);
  bool stale = r->asked && old > STALE_INTERVALS * t->every;
  struct verdict *v = add(r, stale ? LEVEL_UNKNOWN : LEVEL_OK, "up", clean(r, t->name), stale ? "stale" : "up");
  v->is_target = true;
  if (stale)
    v->message = arena_printf(&r->arena, "what the agent knows is %s old, though it polls every %s",
                              duration_format(old / 1000 * 1000, age, sizeof age), duration_format(t->every, every, sizeof every));
}

static void judge_target(struct report *r, const json_t *object, const struct config *c) {
  char timeout[48];
  const struct target_config *t = find_target(c, json_string_value(json_object_get(object, "name")));
  const char *state = text_of(r, object, "state");
  if (!t || !state) return;
  if (!strcmp(state, "up")) {
    judge_up(r, object, t);
    return;
  }
  bool unpolled = !strcmp(state, "unpolled"), silent = unpolled && !r->asked;
  struct verdict *v =
      add(r, unpolled && !silent ? LEVEL_UNKNOWN : LEVEL_CRITICAL, "up", clean(r, t->name), silent ? "down" : state);
  v->is_target = true;
  v->reason = silent ? fail_kind_name(FAIL_TIMEOUT) : text_of(r, object, "reason");
  if (silent)
    v->message = arena_printf(&r->arena, "no answer within %s", duration_format(r->timeout, timeout, sizeof timeout));
  else if (unpolled)
    v->message = "the agent has just begun to watch it; its first poll has not ended";
  else
    v->message = text_of(r, object, "sentence");
}

static bool is_down(const struct report *r, const char *target) {
  for (size_t i = 0; i < r->count; i++)
    if (r->rows[i].is_target && r->rows[i].level == LEVEL_CRITICAL && !strcmp(r->rows[i].target, target)) return true;
  return false;
}

/* Rules */

struct rule_reader {
  struct report *report;
  const struct config *config;
  bool whole;
  const json_t *object;
  const char *name, *op;
  double threshold;
  enum level severity;
  size_t shown; /* rows that it gave */
};

static const char *target_of(const json_t *labels) {
  const char *name = json_string_value(json_object_get(labels, "target"));
  return name ? name : "";
}

static bool is_wanted(const struct rule_reader *in, const json_t *labels) {
  const char *target = target_of(labels);
  if (!*target) return in->whole;
  return find_target(in->config, target) || (in->whole && in->report->asked); /* the agent watches itself, too */
}

static enum level level_of(const json_t *object) {
  const char *severity = json_string_value(json_object_get(object, "severity"));
  if (is(severity, "critical") || is(severity, "page")) return LEVEL_CRITICAL;
  return is(severity, "info") ? LEVEL_INFO : LEVEL_WARNING;
}

/* What tells a series from its neighbours: its labels but those that every row shows or that are the same for the whole target. */
static const char *series_of(struct report *r, json_t *labels) {
  static const char *const known[] = {"__name__", "alertname", "severity", "target", "job", "instance"};
  SCOPED(buf_done) struct buf out;
  buf_init(&out, 4096);
  buf_puts(&out, "");
  for (void *at = json_object_iter(labels); at; at = json_object_iter_next(labels, at)) {
    const char *key = json_object_iter_key(at), *value = json_string_value(json_object_iter_value(at));
    bool skip = !value;
    for (size_t i = 0; i < COUNTOF(known); i++) skip |= !strcmp(key, known[i]);
    if (!skip) buf_printf(&out, "%s%s=%s", out.length ? "," : "", key, value);
  }
  return clean(r, out.data ? out.data : "");
}

static struct verdict *add_rule(struct rule_reader *in, enum level level, json_t *labels, const char *state) {
  struct report *r = in->report;
  struct verdict *v = add(r, level, in->name, clean(r, target_of(labels)), state);
  v->series = series_of(r, labels);
  v->severity = in->severity;
  v->op = in->op;
  v->threshold = in->threshold;
  in->shown++;
  return v;
}

static void judge_alert(struct rule_reader *in, const json_t *alert) {
  struct report *r = in->report;
  json_t *labels = json_object_get(alert, "labels"), *annotations = json_object_get(alert, "annotations");
  if (!is_wanted(in, labels) || is_down(r, target_of(labels))) return;
  struct verdict *v = add_rule(in, level_of(labels), labels, text_of(r, alert, "state"));
  v->value = number_of(alert, "value");
  v->left = r->asked ? span_of(alert, "fires_in_seconds") : 0; /* nobody stays to see it fire */
  v->message = text_of(r, annotations, "summary");
  v->hint = text_of(r, annotations, "description");
}

static bool holds(const struct verdict *v) {
  if (!v->op) return false;
  if (!strcmp(v->op, ">")) return v->value > v->threshold;
  if (!strcmp(v->op, ">=")) return v->value >= v->threshold;
  if (!strcmp(v->op, "<")) return v->value < v->threshold;
  if (!strcmp(v->op, "<=")) return v->value <= v->threshold;
  return !strcmp(v->op, "==") == (v->value == v->threshold);
}

/* What is compared is shown where it is a number, and no limit: one that is beyond the threshold and no alert was let off by what follows the
 * comparison (no traffic, no limit set). */
static void judge_good(struct rule_reader *in, const json_t *value) {
  json_t *labels = json_object_get(value, "labels");
  double number = number_of(value, "value");
  if (!is_wanted(in, labels) || is_down(in->report, target_of(labels)) || !isfinite(number)) return;
  struct verdict *v = add_rule(in, LEVEL_OK, labels, "ok");
  v->value = number;
  if (!holds(v)) return;
  in->report->count--;
  in->shown--;
}

bool verdict_is_nearer(const struct verdict *v, const struct verdict *other) {
  if (!v->op) return false;
  return v->op[0] == '<' ? v->value < other->value : v->op[0] == '>' && v->value > other->value;
}

/* Of the good rows that a rule gave, which begin at `first`, the one nearest to the threshold stands for all. */
static void mark_minor(struct report *r, size_t first) {
  struct verdict *nearest = NULL;
  for (struct verdict *v = r->rows + first; v < r->rows + r->count; v++) {
    v->minor = v->level == LEVEL_OK;
    if (v->minor && (!nearest || verdict_is_nearer(v, nearest))) nearest = v;
  }
  if (nearest) nearest->minor = false;
}

static void judge_rule(struct report *r, const json_t *object, const struct config *c, bool whole) {
  struct rule_reader in = {.report = r, .config = c, .whole = whole, .object = object, .name = text_of(r, object, "name")};
  in.op = text_of(r, object, "op");
  in.threshold = number_of(object, "threshold");
  in.severity = level_of(object);
  const char *health = json_string_value(json_object_get(object, "health"));
  if (!in.name || !health) return;
  bool warming = !strcmp(health, "warming");
  size_t first = r->count;
  const json_t *alerts = json_object_get(object, "alerts"), *values = json_object_get(object, "values");
  for (size_t i = 0; i < json_array_size(alerts); i++) judge_alert(&in, json_array_get(alerts, i));
  for (size_t i = 0; !warming && i < json_array_size(values); i++) judge_good(&in, json_array_get(values, i));
  mark_minor(r, first);
  if (!strcmp(health, "error")) {
    add_rule(&in, LEVEL_UNKNOWN, NULL, "error")->message = text_of(r, object, "error");
  } else if (warming || !strcmp(health, "unknown")) {
    r->waiting++;
    struct verdict *v = add_rule(&in, LEVEL_WAITING, NULL, "waiting");
    v->left = span_of(object, "warm_in_seconds");
    r->warm_in = MAX(r->warm_in, v->left);
  } else if (in.shown || (whole && !strcmp(health, "ok"))) {
    r->judged++;
    if (!in.shown) add_rule(&in, LEVEL_OK, NULL, "ok");
  } else {
    r->idle++;
  }
}

/* The whole */

static int compare(const void *a, const void *b) {
  const struct verdict *x = a, *y = b;
  if (x->level != y->level) return x->level < y->level ? 1 : -1;
  if (x->is_target != y->is_target) return x->is_target ? -1 : 1;
  int order = strcmp(x->check, y->check);
  if (!order) order = strcmp(x->target, y->target);
  return order ? order : strcmp(x->series, y->series);
}

static void judge_evaluation(struct report *r, const json_t *root) {
  char age[48];
  const json_t *evaluated = json_object_get(root, "evaluated_age_seconds");
  msec_t old = span_of(root, "evaluated_age_seconds"), every = span_of(root, "evaluation_interval_seconds");
  if (!r->asked || !evaluated || !every || old <= STALE_INTERVALS * every) return;
  add(r, LEVEL_UNKNOWN, "rules", "", "stale")->message =
      arena_printf(&r->arena, "the agent has not judged its rules for %s", duration_format(old / 1000 * 1000, age, sizeof age));
}

bool report_read(struct report *r, const char *json, size_t length, const struct config *c, bool whole, struct fail *f) {
  json_error_t error;
  json_t *root = json_loadb(json, length, 0, &error);
  if (!root || json_integer_value(json_object_get(root, "schema")) != STATUS_SCHEMA) {
    json_decref(root);
    return fail(f, FAIL_PROTOCOL, "the agent's answer is none of this version of sonde");
  }
  const json_t *all = json_object_get(root, "targets"), *rules = json_object_get(root, "rules");
  for (size_t i = 0; i < json_array_size(all); i++) judge_target(r, json_array_get(all, i), c);
  for (size_t i = 0; i < json_array_size(rules); i++) judge_rule(r, json_array_get(rules, i), c, whole);
  judge_evaluation(r, root);
  json_decref(root);
  if (r->hung)
    add(r, LEVEL_WARNING, "agent", "", "hung")->message =
        "the agent that runs here does not answer: it watches nothing now; restart it";
  if (r->count == 0) r->trouble = "there is nothing to check: no targets";
  if (r->count) qsort(r->rows, r->count, sizeof *r->rows, compare);
  return true;
}

void report_fail(struct report *r, const struct fail *why) {
  r->count = 0;
  r->trouble = clean(r, why->text);
}

static void put_number(struct buf *out, double value) {
  buf_printf(out, fabs(value) < 1e6 ? "%.4g" : "%.0f", value);
}

void verdict_value(struct buf *out, const struct verdict *v) {
  char left[48];
  bool good = v->level == LEVEL_OK;
  duration_format(v->left / 1000 * 1000, left, sizeof left);
  if (isnan(v->value) && (v->is_target || !good)) buf_puts(out, v->state);
  if (v->reason && strcmp(v->reason, v->state) != 0) buf_printf(out, " (%s)", v->reason);
  if (!isnan(v->value)) put_number(out, v->value);
  if (!isnan(v->value) && v->op) {
    buf_printf(out, good ? " (alert %s " : " %s ", v->op);
    put_number(out, v->threshold);
    if (good) buf_putc(out, ')');
  }
  if (v->left && v->level == LEVEL_WAITING)
    buf_printf(out, ", %s more", left);
  else if (v->left)
    buf_printf(out, ", fires in %s", left);
}

/* A span as somebody would type it: rounded up to what is easily remembered. */
static const char *round_up(msec_t span, char *out, size_t size) {
  msec_t step = span <= 60000 ? 5000 : 60000;
  return duration_format((span + step - 1) / step * step, out, size);
}

void report_counts(struct buf *out, const struct report *r) {
  char span[48];
  buf_printf(out, "judged %zu", r->judged);
  if (!r->waiting) return;
  round_up(r->warm_in, span, sizeof span);
  buf_printf(out, ", waiting for history %zu ", r->waiting);
  if (r->asked && !r->warm_in)
    buf_puts(out, "(they have not been evaluated yet)");
  else if (r->asked)
    buf_printf(out, "(the last of them for %s more)", span);
  else
    buf_printf(out, "(ask the running agent, or --window %s)", span);
}

enum level report_level(const struct report *r) {
  return r->trouble || !r->count ? LEVEL_UNKNOWN : MAX(r->rows[0].level, LEVEL_OK);
}

size_t report_problems(const struct report *r) {
  size_t problems = 0;
  while (problems < r->count && r->rows[problems].level > LEVEL_INFO) problems++;
  return problems;
}
