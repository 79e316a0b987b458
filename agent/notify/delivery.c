/* One message to one receiver: out of the state, as its service wants it, and what the answer means for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agent/notify/notifier.h"
#include "base/log.h"
#include "base/mem.h"

enum { WINDOW = 64 }; /* so many of the oldest are looked at */

static double chance(void) {
  uint32_t random = 0;
  if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random) random = UINT32_MAX / 2;
  return random / 4294967296.0;
}

/* On the loop's thread. */
static void take_answer(void *context, const struct net_answer *a) {
  struct queue *q = context;
  struct notifier *n = q->notifier;
  pthread_mutex_lock(&n->lock);
  q->answer = *a;
  q->answer.body = q->body = mem_copy_bytes(a->body, a->length);
  q->answered = true;
  notifier_signal(n);
  pthread_mutex_unlock(&n->lock);
}

static void count_failure(struct queue *q, enum reason reason, bool dropped) {
  pthread_mutex_lock(&q->notifier->lock);
  q->failed[reason]++;
  if (dropped) q->dropped++;
  pthread_mutex_unlock(&q->notifier->lock);
}

static void drop(struct queue *q, enum reason reason, const char *why) {
  log_error(NULL, "receiver %s (%s): dropped for good: %s: %s", q->config->name, q->config->address, q->title, why);
  state_acknowledge(q->notifier->state, q->id);
  count_failure(q, reason, true);
}

static void set_title(struct queue *q, const struct message *m) {
  const char *where = labels_get(m->labels, "target");
  snprintf(q->title, sizeof q->title, "%s %.90s%s%.40s", m->firing ? "FIRING" : "RESOLVED", labels_get(m->labels, "alertname"),
           *where ? " " : "", where);
}

/* False with a sentence when no body can be made of what is stored. */
static bool render(struct queue *q, const struct notification *note, struct arena *a, struct buf *body, struct fail *f) {
  struct message m;
  if (!message_load(note->body, a, &m, f)) return false;
  set_title(q, &m);
  return receiver_render(q->config, &m, body, f);
}

static void send_note(struct queue *q, const struct notification *note, struct arena *a) {
  struct net_answer none = {.body = "", .retry_after = -1};
  struct fail why = {0};
  SCOPED(buf_done) struct buf body;
  buf_init(&body, BODY_MAX);
  q->id = note->id;
  q->attempts = note->attempts;
  snprintf(q->title, sizeof q->title, "a message");
  q->busy = render(q, note, a, &body, &why);
  if (!q->busy)
    drop(q, REASON_PROTOCOL, why.text);
  else if (!receiver_post(q->config, &body, q->notifier->net, take_answer, q, &none.why))
    take_answer(q, &none);
}

void delivery_begin(struct queue *q, msec_t now) {
  struct notification notes[WINDOW];
  struct arena a;
  arena_init(&a);
  size_t count = state_pending(q->notifier->state, q->config->name, &a, notes, WINDOW), i = queue_pick(notes, count);
  q->due = i == QUEUE_NONE ? NEVER : queue_due(q, &notes[i]);
  if (i != QUEUE_NONE && q->due <= now) send_note(q, &notes[i], &a);
  arena_done(&a);
}

/* One line when it begins, and one for another reason: not one for each attempt. */
static void tell_failure(struct queue *q, const struct verdict *v, msec_t rest) {
  if (q->told == v->reason) return;
  q->told = v->reason;
  log_warn(NULL, "receiver %s (%s) %s; what is for it waits and is tried again, first in %.1f s", q->config->name,
           q->config->address, v->text, (double)rest / 1000);
}

static void put_off(struct queue *q, const struct verdict *v, msec_t now) {
  msec_t rest = queue_failed(q, v->retry_after, now, chance());
  tell_failure(q, v, rest);
  state_retry(q->notifier->state, q->id, (int64_t)(clock_wall() * 1000) + rest, q->attempts + 1);
  count_failure(q, v->reason, false);
}

static void acknowledge(struct queue *q, double seconds) {
  state_acknowledge(q->notifier->state, q->id);
  if (q->failures) log_info(NULL, "receiver %s takes messages again", q->config->name);
  log_info(NULL, "receiver %s: delivered in %.2f s: %s", q->config->name, seconds, q->title);
  queue_succeeded(q);
  pthread_mutex_lock(&q->notifier->lock);
  q->delivered++;
  pthread_mutex_unlock(&q->notifier->lock);
}

void delivery_settle(struct queue *q, msec_t now) {
  struct verdict v;
  pthread_mutex_lock(&q->notifier->lock);
  bool answered = q->answered;
  q->answered = false;
  pthread_mutex_unlock(&q->notifier->lock);
  if (!answered) return;
  receiver_judge(q->config, &q->answer, q->attempts, &v);
  if (v.outcome == OUTCOME_DELIVERED)
    acknowledge(q, q->answer.seconds);
  else if (v.outcome == OUTCOME_REFUSED)
    drop(q, v.reason, v.text);
  else
    put_off(q, &v, now);
  free(q->body);
  q->body = NULL;
  q->busy = false;
  q->due = 0;
}
