/* The report for people: worst first, aligned, the value beside its threshold, and below what is wrong what to do. */
#include <string.h>

#include "agent/cli/check_report.h"
#include "agent/cli/table.h"

enum { COLUMNS = 4, WIDTH_LEAST = 40, INDENT = 10 };

struct cells {
  const char *cell[COLUMNS];
};

static const char *check_cell(struct arena *a, const struct verdict *v) {
  return *v->series ? arena_printf(a, "%s {%s}", v->check, v->series) : v->check;
}

static struct cells cells_of(struct arena *a, const struct verdict *v) {
  SCOPED(buf_done) struct buf value;
  buf_init(&value, 1024);
  buf_puts(&value, "");
  verdict_value(&value, v);
  return (struct cells){{level_name(v->level), check_cell(a, v), v->target, arena_copy(a, value.data)}};
}

static void put_colour(struct buf *out, enum level level, bool colour, const char *text) {
  static const char *const codes[] = {[LEVEL_WAITING] = "2",  [LEVEL_OK] = "32",      [LEVEL_INFO] = "36",
                                      [LEVEL_WARNING] = "33", [LEVEL_UNKNOWN] = "35", [LEVEL_CRITICAL] = "31;1"};
  if (colour)
    buf_printf(out, "\033[%sm%s\033[0m", codes[level], text);
  else
    buf_puts(out, text);
}

static void put_row(struct buf *out, const struct cells *row, const size_t *widths, enum level level, bool colour) {
  put_colour(out, level, colour, row->cell[0]);
  for (size_t i = 1; i < COLUMNS; i++)
    buf_printf(out, "%*s%s", (int)(widths[i - 1] - table_width(row->cell[i - 1])) + 2, "", row->cell[i]);
  while (out->length && out->data[out->length - 1] == ' ') out->data[--out->length] = 0;
  buf_putc(out, '\n');
}

/* The text below its row, broken between words. */
static void put_wrapped(struct buf *out, const char *text, size_t width) {
  size_t room = MAX(width, (size_t)WIDTH_LEAST) - INDENT, used = 0;
  while (*(text += strspn(text, " "))) {
    size_t length = strcspn(text, " ");
    char word[512];
    length = MIN(length, sizeof word - 1);
    memcpy(word, text, length);
    word[length] = 0;
    size_t columns = table_width(word);
    if (used && used + 1 + columns > room) {
      buf_putc(out, '\n');
      used = 0;
    }
    buf_printf(out, "%*s%s", used ? 1 : INDENT, "", word);
    used += columns + (used ? 1 : 0);
    text += length;
  }
  if (used) buf_putc(out, '\n');
}

static void put_headline(struct buf *out, const struct report *r, bool colour) {
  enum level level = report_level(r);
  size_t problems = report_problems(r);
  if (!level_exit(level)) level = LEVEL_OK;
  put_colour(out, level, colour, level_name(level));
  buf_puts(out, ": ");
  if (r->trouble) {
    buf_printf(out, "%s\n", r->trouble);
    return;
  }
  if (problems) buf_printf(out, "%zu problem%s; ", problems, problems == 1 ? "" : "s");
  report_counts(out, r);
  buf_puts(out, "\n\n");
}

static void put_source(struct buf *out, const struct report *r) {
  char age[48];
  if (r->asked)
    buf_printf(out, "\nThe running agent was asked; its data is at most %s old.",
               duration_format(r->age / 100 * 100, age, sizeof age));
  else
    buf_puts(out, "\nPolled here.");
  if (r->note) buf_printf(out, " %s.", r->note);
  buf_printf(out, " Took %.3f s.\n", (double)r->took / 1000);
}

struct line {
  const struct verdict *verdict;
  struct cells cells;
};

/* Only what people are to see. Returns how many lines that are. */
static size_t fill(struct arena *a, const struct report *r, struct line *lines, size_t *widths) {
  size_t count = 0;
  for (size_t i = 0; i < r->count; i++) {
    if (r->rows[i].minor) continue;
    struct line *line = &lines[count++];
    *line = (struct line){&r->rows[i], cells_of(a, &r->rows[i])};
    for (size_t k = 0; k < COLUMNS; k++) widths[k] = MAX(widths[k], table_width(line->cells.cell[k]));
  }
  return count;
}

static void put_rows(struct buf *out, const struct report *r, struct arena *a, size_t width, bool colour) {
  static const struct cells title = {{"STATUS", "CHECK", "TARGET", "VALUE"}};
  struct line *lines = arena_alloc(a, (r->count + 1) * sizeof *lines);
  size_t widths[COLUMNS];
  for (size_t k = 0; k < COLUMNS; k++) widths[k] = table_width(title.cell[k]);
  size_t count = fill(a, r, lines, widths);
  put_row(out, &title, widths, LEVEL_OK, false);
  for (size_t i = 0; i < count; i++) {
    const struct verdict *v = lines[i].verdict;
    put_row(out, &lines[i].cells, widths, v->level, colour);
    if (v->message && (v->is_target || !v->hint)) put_wrapped(out, v->message, width);
    if (v->hint && v->level != LEVEL_OK) put_wrapped(out, v->hint, width);
  }
}

void report_table(struct buf *out, const struct report *r, size_t width, bool colour) {
  struct arena a;
  arena_init(&a);
  put_headline(out, r, colour);
  if (!r->trouble) {
    put_rows(out, r, &a, width, colour);
    put_source(out, r);
  }
  arena_done(&a);
}
