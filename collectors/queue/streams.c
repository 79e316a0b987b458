/* Streams by the names in the configuration, with their consumer groups: the families of redis_exporter, and how long the oldest entry waits.
 *
 * XINFO STREAM and XRANGE bring entries with their payload. Where those are big, the stream is left alone for a while (see `burden`); its length
 * and its groups go on. A lag that Redis does not know (nil, after entries were deleted) is left out, not shown as 0. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collectors/queue/layout.h"

#define GROUPS_MAX   100
#define BURDEN_BYTES (64u << 10) /* of payload that a poll may bring for one stream */
#define BURDEN_POLLS 60          /* for so many polls it is not asked for again */
#define OF_STREAM    "db,stream"
#define OF_GROUP     "db,group,stream"
#define UNKNOWN      ((double)NAN)

enum {
  LENGTH,
  RADIX_KEYS,
  RADIX_NODES,
  LAST_ID,
  MAX_DELETED_ID,
  FIRST_ENTRY,
  LAST_ENTRY,
  ENTRIES_ADDED,
  GROUPS,
  GROUP_CONSUMERS,
  GROUP_PENDING,
  GROUP_LAST_ID,
  GROUP_READ,
  GROUP_LAG,
  GROUP_OLDEST_PENDING,
  GROUP_OLDEST_UNDELIVERED,
  ROWS
};

static const struct family rows[ROWS + 1] = {
    [LENGTH] = {"redis_stream_length", "The number of elements of the stream.", METRIC_GAUGE, OF_STREAM, false},
    [RADIX_KEYS] = {"redis_stream_radix_tree_keys", "Radix tree keys count.", METRIC_GAUGE, OF_STREAM, false},
    [RADIX_NODES] = {"redis_stream_radix_tree_nodes", "Radix tree nodes count.", METRIC_GAUGE, OF_STREAM, false},
    [LAST_ID] = {"redis_stream_last_generated_id", "The time part (ms) of the latest generated id.", METRIC_GAUGE, OF_STREAM,
                 false},
    [MAX_DELETED_ID] = {"redis_stream_max_deleted_entry_id", "The time part (ms) of the highest id that was deleted.", METRIC_GAUGE,
                        OF_STREAM, false},
    [FIRST_ENTRY] = {"redis_stream_first_entry_id", "The time part (ms) of the first entry's id.", METRIC_GAUGE, OF_STREAM, false},
    [LAST_ENTRY] = {"redis_stream_last_entry_id", "The time part (ms) of the last entry's id.", METRIC_GAUGE, OF_STREAM, false},
    [ENTRIES_ADDED] = {"redis_stream_entries_added_total", "Entries ever added to the stream.", METRIC_COUNTER, OF_STREAM, false},
    [GROUPS] = {"redis_stream_groups", "The number of consumer groups of the stream.", METRIC_GAUGE, OF_STREAM, false},
    [GROUP_CONSUMERS] = {"redis_stream_group_consumers", "The number of consumers in the group.", METRIC_GAUGE, OF_GROUP, false},
    [GROUP_PENDING] = {"redis_stream_group_messages_pending", "Entries that were delivered and not acknowledged.", METRIC_GAUGE,
                       OF_GROUP, false},
    [GROUP_LAST_ID] = {"redis_stream_group_last_delivered_id", "The time part (ms) of the id that was delivered last.",
                       METRIC_GAUGE, OF_GROUP, false},
    [GROUP_READ] = {"redis_stream_group_entries_read", "Entries the group has read, by Redis' own count.", METRIC_GAUGE, OF_GROUP,
                    false},
    [GROUP_LAG] = {"redis_stream_group_lag",
                   "Entries that still have to be delivered to the group; absent where Redis cannot tell.", METRIC_GAUGE, OF_GROUP,
                   false},
    [GROUP_OLDEST_PENDING] = {"redis_stream_group_oldest_pending_seconds",
                              "Age of the oldest entry that was delivered and not acknowledged; 0 when there is none.",
                              METRIC_GAUGE, OF_GROUP, false},
    [GROUP_OLDEST_UNDELIVERED] = {"redis_stream_group_oldest_undelivered_seconds",
                                  "Age of the oldest entry that was not delivered to the group; 0 when there is none.",
                                  METRIC_GAUGE, OF_GROUP, false},
    [ROWS] = {0},
};

struct group {
  ticket_t pending, undelivered; /* of the second round */
  bool asks_pending, asks_undelivered;
};

struct stream {
  const char *name;
  ticket_t exists, length, info, groups;
  bool existed;        /* at the last look; XINFO of what does not exist is an error that the server counts */
  bool detailed, aged; /* in this poll: XINFO is asked, the ages are */
  bool asked_info;
  unsigned burden; /* polls for which payload is not asked for */
  size_t group_count;
  struct group group[GROUPS_MAX];
};

struct streams {
  size_t count;
  struct stream all[];
};

static void *streams_open(const struct queue_options *options) {
  size_t count = options->streams.count;
  if (count == 0) return NULL;
  struct streams *all = mem_zero(sizeof *all + count * sizeof all->all[0]);
  all->count = count;
  for (size_t i = 0; i < count; i++) all->all[i].name = options->streams.items[i];
  return all;
}

/* ---- replies ---- */

/* The value behind a name in a flat array of names and values; nil when it is not there. */
static const struct reply *field(const struct reply *r, const char *name) {
  size_t i = 0;
  while (i < r->count && !reply_is(r->items[i], name)) i += 2;
  return reply_item(r, i + 1);
}

/* The time part of "1690000000000-3", and the sequence number behind it. */
static bool read_id(const struct reply *r, unsigned long long *ms, unsigned long long *sequence) {
  char *dash, *end;
  if (r->type != REPLY_STRING || r->length == 0) return false;
  *ms = strtoull(r->text, &dash, 10);
  if (dash == r->text || *dash != '-') return false;
  *sequence = strtoull(dash + 1, &end, 10);
  return end > dash + 1 && end == r->text + r->length;
}

static double id_time(const struct reply *r) {
  unsigned long long ms, sequence;
  return read_id(r, &ms, &sequence) ? (double)ms : UNKNOWN;
}

static size_t reply_bytes(const struct reply *r) {
  size_t bytes = r->length;
  for (size_t i = 0; i < r->count; i++) bytes += reply_bytes(r->items[i]);
  return bytes;
}

static void weigh(struct stream *st, const struct reply *r) {
  if (reply_bytes(r) > BURDEN_BYTES) st->burden = BURDEN_POLLS;
}

/* ---- rounds ---- */

static void ask_details(struct stream *st, struct redis_batch *b) {
  st->detailed = true;
  st->groups = redis_ask(b, "XINFO", "GROUPS", st->name, NULL);
  st->asked_info = st->burden == 0;
  if (st->burden > 0)
    st->burden--;
  else
    st->info = redis_ask(b, "XINFO", "STREAM", st->name, NULL);
}

static void streams_ask(void *state, struct redis_batch *b, const struct queue_poll *poll UNUSED) {
  struct streams *all = state;
  for (size_t i = 0; i < all->count; i++) {
    struct stream *st = &all->all[i];
    st->exists = redis_ask(b, "EXISTS", st->name, NULL);
    st->length = redis_ask(b, "XLEN", st->name, NULL);
    st->detailed = st->aged = false;
    st->group_count = 0;
    if (st->existed) ask_details(st, b);
  }
}

/* The first entry behind the id; "(" before an id is known to Redis since 6.2 only. */
static ticket_t ask_behind(struct redis_batch *b, const char *stream, unsigned long long ms, unsigned long long sequence) {
  char from[48];
  if (sequence == ~0ULL)
    snprintf(from, sizeof from, "%llu-0", ms + 1);
  else
    snprintf(from, sizeof from, "%llu-%llu", ms, sequence + 1);
  return redis_ask(b, "XRANGE", stream, from, "+", "COUNT", "1", NULL);
}

static bool ask_group(const struct stream *st, struct group *g, const struct reply *r, struct redis_batch *b) {
  const struct reply *name = field(r, "name");
  unsigned long long ms, sequence;
  *g = (struct group){0};
  if (name->type == REPLY_STRING && queue_number(field(r, "pending")) > 0) {
    const char *argv[] = {"XPENDING", st->name, name->text, "-", "+", "1"};
    const size_t lengths[] = {8, strlen(st->name), name->length, 1, 1, 1};
    g->pending = redis_command(b, (int)COUNTOF(argv), argv, lengths);
    g->asks_pending = true;
  }
  if (queue_number(field(r, "lag")) != 0 && st->burden == 0 && read_id(field(r, "last-delivered-id"), &ms, &sequence)) {
    g->undelivered = ask_behind(b, st->name, ms, sequence);
    g->asks_undelivered = true;
  }
  return g->asks_pending || g->asks_undelivered;
}

static bool ask_ages(struct stream *st, struct redis_batch *b) {
  const struct reply *groups = redis_reply(b, st->groups);
  bool asked = false;
  if (st->asked_info) weigh(st, redis_reply(b, st->info));
  st->group_count = groups->type == REPLY_ARRAY ? MIN(groups->count, GROUPS_MAX) : 0;
  for (size_t i = 0; i < st->group_count; i++) asked |= ask_group(st, &st->group[i], reply_item(groups, i), b);
  return asked;
}

static bool stream_more(struct stream *st, struct redis_batch *b) {
  if (st->aged) return false;
  st->existed = queue_number(redis_reply(b, st->exists)) > 0 && !isnan(queue_number(redis_reply(b, st->length)));
  if (st->detailed) {
    st->aged = true;
    return ask_ages(st, b);
  }
  if (st->existed) ask_details(st, b);
  return st->existed;
}

static bool streams_more(void *state, struct redis_batch *b, const struct queue_poll *poll UNUSED) {
  struct streams *all = state;
  bool asked = false;
  for (size_t i = 0; i < all->count; i++) asked |= stream_more(&all->all[i], b);
  return asked;
}

/* ---- writing ---- */

static void put(struct section *s, unsigned row, labels_t labels, double value) {
  if (!isnan(value)) section_add(s, &rows[row], labels, value);
}

/* Seconds since the entry was added, 0 when there is none; an error or a reply of another shape is unknown. */
static double entry_age(const struct reply *entries, const struct queue_poll *poll) {
  if (entries->type != REPLY_ARRAY || !poll->now) return UNKNOWN;
  if (entries->count == 0) return 0;
  double since = id_time(reply_item(reply_item(entries, 0), 0));
  return isnan(since) ? since : fmax(((double)poll->now - since) / 1000, 0);
}

static void write_group(struct stream *st, size_t i, const struct redis_batch *b, const struct queue_poll *poll, const char *db,
                        struct section *s) {
  const struct group *g = &st->group[i];
  const struct reply *r = reply_item(redis_reply(b, st->groups), i), *name = field(r, "name");
  if (name->type != REPLY_STRING) return;
  struct label all[] = {{"db", db, LABEL_STRING}, {"group", name->text, name->length}, {"stream", st->name, LABEL_STRING}};
  labels_t labels = section_labels(s, all, COUNTOF(all));
  double pending = queue_number(field(r, "pending")), lag = queue_number(field(r, "lag"));
  put(s, GROUP_CONSUMERS, labels, queue_number(field(r, "consumers")));
  put(s, GROUP_PENDING, labels, pending);
  put(s, GROUP_LAST_ID, labels, id_time(field(r, "last-delivered-id")));
  put(s, GROUP_READ, labels, queue_number(field(r, "entries-read")));
  put(s, GROUP_LAG, labels, lag);
  put(s, GROUP_OLDEST_PENDING, labels, g->asks_pending ? entry_age(redis_reply(b, g->pending), poll) : pending == 0 ? 0 : UNKNOWN);
  if (g->asks_undelivered) weigh(st, redis_reply(b, g->undelivered));
  put(s, GROUP_OLDEST_UNDELIVERED, labels,
      g->asks_undelivered ? entry_age(redis_reply(b, g->undelivered), poll)
      : lag == 0          ? 0
                          : UNKNOWN);
}

static void write_info(const struct stream *st, const struct redis_batch *b, labels_t labels, struct section *s) {
  static const struct info {
    const char *name;
    unsigned row;
    bool id;
  } infos[] = {{"radix-tree-keys", RADIX_KEYS, false},
               {"radix-tree-nodes", RADIX_NODES, false},
               {"entries-added", ENTRIES_ADDED, false},
               {"last-generated-id", LAST_ID, true},
               {"max-deleted-entry-id", MAX_DELETED_ID, true}};
  const struct reply *r = redis_reply(b, st->info);
  for (size_t i = 0; i < COUNTOF(infos); i++) {
    const struct reply *value = field(r, infos[i].name);
    put(s, infos[i].row, labels, infos[i].id ? id_time(value) : queue_number(value));
  }
  put(s, FIRST_ENTRY, labels, id_time(reply_item(field(r, "first-entry"), 0)));
  put(s, LAST_ENTRY, labels, id_time(reply_item(field(r, "last-entry"), 0)));
}

static void write_stream(struct stream *st, const struct redis_batch *b, const struct queue_poll *poll, struct section *s) {
  char db[16];
  snprintf(db, sizeof db, "db%u", poll->db);
  labels_t labels = section_label_pairs(s, "db", db, "stream", st->name, NULL);
  put(s, LENGTH, labels, queue_number(redis_reply(b, st->length)));
  if (!st->detailed) {
    if (queue_number(redis_reply(b, st->exists)) == 0) put(s, GROUPS, labels, 0);
    return;
  }
  const struct reply *groups = redis_reply(b, st->groups);
  if (groups->type == REPLY_ARRAY) put(s, GROUPS, labels, (double)groups->count);
  if (st->asked_info) write_info(st, b, labels, s);
  for (size_t i = 0; i < st->group_count; i++) write_group(st, i, b, poll, db, s);
}

static void streams_write(void *state, const struct redis_batch *b, const struct queue_poll *poll, struct section *s) {
  struct streams *all = state;
  for (size_t i = 0; i < all->count; i++) write_stream(&all->all[i], b, poll, s);
}

const struct queue_layout queue_layout_streams = {.name = "streams",
                                                  .open = streams_open,
                                                  .close = free,
                                                  .ask = streams_ask,
                                                  .more = streams_more,
                                                  .write = streams_write,
                                                  .families = rows};
