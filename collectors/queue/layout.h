/* What a layout is to the set of queues (queue.c), and what all layouts share: the clock of the poll and the rows of queue_*.
 * A layout reads what has come in more(), keeps the numbers of this poll, and writes them in write(). It never waits and never fails:
 * a reply that is an error, or not of the expected shape, costs the sample that hangs on it. */
#ifndef SONDE_COLLECTORS_QUEUE_LAYOUT_PRIVATE_H
#define SONDE_COLLECTORS_QUEUE_LAYOUT_PRIVATE_H

#include "collectors/queue_layout.h"

typedef int64_t server_msec_t; /* the server's clock: milliseconds since 1970. 0: unknown */

struct queue_poll {
  server_msec_t now;  /* 0 in ask(), and where TIME is refused */
  server_msec_t last; /* "now" of the poll before */
  unsigned db;
  bool server_changed;
};

struct queue_layout {
  const char *name;
  /* The state of one target; NULL when the options ask for nothing of this layout. */
  void *(*open)(const struct queue_options *options);
  void (*close)(void *state);
  void (*ask)(void *state, struct redis_batch *b, const struct queue_poll *poll);
  bool (*more)(void *state, struct redis_batch *b, const struct queue_poll *poll); /* true when it appended commands */
  void (*write)(void *state, const struct redis_batch *b, const struct queue_poll *poll, struct section *s);
  const struct family *families; /* rows of its own, ended by one without a name; NULL for none */
};

/* Ends in keys.c, streams.c and bullmq.c; listed in queue.c. */
extern const struct queue_layout queue_layout_bullmq, queue_layout_keys, queue_layout_streams;

/* The rows that layouts share, in families.c. Every series of them carries system, prefix and queue. */
enum queue_metric {
  QUEUE_JOBS,
  QUEUE_OLDEST_AGE,
  QUEUE_OVERDUE,
  QUEUE_NEXT_DUE,
  QUEUE_ADDED,
  QUEUE_FINISHED,
  QUEUE_COMPLETED,
  QUEUE_FAILED,
  QUEUE_PAUSED,
  QUEUE_WORKER_SEEN,
  QUEUE_INFO,
  QUEUE_DISCOVERED,
  QUEUE_TRUNCATED,
  QUEUE_WALK_SCANS,
  QUEUE_WALK_REFUSED,
  QUEUE_WALK_SECONDS,
  QUEUE_WALK_COMPLETED,
  QUEUE_METRICS
};
extern const struct family queue_families[QUEUE_METRICS + 1];
/* The label `prefix` of a system without one: a label that is sometimes absent would make two kinds of series of one name. */
#define QUEUE_NO_PREFIX "none"

/* Adds a sample unless the value is NaN, which stands for unknown: a missing number is never shown as 0. */
void queue_put(struct section *s, enum queue_metric metric, labels_t labels, double value);
/* The reply as a number, NaN when it is none. */
double queue_number(const struct reply *r);
/* A reply to TIME in microseconds since 1970; 0 when it is none. */
int64_t queue_time_usec(const struct reply *r);
/* A wrong type is asked for; the key is something else. */
bool queue_wrong_type(const struct reply *r);

#endif
