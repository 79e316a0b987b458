/* Which statements are shown, out of thousands: those that took the most time since the last observation, and those that took the
 * longest a call. A statement stays a while after it left both lists, so that series do not come and go. What is not shown is
 * counted in one `other` that accumulates its own growth: "all minus the shown" would run backwards when a statement comes into
 * view. Pure. */
#ifndef SONDE_COLLECTORS_POSTGRES_RANKING_H
#define SONDE_COLLECTORS_POSTGRES_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum statement_counter {
  STATEMENT_CALLS,
  STATEMENT_SECONDS,
  STATEMENT_ROWS,
  STATEMENT_READ_SECONDS,
  STATEMENT_WRITE_SECONDS,
  STATEMENT_COUNTERS
};

struct statement_key {
  uint32_t user, database;
  int64_t query;
};

struct observation {
  struct statement_key key;
  double counters[STATEMENT_COUNTERS];
};

struct shown {
  struct observation last;
  unsigned idle;                 /* observations since it was in a list */
  char *user, *database, *query; /* NULL until ranking_name() */
};

struct ranking;
/* At most 3 * top statements are shown. */
struct ranking *ranking_new(size_t top);
void ranking_free(struct ranking *r); /* NULL allowed */

/* Takes the observations over (malloc'd; each key once). */
void ranking_observe(struct ranking *r, struct observation *observations, size_t count);
struct shown *ranking_shown(struct ranking *r, size_t *ret_count);
/* Growth of everything that is not shown, since ranking_new(). */
const double *ranking_other(const struct ranking *r);
void ranking_name(struct ranking *r, struct statement_key key, const char *user, const char *database, const char *query);

#endif
