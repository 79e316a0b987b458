/* A table on standard output, for people or as Markdown. */
#ifndef SONDE_AGENT_CLI_TABLE_H
#define SONDE_AGENT_CLI_TABLE_H

#include <stddef.h>

#include "base/arena.h"

#define TABLE_COLUMNS_MAX 6

struct table_row;
struct table {
  struct arena arena;
  size_t columns;
  struct table_row *first, *last;
};

/* How many columns a terminal needs for the text; the wide characters of East Asia are counted as one. */
size_t table_width(const char *text);
void table_init(struct table *t, size_t columns);
void table_done(struct table *t);
/* Adds a row of `columns` cells; they are copied, NULL is an empty one. */
void table_add(struct table *t, const char *const *cells);
/* Prints all rows, each column as wide as its widest cell; the last is not padded. */
void table_print(const struct table *t);
/* The same as a Markdown table, whose head is the first row. */
void table_print_markdown(const struct table *t);

#endif
