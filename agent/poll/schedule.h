/* When a target is polled, which parts are due, and when it publishes. Pure: every time is passed in.
 *
 * Publication is on the tick; attempts have a clock of their own. While a target is up both are the same. While it is down, attempts come
 * sooner at first (1 s, 2 s, 4 s …), then back off to 30 s, and publication stays on the tick. */
#ifndef SONDE_POLL_SCHEDULE_H
#define SONDE_POLL_SCHEDULE_H

#include "config/config.h"

/* The ticks of one target: the times k * every + offset. */
struct ticks {
  msec_t every, offset;
};
/* The offset is stable for a name and within a quarter of the interval, so that many targets do not poll at one instant. */
struct ticks ticks_of(const char *name, msec_t every);
msec_t tick_before(const struct ticks *t, msec_t now); /* the last tick at or before `now` */
msec_t tick_after(const struct ticks *t, msec_t now);  /* the first one after it */

struct schedule {
  struct ticks ticks;
  msec_t tick;       /* the next one to be served */
  msec_t attempt;    /* when to poll next; while the target is up, the next tick */
  unsigned failures; /* polls that failed in a row */
  bool polled;
  uint32_t random;
  size_t part_count;
  struct part_schedule {
    bool on;
    msec_t cadence;    /* a multiple of the tick */
    msec_t due;        /* the tick of its next collection */
    unsigned failures; /* in a row */
  } part[PARTS_MAX];
};

/* What to do at a moment. */
struct turn {
  bool poll;
  uint32_t due; /* bit i: part i, when polling */
  msec_t tick;  /* the one that this turn belongs to */
};

/* The first poll is due at `now`, with all parts that are on. */
void schedule_init(struct schedule *s, const struct target_config *config, msec_t now);
/* When there is something to do next. */
msec_t schedule_wake(const struct schedule *s);
/* Begins the turn at `now`. A tick that is missed by more than half an interval (the machine slept) is skipped. */
struct turn schedule_turn(struct schedule *s, msec_t now);
/* Ends it; `good` tells how its poll ended. True when to publish: a tick passed, the target is back, or this was the first poll. */
bool schedule_end(struct schedule *s, const struct turn *turn, bool good, msec_t now);

/* Sets when the part is due again after it was collected, or failed, at the turn's tick. */
void schedule_part(struct schedule *s, size_t part, const struct turn *turn, bool good);
/* Another server answered: every part that this turn did not ask is due, those that had failed too. */
void schedule_renew(struct schedule *s, const struct turn *turn);
/* How old a part's section may become. */
msec_t schedule_age_max(const struct schedule *s, size_t part);

#endif
