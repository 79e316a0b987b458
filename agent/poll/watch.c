/* The watchdog: the deadline that cannot fail is on publication.
 *
 * The batch of a tick is due when the poll's timeout and a grace have passed since. A runner that has not published by then, whatever
 * blocks it, is overdue: "down, timeout" is published in its place, and from then on at each tick until it comes back. */
#include "agent/poll/runner.h"

#define GRACE ((msec_t)1000)

/* With r->lock held: when the runner is overdue (again) if nothing happens before. */
static msec_t overdue_at(const struct runner *r) {
  msec_t tick = tick_after(&r->ticks, r->published);
  if (r->overdue) return tick;
  msec_t at = tick + r->config->timeout + GRACE;
  return r->deadline ? MIN(at, r->deadline + GRACE) : at;
}

/* With r->lock held. */
static bool note_overdue(struct runner *r, msec_t now) {
  char timeout[48];
  struct fail why;
  fail(&why, FAIL_TIMEOUT, "the poll is stuck: it has not ended %s after its timeout of %s", r->overdue ? "long" : "one second",
       duration_format(r->config->timeout, timeout, sizeof timeout));
  r->overdue = true;
  return facts_bad(&r->facts, &why, now);
}

msec_t runner_watch(struct runner *r, msec_t now, msec_t patience) {
  struct publication p;
  pthread_mutex_lock(&r->lock);
  bool missed = now >= overdue_at(r) && (r->overdue || now >= patience);
  bool say = missed && note_overdue(r, now);
  if (missed) publication_begin(r, &p, now);
  msec_t next = r->overdue ? overdue_at(r) : MAX(overdue_at(r), patience);
  pthread_mutex_unlock(&r->lock);
  if (say) facts_log(&p.facts, r->config->name);
  if (missed) publication_end(r, &p, NULL, 0, now);
  return next;
}
