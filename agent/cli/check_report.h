/* What `sonde check` found: from a status (alert/status.h) to a judgement, and from that to text. Pure. */
#ifndef SONDE_AGENT_CLI_CHECK_REPORT_H
#define SONDE_AGENT_CLI_CHECK_REPORT_H

#include "base/arena.h"
#include "base/buf.h"
#include "config/config.h"

/* Worse is greater: by the guidelines of monitoring plugins what is unknown is worse than a warning. */
enum level { LEVEL_WAITING, LEVEL_OK, LEVEL_INFO, LEVEL_WARNING, LEVEL_UNKNOWN, LEVEL_CRITICAL };
const char *level_name(enum level level);
int level_exit(enum level level); /* 0, 1, 2, 3 */

/* One row: a target, or what one rule says of it. All text is free of control characters and lives in the report's arena. */
struct verdict {
  enum level level;
  enum level severity; /* of the rule's threshold: LEVEL_CRITICAL, LEVEL_WARNING, LEVEL_INFO */
  bool is_target;
  bool minor;         /* good, and another series of its rule is nearer to the threshold: for programs, not for people */
  const char *check;  /* the rule's name; "up" for a target */
  const char *target; /* "" when it is of none alone */
  const char *state;  /* up, down, starting, stale, ok, pending, firing, waiting, error */
  const char *reason; /* of a target that is not up: auth, connect, timeout …; NULL for none */
  const char *series; /* the labels that tell it from others of its rule and target; "" for none */
  const char *op;     /* of the comparison; NULL for none */
  double value, threshold;
  const char *message, *hint; /* NULL for none */
  msec_t left;                /* until a pending alert fires, or a waiting rule can be judged */
};

struct report {
  struct arena arena;
  struct verdict *rows; /* worst first */
  size_t count, capacity;
  size_t judged, waiting, idle; /* rules; idle ones have nothing to look at */
  msec_t warm_in;               /* until the last that waits can be judged */
  bool asked;                   /* an agent knew it all; else it was polled here */
  msec_t timeout;               /* of what was polled here */
  msec_t age;                   /* of the oldest data of a target that is up */
  msec_t took;                  /* all together */
  const char *trouble;          /* why there is no judgement at all; NULL for none */
  bool hung;                    /* an agent runs here and does not answer */
  const char *note;             /* why no agent was asked, where that may surprise; NULL for none */
};

void report_init(struct report *r);
void report_done(struct report *r);
/* Judges a status. Only the targets of `c` are looked at, and the rules that say something of them; with `whole`, also what is of no single target. False
 * when it is no status. */
bool report_read(struct report *r, const char *json, size_t length, const struct config *c, bool whole, struct fail *f) MUST_CHECK;
/* A report that nothing could be found out, and why. */
void report_fail(struct report *r, const struct fail *why);
/* The worst of the rows. */
enum level report_level(const struct report *r);
/* How many rows, all of them the first, are problems. */
size_t report_problems(const struct report *r);
/* "judged 21, waiting for history 6 (…)". */
void report_counts(struct buf *out, const struct report *r);
/* "0.95 > 0.9", "12 (alert > 80)", "down (auth)". */
void verdict_value(struct buf *out, const struct verdict *v);

/* True when `v` is nearer to the alarm than `other`, of the same rule. */
bool verdict_is_nearer(const struct verdict *v, const struct verdict *other);

/* Each writes the whole output. */
void report_table(struct buf *out, const struct report *r, size_t width, bool colour);
void report_nagios(struct buf *out, const struct report *r);
void report_json(struct buf *out, const struct report *r);

#endif
