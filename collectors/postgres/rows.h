/* The rows that a statement gave, in a form that tests can make by hand. Columns are found by name, so that a server's version may
 * bring more of them or fewer. Everything lives until the next answer of the connection is read. */
#ifndef SONDE_COLLECTORS_POSTGRES_ROWS_H
#define SONDE_COLLECTORS_POSTGRES_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct cell {
  const char *text; /* ends in a NUL; NULL for SQL's NULL */
  size_t length;
};

struct rows {
  size_t count, columns;
  const char *const *names; /* of the columns */
  const struct cell *cells; /* row by row */
};

#define NO_COLUMN SIZE_MAX

/* The position of a column, NO_COLUMN when the answer has none of that name. Looking begins behind the column `after`: who asks for columns
 * in their order finds each at once. */
size_t rows_column_after(const struct rows *r, size_t after, const char *name);
size_t rows_column(const struct rows *r, const char *name);
/* A cell; of NO_COLUMN, or beyond the end, a NULL. */
struct cell rows_cell(const struct rows *r, size_t row, size_t column);
/* Reads a number; true and false are 1 and 0. False for NULL and for what is none. */
bool cell_number(struct cell c, double *ret) MUST_CHECK;
/* The same by name; `otherwise` when there is no number. */
double rows_number(const struct rows *r, size_t row, const char *column, double otherwise);
/* The text by name, "" for NULL. */
const char *rows_text(const struct rows *r, size_t row, const char *column);

#endif
