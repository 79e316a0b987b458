/* From the API's JSON to tables and graphs: one series gets a graph of its own, several a line each. */
#include "agent/cli/query_show.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cli/graph.h"
#include "agent/cli/table.h"
#include "base/mem.h"
#include "base/number.h"
#include "metric/labels.h"

static void drop_json(json_t **j) {
  json_decref(*j);
}

/* name{a="1"}; {} stands for no labels. */
static void put_metric(struct buf *out, json_t *metric) {
  struct label_pair pairs[json_object_size(metric) + 1];
  size_t count = 0;
  const char *name;
  json_t *value;
  json_object_foreach(metric, name, value) pairs[count++] =
      (struct label_pair){name, json_string_value(value) ? json_string_value(value) : ""};
  struct labels *l = labels_new(pairs, count);
  labels_write(out, l);
  labels_unref(l);
}

static const char *text_at(const json_t *pair) {
  const char *text = json_string_value(json_array_get(pair, 1));
  return text ? text : "";
}

static double number_at(const json_t *pair) {
  double value = NAN;
  const char *text = text_at(pair);
  return number_parse(text, strlen(text), &value) ? value : (double)NAN;
}

static void put_width(struct buf *out, const char *text, size_t width) {
  buf_puts(out, text);
  for (size_t n = table_width(text); n < width; n++) buf_putc(out, ' ');
}

/* In the order of the answer, which may have been sorted by value. */
static void show_vector(struct buf *out, const json_t *result) {
  size_t count = json_array_size(result), width = 0;
  SCOPED(mem_free) char **rows = mem_resize(NULL, count + 1, sizeof *rows);
  for (size_t i = 0; i < count; i++) {
    const json_t *x = json_array_get(result, i);
    struct buf row;
    buf_init(&row, 1 << 20);
    put_metric(&row, json_object_get(x, "metric"));
    width = MAX(width, table_width(row.data));
    rows[i] = row.data;
  }
  for (size_t i = 0; i < count; i++) {
    put_width(out, rows[i], width);
    buf_printf(out, "  %s\n", text_at(json_object_get(json_array_get(result, i), "value")));
    free(rows[i]);
  }
}

/* Ranges */

struct drawn {
  double *values; /* of each step */
  double least, most, sum, last;
  size_t count;
};

static void drawn_init(struct drawn *d, const json_t *points, const struct asked_range *range) {
  *d = (struct drawn){.values = mem_resize(NULL, range->count, sizeof(double)), .least = INFINITY, .most = -INFINITY, .last = NAN};
  for (size_t i = 0; i < range->count; i++) d->values[i] = NAN;
  for (size_t i = 0; i < json_array_size(points); i++) {
    const json_t *point = json_array_get(points, i);
    double at = (json_number_value(json_array_get(point, 0)) - range->from) / range->step, value = number_at(point);
    if (!(at > -0.5 && at < (double)range->count - 0.5)) continue;
    d->values[(size_t)llround(at)] = d->last = value;
    if (!isfinite(value)) continue;
    d->least = fmin(d->least, value);
    d->most = fmax(d->most, value);
    d->sum += value;
    d->count++;
  }
}

static void put_summary(struct buf *out, const struct drawn *d) {
  char least[32], most[32], mean[32], last[32];
  double span = d->most - d->least;
  if (d->count)
    buf_printf(out, "  min %s  mean %s  max %s  last %s\n", graph_number(d->least, span, least, sizeof least),
               graph_number(d->sum / (double)d->count, span, mean, sizeof mean), graph_number(d->most, span, most, sizeof most),
               graph_number(d->last, span, last, sizeof last));
  else
    buf_printf(out, "  no finite value  last %s\n", graph_number(d->last, 0, last, sizeof last));
}

static struct graph graph_of(const struct asked_range *range, const double *values) {
  return (struct graph){values, range->count, llround(range->from),
                        llround(range->from + range->step * (double)(range->count - 1))};
}

/* A line each where there are several, so that a screen holds some of them. */
static void show_series(struct buf *out, const json_t *x, const struct asked_range *range, bool alone) {
  struct drawn d;
  drawn_init(&d, json_object_get(x, "values"), range);
  put_metric(out, json_object_get(x, "metric"));
  buf_putc(out, '\n');
  struct graph g = graph_of(range, d.values);
  if (alone) {
    graph_draw(out, &g);
  } else if (d.count) {
    buf_puts(out, "  ");
    graph_line(out, d.values, range->count);
    buf_putc(out, '\n');
  }
  put_summary(out, &d);
  free(d.values);
}

/* The raw points of x[5m]: each with its time. */
static void show_points(struct buf *out, const json_t *x) {
  const json_t *points = json_object_get(x, "values");
  put_metric(out, json_object_get(x, "metric"));
  buf_putc(out, '\n');
  for (size_t i = 0; i < json_array_size(points); i++) {
    const json_t *point = json_array_get(points, i);
    buf_printf(out, "  %.3f  %s\n", json_number_value(json_array_get(point, 0)), text_at(point));
  }
}

static void show_matrix(struct buf *out, const json_t *result, const struct asked_range *range) {
  size_t count = json_array_size(result);
  for (size_t i = 0; i < count; i++)
    if (range->count)
      show_series(out, json_array_get(result, i), range, count == 1);
    else
      show_points(out, json_array_get(result, i));
  struct graph times = graph_of(range, NULL);
  if (range->count && count > 1) graph_times(out, &times, 2);
}

static void put_notes(struct buf *notes, const json_t *root, const char *name) {
  const json_t *list = json_object_get(root, name);
  for (size_t i = 0; i < json_array_size(list); i++)
    buf_printf(notes, "%s: %s\n", *name == 'w' ? "warning" : "info", json_string_value(json_array_get(list, i)));
}

bool query_show(struct buf *out, struct buf *notes, const char *json, const struct asked_range *range, struct fail *f) {
  json_error_t error;
  SCOPED(drop_json) json_t *root = json_loads(json, 0, &error);
  const json_t *data = json_object_get(root, "data"), *result = json_object_get(data, "result");
  const char *sentence = json_string_value(json_object_get(root, "error")),
             *type = json_string_value(json_object_get(data, "resultType"));
  if (sentence) return fail(f, FAIL_CONFIG, "%s", sentence);
  if (!result || !type) return fail(f, FAIL_PROTOCOL, "the agent's answer is none of the query API");
  if (!strcmp(type, "vector"))
    show_vector(out, result);
  else if (!strcmp(type, "matrix"))
    show_matrix(out, result, range);
  else
    buf_printf(out, "%s\n", text_at(result));
  put_notes(notes, root, "warnings");
  put_notes(notes, root, "infos");
  return true;
}
