/* Values: their types, their truth, how they are printed, and the fields and methods they have. */
#include "agent/template/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/template/humanize.h"
#include "agent/template/moment.h"
#include "base/number.h"

struct tvalue t_text(const char *text) {
  return (struct tvalue){.kind = T_TEXT, .text = text, .length = strlen(text)};
}

struct tvalue t_copy(struct arena *a, const struct buf *b) {
  return (struct tvalue){.kind = T_TEXT, .text = b->data ? arena_copy_bytes(a, b->data, b->length) : "", .length = b->length};
}

const char *t_type(const struct tvalue *v) {
  static const char *const names[] = {
      [T_NONE] = "nil",
      [T_BOOL] = "bool",
      [T_INT] = "int",
      [T_FLOAT] = "float64",
      [T_TEXT] = "string",
      [T_LABELS] = "map[string]string",
      [T_SAMPLE] = "*template.sample",
      [T_VECTOR] = "template.queryResult",
      [T_ARGS] = "map[string]interface {}",
      [T_TIME] = "*time.Time",
      [T_DURATION] = "*time.Duration",
      [T_SUBJECT] = "template.data",
  };
  return names[v->kind];
}

bool t_truth(const struct tvalue *v) {
  switch (v->kind) {
  case T_NONE:
    return false;
  case T_BOOL:
    return v->flag;
  case T_INT:
    return v->whole != 0;
  case T_FLOAT:
    return v->number != 0;
  case T_TEXT:
    return v->length != 0;
  case T_LABELS:
    return v->labels->count != 0;
  case T_VECTOR:
  case T_ARGS:
    return v->count != 0;
  case T_SAMPLE:
  case T_TIME:
  case T_DURATION:
  case T_SUBJECT:
    return true;
  }
  return false;
}

static void print_labels(struct buf *out, const struct labels *l) {
  buf_puts(out, "map[");
  for (size_t i = 0; i < l->count; i++) buf_printf(out, "%s%s:%s", i ? " " : "", l->pairs[i].name, l->pairs[i].value);
  buf_puts(out, "]");
}

static void print_sample(struct buf *out, const struct template_sample *s) {
  char shown[64];
  buf_puts(out, "&{");
  print_labels(out, s->labels);
  buf_printf(out, " %s}", go_float(s->value, shown));
}

static void print_items(struct buf *out, const struct tvalue *v) {
  buf_puts(out, v->kind == T_ARGS ? "map[" : "[");
  for (size_t i = 0; i < v->count; i++) {
    if (i) buf_putc(out, ' ');
    if (v->kind == T_VECTOR) {
      print_sample(out, &v->samples[i]);
      continue;
    }
    buf_printf(out, "arg%zu:", i);
    t_print(out, &v->items[i]);
  }
  buf_putc(out, ']');
}

void t_print(struct buf *out, const struct tvalue *v) {
  char shown[80];
  switch (v->kind) {
  case T_NONE:
    buf_puts(out, "<no value>");
    return;
  case T_BOOL:
    buf_puts(out, v->flag ? "true" : "false");
    return;
  case T_INT:
    buf_printf(out, "%lld", (long long)v->whole);
    return;
  case T_FLOAT:
    buf_puts(out, go_float(v->number, shown));
    return;
  case T_TEXT:
    buf_put(out, v->text, v->length);
    return;
  case T_LABELS:
    print_labels(out, v->labels);
    return;
  case T_SAMPLE:
    print_sample(out, v->samples);
    return;
  case T_VECTOR:
  case T_ARGS:
    print_items(out, v);
    return;
  case T_TIME:
    buf_puts(out, moment_text(v->number, shown, sizeof shown));
    return;
  case T_DURATION:
    buf_puts(out, duration_text(v->number, shown, sizeof shown));
    return;
  case T_SUBJECT:
    buf_puts(out, "the alert");
    return;
  }
}

bool t_number(const struct tvalue *v, double *ret) {
  *ret = v->kind == T_INT ? (double)v->whole : v->number;
  if (v->kind == T_INT || v->kind == T_FLOAT || v->kind == T_DURATION) return true;
  return v->kind == T_TEXT && number_parse(v->text, v->length, ret);
}

/* Fields */

static struct tvalue external_labels(struct calling *c) {
  const struct pairs *from = c->world->external_labels;
  size_t count = from ? from->count : 0;
  struct label_pair pairs[count + 1];
  for (size_t i = 0; i < count; i++) pairs[i] = (struct label_pair){from->names[i], from->values[i]};
  struct labels *l = labels_new(pairs, count);
  arena_defer(c->arena, (void (*)(void *))labels_unref, l);
  return (struct tvalue){.kind = T_LABELS, .labels = l};
}

/* .Labels .Value .ExternalLabels .ExternalURL of what the template is about. */
static bool subject_field(struct calling *c, const struct tvalue *v, const char *name, struct tvalue *ret) {
  if (!strcmp(name, "Labels"))
    *ret = (struct tvalue){.kind = T_LABELS, .labels = v->labels};
  else if (!strcmp(name, "Value"))
    *ret = t_float(v->number);
  else if (!strcmp(name, "ExternalLabels"))
    *ret = external_labels(c);
  else if (!strcmp(name, "ExternalURL"))
    *ret = t_text(c->world->external_url ? c->world->external_url : "");
  else
    return fail(c->fail, FAIL_CONFIG, "there is no .%s here; .Labels, .Value, .ExternalLabels and .ExternalURL are there", name);
  return true;
}

static bool sample_field(struct calling *c, const struct tvalue *v, const char *name, struct tvalue *ret) {
  if (!strcmp(name, "Labels"))
    *ret = (struct tvalue){.kind = T_LABELS, .labels = v->samples->labels};
  else if (!strcmp(name, "Value"))
    *ret = t_float(v->samples->value);
  else
    return fail(c->fail, FAIL_CONFIG, "a sample has .Labels and .Value, not .%s", name);
  return true;
}

static bool argument_field(const struct tvalue *v, const char *name, struct tvalue *ret) {
  const char *digits = name + strlen("arg");
  bool is_one = !strncmp(name, "arg", 3) && *digits && strspn(digits, "0123456789") == strlen(digits);
  size_t n = is_one ? strtoul(digits, NULL, 10) : SIZE_MAX;
  *ret = n < v->count ? v->items[n] : (struct tvalue){.kind = T_NONE};
  return true;
}

bool t_field(struct calling *c, const struct tvalue *v, const char *name, struct tvalue *ret) {
  switch (v->kind) {
  case T_SUBJECT:
    return subject_field(c, v, name, ret);
  case T_SAMPLE:
    return sample_field(c, v, name, ret);
  case T_LABELS:
    *ret = t_text(labels_get(v->labels, name));
    return true;
  case T_ARGS:
    return argument_field(v, name, ret);
  case T_TIME:
  case T_DURATION:
    return moment_field(v, name, ret) || fail(c->fail, FAIL_CONFIG, "a %s has no .%s here", t_type(v), name);
  default:
    return fail(c->fail, FAIL_CONFIG, "a %s has no .%s", t_type(v), name);
  }
}
