/* How a batch of a target is made and shown, by its runner or by the watchdog: see runner.h. */
#include "agent/poll/runner.h"

void publication_begin(struct runner *r, struct publication *p, msec_t now) {
  msec_t tick = tick_before(&r->ticks, now);
  /* Times only grow: what comes between two ticks (an early success) bears its own time. */
  r->published = tick > r->published ? tick : MAX(now, r->published);
  p->facts = r->facts;
  p->time = r->published;
  p->serial = ++r->serial;
}

void publication_end(struct runner *r, const struct publication *p, struct section *const *sections, size_t count, msec_t now) {
  struct batch *b = batch_new(r->id, count + 1);
  b->time = p->time;
  b->success = p->facts.success;
  b->up = p->facts.up;
  b->polled = p->facts.polled;
  b->why = p->facts.why;
  b->sections[0] = status_section(r->collector, &p->facts, now);
  for (size_t i = 0; i < count; i++) b->sections[i + 1] = section_ref(sections[i]);

  pthread_mutex_lock(&r->lock);
  bool overtaken = r->serial != p->serial;
  if (!overtaken && r->past) shard_append(r->past, b);
  if (!overtaken) slot_publish(r->slot, b);
  pthread_mutex_unlock(&r->lock);
  if (overtaken) batch_unref(b);
}
