/* Stretches of ticks: see timeline.h. */
#include "agent/history/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static msec_t time_in(const struct stretch *s, uint64_t tick) {
  return s->time + (msec_t)(tick - s->first) * s->step;
}

/* Whether the next tick goes on with the newest stretch. A stretch of one tick has no step yet. */
static bool goes_on(struct timeline *t, msec_t time, bool gap) {
  struct stretch *last = t->count ? &t->stretches[t->count - 1] : NULL;
  if (!last || timeline_is_empty(t) || last->gap != gap) return false;
  if (t->next - last->first == 1) last->step = time - last->time;
  return time == time_in(last, t->next);
}

void timeline_add(struct timeline *t, msec_t time, bool gap) {
  if (!goes_on(t, time, gap)) {
    if (t->count == t->capacity) {
      t->capacity = t->capacity ? t->capacity + t->capacity / 2 + 1 : 4;
      t->stretches = mem_resize(t->stretches, t->capacity, sizeof *t->stretches);
    }
    t->stretches[t->count++] = (struct stretch){.first = t->next, .time = time, .gap = gap};
  }
  t->next++;
}

void timeline_extend(struct timeline *t, const struct stretch *s, uint64_t ticks) {
  uint64_t few = MIN(ticks, (uint64_t)3); /* the first may still belong to the stretch before, the others tell the step */
  for (uint64_t i = 0; i < few; i++) timeline_add(t, s->time + (msec_t)i * s->step, s->gap);
  t->next += ticks - few;
}

size_t timeline_find(const struct timeline *t, uint64_t tick) {
  size_t low = 0, high = t->count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (t->stretches[middle].first <= tick)
      low = middle;
    else
      high = middle;
  }
  return low;
}

msec_t timeline_at(const struct timeline *t, uint64_t tick) {
  return time_in(&t->stretches[timeline_find(t, tick)], tick);
}

bool timeline_is_gap(const struct timeline *t, uint64_t tick) {
  return t->stretches[timeline_find(t, tick)].gap;
}

uint64_t timeline_behind(const struct timeline *t, msec_t time) {
  size_t low = 0, high = t->count; /* of the stretches, which is the first that begins later */
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (t->stretches[middle].time > time)
      high = middle;
    else
      low = middle + 1;
  }
  if (low == 0) return t->first;
  const struct stretch *s = &t->stretches[low - 1];
  uint64_t end = timeline_end(t, low - 1);
  if (time >= time_in(s, end - 1)) return MAX(end, t->first);
  return MAX(s->first + (uint64_t)((time - s->time) / s->step) + 1, t->first);
}

void timeline_trim(struct timeline *t) {
  size_t over = 0;
  while (over + 1 < t->count && t->stretches[over + 1].first <= t->first) over++;
  if (over == 0) return;
  t->count -= over;
  memmove(t->stretches, t->stretches + over, t->count * sizeof *t->stretches);
  if (t->count > t->capacity / 4) return;
  t->capacity = t->count + 1;
  t->stretches = mem_resize(t->stretches, t->capacity, sizeof *t->stretches);
}

struct timeline timeline_part(const struct timeline *t, uint64_t first, uint64_t next, struct arena *a) {
  struct timeline part = {.first = first, .next = next};
  if (first >= next) return part;
  size_t from = timeline_find(t, first), to = timeline_find(t, next - 1) + 1;
  part.count = to - from;
  part.stretches = arena_alloc(a, part.count * sizeof *part.stretches);
  memcpy(part.stretches, t->stretches + from, part.count * sizeof *part.stretches);
  return part;
}
