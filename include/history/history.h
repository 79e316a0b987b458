/* The recent past of every series, in memory, bounded in time and bytes. A shard per target; one timestamp column per shard.
 *
 * Values are compressed in chunks (a value that stays costs about a bit). Sealed chunks are shared by reference count: what reads decodes them with no lock.
 * At every tick a shard gets the batch's samples, carried ones too: exactly what a Prometheus that scrapes us would store. Series are found
 * by their place in the section, verified, not hashed again. A tick at which the target was down is a gap of the whole shard: selection sees
 * nothing inside it, and says that it touched one. A series that vanished while the target is up ends with a stale marker.
 * Times are milliseconds of clock_now(); the wall offset is applied by who asks. Labels are those that a Prometheus would have: __name__, job,
 * instance, target and the sample's own. */
#ifndef SONDE_HISTORY_HISTORY_H
#define SONDE_HISTORY_HISTORY_H

#include "base/arena.h"
#include "base/regex.h"
#include "metric/labels.h"
#include "metric/store.h"

#define SELECTION_POINTS_MAX 5000000u

struct history;
struct shard;

/* Keeps `span` of past in at most `bytes_max`: over the cap the oldest ticks of all shards go before their time, and only when the series alone take
 * three quarters of it are new ones refused; both are counted. */
struct history *history_new(msec_t span, size_t bytes_max);
void history_free(struct history *h);

/* The shard of a target. After shard_retire() the same name, job and instance give the same shard again: its series go on. */
struct shard *history_add(struct history *h, struct identity *id);
/* The target is no longer watched; `s` is not to be used again. Its series end a second later, unless the target is added again by then; its
 * past goes once it is older than the span. */
void shard_retire(struct shard *s, msec_t now);
/* What the target shows from now on. A batch that is down appends its status section and opens or prolongs a gap. The series `up`{job, instance,
 * target} is added to each. A batch that is not newer than the last is ignored. */
void shard_append(struct shard *s, const struct batch *b);

/* A point of a series that no target brings (ALERTS, recording rules), under its own name and labels. A time that goes back is ignored. Such a
 * series ends only with a stale marker that is appended. Takes a reference of the labels when they are new. */
void history_append(struct history *h, struct labels *labels, msec_t time, double value);

enum match_op { MATCH_EQUAL, MATCH_NOT_EQUAL, MATCH_REGEX, MATCH_NOT_REGEX };
struct matcher {
  enum match_op op;
  const char *name, *value;  /* the metric's name is the label __name__ */
  const struct regex *regex; /* for the two regex operators */
};
bool matcher_matches(const struct matcher *m, const char *value);

struct point {
  msec_t time;
  double value; /* a stale marker is left in: is_stale() */
};
bool is_stale(double value); /* the NaN 0x7ff0000000000002 */
double stale_marker(void);

struct series {
  struct labels *labels; /* a reference of the selection's */
  const struct point *points;
  size_t count;
};
/* How well the past of a target covers the span. */
struct coverage {
  const char *target; /* "" for what history_append() brought */
  msec_t since;       /* from here on something was collected without a break that matters; <= from: all of the span is covered */
  bool gap;           /* the target was down in the span, or never up, while a matching series has no point … */
  bool gap_now;       /* … and is so at its end */
};
struct selection {
  struct series *series;
  size_t count;
  struct coverage *coverage; /* of each target that has matching series or, never seen, may have; in the arena */
  size_t coverage_count;
};
/* All points with from < time <= to of the series that all matchers match, copied into `a`; a gap begins with a stale marker in each series.
 * False with FAIL_LIMIT over SELECTION_POINTS_MAX, or when the matchers take too long. `history` is a struct history; the type is that of a source of promql/. */
bool history_select(void *history, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                    struct selection *ret, struct fail *f) MUST_CHECK;
/* Drops the references that the selection holds. */
void selection_done(struct selection *s);

/* The label sets of the series that all matchers match and that have a point with from < time <= to; references of the caller's, array in `a`.
 * No matcher matches every series. */
bool history_series(struct history *h, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                    struct labels ***ret, size_t *ret_count, struct fail *f) MUST_CHECK;

#endif
