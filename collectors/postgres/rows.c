/* Cells of an answer as numbers and text. */
#include "collectors/postgres/rows.h"

#include <string.h>

#include "base/number.h"

size_t rows_column_after(const struct rows *r, size_t after, const char *name) {
  size_t column = after < r->columns ? after : 0;
  for (size_t i = 0; i < r->columns; i++) {
    if (++column >= r->columns) column = 0;
    if (strcmp(r->names[column], name) == 0) return column;
  }
  return NO_COLUMN;
}

size_t rows_column(const struct rows *r, const char *name) {
  return rows_column_after(r, 0, name);
}

struct cell rows_cell(const struct rows *r, size_t row, size_t column) {
  if (row >= r->count || column >= r->columns) return (struct cell){NULL, 0};
  return r->cells[row * r->columns + column];
}

/* Nearly all numbers of PostgreSQL are integers of less than 16 digits: exact as a double, and read ten times faster here. */
static bool small_integer(struct cell c, double *ret) {
  if (c.length == 0 || c.length > 15) return false;
  int64_t value = 0;
  for (size_t i = 0; i < c.length; i++) {
    if (c.text[i] < '0' || c.text[i] > '9') return false;
    value = value * 10 + (c.text[i] - '0');
  }
  *ret = (double)value;
  return true;
}

bool cell_number(struct cell c, double *ret) {
  if (!c.text) return false;
  if (c.length == 1 && (*c.text == 't' || *c.text == 'f')) {
    *ret = *c.text == 't';
    return true;
  }
  if (small_integer(c, ret)) return true;
  return number_parse(c.text, c.length, ret);
}

double rows_number(const struct rows *r, size_t row, const char *column, double otherwise) {
  double value;
  return cell_number(rows_cell(r, row, rows_column(r, column)), &value) ? value : otherwise;
}

const char *rows_text(const struct rows *r, size_t row, const char *column) {
  struct cell c = rows_cell(r, row, rows_column(r, column));
  return c.text ? c.text : "";
}
