/* A way of keeping job queues in Redis (BullMQ, Bull, plain lists …). Layouts are not targets: the Redis target's own connection asks for them,
 * in the poll's first round trip together with INFO, and in a second one only where the first shows that more is needed.
 * One file per layout ends in a `const struct queue_layout`, listed in collectors/queue/queue.c. */
#ifndef SONDE_COLLECTORS_QUEUE_LAYOUT_H
#define SONDE_COLLECTORS_QUEUE_LAYOUT_H

#include "collectors/collector.h"
#include "collectors/redis_link.h"
#include "config/option.h"

/* Keys below `queues:` of a Redis target. */
struct queue_options {
  struct strings prefixes; /* Bull and BullMQ; with none given, every prefix is found by SCAN */
  struct strings lists, zsets, sets, streams; /* keys by name */
  bool discover;           /* walk the key space, slowly and bounded, for Bull and BullMQ queues */
};
/* Rows for OPTION_MAP. The option struct of the Redis target must begin with its struct queue_options, since the offsets of a map count from there. */
extern const struct option queue_option_rows[];

/* All queues of one Redis target, kept across polls: what was discovered, cursors, derived counters. */
struct queues;
struct queues *queues_new(const struct queue_options *options);
void queues_free(struct queues *q);
/* The server's clock, "now" of all ages, comes from a TIME command that queues_ask() sends itself. `server_changed`: another run_id; cursors and
 * derived counters start afresh. */
void queues_ask(struct queues *q, struct redis_batch *first, bool server_changed);
/* After the first flush: reads what is there and asks for the rest. False when nothing more is needed: then no second round trip is made. */
bool queues_ask_more(struct queues *q, const struct redis_batch *first, struct redis_batch *second);
/* Writes the samples. `second` is NULL when there was none or it failed. */
void queues_write(struct queues *q, const struct redis_batch *first, const struct redis_batch *second, struct section *s);
void queues_catalogue(family_fn *each, const char *part, void *arg);

#endif
