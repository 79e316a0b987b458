/* The report as monitoring plugins write it: one line that can be paged, numbers behind a bar, details on the lines that follow. The bar and the line's
 * end have a meaning there, so neither may come from a text. Numbers have a point and no exponent, whatever the locale. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/cli/check_report.h"

enum { NAMED_MAX = 3, LABEL_MAX = 512, DECIMAL_SIZE = 32, RANGE_SIZE = 80 };

static void put_text(struct buf *out, const char *text) {
  for (; *text; text++) buf_putc(out, *text == '|' ? '/' : *text == '\n' ? ' ' : *text);
}

static void put_name(struct buf *out, const struct verdict *v) {
  put_text(out, v->is_target ? v->target : v->check);
  if (v->is_target || !*v->target) return;
  buf_putc(out, ' ');
  put_text(out, v->target);
}

static void put_series(struct buf *out, const struct verdict *v) {
  if (*v->series) {
    buf_puts(out, " {");
    put_text(out, v->series);
    buf_putc(out, '}');
  }
}

static void put_verdict(struct buf *out, const struct verdict *v) {
  SCOPED(buf_done) struct buf value;
  buf_init(&value, 1024);
  verdict_value(&value, v);
  put_name(out, v);
  put_series(out, v);
  if (value.length) {
    buf_putc(out, ' ');
    put_text(out, value.data);
  }
}

/* The worst by name; how many more there are as a number. */
static void put_problems(struct buf *out, const struct report *r) {
  size_t problems = report_problems(r);
  for (size_t i = 0; i < MIN(problems, (size_t)NAMED_MAX); i++) {
    if (i) buf_puts(out, ", ");
    put_verdict(out, &r->rows[i]);
  }
  if (problems > NAMED_MAX) buf_printf(out, ", %zu more", problems - NAMED_MAX);
  if (problems) buf_puts(out, "; ");
}

/* A decimal; "U" for what is none. Returns `out`. */
static const char *decimal(double value, char *out) {
  if (!isfinite(value) || fabs(value) >= 1e15) return memcpy(out, "U", 2);
  snprintf(out, DECIMAL_SIZE, "%.6f", value);
  char *end = out + strlen(out) - 1;
  while (*end == '0') *end-- = 0;
  if (*end == '.') *end = 0;
  return strcmp(out, "-0") ? out : out + 1;
}

/* The range that raises the alarm, from the rule's comparison. A plain number means "outside of 0 to the number". Returns `out`. */
static const char *range(const struct verdict *v, char *out) {
  char n[DECIMAL_SIZE];
  bool negative = v->threshold < 0 || v->value < 0;
  *out = 0;
  if (!v->op || !strcmp(decimal(v->threshold, n), "U")) return out;
  if (!strcmp(v->op, ">")) snprintf(out, RANGE_SIZE, "%s%s", negative ? "~:" : "", n);
  if (!strcmp(v->op, ">=")) snprintf(out, RANGE_SIZE, "@%s:", n);
  if (!strcmp(v->op, "<")) snprintf(out, RANGE_SIZE, "%s:", n);
  if (!strcmp(v->op, "<=")) snprintf(out, RANGE_SIZE, "@~:%s", n);
  if (!strcmp(v->op, "==")) snprintf(out, RANGE_SIZE, "@%s:%s", n, n);
  if (!strcmp(v->op, "!=")) snprintf(out, RANGE_SIZE, "%s:%s", n, n);
  return out;
}

/* One number of the performance data: of all series of a rule and a target the one nearest to the alarm, so that its label stays while series come and go.
 * Two rules of one name, one of them critical, are the two limits of one number. */
struct number {
  const char *label;
  const struct verdict *worst;
  char warn[RANGE_SIZE], crit[RANGE_SIZE];
};

/* "rule target"; an equals sign may not stand there. */
static const char *label_of(struct arena *a, const struct verdict *v) {
  SCOPED(buf_done) struct buf label;
  buf_init(&label, LABEL_MAX);
  put_name(&label, v);
  for (char *c = label.data; c && *c; c++)
    if (*c == '=') *c = ':';
  return arena_copy(a, label.data);
}

static struct number *number_for(struct number *numbers, size_t *count, const char *label, const struct verdict *v) {
  for (size_t i = 0; i < *count; i++) {
    if (strcmp(numbers[i].label, label) != 0) continue;
    if (verdict_is_nearer(v, numbers[i].worst)) numbers[i].worst = v;
    return &numbers[i];
  }
  numbers[*count] = (struct number){.label = label, .worst = v};
  return &numbers[(*count)++];
}

static void put_number(struct buf *out, const struct number *n) {
  char value[DECIMAL_SIZE];
  buf_puts(out, " '");
  for (const char *c = n->label; *c; c++) buf_printf(out, *c == '\'' ? "''" : "%c", *c);
  buf_printf(out, "'=%s", decimal(n->worst->value, value));
  if (*n->warn || *n->crit) buf_printf(out, ";%s", n->warn);
  if (*n->crit) buf_printf(out, ";%s", n->crit);
}

static void put_numbers(struct buf *out, const struct report *r) {
  struct arena a;
  arena_init(&a);
  struct number *numbers = arena_alloc(&a, (r->count + 1) * sizeof *numbers);
  size_t count = 0;
  for (size_t i = 0; i < r->count; i++) {
    const struct verdict *v = &r->rows[i];
    const char *label = isnan(v->value) ? NULL : label_of(&a, v);
    if (!label) continue;
    struct number *n = number_for(numbers, &count, label, v);
    range(v, v->severity == LEVEL_CRITICAL ? n->crit : n->warn);
  }
  buf_printf(out, " | 'time'=%.3fs", (double)r->took / 1000);
  for (size_t i = 0; i < count; i++) put_number(out, &numbers[i]);
  arena_done(&a);
}

static void put_details(struct buf *out, const struct report *r) {
  for (size_t i = 0; i < report_problems(r); i++) {
    const struct verdict *v = &r->rows[i];
    const char *text = v->message ? v->message : v->hint;
    buf_printf(out, "%s: ", level_name(v->level));
    put_verdict(out, v);
    if (text) {
      buf_puts(out, ": ");
      put_text(out, text);
    }
    buf_putc(out, '\n');
  }
}

void report_nagios(struct buf *out, const struct report *r) {
  enum level level = report_level(r);
  buf_printf(out, "SONDE %s: ", level_exit(level) ? level_name(level) : "OK");
  if (r->trouble) {
    put_text(out, r->trouble);
    buf_putc(out, '\n');
    return;
  }
  put_problems(out, r);
  report_counts(out, r);
  put_numbers(out, r);
  buf_putc(out, '\n');
  put_details(out, r);
}
