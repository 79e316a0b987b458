/* What survives a restart: alerts, and notifications that are not delivered yet. The only module that knows SQLite (WAL, synchronous=FULL).
 * A transition and its notifications are one transaction. A file that is torn or foreign is set aside under another name and said; on a full or
 * read-only disk everything goes on in memory, is written when the disk takes it again, and both are said, once. Calls are serialised inside;
 * any thread may call. */
#ifndef SONDE_STATE_STATE_H
#define SONDE_STATE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fail.h"

#define STATE_NOTIFICATIONS_MAX 10000 /* of one receiver; beyond it the oldest are dropped, and it is said */

struct state;

/* Opens <folder>/state.db, made when missing. Never NULL: where the folder cannot be used the state is in memory, and *f says why (kind NONE when
 * all is well). `folder` NULL: in memory, which is all well. */
struct state *state_open(const char *folder, struct fail *f);
void state_close(struct state *s); /* NULL allowed */

/* One alert as it is kept; the key is (rule, fingerprint). Times are milliseconds since 1970. */
struct alert_record {
  const char *rule;                 /* file-independent: group/alertname/hash of the expression */
  const char *labels, *annotations; /* JSON objects */
  uint64_t fingerprint;
  int state; /* enum alert_state */
  bool gone; /* to be forgotten: it is pending no more, or resolved */
  int64_t active_at, fired_at, resolved_at, keep_since;
  double value;
};
/* One message for one receiver. */
struct notification {
  int64_t id; /* given by the state; rises */
  const char *receiver;
  const char *body; /* JSON: the alert as the formats want it (struct message of notify/) */
  int64_t queued_at, next_try;
  int64_t attempts;
  uint64_t fingerprint; /* of the alert: its messages are delivered in order */
};

/* Writes changed alerts and queues notifications (their id is filled in), all or nothing. */
void state_commit(struct state *s, const struct alert_record *alerts, size_t alert_count, struct notification *notes,
                  size_t note_count);
/* All alerts; strings live in `a`. */
size_t state_alerts(struct state *s, struct arena *a, struct alert_record **ret);
/* The oldest undelivered notifications of a receiver, at most `max`, in order of id. */
size_t state_pending(struct state *s, const char *receiver, struct arena *a, struct notification *ret, size_t max);
/* The receiver took it. */
void state_acknowledge(struct state *s, int64_t id);
/* It did not: when to try again, and how often it was tried. */
void state_retry(struct state *s, int64_t id, int64_t next_try, int64_t attempts);
/* How many wait, for all receivers. */
size_t state_waiting(struct state *s);
/* Writes what is in memory because the disk refused it: to be called now and then. False while what is kept would not survive the process. */
bool state_make_durable(struct state *s);
/* Drops what waits for receivers that are not among `keep`; how much that was. */
size_t state_drop_others(struct state *s, const char *const *keep, size_t count);

#endif
