/* Any text as an expression: parsed, inspected, and evaluated over a few series, at one time and at steps around it. What a step has is what the
 * instant has. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "promql/lint.h"
#include "tests/unit/promql/fake.h"

static const msec_t now = 150 * S;

static void load(struct fake *f) {
  static const char *const series[][2] = {{"up{job=\"a\",k=\"1\"}", "1 0 1 stale 1x20"},
                                          {"up{job=\"b\",k=\"2\"}", "0+1x30"},
                                          {"x{k=\"1\"}", "5 NaN Inf -Inf 3-1x20"},
                                          {"y{k=\"1\",l=\"p\"}", "_ 2 _x3 4+1x20"},
                                          {"y{k=\"1\",l=\"q\"}", "9-1x30"},
                                          {"b_bucket{le=\"1\"}", "0+1x30"},
                                          {"b_bucket{le=\"+Inf\"}", "0+3x30"}};
  struct fail why;
  for (size_t i = 0; i < COUNTOF(series); i++)
    if (!fake_load(f, 10 * S, series[i][0], series[i][1], &why)) abort();
}

/* The value of the series with these labels at `now`, or NULL. */
static const double *find(const struct value *course, const struct labels *l) {
  for (size_t i = 0; i < course->count; i++)
    for (size_t k = 0; k < course->series[i].count && labels_equal(course->series[i].labels, l); k++)
      if (course->series[i].points[k].time == now) return &course->series[i].points[k].value;
  return NULL;
}

static size_t count_now(const struct value *course) {
  size_t count = 0;
  for (size_t i = 0; i < course->count; i++)
    for (size_t k = 0; k < course->series[i].count; k++) count += course->series[i].points[k].time == now;
  return count;
}

static void compare(const struct value *instant, const struct value *course) {
  if (count_now(course) != (instant->type == VALUE_SCALAR ? 1 : instant->count)) abort();
  for (size_t i = 0; i < instant->count; i++) {
    const double *other = find(course, instant->elements[i].labels);
    if (!other || !(*other == instant->elements[i].value || (isnan(*other) && isnan(instant->elements[i].value)))) abort();
  }
}

static void evaluate(struct fake *f, const char *text, const struct expr *e, struct arena *a) {
  const struct source source = {.select = fake_select, .context = f};
  const struct bounds bounds = {.points = 20000, .cpu_seconds = 0.5, .bytes = (size_t)64 << 20};
  struct evaluation notes;
  struct value instant, course;
  struct fail why;
  if (!promql_eval_steps(e, &source, &(struct steps){now, now, 0}, &bounds, a, &instant, &notes, &why)) return;
  bool query = strcasestr(text, "start") || strcasestr(text, "end"); /* the moments of @ differ */
  if (promql_eval_steps(e, &source, &(struct steps){now - 20 * S, now + 20 * S, 10 * S}, &bounds, a, &course, &notes, &why)) {
    if (!query) compare(&instant, &course);
    value_done(&course);
  }
  value_done(&instant);
}

/* Facts of a few metrics; those of others are not known. */
static bool find_facts(void *context, const char *metric, struct metric_facts *ret) {
  struct arena *a = context;
  *ret = (struct metric_facts){.type = *metric == 'x' ? METRIC_COUNTER : METRIC_GAUGE, .every = 15 * S, .part = "the part"};
  ret->labels = label_set_of_family(*metric == 'y' ? "k,l" : NULL, a);
  return *metric == 'x' || *metric == 'y' || !strcmp(metric, "up");
}

/* A finding is a sentence with a place in the expression. */
static void lint(const char *text, const struct expr *e, struct arena *a) {
  struct lint_result result;
  const struct lint_knowledge known = {.context = a, .find = find_facts};
  promql_lint(e, &known, a, &result);
  bool never = false;
  for (size_t i = 0; i < result.count; i++) {
    if (result.findings[i].offset > strlen(text) || !*result.findings[i].text) abort();
    never |= result.findings[i].never;
  }
  if (result.never && !never && result.count < LINT_FINDINGS_MAX) abort(); /* what never is has a reason */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct fake f;
  if (!f.count) load(&f);
  struct arena a;
  struct fail why;
  arena_init(&a);
  const char *text = arena_copy_bytes(&a, data, size);
  const struct expr *e = promql_parse(text, &a, &why);
  struct comparison c;
  if (e && (promql_span(e) < 0 || (promql_comparison(e, &c) && !c.value))) abort();
  if (!e && !strchr(why.text, ':')) abort(); /* an error says where it is */
  if (e) lint(text, e, &a);
  if (e) evaluate(&f, text, e, &a);
  arena_done(&a);
  return 0;
}
