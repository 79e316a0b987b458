/* Answers as samples, by the tables' rows. */
#include "collectors/postgres/part.h"

#include <string.h>

#include "base/attr.h"

#define METRICS_MAX 64 /* of a statement */

bool query_fits(const struct query *q, const struct memory *m) {
  int major = m->version / 10000;
  if (q->least > major || (q->most && q->most < major)) return false;
  return !q->standby || m->replica || !m->role_known;
}

static labels_t row_labels(const struct rows *rows, size_t row, const char *names, struct section *s) {
  struct label labels[LABELS_MAX];
  char copies[LABELS_MAX][64];
  size_t count = 0;
  for (const char *p = names; p && *p && count < LABELS_MAX; count++) {
    size_t length = strcspn(p, ",");
    memcpy(copies[count], p, MIN(length, sizeof copies[0] - 1));
    copies[count][MIN(length, sizeof copies[0] - 1)] = '\0';
    struct cell c = rows_cell(rows, row, rows_column(rows, copies[count]));
    labels[count] = (struct label){copies[count], c.text ? c.text : "", c.length};
    p += length + (p[length] == ',');
  }
  return section_labels(s, labels, count);
}

/* The metrics of a statement mostly share their labels: a set is rendered once. */
static void read_row(const struct query *q, const struct rows *rows, size_t row, const size_t *columns, struct section *s) {
  const char *names = NULL;
  labels_t labels = 0;
  for (size_t i = 0; i < q->metric_count; i++) {
    const struct metric *m = &q->metrics[i];
    double value;
    if (!cell_number(rows_cell(rows, row, columns[i]), &value)) continue;
    if (m->family.labels && (!names || strcmp(names, m->family.labels) != 0))
      labels = row_labels(rows, row, names = m->family.labels, s);
    section_add(s, &m->family, m->family.labels ? labels : 0, value * m->scale);
  }
}

void query_read(const struct query *q, struct memory *m, const struct rows *rows, struct section *s) {
  if (q->read) {
    q->read(m, rows, s);
    return;
  }
  size_t columns[METRICS_MAX];
  for (size_t i = 0, last = 0; i < q->metric_count && i < METRICS_MAX; i++) {
    columns[i] = rows_column_after(rows, last, q->metrics[i].column);
    if (columns[i] != NO_COLUMN) last = columns[i];
  }
  for (size_t row = 0; row < rows->count; row++) read_row(q, rows, row, columns, s);
}
