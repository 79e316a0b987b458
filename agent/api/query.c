/* query and query_range: expressions evaluated here. */
#include <stdlib.h>
#include <string.h>

#include "agent/api/page.h"

static struct source source_of(const struct page *p) {
  return (struct source){.select = history_select, .context = p->api->history, .wall_offset = (double)p->api->wall_offset / 1000};
}

/* timeout= makes the time shorter, never longer. */
static bool bounds_of(struct page *p, struct bounds *ret) {
  msec_t most;
  *ret = promql_rule_bounds;
  ret->stop = p->api->stop;
  if (!api_span(p, "timeout", (msec_t)API_CPU_SECONDS * 1000, &most)) return false;
  ret->cpu_seconds = (double)MIN(most, (msec_t)API_CPU_SECONDS * 1000) / 1000;
  return true;
}

static const struct expr *expression(struct page *p) {
  const char *text = api_parameter(p, "query");
  const struct expr *e = text && *text ? api_parse(p, text) : NULL;
  if (!text || !*text)
    api_fail(p, 400, "invalid parameter \"query\": an expression is expected");
  else if (!e) {
    fail_prefix(&p->fail, "invalid parameter \"query\"");
    p->status = 400;
  }
  return e;
}

static void put_point(struct page *p, msec_t time, double value) {
  buf_putc(p->out, '[');
  json_time(p->out, p, time);
  buf_putc(p->out, ',');
  json_value(p->out, value);
  buf_putc(p->out, ']');
}

static int by_labels(const void *a, const void *b) {
  return labels_compare(((const struct element *)a)->labels, ((const struct element *)b)->labels);
}

static void put_vector(struct page *p, const struct value *v, msec_t at, size_t limit) {
  buf_putc(p->out, '[');
  for (size_t i = 0; i < v->count && i < limit; i++) {
    buf_puts(p->out, i ? ",{\"metric\":" : "{\"metric\":");
    json_labels(p->out, v->elements[i].labels);
    buf_puts(p->out, ",\"value\":");
    put_point(p, at, v->elements[i].value);
    buf_putc(p->out, '}');
  }
  buf_putc(p->out, ']');
}

static void put_matrix(struct page *p, const struct value *v, size_t limit) {
  buf_putc(p->out, '[');
  for (size_t i = 0; i < v->count && i < limit; i++) {
    const struct series *s = &v->series[i];
    buf_puts(p->out, i ? ",{\"metric\":" : "{\"metric\":");
    json_labels(p->out, s->labels);
    buf_puts(p->out, ",\"values\":[");
    for (size_t k = 0; k < s->count; k++) {
      if (k) buf_putc(p->out, ',');
      put_point(p, s->points[k].time, s->points[k].value);
    }
    buf_puts(p->out, "]}");
  }
  buf_putc(p->out, ']');
}

static void put_string(struct page *p, const char *text, msec_t at) {
  buf_putc(p->out, '[');
  json_time(p->out, p, at);
  buf_putc(p->out, ',');
  json_text(p->out, text);
  buf_putc(p->out, ']');
}

static void put_value(struct page *p, const struct value *v, msec_t at, size_t limit) {
  static const char *const names[] = {
      [VALUE_SCALAR] = "scalar", [VALUE_STRING] = "string", [VALUE_VECTOR] = "vector", [VALUE_MATRIX] = "matrix"};
  buf_printf(p->out, "{\"resultType\":\"%s\",\"result\":", names[v->type]);
  if (v->type == VALUE_SCALAR) put_point(p, at, v->scalar);
  if (v->type == VALUE_STRING) put_string(p, v->string, at);
  if (v->type == VALUE_VECTOR) put_vector(p, v, at, limit);
  if (v->type == VALUE_MATRIX) put_matrix(p, v, limit);
  buf_putc(p->out, '}');
}

static bool evaluate(struct page *p, const struct expr *e, const struct steps *steps, size_t limit) {
  const struct source source = source_of(p);
  struct evaluation notes = {0};
  struct value v = {0};
  struct bounds bounds;
  if (!bounds_of(p, &bounds)) return false;
  if (!promql_eval_steps(e, &source, steps, &bounds, &p->arena, &v, &notes, &p->fail)) {
    p->status = p->fail.kind == FAIL_TIMEOUT || p->fail.kind == FAIL_STOPPED ? 503 : 422;
    return false;
  }
  if (v.type == VALUE_VECTOR && v.count && !promql_is_ordered(e)) qsort(v.elements, v.count, sizeof *v.elements, by_labels);
  put_value(p, &v, steps->from, limit);
  p->cut = v.count > limit;
  value_done(&v);
  p->annotations = notes.annotations;
  p->annotation_count = notes.annotation_count;
  return true;
}

bool api_query(struct page *p) {
  struct steps steps = {0};
  size_t limit;
  const struct expr *e = expression(p);
  if (!e || !api_time(p, "time", p->request->now, &steps.from) || !api_limit(p, &limit)) return false;
  steps.to = steps.from;
  return evaluate(p, e, &steps, limit);
}

bool api_query_range(struct page *p) {
  struct steps steps;
  size_t limit;
  msec_t none = INT64_MIN;
  const struct expr *e = expression(p);
  if (!e || !api_time(p, "start", none, &steps.from) || !api_time(p, "end", none, &steps.to) ||
      !api_span(p, "step", 0, &steps.step) || !api_limit(p, &limit))
    return false;
  if (steps.from == none || steps.to == none) return api_fail(p, 400, "invalid parameters: \"start\" and \"end\" are needed");
  if (steps.to < steps.from) return api_fail(p, 400, "invalid parameter \"end\": it is before \"start\"");
  if (steps.step <= 0) return api_fail(p, 400, "invalid parameter \"step\": a span longer than nothing is needed");
  if ((steps.to - steps.from) / steps.step > API_STEPS_MAX)
    return api_fail(p, 400, "this would be more than %d points a series; make \"step\" longer", API_STEPS_MAX);
  if (promql_type(e) == VALUE_MATRIX || promql_type(e) == VALUE_STRING)
    return api_fail(p, 400, "invalid parameter \"query\": a range query needs an instant vector or a number, not %s",
                    promql_type(e) == VALUE_STRING ? "a string" : "a range like x[5m]");
  return evaluate(p, e, &steps, limit);
}
