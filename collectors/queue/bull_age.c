/* Since when the oldest jobs of a queue wait and run.
 *
 * A list is taken from its right end, so the oldest job stands there, unless retries, LIFO jobs or Bull's priorities stand before it: so the last
 * eight and the first two are looked at, exact in a queue of up to ten. Prioritized jobs are in order within one priority: the first of each of
 * up to eight priorities is looked at, one a round.
 * A job is ready since its creation plus its delay, or its last attempt. A queue that was empty at an earlier poll has no job from before,
 * which bounds what the job itself cannot tell: when its retry became due, or when a failed one was put back by hand. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collectors/queue/bull.h"

#define ID_MAX       300 /* bytes of a job's id; longer ones are not looked at */
#define LIST_TAIL    8
#define OPTIONS_MAX  4096 /* bytes of a job's options; longer ones are taken for ones without a delay */
#define LEVELS_MOST  8
#define LEVEL_FACTOR 4294967296.0 /* a score of `prioritized` is the priority times this, plus a counter */
#define CLOCK_SLACK  5000         /* ms by which the clocks of producers may be ahead */
#define TIME_MOST    1e15

enum { JOB_CREATED, JOB_DELAY, JOB_STARTED, JOB_OPTIONS };

bool bull_is_marker(const struct reply *id) {
  return reply_is(id, "0") || (id->type == REPLY_STRING && id->length >= 2 && memcmp(id->text, "0:", 2) == 0);
}

/* Asks for one job's times. Its ticket follows the one before. False for an id that is no job's. */
static bool ask_job(struct bull_queue *q, struct redis_batch *b, const struct reply *id, unsigned asked_before) {
  char key[BULL_BASE_MAX + ID_MAX + 2];
  if (id->type != REPLY_STRING || id->length == 0 || id->length > ID_MAX || (q->bullmq && bull_is_marker(id))) return false;
  memcpy(key, q->base, q->length);
  key[q->length] = ':';
  memcpy(key + q->length + 1, id->text, id->length);
  const char *argv[] = {"HMGET", key, "timestamp", "delay", "processedOn", "opts"};
  const size_t lengths[] = {5, q->length + 1 + id->length, 9, 5, 11, 4};
  ticket_t ticket = redis_command(b, (int)COUNTOF(argv), argv, lengths);
  if (asked_before == 0) q->jobs = ticket;
  return true;
}

static unsigned ask_jobs(struct bull_queue *q, struct redis_batch *b, const struct reply *ids, unsigned asked_before) {
  unsigned asked = 0;
  for (size_t i = ids->count; i-- > 0;) asked += ask_job(q, b, reply_item(ids, i), asked_before + asked);
  return asked;
}

/* After the job with this score: the first one of the next priority. */
static void ask_level(struct bull_queue *q, struct redis_batch *b, double score) {
  char key[BULL_BASE_MAX + 32], from[40];
  q->walks = q->levels < LEVELS_MOST && isfinite(score) && fabs(score) < 1e18;
  if (!q->walks) return;
  q->levels++;
  snprintf(from, sizeof from, "%.0f", (floor(score / LEVEL_FACTOR) + 1) * LEVEL_FACTOR);
  size_t length = q->length + (size_t)snprintf(key + q->length, sizeof key - q->length, ":prioritized");
  memcpy(key, q->base, q->length);
  const char *argv[] = {"ZRANGEBYSCORE", key, from, "+inf", "WITHSCORES", "LIMIT", "0", "1"};
  const size_t lengths[] = {13, length, strlen(from), 4, 10, 5, 1, 1};
  q->level = redis_command(b, (int)COUNTOF(argv), argv, lengths);
}

bool bull_ages_ask(struct bull_queue *q, struct redis_batch *b, const struct bull_ends *ends) {
  q->waiting = q->active = q->levels = 0;
  q->walks = false;
  q->waiting += ask_jobs(q, b, ends->wait_tail, q->waiting);
  if (q->now.jobs[BULL_WAITING] > LIST_TAIL) q->waiting += ask_jobs(q, b, ends->wait_head, q->waiting);
  q->waiting += ask_jobs(q, b, ends->paused_tail, q->waiting);
  q->waiting += ask_job(q, b, reply_item(ends->prioritized, 0), q->waiting);
  q->active = ask_jobs(q, b, ends->active_tail, q->waiting);
  if (q->now.jobs[BULL_PRIORITIZED] > 1) ask_level(q, b, queue_number(reply_item(ends->prioritized, 1)));
  return q->waiting + q->active > 0 || q->walks;
}

/* ---- times ---- */

static double time_of(const struct reply *r) {
  double value = queue_number(r);
  return value > 0 && value < TIME_MOST ? value : 0;
}

/* The delay a job was added with. Its field `delay` is set to 0 when it moves to `wait`, its options stay. */
static double options_delay(const struct reply *r) {
  if (r->type != REPLY_STRING || r->length > OPTIONS_MAX || !memmem(r->text, r->length, "\"delay\"", 7)) return 0;
  json_t *options = json_loadb(r->text, r->length, 0, NULL);
  double delay = json_number_value(json_object_get(options, "delay"));
  json_decref(options);
  return delay > 0 && delay < TIME_MOST ? delay : 0;
}

/* Since when a waiting job is ready; NaN when its hash is gone. Only a job that may be older than `oldest` is looked at closely. */
static double ready_since(const struct reply *job, double oldest, server_msec_t now) {
  double created = time_of(reply_item(job, JOB_CREATED)), started = time_of(reply_item(job, JOB_STARTED));
  if (created == 0) return (double)NAN;
  double since = MAX(created, started);
  if (since >= oldest) return since;
  double delay = MAX(time_of(reply_item(job, JOB_DELAY)), options_delay(reply_item(job, JOB_OPTIONS)));
  if (created + delay > (double)now + CLOCK_SLACK) return since; /* promoted by hand before its time */
  return MAX(created + delay, started);
}

static void keep_oldest(double *oldest, double since) {
  if (!isnan(since) && !(since >= *oldest)) *oldest = since;
}

static void read_waiting(struct bull_queue *q, const struct redis_batch *b, server_msec_t now) {
  for (unsigned i = 0; i < q->waiting; i++) {
    keep_oldest(&q->now.oldest_waiting, ready_since(redis_reply(b, q->jobs + i), q->now.oldest_waiting, now));
  }
}

static void read_active(struct bull_queue *q, const struct redis_batch *b) {
  for (unsigned i = 0; i < q->active; i++) {
    double since = time_of(reply_item(redis_reply(b, q->jobs + q->waiting + i), JOB_STARTED));
    if (since > 0) keep_oldest(&q->now.oldest_active, since);
  }
}

bool bull_ages_more(struct bull_queue *q, struct redis_batch *b, const struct queue_poll *poll) {
  read_waiting(q, b, poll->now);
  read_active(q, b);
  q->waiting = q->active = 0;
  if (!q->walks) return false;
  const struct reply *next = redis_reply(b, q->level);
  q->walks = false;
  q->waiting = ask_job(q, b, reply_item(next, 0), 0);
  if (q->waiting) ask_level(q, b, queue_number(reply_item(next, 1)));
  return q->waiting > 0;
}
