/* One Bull (to 4) or BullMQ (1 to 6) queue by its keys. All versions keep the same lists and sorted sets; they differ in this:
 *   - a paused queue's jobs move to the list `paused`, except in BullMQ 6, where they stay in `wait`: both are waiting here
 *   - BullMQ 2 to 4 keep a marker at the right end of those lists, "0" or "0:<time>", which is no job
 *   - prioritized jobs have a sorted set of their own since BullMQ 4, and are in `wait` before
 *   - only BullMQ has a version and opts.maxLenEvents in its hash `meta`
 * Numbers equal those of the library's getJobCounts(), which is not called because it removes markers, a write. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collectors/queue/bull.h"

#define UNKNOWN        ((double)NAN)
#define OVERDUE_AFTER  5000   /* ms */
#define DELAYED_FACTOR 4096.0 /* a score of `delayed` is its time in ms times this, plus a sequence number */

/* The first round, in this order. */
enum {
  ASK_WAIT,
  ASK_PAUSED,
  ASK_ACTIVE,
  ASK_DELAYED,
  ASK_PRIORITIZED,
  ASK_WAITING_CHILDREN,
  ASK_COMPLETED,
  ASK_FAILED,
  ASK_META,
  ASK_META_PAUSED,
  ASK_ID,
  ASK_STALLED_CHECK,
  ASK_WAIT_TAIL,
  ASK_WAIT_HEAD,
  ASK_PAUSED_TAIL,
  ASK_ACTIVE_TAIL,
  ASK_FIRST_PRIORITIZED,
  ASK_FIRST_DELAYED,
  ASK_METRICS_COMPLETED,
  ASK_METRICS_FAILED,
  ASKS
};

#define ASK_WORDS 3
static const struct bull_ask {
  const char *command, *suffix, *words[ASK_WORDS];
} bull_asks[ASKS] = {
    [ASK_WAIT] = {"LLEN", "wait", {0}},
    [ASK_PAUSED] = {"LLEN", "paused", {0}},
    [ASK_ACTIVE] = {"LLEN", "active", {0}},
    [ASK_DELAYED] = {"ZCARD", "delayed", {0}},
    [ASK_PRIORITIZED] = {"ZCARD", "prioritized", {0}},
    [ASK_WAITING_CHILDREN] = {"ZCARD", "waiting-children", {0}},
    [ASK_COMPLETED] = {"ZCARD", "completed", {0}},
    [ASK_FAILED] = {"ZCARD", "failed", {0}},
    [ASK_META] = {"HMGET", "meta", {"paused", "version", "opts.maxLenEvents"}},
    [ASK_META_PAUSED] = {"EXISTS", "meta-paused", {0}},
    [ASK_ID] = {"GET", "id", {0}},
    [ASK_STALLED_CHECK] = {"GET", "stalled-check", {0}},
    [ASK_WAIT_TAIL] = {"LRANGE", "wait", {"-8", "-1"}},
    [ASK_WAIT_HEAD] = {"LRANGE", "wait", {"0", "1"}},
    [ASK_PAUSED_TAIL] = {"LRANGE", "paused", {"-8", "-1"}},
    [ASK_ACTIVE_TAIL] = {"LRANGE", "active", {"-3", "-1"}},
    [ASK_FIRST_PRIORITIZED] = {"ZRANGE", "prioritized", {"0", "0", "WITHSCORES"}},
    [ASK_FIRST_DELAYED] = {"ZRANGE", "delayed", {"0", "0", "WITHSCORES"}},
    [ASK_METRICS_COMPLETED] = {"HGET", "metrics:completed", {"count"}},
    [ASK_METRICS_FAILED] = {"HGET", "metrics:failed", {"count"}},
};

struct bull_queue *bull_queue_new(const char *base, size_t length) {
  struct bull_queue *q = mem_zero(sizeof *q);
  q->base = mem_copy_bytes(base, length);
  q->length = length;
  return q;
}

void bull_queue_free(struct bull_queue *q) {
  if (!q) return;
  free(q->base);
  free(q);
}

/* ---- asking ---- */

static ticket_t ask_key(struct bull_queue *q, struct redis_batch *b, const char *command, const char *suffix,
                        const char *const words[ASK_WORDS]) {
  char key[BULL_BASE_MAX + 32];
  memcpy(key, q->base, q->length);
  size_t length = q->length + (size_t)snprintf(key + q->length, sizeof key - q->length, ":%s", suffix);
  const char *argv[2 + ASK_WORDS] = {command, key};
  size_t lengths[2 + ASK_WORDS] = {strlen(command), length};
  int argc = 2;
  for (size_t i = 0; i < ASK_WORDS && words[i]; i++) {
    argv[argc] = words[i];
    lengths[argc++] = strlen(words[i]);
  }
  return redis_command(b, argc, argv, lengths);
}

/* Failures between the last two polls: one poll late, so that they are complete even where a worker's clock is behind the server's. */
static void ask_failures(struct bull_queue *q, struct redis_batch *b, const struct queue_poll *poll) {
  char from[32], to[32];
  q->counts_failures = q->known && q->failed_upto && poll->last > q->failed_upto;
  if (!q->counts_failures) return;
  snprintf(from, sizeof from, "(%lld", (long long)q->failed_upto);
  snprintf(to, sizeof to, "%lld", (long long)poll->last);
  q->failed_since = ask_key(q, b, "ZCOUNT", "failed", (const char *const[ASK_WORDS]){from, to});
}

void bull_queue_ask(struct bull_queue *q, struct redis_batch *b, const struct queue_poll *poll) {
  for (size_t i = 0; i < ASKS; i++) {
    ticket_t ticket = ask_key(q, b, bull_asks[i].command, bull_asks[i].suffix, bull_asks[i].words);
    if (i == 0) q->asked = ticket;
  }
  ask_failures(q, b, poll);
  struct bull_numbers nothing = {.paused = UNKNOWN,
                                 .next_due = UNKNOWN,
                                 .overdue = UNKNOWN,
                                 .added = UNKNOWN,
                                 .completed = UNKNOWN,
                                 .failed = UNKNOWN,
                                 .oldest_waiting = UNKNOWN,
                                 .oldest_active = UNKNOWN};
  for (size_t i = 0; i < BULL_STATES; i++) nothing.jobs[i] = UNKNOWN;
  q->now = nothing;
  q->stage = BULL_COUNTING;
}

/* ---- reading ---- */

static const struct reply *answer(const struct bull_queue *q, const struct redis_batch *b, unsigned ask) {
  return redis_reply(b, q->asked + ask);
}

static bool ends_in_marker(const struct reply *tail) {
  return tail->count > 0 && bull_is_marker(reply_item(tail, tail->count - 1));
}

/* The length of `wait` or `paused` without a marker. */
static double list_jobs(const struct bull_queue *q, const struct redis_batch *b, unsigned length, unsigned tail) {
  double jobs = queue_number(answer(q, b, length));
  return q->bullmq && jobs > 0 && ends_in_marker(answer(q, b, tail)) ? jobs - 1 : jobs;
}

static void read_jobs(struct bull_queue *q, const struct redis_batch *b) {
  static const unsigned asks[BULL_STATES] = {[BULL_ACTIVE] = ASK_ACTIVE,           [BULL_DELAYED] = ASK_DELAYED,
                                             [BULL_PRIORITIZED] = ASK_PRIORITIZED, [BULL_WAITING_CHILDREN] = ASK_WAITING_CHILDREN,
                                             [BULL_COMPLETED] = ASK_COMPLETED,     [BULL_FAILED] = ASK_FAILED};
  for (size_t i = BULL_ACTIVE; i < BULL_STATES; i++) q->now.jobs[i] = queue_number(answer(q, b, asks[i]));
  q->now.jobs[BULL_WAITING] = list_jobs(q, b, ASK_WAIT, ASK_WAIT_TAIL) + list_jobs(q, b, ASK_PAUSED, ASK_PAUSED_TAIL);
}

static void read_meta(struct bull_queue *q, const struct redis_batch *b) {
  const struct reply *meta = answer(q, b, ASK_META), *version = reply_item(meta, 1), *limit = reply_item(meta, 2);
  double flag = queue_number(answer(q, b, ASK_META_PAUSED));
  if (version->type == REPLY_STRING && strncmp(version->text, "bullmq", strlen("bullmq")) == 0) {
    size_t skip = strncmp(version->text, "bullmq:", strlen("bullmq:")) == 0 ? strlen("bullmq:") : 0;
    snprintf(q->version, sizeof q->version, "%s", version->text + skip);
    q->bullmq = true;
  }
  if (limit->type == REPLY_STRING) q->bullmq = true;
  if (meta->type == REPLY_ARRAY && !isnan(flag)) q->now.paused = reply_item(meta, 0)->type == REPLY_STRING || flag > 0;
}

/* A counter that is absent is 0: nothing was counted yet, or the queue was wiped. */
static double read_counter(const struct reply *r) {
  return r->type == REPLY_NIL ? 0 : queue_number(r);
}

static void read_counters(struct bull_queue *q, const struct redis_batch *b) {
  const struct reply *completed = answer(q, b, ASK_METRICS_COMPLETED), *failed = answer(q, b, ASK_METRICS_FAILED);
  q->now.added = read_counter(answer(q, b, ASK_ID));
  if (completed->type != REPLY_NIL || failed->type != REPLY_NIL) {
    q->now.completed = read_counter(completed);
    q->now.failed = read_counter(failed);
  }
}

static void read_seen(struct bull_queue *q, const struct redis_batch *b, server_msec_t now) {
  double check = queue_number(answer(q, b, ASK_STALLED_CHECK));
  if (check > 0 && check < 1e15) q->worker_seen = MAX(q->worker_seen, (server_msec_t)check);
  if (answer(q, b, ASK_ID)->type != REPLY_NIL) q->id_seen = now;
  if (!q->id_seen) q->id_seen = now;
}

static void read_delayed(struct bull_queue *q, const struct redis_batch *b, server_msec_t now) {
  double score = queue_number(reply_item(answer(q, b, ASK_FIRST_DELAYED), 1));
  q->now.next_due = floor(score / DELAYED_FACTOR);
  if (q->now.jobs[BULL_DELAYED] == 0 || q->now.next_due >= (double)(now - OVERDUE_AFTER)) q->now.overdue = 0;
}

/* An `id` may belong to anything. A queue's other keys have the types of a queue's, and some of them say that it is one. */
static bool is_queue(const struct bull_queue *q, const struct redis_batch *b) {
  int64_t id;
  if (!reply_integer(answer(q, b, ASK_ID), &id) || id < 0) return false;
  for (unsigned i = 0; i < ASKS; i++) {
    if (queue_wrong_type(answer(q, b, i))) return false;
  }
  if (q->trusted || q->bullmq || q->now.paused > 0) return true;
  for (size_t i = 0; i < BULL_STATES; i++) {
    if (q->now.jobs[i] > 0) return true;
  }
  return reply_integer(answer(q, b, ASK_STALLED_CHECK), &id);
}

/* ---- counters ---- */

/* As the queue counts. One that falls a little was set back by a failover to a replica that lagged, and is held; one that falls far began anew. */
static void counter_follow(struct bull_counter *c, double value) {
  if (isnan(value)) return;
  if (!c->started || value > c->shown || value < c->shown / 2) c->shown = value;
  c->started = true;
}

/* From a level that mostly rises: the sum of its rises. The level falls when failed jobs are retried; they count again when they end. */
static void counter_derive(struct bull_counter *c, double level) {
  if (isnan(level)) return;
  if (c->started && level > c->last) c->shown += level - c->last;
  c->last = level;
  c->started = true;
}

static double counter_value(const struct bull_counter *c) {
  return c->started ? c->shown : UNKNOWN;
}

static void count_failures(struct bull_queue *q, const struct redis_batch *b, const struct queue_poll *poll) {
  double more = q->counts_failures ? queue_number(redis_reply(b, q->failed_since)) : UNKNOWN;
  if (!q->failed_upto) q->failed_upto = poll->now;
  if (!isnan(more)) {
    q->failed_derived += more;
    q->failed_upto = poll->last;
  }
  if (q->now.jobs[BULL_FAILED] > 0) q->failed_kept = true;
}

static void count(struct bull_queue *q, const struct redis_batch *b, const struct queue_poll *poll) {
  double there = 0;
  for (size_t i = 0; i < BULL_COMPLETED; i++) there += q->now.jobs[i];
  counter_follow(&q->added, q->now.added);
  counter_follow(&q->completed, q->now.completed);
  counter_follow(&q->failed, q->now.failed);
  counter_derive(&q->finished, q->now.added - there);
  count_failures(q, b, poll);
}

/* ---- the rounds ---- */

static bool ask_ages(struct bull_queue *q, struct redis_batch *b, const struct queue_poll *poll) {
  struct bull_ends ends = {.wait_tail = answer(q, b, ASK_WAIT_TAIL),
                           .wait_head = answer(q, b, ASK_WAIT_HEAD),
                           .paused_tail = answer(q, b, ASK_PAUSED_TAIL),
                           .active_tail = answer(q, b, ASK_ACTIVE_TAIL),
                           .prioritized = answer(q, b, ASK_FIRST_PRIORITIZED)};
  q->counts_overdue = isnan(q->now.overdue) && !isnan(q->now.next_due) && poll->now;
  if (q->counts_overdue) {
    char until[40];
    snprintf(until, sizeof until, "(%.0f", (double)(poll->now - OVERDUE_AFTER) * DELAYED_FACTOR);
    q->overdue = ask_key(q, b, "ZCOUNT", "delayed", (const char *const[ASK_WORDS]){"-inf", until});
  }
  return bull_ages_ask(q, b, &ends) || q->counts_overdue;
}

static bool read_counts(struct bull_queue *q, struct redis_batch *b, const struct queue_poll *poll) {
  read_meta(q, b);
  read_jobs(q, b);
  q->stage = BULL_DONE;
  if (!q->known && !is_queue(q, b)) return false;
  q->known = true;
  read_counters(q, b);
  read_seen(q, b, poll->now);
  if (poll->now) read_delayed(q, b, poll->now);
  count(q, b, poll);
  if (q->now.jobs[BULL_WAITING] + q->now.jobs[BULL_PRIORITIZED] == 0) q->empty_at = poll->now;
  if (!ask_ages(q, b, poll)) return false;
  q->stage = BULL_AGEING;
  return true;
}

bool bull_queue_more(struct bull_queue *q, struct redis_batch *b, const struct queue_poll *poll) {
  if (q->stage == BULL_COUNTING) return read_counts(q, b, poll);
  if (q->stage != BULL_AGEING) return false;
  if (q->counts_overdue) q->now.overdue = queue_number(redis_reply(b, q->overdue));
  q->counts_overdue = false;
  if (bull_ages_more(q, b, poll)) return true;
  q->stage = BULL_DONE;
  return false;
}

/* ---- writing ---- */

static labels_t labels(const struct bull_queue *q, struct section *s, const char *name, const char *value) {
  struct label all[] = {{"prefix", q->base, q->prefix_length},
                        {"queue", q->base + q->prefix_length + 1, q->length - q->prefix_length - 1},
                        {"system", q->bullmq ? "bullmq" : "bull", LABEL_STRING},
                        {name, value, LABEL_STRING}};
  return section_labels(s, all, name ? 4 : 3);
}

/* Seconds since then; never negative, since the clocks that wrote it are not the server's. */
static double age(double since, server_msec_t now) {
  return now ? fmax(((double)now - since) / 1000, isnan(since) ? since : 0) : UNKNOWN;
}

static void write_jobs(const struct bull_queue *q, struct section *s) {
  static const char *const names[BULL_STATES] = {"waiting",          "active",    "delayed", "prioritized",
                                                 "waiting_children", "completed", "failed"};
  for (size_t i = 0; i < BULL_STATES; i++) {
    bool has = q->bullmq || (i != BULL_PRIORITIZED && i != BULL_WAITING_CHILDREN);
    if (has) queue_put(s, QUEUE_JOBS, labels(q, s, "state", names[i]), q->now.jobs[i]);
  }
}

static void write_ages(const struct bull_queue *q, server_msec_t now, struct section *s) {
  double waiting = q->now.jobs[BULL_WAITING] + q->now.jobs[BULL_PRIORITIZED], since = q->now.oldest_waiting;
  if (since < (double)q->empty_at) since = (double)q->empty_at;
  queue_put(s, QUEUE_OLDEST_AGE, labels(q, s, "state", "waiting"), waiting == 0 ? 0 : age(since, now));
  queue_put(s, QUEUE_OLDEST_AGE, labels(q, s, "state", "active"),
            q->now.jobs[BULL_ACTIVE] == 0 ? 0 : age(q->now.oldest_active, now));
}

static void write_counters(const struct bull_queue *q, labels_t own, struct section *s) {
  labels_t native = labels(q, s, "source", "native");
  queue_put(s, QUEUE_ADDED, own, counter_value(&q->added));
  queue_put(s, QUEUE_FINISHED, own, counter_value(&q->finished));
  queue_put(s, QUEUE_COMPLETED, native, counter_value(&q->completed));
  queue_put(s, QUEUE_FAILED, native, counter_value(&q->failed));
  if (!q->failed.started && q->failed_kept) queue_put(s, QUEUE_FAILED, labels(q, s, "source", "derived"), q->failed_derived);
}

static void write_info(const struct bull_queue *q, unsigned db, struct section *s) {
  char number[16];
  snprintf(number, sizeof number, "db%u", db);
  struct label all[] = {{"db", number, LABEL_STRING},
                        {"library_version", q->version[0] ? q->version : "unknown", LABEL_STRING},
                        {"prefix", q->base, q->prefix_length},
                        {"queue", q->base + q->prefix_length + 1, q->length - q->prefix_length - 1},
                        {"system", q->bullmq ? "bullmq" : "bull", LABEL_STRING}};
  queue_put(s, QUEUE_INFO, section_labels(s, all, COUNTOF(all)), 1);
}

void bull_queue_write(const struct bull_queue *q, const struct queue_poll *poll, struct section *s) {
  labels_t own = labels(q, s, NULL, NULL);
  write_jobs(q, s);
  write_ages(q, poll->now, s);
  queue_put(s, QUEUE_OVERDUE, own, q->now.overdue);
  if (poll->now) queue_put(s, QUEUE_NEXT_DUE, own, (q->now.next_due - (double)poll->now) / 1000);
  write_counters(q, own, s);
  queue_put(s, QUEUE_PAUSED, own, q->now.paused);
  if (q->worker_seen) queue_put(s, QUEUE_WORKER_SEEN, own, age((double)q->worker_seen, poll->now));
  write_info(q, poll->db, s);
}
