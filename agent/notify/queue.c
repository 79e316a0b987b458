/* When which message is sent: see queue.h. */
#include "agent/notify/queue.h"

enum { FIRST_REST = 1000 };

/* Whether an older message of the same alert waits before this one. */
static bool is_behind(const struct notification *notes, size_t i) {
  for (size_t k = 0; k < i; k++)
    if (notes[k].fingerprint == notes[i].fingerprint) return true;
  return false;
}

size_t queue_pick(const struct notification *notes, size_t count) {
  size_t best = QUEUE_NONE;
  for (size_t i = 0; i < count; i++)
    if (!is_behind(notes, i) && (best == QUEUE_NONE || notes[i].attempts < notes[best].attempts)) best = i;
  return best;
}

msec_t queue_due(const struct queue *q, const struct notification *note) {
  return note->attempts ? q->rest : q->fresh_rest;
}

msec_t queue_failed(struct queue *q, msec_t retry_after, msec_t now, double chance) {
  msec_t span = FIRST_REST;
  for (unsigned i = 0; i < q->failures && span < BACKOFF_MAX; i++) span *= 2;
  span = MIN(span, BACKOFF_MAX);
  msec_t half = span / 2;
  span = half + (msec_t)((double)(span - half) * chance);
  bool asked = retry_after >= 0;
  if (asked) span = MAX(span, MIN(retry_after, RETRY_AFTER_MAX));
  q->failures++;
  q->rest = now + span;
  q->fresh_rest = asked ? q->rest : now + MIN(span, FRESH_MAX);
  return span;
}

void queue_succeeded(struct queue *q) {
  q->failures = 0;
  q->rest = q->fresh_rest = 0;
  q->told = REASON_NONE;
}
