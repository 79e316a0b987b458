/* Queues that are one key each, by the names in the configuration: lists, sorted sets and sets. What is in them belongs to the application,
 * so their depth is all there is to say. An empty one does not exist in Redis; it is 0 here. */
#include <stdlib.h>

#include "base/mem.h"
#include "collectors/queue/layout.h"

static const struct shape { const char *system, *command; } shapes[] = {{"list", "LLEN"}, {"zset", "ZCARD"}, {"set", "SCARD"}};

struct key {
  const struct shape *shape;
  const char *name;
  ticket_t ticket;
};

struct keys {
  size_t count;
  struct key all[];
};

static size_t add(struct key *at, const struct shape *shape, const struct strings *names) {
  for (size_t i = 0; i < names->count; i++) at[i] = (struct key){.shape = shape, .name = names->items[i]};
  return names->count;
}

static void *keys_open(const struct queue_options *options) {
  size_t count = options->lists.count + options->zsets.count + options->sets.count;
  if (count == 0) return NULL;
  struct keys *k = mem_zero(sizeof *k + count * sizeof k->all[0]);
  k->count += add(k->all, &shapes[0], &options->lists);
  k->count += add(k->all + k->count, &shapes[1], &options->zsets);
  k->count += add(k->all + k->count, &shapes[2], &options->sets);
  return k;
}

static void keys_ask(void *state, struct redis_batch *b, const struct queue_poll *poll UNUSED) {
  struct keys *k = state;
  for (size_t i = 0; i < k->count; i++) k->all[i].ticket = redis_ask(b, k->all[i].shape->command, k->all[i].name, NULL);
}

static bool keys_more(void *state UNUSED, struct redis_batch *b UNUSED, const struct queue_poll *poll UNUSED) {
  return false;
}

static void keys_write(void *state, const struct redis_batch *b, const struct queue_poll *poll UNUSED, struct section *s) {
  const struct keys *k = state;
  for (size_t i = 0; i < k->count; i++) {
    labels_t labels = section_label_pairs(s, "prefix", QUEUE_NO_PREFIX, "queue", k->all[i].name, "state", "waiting", "system",
                                          k->all[i].shape->system, NULL);
    queue_put(s, QUEUE_JOBS, labels, queue_number(redis_reply(b, k->all[i].ticket)));
  }
}

const struct queue_layout queue_layout_keys = {
    .name = "keys", .open = keys_open, .close = free, .ask = keys_ask, .more = keys_more, .write = keys_write};
