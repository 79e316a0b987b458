/* The watchdog: the deadline that cannot fail is on publication.
 *
 * The batch of a tick is due when the poll's timeout and a grace have passed since. A runner that has not published by then, whatever
 * blocks it, is overdue: "down, timeout" is published in its place, and from then on at each tick until it comes back. */
#include "agent/poll/runner.h"

#define GRACE      ((msec_t)1000)
#define LOOK_AGAIN ((msec_t)200)

/* With r->lock held: when the runner is overdue (again) if nothing happens before. */
static msec_t overdue_at(const struct runner *r) {
  if (r->overdue) return tick_after(&r->ticks, r->published);
  msec_t at = tick_after(&r->ticks, MAX(r->published, r->seen)) + r->config->timeout + GRACE;
  return r->deadline ? MIN(at, r->deadline + GRACE) : at;
}

/* With r->lock held. Whoever is late for the first time is looked at twice: when the whole process was stopped, its threads have just begun
 * to show signs of life. */
static bool is_overdue(struct runner *r, msec_t now, msec_t patience) {
  if (now < overdue_at(r)) return false;
  if (r->overdue) return true;
  if (now < patience) return false;
  if (!r->suspected) r->suspected = now;
  return now - r->suspected >= LOOK_AGAIN;
}

/* With r->lock held. */
static bool note_overdue(struct runner *r, msec_t now) {
  char timeout[48];
  struct fail why;
  if (r->started)
    fail(&why, FAIL_TIMEOUT, "the poll is stuck: it has not ended though its timeout of %s has passed",
         duration_format(r->config->timeout, timeout, sizeof timeout));
  else
    fail(&why, FAIL_SYSTEM, "it is not polled: no thread could be started for it");
  bool say = facts_bad(&r->facts, &why, now);
  r->overdue = true;
  return say;
}

msec_t runner_watch(struct runner *r, msec_t now, msec_t patience) {
  struct publication p;
  pthread_mutex_lock(&r->lock);
  bool missed = is_overdue(r, now, patience);
  bool say = missed && note_overdue(r, now);
  if (missed) publication_begin(r, &p, now);
  msec_t next = MAX(overdue_at(r), r->overdue ? 0 : MAX(patience, now + LOOK_AGAIN));
  pthread_mutex_unlock(&r->lock);
  if (say) facts_log(&p.facts, r->config->name);
  if (missed) publication_end(r, &p, NULL, 0, now);
  return next;
}
