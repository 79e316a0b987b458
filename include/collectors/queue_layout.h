/* A way of keeping job queues in Redis (BullMQ, Bull, plain lists …). Layouts are not targets: the Redis target's own connection asks for them,
 * in the poll's first round trip together with INFO, and in further ones only where that shows that more is needed.
 * One file per layout ends in a `const struct queue_layout`, listed in collectors/queue/queue.c. */
#ifndef SONDE_COLLECTORS_QUEUE_LAYOUT_H
#define SONDE_COLLECTORS_QUEUE_LAYOUT_H

#include "collectors/collector.h"
#include "collectors/redis_link.h"
#include "config/option.h"

/* Keys below `queues:` of a Redis target. */
struct queue_options {
  struct strings prefixes;                    /* Bull and BullMQ; with none given, every prefix is found by SCAN */
  struct strings lists, zsets, sets, streams; /* keys by name */
  bool discover;                              /* walk the key space, slowly and bounded, for Bull and BullMQ queues */
};
/* Rows for OPTION_MAP. The option struct of the Redis target must begin with its struct queue_options, since the offsets of a map count from there. */
extern const struct option queue_option_rows[];

/* All queues of one Redis target, kept across polls: what was discovered, cursors, derived counters. */
struct queues;
/* `options` lives as long as the queues; `db` is the database that the connection has selected. */
struct queues *queues_new(const struct queue_options *options, unsigned db);
void queues_free(struct queues *q); /* NULL allowed */
/* Appends the first commands of a poll to the batch that also holds the collector's own. "Now" of all ages is the server's clock, from a TIME
 * command of its own. `server_changed`: the last poll saw another run_id than the one before; a walk of the key space starts afresh. */
void queues_ask(struct queues *q, struct redis_batch *b, bool server_changed);
/* After each flush: reads what has come and appends what is needed beyond it. False when that is nothing: the round trip is spared.
 *   queues_ask(q, b, changed); flush; while (queues_ask_more(q, b)) flush;   the first flush that fails ends the loop
 * Ends by itself: without waiting jobs at once, with them after one or two more round trips; only a walk of a large key space takes up to
 * QUEUE_ROUNDS_MAX, each with one SCAN. */
#define QUEUE_ROUNDS_MAX 24
bool queues_ask_more(struct queues *q, struct redis_batch *b);
/* Writes the samples of what was answered, once a poll, before the batch is gone; what was not answered has no sample. */
void queues_write(struct queues *q, const struct redis_batch *b, struct section *s);
void queues_catalogue(family_fn *each, const char *part, void *arg);

#endif
