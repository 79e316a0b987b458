/* promtool's format of unit tests, read with positions by the walker that reads the configuration. */
#include <stdlib.h>
#include <string.h>

#include "agent/alert/unit.h"
#include "base/mem.h"
#include "base/number.h"
#include "config/file.h"
#include "config/schema.h"

#define FILE_BYTES_MAX CONFIG_FILE_BYTES_MAX
#define MINUTE         "1m"

#define EVALUATION_INTERVAL ((msec_t)60000) /* where the file names none */

#define SPAN_MAX ((int64_t)36500 * 86400000) /* a hundred years: a million of them are still a number */

/* Durations and times of a file may be as short as a millisecond. */
#define ROW(owner, key, field, kind)                                                                                               \
  { .name = key, .type = kind, .offset = offsetof(owner, field) }

struct file_keys {
  struct strings rule_files, group_order;
  msec_t evaluation_interval;
  bool fuzzy;
};
static const struct option file_rows[] = {
    ROW(struct file_keys, "rule_files", rule_files, OPTION_STRINGS),
    {.name = "evaluation_interval",
     .type = OPTION_DURATION,
     .max = SPAN_MAX,
     .offset = offsetof(struct file_keys, evaluation_interval)},
    ROW(struct file_keys, "group_eval_order", group_order, OPTION_STRINGS),
    ROW(struct file_keys, "fuzzy_compare", fuzzy, OPTION_BOOL),
    {.name = "tests", .type = OPTION_NODE},
    {0},
};

struct test_keys {
  msec_t interval;
  const char *name, *start, *external_url;
  struct pairs external_labels;
};
static const struct option test_rows[] = {
    {.name = "interval",
     .type = OPTION_DURATION,
     .fallback = MINUTE,
     .max = SPAN_MAX,
     .offset = offsetof(struct test_keys, interval)},
    ROW(struct test_keys, "name", name, OPTION_STRING),
    ROW(struct test_keys, "start_timestamp", start, OPTION_STRING),
    ROW(struct test_keys, "external_url", external_url, OPTION_STRING),
    ROW(struct test_keys, "external_labels", external_labels, OPTION_LABELS),
    {.name = "input_series", .type = OPTION_NODE},
    {.name = "alert_rule_test", .type = OPTION_NODE},
    {.name = "promql_expr_test", .type = OPTION_NODE},
    {0},
};

struct series_keys {
  const char *series, *values;
};
static const struct option series_rows[] = {
    ROW(struct series_keys, "series", series, OPTION_STRING), ROW(struct series_keys, "values", values, OPTION_STRING), {0}};

static const struct option alerts_rows[] = {
    {.name = "eval_time", .type = OPTION_DURATION, .max = SPAN_MAX, .offset = offsetof(struct unit_alerts, at)},
    ROW(struct unit_alerts, "alertname", name, OPTION_STRING),
    {.name = "exp_alerts", .type = OPTION_NODE},
    {0},
};
static const struct option alert_rows[] = {
    {.name = "exp_labels", .type = OPTION_LABELS, .max = 64, .offset = offsetof(struct unit_alert, labels)},
    {.name = "exp_annotations", .type = OPTION_LABELS, .max = 64, .offset = offsetof(struct unit_alert, annotations)},
    {0},
};

static const struct option expr_rows[] = {
    ROW(struct unit_expr, "expr", text, OPTION_STRING),
    {.name = "eval_time", .type = OPTION_DURATION, .max = SPAN_MAX, .offset = offsetof(struct unit_expr, at)},
    {.name = "exp_samples", .type = OPTION_NODE},
    {0},
};
struct sample_keys {
  const char *labels, *value, *histogram;
};
static const struct option sample_rows[] = {
    ROW(struct sample_keys, "labels", labels, OPTION_STRING),
    ROW(struct sample_keys, "value", value, OPTION_STRING),
    ROW(struct sample_keys, "histogram", histogram, OPTION_STRING),
    {0},
};

/* A list below `key`, each item read by `read` into the next of `size` bytes. */
typedef bool item_fn(const struct reader *r, const struct node *n, void *ret);

static bool read_list(const struct reader *r, const struct node *map, const char *key, item_fn *read, size_t size, void *ret_items,
                      size_t *ret_count) {
  const struct node *list = node_get(map, key);
  *ret_count = 0;
  if (!list || node_is_null(list)) return true;
  if (list->type != NODE_LIST) return node_fail(r, list, "%s: a list belongs here, not %s", key, node_type_name(list));
  char *items = arena_alloc(r->arena, list->count * size);
  for (const struct node *n = list->first; n; n = n->next) {
    if (n->type != NODE_MAP) return node_fail(r, n, "%s: each item is a map, not %s", key, node_type_name(n));
    if (!read(r, n, items + size * (*ret_count)++)) return false;
  }
  memcpy(ret_items, &items, sizeof items);
  return true;
}

static bool read_map(const struct reader *r, const struct node *map, const struct option *rows, void *into) {
  return schema_defaults(r, rows, into) && schema_read(r, map, "", &(struct schema){rows, into}, 1);
}

static bool read_series(const struct reader *r, const struct node *map, void *ret) {
  struct series_keys k = {0};
  struct sequence *s = ret;
  struct fail why = {0};
  if (!read_map(r, map, series_rows, &k)) return false;
  if (!k.series) return node_fail(r, map, "a series needs series: NAME{…}, and values: \"1 2+3x4 _ stale\"");
  if (!notation_parse(arena_printf(r->arena, "%s %s", k.series, k.values ? k.values : ""), r->arena, s, &why))
    return node_fail(r, map, "%s", why.text);
  for (size_t i = 0; i < s->count; i++)
    if (s->slots[i].kind == SLOT_HISTOGRAM)
      return node_fail(r, node_get(map, "values"), "values: native histograms are not known here");
  return true;
}

static bool read_expected_alert(const struct reader *r, const struct node *map, void *ret) {
  return read_map(r, map, alert_rows, ret);
}

static bool read_alerts(const struct reader *r, const struct node *map, void *ret) {
  struct unit_alerts *a = ret;
  if (!read_map(r, map, alerts_rows, a)) return false;
  if (!a->name) return node_fail(r, map, "an alert_rule_test needs an alertname");
  return read_list(r, map, "exp_alerts", read_expected_alert, sizeof *a->expected, &a->expected, &a->count);
}

/* A number, as YAML or PromQL write it: 1_000, 0x1f, -.Inf. */
static bool read_number(const char *text, double *ret) {
  char digits[64], *end;
  size_t kept = 0, begin = *text == '-' || *text == '+', point = text[begin] == '.' && strchr("iInN", text[begin + 1]);
  for (size_t i = 0; text[i] && kept < sizeof digits - 1; i++)
    if (text[i] != '_' && !(point && i == begin)) digits[kept++] = text[i];
  digits[kept] = 0;
  if (number_parse(digits, kept, ret)) return true;
  *ret = (double)strtoll(digits, &end, 16);
  return kept > begin + 2 && digits[begin] == '0' && digits[begin + 1] == 'x' && !*end;
}

static bool read_sample(const struct reader *r, const struct node *map, void *ret) {
  struct sample_keys k = {0};
  struct unit_sample *s = ret;
  struct sequence labels;
  struct fail why = {0};
  if (!read_map(r, map, sample_rows, &k)) return false;
  if (k.histogram) return node_fail(r, map, "histogram: native histograms are not known here");
  if (!notation_parse(k.labels && *k.labels ? k.labels : "{}", r->arena, &labels, &why))
    return node_fail(r, node_get(map, "labels"), "labels: %s", why.text);
  s->labels = labels.labels;
  s->value = 0;
  return !k.value || read_number(k.value, &s->value) ||
         node_fail(r, node_get(map, "value"), "value: \"%.60s\" is no number", k.value);
}

static bool read_expr(const struct reader *r, const struct node *map, void *ret) {
  struct unit_expr *e = ret;
  if (!read_map(r, map, expr_rows, e)) return false;
  if (!e->text) return node_fail(r, map, "a promql_expr_test needs an expr");
  return read_list(r, map, "exp_samples", read_sample, sizeof *e->expected, &e->expected, &e->count);
}

static bool read_test(const struct reader *r, const struct node *map, void *ret) {
  struct test_keys k = {0};
  struct unit_test *t = ret;
  if (!read_map(r, map, test_rows, &k)) return false;
  *t = (struct unit_test){.name = k.name,
                          .line = map->line,
                          .interval = k.interval,
                          .external_url = k.external_url ? k.external_url : "",
                          .external_labels = k.external_labels};
  if (k.interval <= 0) return node_fail(r, node_get(map, "interval"), "interval: a span longer than nothing is needed");
  if (k.start && !number_parse(k.start, strlen(k.start), &t->start))
    return node_fail(r, node_get(map, "start_timestamp"), "start_timestamp: seconds since 1970 are expected, not \"%.60s\"",
                     k.start);
  return read_list(r, map, "input_series", read_series, sizeof *t->series, &t->series, &t->series_count) &&
         read_list(r, map, "alert_rule_test", read_alerts, sizeof *t->alerts, &t->alerts, &t->alert_count) &&
         read_list(r, map, "promql_expr_test", read_expr, sizeof *t->exprs, &t->exprs, &t->expr_count);
}

/* Rule files are named as they lie beside the file of tests. */
static struct strings resolved(struct arena *a, const char *path, const struct strings *names) {
  const char *slash = strrchr(path, '/'),
             *folder = slash ? arena_copy_bytes(a, path, (size_t)(slash - path) + (slash == path)) : NULL;
  struct strings all = {.items = arena_alloc(a, names->count * sizeof *all.items), .count = names->count};
  for (size_t i = 0; i < names->count; i++) all.items[i] = folder ? file_resolve(a, folder, names->items[i]) : names->items[i];
  return all;
}

static bool read_root(struct unit_file *u, const struct reader *r, const struct node *root) {
  struct file_keys k = {0};
  if (!read_map(r, root, file_rows, &k)) return false;
  u->rule_files = resolved(r->arena, u->path, &k.rule_files);
  u->group_order = k.group_order;
  u->evaluation_interval = k.evaluation_interval ? k.evaluation_interval : EVALUATION_INTERVAL;
  u->fuzzy = k.fuzzy;
  return read_list(r, root, "tests", read_test, sizeof *u->tests, &u->tests, &u->count);
}

bool unit_file_read(struct unit_file *u, const char *path, struct fail *f) {
  size_t length;
  SCOPED(mem_free) char *text = file_read(path, FILE_BYTES_MAX, &length, f);
  if (!text) return false;
  struct arena tree;
  arena_init(&tree);
  u->path = arena_copy(&u->arena, path);
  const struct reader r = {.arena = &u->arena, .file = u->path, .literal = true, .fail = f};
  const struct node *root = tree_parse(&tree, &r, text, length);
  bool good = root && read_root(u, &r, root);
  arena_done(&tree);
  return good;
}
