/* Functions against what is known of the metrics they are given: counters and gauges, how often there is a new value, how far an instant looks back. */
#include <stdio.h>
#include <string.h>

#include "agent/promql/lint.h"

enum { POLLS_MIN = 4 }; /* in a range: two make a rate, and one may be late or lost */

/* The metric that a call over a range works on; NULL when it is no such call, or one over a subquery or without a name. */
static const char *ranged_metric(const struct expr *e) {
  const struct expr *of = e->kind == EXPR_CALL ? call_operand(e) : NULL;
  return of && of->type == VALUE_MATRIX ? selected_metric(of) : NULL;
}

static bool is_one_of(const struct expr *e, const char *const *names) {
  while (*names && !is_call(e, *names)) names++;
  return *names;
}

static bool has_ending(const char *name, const char *ending) {
  size_t length = strlen(name), tail = strlen(ending);
  return length > tail && !strcmp(name + length - tail, ending);
}

/* By convention an information is 1, and what it says is in its labels. */
static bool is_info(const char *metric) {
  return has_ending(metric, "_info");
}

bool check_counter(struct lint *l, const struct expr *e, const struct operands *in) {
  static const char *const of_counters[] = {"rate", "increase", "irate", NULL};
  struct metric_facts facts;
  const char *metric = ranged_metric(e);
  (void)in;
  if (!metric || !is_one_of(e, of_counters) || is_info(metric)) return false;
  if (!selected_facts(l, call_operand(e), &facts) || facts.type != METRIC_GAUGE) return false;
  lint_say(l, LINT_WARNING, false, e->offset,
           "%s() of %s, which is a gauge: each fall is taken for a restart and counted as growth; compare the gauge itself, or use "
           "%s() for its change",
           e->call.function->name, metric, is_call(e, "increase") ? "delta" : "deriv");
  return false;
}

bool check_gauge(struct lint *l, const struct expr *e, const struct operands *in) {
  static const char *const of_gauges[] = {"delta", "idelta", "deriv", "predict_linear", NULL};
  struct metric_facts facts;
  const char *metric = ranged_metric(e);
  (void)in;
  if (!metric || !is_one_of(e, of_gauges) || is_info(metric)) return false;
  if (!selected_facts(l, call_operand(e), &facts) || facts.type != METRIC_COUNTER) return false;
  lint_say(l, LINT_WARNING, false, e->offset, "%s() of %s, which is a counter: a restart reads as a great fall; use %s()",
           e->call.function->name, metric, strstr(e->call.function->name, "delta") ? "increase" : "rate");
  return false;
}

bool never_changes(const struct expr *e) {
  static const char *const of_change[] = {"changes", "resets", "rate", "increase", "irate", "delta", "idelta", "deriv", NULL};
  const char *metric = ranged_metric(e);
  return metric && is_info(metric) && is_one_of(e, of_change);
}

bool check_info(struct lint *l, const struct expr *e, const struct operands *in) {
  (void)in;
  if (!never_changes(e)) return false;
  const char *metric = ranged_metric(e);
  lint_say(l, LINT_WARNING, true, e->offset,
           "%s() of %s is 0 for ever: its value is always 1, and what changes is a label, which makes a new series; write "
           "%s unless %s offset 1h for what is new",
           e->call.function->name, metric, metric, metric);
  return false;
}

bool check_range(struct lint *l, const struct expr *e, const struct operands *in) {
  struct metric_facts facts;
  char range[40], every[40], enough[40];
  (void)in;
  if (e->kind != EXPR_SELECTOR || !e->selector.range || !selected_facts(l, e, &facts)) return false;
  if (!facts.part || e->selector.range >= POLLS_MIN * facts.every) return false;
  duration_format(e->selector.range, range, sizeof range);
  duration_format(facts.every, every, sizeof every);
  duration_format(POLLS_MIN * facts.every, enough, sizeof enough);
  lint_say(
      l, LINT_WARNING, false, e->offset,
      "[%s] of %s is shorter than four polls of %s, which brings a new value every %s: one that is late or lost leaves too little; "
      "write [%s]",
      range, selected_metric(e), facts.part, every, enough);
  return false;
}

/* Ages */

/* time() - 36000: the number. */
static bool is_time_ago(const struct expr *e, double *ret) {
  return e->kind == EXPR_BINARY && e->binary.op == TOKEN_SUB && is_call(e->binary.left, "time") &&
         constant_number(e->binary.right, ret);
}

/* time() - timestamp(x): the call of timestamp. */
static const struct expr *is_age(const struct expr *e) {
  if (e->kind != EXPR_BINARY || e->binary.op != TOKEN_SUB || !is_call(e->binary.left, "time")) return NULL;
  return is_call(e->binary.right, "timestamp") ? e->binary.right : NULL;
}

static bool is_less(enum token_kind op) {
  return op == TOKEN_LESS || op == TOKEN_LESS_EQUAL;
}
static bool is_greater(enum token_kind op) {
  return op == TOKEN_GREATER || op == TOKEN_GREATER_EQUAL;
}

/* The call of timestamp in a comparison that asks whether a sample is older than *ret_seconds: timestamp(x) < time() - 600, or
 * time() - timestamp(x) > 600, or with the sides exchanged. */
static const struct expr *asks_age(const struct expr *e, double *ret_seconds) {
  const struct expr *left = e->binary.left, *right = e->binary.right;
  enum token_kind op = e->binary.op;
  if (is_less(op) && is_call(left, "timestamp") && is_time_ago(right, ret_seconds)) return left;
  if (is_greater(op) && is_call(right, "timestamp") && is_time_ago(left, ret_seconds)) return right;
  if (is_greater(op) && constant_number(right, ret_seconds)) return is_age(left);
  if (is_less(op) && constant_number(left, ret_seconds)) return is_age(right);
  return NULL;
}

/* The oldest that timestamp(of) may be, in seconds: what an operation gives is of now. */
static bool oldest(const struct expr *of, double *ret) {
  *ret = of->kind == EXPR_SELECTOR ? (double)PROMQL_LOOKBACK / 1000 : 0;
  return of->kind != EXPR_SELECTOR || (!of->selector.when.back && of->selector.when.anchor == ANCHOR_STEP);
}

bool check_age(struct lint *l, const struct expr *e, const struct operands *in) {
  double asked, most;
  (void)in;
  if (e->kind != EXPR_BINARY || e->binary.returns_bool) return false;
  const struct expr *stamp = asks_age(e, &asked);
  if (!stamp || !oldest(stamp->call.args[0], &most) || asked < most || asked <= 0) return false;
  lint_say(l, LINT_WARNING, true, e->binary.at,
           "no sample is %.10g seconds old%s: an instant looks back 5 minutes only, and what is older is not there; for what has "
           "vanished use absent_over_time(), for when something was done last a metric that says so",
           asked, most > 0 ? "" : " here, and timestamp() of an operation is the time now");
  return true;
}

/* Latencies */

bool check_latency(struct lint *l, const struct expr *e, const struct operands *in) {
  static const char *const rates[] = {"rate", "irate", "increase", NULL};
  (void)in;
  struct comparison c;
  if (e->kind != EXPR_BINARY || !is_comparison(e->binary.op) || !promql_comparison(e, &c)) return false;
  const struct expr *average = c.value;
  if (average->kind != EXPR_AGGREGATE || strcmp(average->aggregate.aggregator->name, "avg") != 0) return false;
  const struct expr *rate = average->aggregate.of;
  const char *metric = ranged_metric(rate);
  if (!metric || !has_ending(metric, "_sum") || !is_one_of(rate, rates)) return false;
  int stem = (int)(strlen(metric) - strlen("_sum"));
  lint_say(l, LINT_WARNING, false, average->offset,
           "the average of %s(%s) is no latency: it grows with the traffic, and with series that see none it falls; divide by the "
           "count: sum(rate(%s[…])) / sum(rate(%.*s_count[…]))",
           rate->call.function->name, metric, metric, stem, metric);
  return false;
}
