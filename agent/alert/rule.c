/* One rule of a rule file. Its keys are rows, as those of the configuration are; what rows cannot say is judged here: the expression and the templates,
 * each mistake at its place within the value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/alert/load.h"
#include "template/template.h"
#include "config/schema.h"

static const char *const no_data_names[] = {
    [NO_DATA_KEEP] = "keep", [NO_DATA_ALERT] = "alert", [NO_DATA_RESOLVE] = "resolve", NULL};

struct keys {
  const char *alert, *record, *expr, *recover, *no_data;
  msec_t pending, keep_firing;
  struct pairs labels, annotations;
};

static const struct option rows[] = {
    {.name = "alert", .type = OPTION_STRING, .offset = offsetof(struct keys, alert), .help = "The name of an alert."},
    {.name = "record",
     .type = OPTION_STRING,
     .offset = offsetof(struct keys, record),
     .help = "Instead of `alert`: the name of the series that keeps the result."},
    {.name = "expr", .type = OPTION_STRING, .offset = offsetof(struct keys, expr), .help = "The condition, in PromQL."},
    {.name = "for",
     .type = OPTION_DURATION,
     .offset = offsetof(struct keys, pending),
     .help = "How long it is true before it fires."},
    {.name = "keep_firing_for",
     .type = OPTION_DURATION,
     .offset = offsetof(struct keys, keep_firing),
     .help = "How long an alert goes on firing when the condition is no longer true."},
    {.name = "labels",
     .type = OPTION_LABELS,
     .max = 64,
     .offset = offsetof(struct keys, labels),
     .help = "Labels added to each alert."},
    {.name = "annotations",
     .type = OPTION_LABELS,
     .max = 256,
     .offset = offsetof(struct keys, annotations),
     .help = "Texts for people."},
    {.name = "recover",
     .type = OPTION_STRING,
     .offset = offsetof(struct keys, recover),
     .help = "A second condition: a firing alert ends only when it is true."},
    {.name = "no_data",
     .type = OPTION_STRING,
     .fallback = "keep",
     .choices = no_data_names,
     .offset = offsetof(struct keys, no_data),
     .help = "What becomes of an alert while a target does not answer: keep, alert or resolve."},
    {0},
};

static bool check_name(const struct load *l, const struct node *map, const struct keys *k) {
  const struct node *record = node_get(map, "record"), *alert = node_get(map, "alert");
  if (k->alert && k->record) return node_fail(&l->reader, record->key, "a rule has either alert: or record:, not both");
  if (!k->alert && !k->record) return node_fail(&l->reader, map, "a rule needs a name: alert: NAME, or record: NAME");
  if (k->alert) return *k->alert || node_fail(&l->reader, alert, "alert: a name belongs here");
  size_t good = strspn(k->record, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:");
  if (*k->record && !k->record[good] && !strchr("0123456789", *k->record)) return true;
  return node_fail(&l->reader, record, "record: \"%.60s\" is not the name of a metric; use letters, digits, _ and :", k->record);
}

/* for: 0s, annotations: {}, and a key without a value, as what generates rules may write them everywhere. */
static bool says_nothing(const struct node *n) {
  msec_t span = 1;
  if (n->type != NODE_SCALAR) return !n->count;
  return node_is_null(n) || (duration_parse(n->text, &span) && span == 0);
}

/* What only alerts have. */
static bool check_record(const struct load *l, const struct node *map) {
  static const char *const alone[] = {"for", "keep_firing_for", "annotations", "recover", "no_data"};
  for (size_t i = 0; i < COUNTOF(alone); i++) {
    const struct node *n = node_get(map, alone[i]);
    if (n && !says_nothing(n))
      return node_fail(&l->reader, n->key, "%s: only an alert has this; a rule that records has expr and labels", alone[i]);
  }
  return true;
}

static size_t offset_of(const char *text, size_t line, size_t column) {
  const char *p = text;
  while (line-- > 1 && strchr(p, '\n')) p = strchr(p, '\n') + 1;
  return MIN((size_t)(p - text) + column - 1, strlen(text));
}

/* The parser says "line:column: sentence" of the expression alone. */
static bool fail_expression(const struct load *l, const struct node *n, const char *sentence) {
  char *colon, *end;
  size_t line = strtoul(sentence, &colon, 10), column = *colon == ':' ? strtoul(colon + 1, &end, 10) : 0;
  if (!line || !column || strncmp(end, ": ", 2) != 0) return node_fail(&l->reader, n, "%s: %s", n->key->text, sentence);
  struct node at = node_inside(l->text, n, offset_of(n->text, line, column));
  return node_fail(&l->reader, &at, "%s: %s", n->key->text, end + 2);
}

static bool read_expression(const struct load *l, const struct node *map, const char *key, const char *text,
                            const struct expr **ret) {
  const struct node *n = node_get(map, key);
  struct fail why = {0};
  *ret = promql_parse(text, l->reader.arena, &why);
  if (!*ret) return fail_expression(l, n, why.text);
  enum value_type type = promql_type(*ret);
  return type == VALUE_VECTOR || type == VALUE_SCALAR ||
         node_fail(&l->reader, n, "%s: a rule needs an instant vector or a number, and this is %s", key,
                   type == VALUE_MATRIX ? "a range; put a function like rate() around it" : "a string");
}

static bool check_templates(const struct load *l, const struct node *map, const char *key) {
  const struct node *all = node_get(map, key);
  for (const struct node *n = all ? all->first : NULL; n; n = n->next) {
    struct fail why = {0};
    size_t wrong_at;
    if (template_check(n->text, &wrong_at, &why)) continue;
    struct node at = node_inside(l->text, n, wrong_at);
    return node_fail(&l->reader, &at, "%s.%s: %s", key, n->key->text, why.text);
  }
  return true;
}

static enum no_data no_data_of(const char *name) {
  for (size_t n = 0; no_data_names[n]; n++)
    if (!strcmp(no_data_names[n], name)) return (enum no_data)n;
  return NO_DATA_KEEP;
}

bool rule_read(const struct load *l, const struct node *map, struct rule *ret) {
  struct keys k = {0};
  if (map->type != NODE_MAP)
    return node_fail(&l->reader, map, "a rule is a map with alert: or record:, not %s", node_type_name(map));
  if (!schema_defaults(&l->reader, rows, &k) || !schema_read(&l->reader, map, "", &(struct schema){rows, &k}, 1)) return false;
  if (!check_name(l, map, &k) || (k.record && !check_record(l, map))) return false;
  if (!k.expr) return node_fail(&l->reader, map, "the rule %.60s has no expr", k.alert ? k.alert : k.record);
  *ret = (struct rule){
      .name = k.alert ? k.alert : k.record,
      .records = k.record,
      .text = k.expr,
      .pending = k.pending,
      .keep_firing = k.keep_firing,
      .labels = k.labels,
      .annotations = k.annotations,
      .no_data = no_data_of(k.no_data),
      .file = l->reader.file,
      .line = map->line,
      .column = map->column,
      .expr_line = node_get(map, "expr")->line,
      .expr_column = node_get(map, "expr")->column,
  };
  if (!read_expression(l, map, "expr", k.expr, &ret->expr) ||
      (k.recover && !read_expression(l, map, "recover", k.recover, &ret->recover)))
    return false;
  return ret->records || (check_templates(l, map, "labels") && check_templates(l, map, "annotations"));
}
