/* Tables on standard output. Widths count characters and not bytes. */
#include "agent/cli/table.h"

#include <stdio.h>

struct table_row {
  struct table_row *next;
  const char *cells[TABLE_COLUMNS_MAX];
};

void table_init(struct table *t, size_t columns) {
  *t = (struct table){.columns = columns};
  arena_init(&t->arena);
}

void table_done(struct table *t) {
  arena_done(&t->arena);
}

void table_add(struct table *t, const char *const *cells) {
  struct table_row *row = arena_alloc(&t->arena, sizeof *row);
  for (size_t i = 0; i < t->columns; i++) row->cells[i] = arena_copy(&t->arena, cells[i] ? cells[i] : "");
  if (t->last)
    t->last->next = row;
  else
    t->first = row;
  t->last = row;
}

size_t table_width(const char *text) {
  size_t width = 0;
  for (; *text; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
  return width;
}

void table_print(const struct table *t) {
  size_t widths[TABLE_COLUMNS_MAX] = {0};
  for (const struct table_row *row = t->first; row; row = row->next)
    for (size_t i = 0; i < t->columns; i++) widths[i] = MAX(widths[i], table_width(row->cells[i]));
  for (const struct table_row *row = t->first; row; row = row->next) {
    for (size_t i = 0; i + 1 < t->columns; i++) printf("%s%*s  ", row->cells[i], (int)(widths[i] - table_width(row->cells[i])), "");
    printf("%s\n", row->cells[t->columns - 1]);
  }
}

static void print_cell(const char *text) {
  for (; *text; text++) {
    if (*text == '|' || *text == '<' || *text == '*') putchar('\\');
    putchar(*text == '\n' ? ' ' : *text);
  }
}

void table_print_markdown(const struct table *t) {
  for (const struct table_row *row = t->first; row; row = row->next) {
    for (size_t i = 0; i < t->columns; i++) {
      fputs(i ? " | " : "| ", stdout);
      print_cell(row->cells[i]);
    }
    puts(" |");
    for (size_t i = 0; row == t->first && i < t->columns; i++) fputs(i + 1 < t->columns ? "|---" : "|---|\n", stdout);
  }
}
