/* One Bull or BullMQ queue: what is remembered of it, and the numbers of this poll. */
#ifndef SONDE_COLLECTORS_QUEUE_BULL_H
#define SONDE_COLLECTORS_QUEUE_BULL_H

#include "collectors/queue/layout.h"

#define BULL_BASE_MAX 400 /* bytes of a queue's prefix and name together */

enum bull_state {
  BULL_WAITING,
  BULL_ACTIVE,
  BULL_DELAYED,
  BULL_PRIORITIZED,
  BULL_WAITING_CHILDREN,
  BULL_COMPLETED,
  BULL_FAILED,
  BULL_STATES
};

/* A counter that is shown: never backwards, whatever it is made from. */
struct bull_counter {
  double shown, last;
  bool started;
};

/* What this poll has found; NaN where unknown. */
struct bull_numbers {
  double jobs[BULL_STATES];
  double paused, next_due; /* next_due: server_msec_t */
  double overdue;
  double added, completed, failed;      /* as the queue itself counts */
  double oldest_waiting, oldest_active; /* since when; server_msec_t */
};

enum bull_stage { BULL_IDLE, BULL_COUNTING, BULL_AGEING, BULL_DONE };

struct bull_queue {
  char *base;           /* "bull:emails": its keys are this, ':' and a suffix */
  size_t length;        /* of base */
  size_t prefix_length; /* the name begins behind the ':' that follows */
  bool trusted;         /* its prefix says that it is a queue, an `id` is enough */
  bool known;           /* it is a queue, and has been shown */
  bool bullmq;          /* else Bull */
  char version[48];
  server_msec_t id_seen; /* when its `id` last existed */
  server_msec_t worker_seen;
  server_msec_t empty_at;    /* when nothing waited */
  server_msec_t failed_upto; /* failures until then are counted */
  bool failed_kept;          /* failed jobs do not vanish at once, so they can be counted */
  struct bull_counter added, finished, completed, failed;
  double failed_derived;
  /* this poll */
  enum bull_stage stage;
  struct bull_numbers now;
  ticket_t asked, failed_since; /* the first of the commands of bull_asks[]; ZCOUNT of new failures */
  bool counts_failures;
  ticket_t jobs; /* the first HMGET of a job: `waiting` of them, then `active` */
  unsigned waiting, active;
  bool counts_overdue, walks; /* ZCOUNT of overdue jobs and a look at the next priority are under way */
  ticket_t overdue, level;
  unsigned levels; /* priorities looked at */
};

struct bull_queue *bull_queue_new(const char *base, size_t length);
void bull_queue_free(struct bull_queue *q);

/* bull.c: the counts. */
void bull_queue_ask(struct bull_queue *q, struct redis_batch *b, const struct queue_poll *poll);
/* Reads what has come; true when it asked for more. A queue that is not `known` when `stage` is past BULL_COUNTING is none. */
bool bull_queue_more(struct bull_queue *q, struct redis_batch *b, const struct queue_poll *poll);
void bull_queue_write(const struct bull_queue *q, const struct queue_poll *poll, struct section *s);

/* bull_age.c: since when the oldest jobs wait and run. The arguments are replies to the first round: ends of lists, the first of `prioritized`. */
struct bull_ends {
  const struct reply *wait_tail, *wait_head, *paused_tail, *active_tail, *prioritized;
};
/* An element of `wait` or `paused` that BullMQ 2 to 4 put there to wake a worker; ids begin with 1, and own ids may hold no ':'. */
bool bull_is_marker(const struct reply *id);
bool bull_ages_ask(struct bull_queue *q, struct redis_batch *b, const struct bull_ends *ends);
bool bull_ages_more(struct bull_queue *q, struct redis_batch *b, const struct queue_poll *poll);

#endif
