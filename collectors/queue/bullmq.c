/* The layout of Bull and BullMQ: which queues there are.
 *
 * Both count added jobs in the string <prefix>:<name>:id, so a walk of the key space for such strings finds every queue, whatever its prefix
 * (n8n's is bull:jobs). What is found is a candidate: one EXISTS asks for a queue's other keys, then it is read as a queue is, and taken for
 * one only if they look like one. A queue stays known, and shows 0 when it is drained, until its `id` has been gone for a day. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "collectors/queue/bull.h"
#include "collectors/queue/walk.h"

#define QUEUES_MAX      1000
#define FORGET_AFTER    ((server_msec_t)24 * 3600 * 1000)
#define CANDIDATES_MOST 2000 /* a poll asks for about so many, 10 ms of the server's time, before its walk pauses */

struct candidate {
  char *base;
  size_t length;
  ticket_t exists;
};

struct bullmq {
  const struct strings *prefixes;
  bool truncated, overflowed; /* more than QUEUES_MAX: now, and seen by the present walk */
  struct walk walk;
  struct bull_queue *queues[QUEUES_MAX];
  size_t count;
  struct map by_base;
  struct candidate *candidates;                             /* of the last reply to SCAN */
  size_t candidate_count, candidate_room, candidates_asked; /* the last: in this poll */
};

/* Appends `text` so that a pattern takes it literally. */
static void put_literal(struct buf *out, const char *text) {
  for (; *text; text++) {
    if (strchr("*?[]\\", *text)) buf_putc(out, '\\');
    buf_putc(out, *text);
  }
}

static void *bullmq_open(const struct queue_options *options) {
  if (!options->discover) return NULL;
  struct bullmq *m = mem_zero(sizeof *m);
  m->prefixes = &options->prefixes;
  SCOPED(buf_done) struct buf pattern;
  buf_init(&pattern, sizeof m->walk.pattern - 1);
  if (options->prefixes.count == 1)
    put_literal(&pattern, options->prefixes.items[0]);
  else
    buf_puts(&pattern, "*");
  buf_puts(&pattern, ":*:id");
  walk_init(&m->walk, pattern.overflow ? "*:*:id" : pattern.data);
  return m;
}

static void drop_candidates(struct bullmq *m) {
  for (size_t i = 0; i < m->candidate_count; i++) free(m->candidates[i].base);
  m->candidate_count = 0;
}

static void bullmq_close(void *state) {
  struct bullmq *m = state;
  drop_candidates(m);
  free(m->candidates);
  for (size_t i = 0; i < m->count; i++) bull_queue_free(m->queues[i]);
  map_done(&m->by_base);
  free(m);
}

/* ---- names ---- */

static bool begins_with(const char *base, size_t length, const char *prefix, size_t prefix_length) {
  return length > prefix_length + 1 && base[prefix_length] == ':' && memcmp(base, prefix, prefix_length) == 0;
}

/* The length of the longest configured prefix of the base; 0 for none. */
static size_t configured_prefix(const struct bullmq *m, const char *base, size_t length) {
  size_t longest = 0;
  for (size_t i = 0; i < m->prefixes->count; i++) {
    size_t candidate = strlen(m->prefixes->items[i]);
    if (candidate > longest && begins_with(base, length, m->prefixes->items[i], candidate)) longest = candidate;
  }
  return longest;
}

static size_t default_prefix(const char *base, size_t length) {
  static const char *const defaults[] = {"bull", "{bull}"};
  for (size_t i = 0; i < COUNTOF(defaults); i++) {
    if (begins_with(base, length, defaults[i], strlen(defaults[i]))) return strlen(defaults[i]);
  }
  return 0;
}

static size_t last_colon(const char *base, size_t length) {
  const char *colon = memrchr(base, ':', length);
  return colon && colon > base && colon + 1 < base + length ? (size_t)(colon - base) : 0;
}

/* Where the prefix ends; 0 when the base is no <prefix>:<name>. Both may hold ':' in Bull; in BullMQ only the prefix may. */
static size_t split(const struct bullmq *m, const char *base, size_t length, bool bullmq) {
  size_t configured = configured_prefix(m, base, length);
  if (configured || m->prefixes->count > 0) return configured;
  size_t usual = bullmq ? 0 : default_prefix(base, length);
  return usual ? usual : last_colon(base, length);
}

/* A prefix that somebody configured, or Bull's own, before a plain name: not a key below some queue's. */
static bool is_trusted(const struct bullmq *m, const char *base, size_t length) {
  size_t prefix = configured_prefix(m, base, length);
  if (!prefix) prefix = default_prefix(base, length);
  return prefix && !memchr(base + prefix + 1, ':', length - prefix - 1);
}

/* ---- the known queues ---- */

static void index_queues(struct bullmq *m) {
  map_done(&m->by_base);
  m->by_base = (struct map){0};
  for (size_t i = 0; i < m->count; i++) *map_slot(&m->by_base, m->queues[i]->base, m->queues[i]->length) = m->queues[i];
}

static struct bull_queue *add_queue(struct bullmq *m, const struct candidate *c) {
  if (map_find(&m->by_base, c->base, c->length)) return NULL;
  if (m->count == QUEUES_MAX) {
    m->truncated = m->overflowed = true;
    return NULL;
  }
  struct bull_queue *q = bull_queue_new(c->base, c->length);
  q->trusted = is_trusted(m, q->base, q->length);
  *map_slot(&m->by_base, q->base, q->length) = q;
  return m->queues[m->count++] = q;
}

static bool is_gone(const struct bull_queue *q, const struct queue_poll *poll) {
  if (q->stage == BULL_IDLE || q->stage == BULL_COUNTING) return false;
  return !q->known || (poll->now && q->id_seen && poll->now - q->id_seen > FORGET_AFTER);
}

static void drop_gone(struct bullmq *m, const struct queue_poll *poll) {
  size_t kept = 0;
  for (size_t i = 0; i < m->count; i++) {
    if (is_gone(m->queues[i], poll))
      bull_queue_free(m->queues[i]);
    else
      m->queues[kept++] = m->queues[i];
  }
  if (kept == m->count) return;
  m->count = kept;
  index_queues(m);
}

/* ---- candidates ---- */

static ticket_t ask_exists(struct redis_batch *b, const char *base, size_t length) {
  static const char *const suffixes[] = {"wait",      "paused", "active", "delayed",     "prioritized",  "waiting-children",
                                         "completed", "failed", "meta",   "meta-paused", "stalled-check"};
  char keys[COUNTOF(suffixes)][BULL_BASE_MAX + 32];
  const char *argv[1 + COUNTOF(suffixes)] = {"EXISTS"};
  size_t lengths[1 + COUNTOF(suffixes)] = {strlen("EXISTS")};
  for (size_t i = 0; i < COUNTOF(suffixes); i++) {
    memcpy(keys[i], base, length);
    argv[i + 1] = keys[i];
    lengths[i + 1] = length + (size_t)snprintf(keys[i] + length, sizeof keys[i] - length, ":%s", suffixes[i]);
  }
  return redis_command(b, (int)COUNTOF(argv), argv, lengths);
}

static void add_candidate(struct bullmq *m, struct redis_batch *b, const struct reply *key) {
  static const char suffix[] = ":id";
  size_t length = key->length > strlen(suffix) ? key->length - strlen(suffix) : 0;
  if (key->type != REPLY_STRING || length == 0 || length > BULL_BASE_MAX || memcmp(key->text + length, suffix, strlen(suffix)) != 0)
    return;
  if (!split(m, key->text, length, false) || map_find(&m->by_base, key->text, length)) return;
  if (m->candidate_count == m->candidate_room) {
    m->candidate_room = m->candidate_room ? m->candidate_room * 2 : 64;
    m->candidates = mem_resize(m->candidates, m->candidate_room, sizeof m->candidates[0]);
  }
  m->candidates[m->candidate_count++] =
      (struct candidate){.base = mem_copy_bytes(key->text, length), .length = length, .exists = ask_exists(b, key->text, length)};
}

/* Candidates that have other keys of a queue are read as one. */
static bool read_candidates(struct bullmq *m, struct redis_batch *b, const struct queue_poll *poll) {
  bool asked = false;
  for (size_t i = 0; i < m->candidate_count; i++) {
    const struct candidate *c = &m->candidates[i];
    int64_t exist;
    bool likely = reply_integer(redis_reply(b, c->exists), &exist) && exist > 0;
    struct bull_queue *q = likely || is_trusted(m, c->base, c->length) ? add_queue(m, c) : NULL;
    if (!q) continue;
    bull_queue_ask(q, b, poll);
    asked = true;
  }
  drop_candidates(m);
  return asked;
}

static bool discover(struct bullmq *m, struct redis_batch *b, const struct queue_poll *poll) {
  const struct reply *keys = walk_keys(&m->walk, b, poll);
  if (!keys) return walk_on(&m->walk, b, poll);
  for (size_t i = 0; i < keys->count; i++) add_candidate(m, b, reply_item(keys, i));
  if (walk_complete(&m->walk)) {
    m->truncated = m->overflowed;
    m->overflowed = false;
  }
  m->candidates_asked += m->candidate_count;
  if (m->candidates_asked >= CANDIDATES_MOST) walk_pause(&m->walk);
  return walk_on(&m->walk, b, poll) || m->candidate_count > 0;
}

/* ---- the layout ---- */

static void bullmq_ask(void *state, struct redis_batch *b, const struct queue_poll *poll) {
  struct bullmq *m = state;
  drop_candidates(m);
  m->candidates_asked = 0;
  for (size_t i = 0; i < m->count; i++) bull_queue_ask(m->queues[i], b, poll);
  walk_begin(&m->walk, b, poll);
}

static bool bullmq_more(void *state, struct redis_batch *b, const struct queue_poll *poll) {
  struct bullmq *m = state;
  bool asked = false;
  for (size_t i = 0; i < m->count; i++) asked |= bull_queue_more(m->queues[i], b, poll);
  drop_gone(m, poll);
  asked |= read_candidates(m, b, poll);
  return discover(m, b, poll) || asked;
}

static void bullmq_write(void *state, const struct redis_batch *b UNUSED, const struct queue_poll *poll, struct section *s) {
  struct bullmq *m = state;
  size_t found[2] = {0, 0};
  for (size_t i = 0; i < m->count; i++) {
    struct bull_queue *q = m->queues[i];
    if (!q->known) continue;
    q->prefix_length = split(m, q->base, q->length, q->bullmq);
    bull_queue_write(q, poll, s);
    found[q->bullmq]++;
  }
  queue_put(s, QUEUE_DISCOVERED, section_label_pairs(s, "system", "bull", NULL), (double)found[0]);
  queue_put(s, QUEUE_DISCOVERED, section_label_pairs(s, "system", "bullmq", NULL), (double)found[1]);
  queue_put(s, QUEUE_TRUNCATED, 0, m->truncated);
  walk_write(&m->walk, s);
}

const struct queue_layout queue_layout_bullmq = {
    .name = "bullmq", .open = bullmq_open, .close = bullmq_close, .ask = bullmq_ask, .more = bullmq_more, .write = bullmq_write};
