/* How a batch of a target is made and shown, by its runner or by the watchdog: see life.h. */
#include "agent/poll/life.h"

void publication_begin(struct life *l, struct publication *p, msec_t now) {
  msec_t tick = tick_before(&l->ticks, now);
  /* Times only grow: what comes between two ticks (an early success) bears its own time. */
  l->published = tick > l->published ? tick : MAX(now, l->published);
  p->facts = l->facts;
  p->time = l->published;
  p->serial = ++l->serial;
}

void publication_end(struct life *l, const struct publication *p, struct section *const *sections, size_t count, msec_t now) {
  struct batch *b = batch_new(l->id, count + 1);
  b->time = p->time;
  b->success = p->facts.success;
  b->up = p->facts.up;
  b->polled = p->facts.polled;
  b->relayed = l->config->kind->relays;
  b->why = p->facts.why;
  b->sections[0] = status_section(l->collector, &p->facts, now);
  for (size_t i = 0; i < count; i++) b->sections[i + 1] = section_ref(sections[i]);

  pthread_mutex_lock(&l->lock);
  bool overtaken = l->serial != p->serial;
  if (!overtaken && l->past) shard_append(l->past, b);
  if (!overtaken) slot_publish(l->slot, b);
  pthread_mutex_unlock(&l->lock);
  if (overtaken) batch_unref(b);
}
