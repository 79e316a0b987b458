/* The watchdog: the deadline that cannot fail is on publication.
 *
 * The batch of a tick is due when the poll's timeout and a grace have passed since. A target that was not published by then, whatever blocks
 * its driver, is overdue: "down, timeout" is published in its place, and from then on at each tick until it comes back. */
#include "agent/poll/life.h"

#define GRACE      ((msec_t)1000)
#define LOOK_AGAIN ((msec_t)200)

/* With l->lock held: when it is overdue (again) if nothing happens before. */
static msec_t overdue_at(const struct life *l) {
  if (l->overdue) return tick_after(&l->ticks, l->published);
  msec_t at = tick_after(&l->ticks, MAX(l->published, l->seen)) + l->config->timeout + GRACE;
  return l->deadline ? MIN(at, l->deadline + GRACE) : at;
}

/* With l->lock held. Whoever is late for the first time is looked at twice: when the whole process was stopped, its threads have just begun
 * to show signs of life. */
static bool is_overdue(struct life *l, msec_t now, msec_t patience) {
  if (now < overdue_at(l)) return false;
  if (l->overdue) return true;
  if (now < patience) return false;
  if (!l->suspected) l->suspected = now;
  return now - l->suspected >= LOOK_AGAIN;
}

/* With l->lock held. */
static bool note_overdue(struct life *l, msec_t now) {
  char timeout[48];
  struct fail why;
  if (l->started)
    fail(&why, FAIL_TIMEOUT, "the poll is stuck: it has not ended though its timeout of %s has passed",
         duration_format(l->config->timeout, timeout, sizeof timeout));
  else
    fail(&why, FAIL_SYSTEM, "it is not polled: no thread could be started for it");
  bool say = facts_note(&l->facts, false, &why, now);
  l->overdue = true;
  return say;
}

msec_t life_watch(struct life *l, msec_t now, msec_t patience) {
  struct publication p;
  pthread_mutex_lock(&l->lock);
  bool missed = is_overdue(l, now, patience);
  bool say = missed && note_overdue(l, now);
  if (missed) publication_begin(l, &p, now);
  msec_t next = MAX(overdue_at(l), l->overdue ? 0 : MAX(patience, now + LOOK_AGAIN));
  pthread_mutex_unlock(&l->lock);
  if (say) facts_log(&p.facts, l->config->name);
  if (missed) publication_end(l, &p, NULL, 0, now);
  return next;
}
