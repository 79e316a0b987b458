/* Tables of expressions and their values, over series made by hand. */
#ifndef SONDE_TESTS_UNIT_PROMQL_TABLE_H
#define SONDE_TESTS_UNIT_PROMQL_TABLE_H

#include "tests/unit/test.h"

#include "tests/unit/promql/fake.h"

struct series_row {
  const char *metric, *values; /* every 10 seconds from 0 on */
};
struct eval_row {
  const char *text;
  int at; /* seconds */
  const char *value;
};

static inline void table_load(struct fake *f, const struct series_row *rows, size_t count) {
  struct fail why;
  *f = (struct fake){0};
  for (size_t i = 0; i < count; i++)
    if (!fake_load(f, 10 * S, rows[i].metric, rows[i].values, &why)) fail_msg("%s: %s", rows[i].metric, why.text);
}

static inline void table_check(struct fake *f, const struct eval_row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    SCOPED(buf_done) struct buf out;
    buf_init(&out, 10000);
    fake_eval(f, rows[i].text, rows[i].at * S, &out);
    const char *got = out.length ? out.data : "";
    if (strcmp(got, rows[i].value) != 0) fail_msg("%s at %d s is\n%sinstead of\n%s", rows[i].text, rows[i].at, got, rows[i].value);
  }
}

#define CHECK(series, rows)                                                                                                        \
  do {                                                                                                                             \
    struct fake fake;                                                                                                              \
    table_load(&fake, series, COUNTOF(series));                                                                                    \
    table_check(&fake, rows, COUNTOF(rows));                                                                                       \
    fake_clear(&fake);                                                                                                             \
  } while (0)

#endif
