/* The job queues of one Redis server: the list of layouts, the clock of the poll, and the options below `queues:`.
 *
 * Each poll begins with TIME, and every layout appends its commands behind it. What came back decides whether a layout asks again; the rounds
 * of all layouts are the same round trips. */
#include <stdlib.h>

#include "base/mem.h"
#include "collectors/queue/layout.h"

static const struct queue_layout *const layouts[] = {&queue_layout_bullmq, &queue_layout_keys, &queue_layout_streams};

const struct option queue_option_rows[] = {
    {.name = "prefixes",
     .type = OPTION_STRINGS,
     .offset = offsetof(struct queue_options, prefixes),
     .help = "Prefixes of Bull and BullMQ queues; with none given, queues under every prefix are found."},
    {.name = "lists",
     .type = OPTION_STRINGS,
     .offset = offsetof(struct queue_options, lists),
     .help = "Lists that are queues, by their keys."},
    {.name = "zsets",
     .type = OPTION_STRINGS,
     .offset = offsetof(struct queue_options, zsets),
     .help = "Sorted sets that are queues, by their keys."},
    {.name = "sets",
     .type = OPTION_STRINGS,
     .offset = offsetof(struct queue_options, sets),
     .help = "Sets that are queues, by their keys."},
    {.name = "streams",
     .type = OPTION_STRINGS,
     .offset = offsetof(struct queue_options, streams),
     .help = "Streams, by their keys."},
    {.name = "discover",
     .type = OPTION_BOOL,
     .fallback = "true",
     .offset = offsetof(struct queue_options, discover),
     .help = "Find Bull and BullMQ queues by a slow and bounded walk of the selected database's keys."},
    {0},
};

struct queues {
  struct queue_poll poll;
  ticket_t time;
  unsigned rounds; /* flushes of this poll so far */
  void *states[COUNTOF(layouts)];
};

struct queues *queues_new(const struct queue_options *options, unsigned db) {
  struct queues *q = mem_zero(sizeof *q);
  q->poll.db = db;
  for (size_t i = 0; i < COUNTOF(layouts); i++) q->states[i] = layouts[i]->open(options);
  return q;
}

void queues_free(struct queues *q) {
  if (!q) return;
  for (size_t i = 0; i < COUNTOF(layouts); i++) {
    if (q->states[i]) layouts[i]->close(q->states[i]);
  }
  free(q);
}

void queues_ask(struct queues *q, struct redis_batch *b, bool server_changed) {
  if (q->poll.now) q->poll.last = q->poll.now;
  q->poll.now = 0;
  q->poll.server_changed = server_changed;
  q->rounds = 0;
  q->time = redis_ask(b, "TIME", NULL);
  for (size_t i = 0; i < COUNTOF(layouts); i++) {
    if (q->states[i]) layouts[i]->ask(q->states[i], b, &q->poll);
  }
}

int64_t queue_time_usec(const struct reply *r) {
  int64_t seconds, micros;
  if (!reply_integer(reply_item(r, 0), &seconds) || !reply_integer(reply_item(r, 1), &micros)) return 0;
  if (seconds <= 0 || seconds > INT64_MAX / 2000000 || micros < 0 || micros >= 1000000) return 0;
  return seconds * 1000000 + micros;
}

bool queues_ask_more(struct queues *q, struct redis_batch *b) {
  if (q->rounds++ == 0) q->poll.now = queue_time_usec(redis_reply(b, q->time)) / 1000;
  bool asked = false;
  for (size_t i = 0; i < COUNTOF(layouts); i++) {
    if (q->states[i]) asked |= layouts[i]->more(q->states[i], b, &q->poll);
  }
  return asked && q->rounds <= QUEUE_ROUNDS_MAX;
}

void queues_write(struct queues *q, const struct redis_batch *b, struct section *s) {
  for (size_t i = 0; i < COUNTOF(layouts); i++) {
    if (q->states[i]) layouts[i]->write(q->states[i], b, &q->poll, s);
  }
}

static void catalogue_rows(const struct family *rows, family_fn *each, const char *part, void *arg) {
  for (const struct family *row = rows; row && row->name; row++) each(row, part, arg);
}

void queues_catalogue(family_fn *each, const char *part, void *arg) {
  catalogue_rows(queue_families, each, part, arg);
  for (size_t i = 0; i < COUNTOF(layouts); i++) catalogue_rows(layouts[i]->families, each, part, arg);
}
