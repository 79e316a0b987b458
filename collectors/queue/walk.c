/* See walk.h. A cursor comes with the reply before, so each call is a round trip of its own; a TIME before and after it tells what the call
 * took in the server, whatever the network does. A million keys, 0.5 s of Redis' time, are walked within 50 polls of 10 ms. */
#include "collectors/queue/walk.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT_LEAST     100
#define COUNT_MOST      1000
#define CALL_SLOW_USEC  5000 /* then COUNT is halved and the poll makes no further call */
#define CALL_FAST_USEC  2000 /* then COUNT may grow */
#define POLL_CALLS_MOST 20
#define POLL_USEC_MOST  20000 /* of the server's time */
#define POLL_MSEC_MOST  200   /* as the clock goes: on a slow network fewer calls are made */
#define REST_FACTOR     500   /* the walk takes at most a 500th of the server's time */
#define REST_LEAST      15000
#define REST_MOST       300000

void walk_init(struct walk *w, const char *pattern) {
  *w = (struct walk){.cursor = "0", .count = COUNT_MOST, .seconds = (double)NAN, .completed = (double)NAN};
  snprintf(w->pattern, sizeof w->pattern, "%s", strlen(pattern) < sizeof w->pattern ? pattern : "*");
}

void walk_pause(struct walk *w) {
  w->calls = POLL_CALLS_MOST;
}

static void call(struct walk *w, struct redis_batch *b) {
  char count[16];
  snprintf(count, sizeof count, "%u", w->count);
  redis_ask(b, "TIME", NULL);
  if (w->typeless) {
    w->scan = redis_ask(b, "SCAN", w->cursor, "MATCH", w->pattern, "COUNT", count, NULL);
  } else {
    w->scan = redis_ask(b, "SCAN", w->cursor, "MATCH", w->pattern, "COUNT", count, "TYPE", "string", NULL);
  }
  redis_ask(b, "TIME", NULL);
  w->asked = true;
  w->calls++;
  w->scans++;
}

static bool at_start(const struct walk *w) {
  return strcmp(w->cursor, "0") == 0;
}

static void restart(struct walk *w) {
  w->rest_until = 0;
  w->typeless = false;
  snprintf(w->cursor, sizeof w->cursor, "0");
}

void walk_begin(struct walk *w, struct redis_batch *b, const struct queue_poll *poll) {
  w->asked = false;
  w->calls = 0;
  w->poll_usec = 0;
  if (poll->server_changed) restart(w);
  if (poll->last < w->rest_until && w->rest_until - poll->last <= REST_MOST) return;
  if (at_start(w)) {
    w->started = 0;
    w->spent_usec = 0;
  }
  call(w, b);
}

/* What the call took in the server; 0 when unknown. */
static int64_t call_usec(const struct walk *w, const struct redis_batch *b) {
  int64_t before = queue_time_usec(redis_reply(b, w->scan - 1)), after = queue_time_usec(redis_reply(b, w->scan + 1));
  return before && after > before && after - before < 60000000 ? after - before : 0;
}

/* Spends the call's time; a slow one ends the poll's share. */
static void account(struct walk *w, int64_t usec) {
  w->poll_usec += usec;
  w->spent_usec += usec;
  if (usec > CALL_SLOW_USEC) {
    w->count = MAX(w->count / 2, COUNT_LEAST);
    walk_pause(w);
  } else if (usec < CALL_FAST_USEC) {
    w->count = MIN(w->count * 2, COUNT_MOST);
  }
}

static void finish(struct walk *w, const struct queue_poll *poll) {
  int64_t rest = w->spent_usec * REST_FACTOR / 1000;
  walk_pause(w);
  if (!poll->now) return; /* without a clock there is no rest, only the share of each poll */
  w->rest_until = poll->now + MIN(MAX(rest, REST_LEAST), REST_MOST);
  w->completed = (double)poll->now / 1000;
  server_msec_t took = poll->now - w->started + w->poll_usec / 1000;
  w->seconds = (double)took / 1000;
}

/* An old server says "syntax error" to TYPE: the same call is made again without. Anything else is a refusal. */
static void refuse(struct walk *w, const struct reply *r, const struct queue_poll *poll) {
  if (!w->typeless && r->type == REPLY_ERROR && strstr(r->text, "syntax")) {
    w->typeless = true;
    return;
  }
  w->refusals++;
  if (poll->now) w->rest_until = poll->now + REST_MOST;
  walk_pause(w);
  snprintf(w->cursor, sizeof w->cursor, "0");
}

const struct reply *walk_keys(struct walk *w, const struct redis_batch *b, const struct queue_poll *poll) {
  if (!w->asked) return NULL;
  w->asked = false;
  const struct reply *r = redis_reply(b, w->scan), *cursor = reply_item(r, 0), *keys = reply_item(r, 1);
  if (cursor->type != REPLY_STRING || cursor->length == 0 || cursor->length >= sizeof w->cursor || keys->type != REPLY_ARRAY) {
    refuse(w, r, poll);
    return NULL;
  }
  if (!w->started) w->started = poll->now;
  account(w, call_usec(w, b));
  memcpy(w->cursor, cursor->text, cursor->length + 1);
  if (at_start(w)) finish(w, poll);
  return keys;
}

bool walk_complete(const struct walk *w) {
  return at_start(w);
}

/* How long this poll lasts already, by the TIME behind the last call. */
static int64_t poll_age(const struct walk *w, const struct redis_batch *b, const struct queue_poll *poll) {
  int64_t latest = queue_time_usec(redis_reply(b, w->scan + 1)) / 1000;
  return poll->now && latest ? latest - poll->now : 0;
}

bool walk_on(struct walk *w, struct redis_batch *b, const struct queue_poll *poll) {
  if (w->calls == 0 || w->calls >= POLL_CALLS_MOST || w->poll_usec >= POLL_USEC_MOST || poll_age(w, b, poll) >= POLL_MSEC_MOST)
    return false;
  call(w, b);
  return true;
}

void walk_write(const struct walk *w, struct section *s) {
  queue_put(s, QUEUE_WALK_SCANS, 0, w->scans);
  queue_put(s, QUEUE_WALK_REFUSED, 0, w->refusals);
  queue_put(s, QUEUE_WALK_SECONDS, 0, w->seconds);
  queue_put(s, QUEUE_WALK_COMPLETED, 0, w->completed);
}
