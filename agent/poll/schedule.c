/* The arithmetic of ticks, attempts and due parts: see schedule.h.
 *
 * A part that is slower than the tick is heavy. Heavy parts that are due exactly on time run together, as configured. Those that are
 * late, because the target was down or another server answered, run one a tick: a server that has just recovered is not stampeded,
 * and from then on they stay apart. */
#include "agent/poll/schedule.h"

#define RETRY_FIRST ((msec_t)1000)
#define RETRY_MAX   ((msec_t)30000)

/* FNV-1a; unlike text_hash() it is the same in every process, so that a restart does not move the ticks. */
static uint32_t stable_hash(const char *text) {
  uint32_t h = 2166136261u;
  for (; *text; text++) h = (h ^ (unsigned char)*text) * 16777619u;
  return h;
}

struct ticks ticks_of(const char *name, msec_t every) {
  return (struct ticks){.every = every, .offset = (msec_t)stable_hash(name) % MAX(every / 4, 1)};
}

msec_t tick_before(const struct ticks *t, msec_t now) {
  msec_t behind = (now - t->offset) % t->every;
  return now - (behind < 0 ? behind + t->every : behind);
}

msec_t tick_after(const struct ticks *t, msec_t now) {
  return tick_before(t, now) + t->every;
}

/* `wait` doubled for each failure after the first, at most `max`. */
static msec_t doubled(msec_t wait, unsigned failures, msec_t max) {
  for (unsigned i = 1; i < failures && wait < max; i++) wait *= 2;
  return MIN(wait, max);
}

void schedule_init(struct schedule *s, const struct target_config *config, msec_t now) {
  *s = (struct schedule){.ticks = ticks_of(config->name, config->every), .part_count = config->kind->part_count};
  s->tick = tick_after(&s->ticks, now);
  s->attempt = now;
  s->random = (stable_hash(config->name) ^ (uint32_t)now) | 1;
  for (size_t i = 0; i < s->part_count; i++) {
    /* The base part is asked at every tick: it tells whether the target is up. */
    msec_t asked = i == 0 ? 0 : config->parts[i].every;
    msec_t count = MAX((asked + config->every / 2) / config->every, 1);
    s->part[i] = (struct part_schedule){
        .on = config->parts[i].on,
        .cadence = count * config->every,
        .due = tick_before(&s->ticks, now),
    };
  }
}

msec_t schedule_wake(const struct schedule *s) {
  return MIN(s->tick, s->attempt);
}

static bool is_late(const struct schedule *s, size_t i, msec_t tick) {
  return s->polled && s->part[i].cadence > s->ticks.every && (s->failures || s->part[i].due < tick);
}

static uint32_t due_parts(const struct schedule *s, msec_t tick) {
  uint32_t due = 0;
  size_t latest = PARTS_MAX;
  for (size_t i = 0; i < s->part_count; i++) {
    if (!s->part[i].on || s->part[i].due > tick) continue;
    if (!is_late(s, i, tick))
      due |= 1u << i;
    else if (latest == PARTS_MAX || s->part[i].due < s->part[latest].due)
      latest = i;
  }
  return latest == PARTS_MAX ? due : due | 1u << latest;
}

struct turn schedule_turn(struct schedule *s, msec_t now) {
  struct turn turn = {.tick = tick_before(&s->ticks, now)};
  if (now >= s->tick && now - turn.tick > s->ticks.every / 2) {
    s->tick = turn.tick + s->ticks.every;
    if (s->polled && !s->failures) s->attempt = s->tick;
  }
  turn.poll = now >= s->attempt;
  if (turn.poll) turn.due = due_parts(s, turn.tick);
  return turn;
}

/* The wait before the next attempt, shortened by up to a quarter, so that what failed together does not come back together. */
static msec_t retry_wait(struct schedule *s) {
  msec_t wait = doubled(MIN(RETRY_FIRST, s->ticks.every), s->failures, RETRY_MAX);
  s->random ^= s->random << 13;
  s->random ^= s->random >> 17;
  s->random ^= s->random << 5;
  return wait - (msec_t)s->random % MAX(wait / 4, 1);
}

bool schedule_end(struct schedule *s, const struct turn *turn, bool good, msec_t now) {
  bool show = now >= s->tick || (turn->poll && (good || !s->polled));
  if (now >= s->tick) s->tick = tick_after(&s->ticks, now);
  if (turn->poll) {
    s->polled = true;
    s->failures = good ? 0 : s->failures + 1;
    s->attempt = good ? s->tick : now + retry_wait(s);
  }
  return show;
}

void schedule_part(struct schedule *s, size_t part, const struct turn *turn, bool good) {
  struct part_schedule *p = &s->part[part];
  p->failures = good ? 0 : p->failures + 1;
  msec_t wait = good ? p->cadence : doubled(p->cadence, p->failures, MAX(RETRY_MAX, 10 * p->cadence));
  p->due = turn->tick + MAX(wait / s->ticks.every, 1) * s->ticks.every;
}

void schedule_renew(struct schedule *s, const struct turn *turn) {
  for (size_t i = 0; i < s->part_count; i++) {
    if (turn->due >> i & 1u) continue;
    s->part[i].due = turn->tick;
    s->part[i].failures = 0;
  }
}

msec_t schedule_age_max(const struct schedule *s, size_t part) {
  return 3 * s->part[part].cadence;
}
