/* What an agent does with its history beside filling and asking it: bounds that change, a file over a restart, and what it tells of it. */
#ifndef SONDE_HISTORY_KEEP_H
#define SONDE_HISTORY_KEEP_H

#include "history/history.h"

/* Other bounds than at history_new(). */
void history_keep(struct history *h, msec_t span, size_t bytes_max);

/* Brings a file up to what is remembered: what is new since the last time goes to its end, or, now and then, all of it takes the file's place. What is
 * in the file stays there when that fails. `wall_offset` is what to add to clock_now() for the wall's time. Other threads go on meanwhile, but only
 * one saves. */
bool history_save(struct history *h, const char *path, msec_t wall_offset, struct fail *f) MUST_CHECK;
/* Takes in what a file holds and is not older than the span, nor later than `now`; before the first history_add() and history_append(). A target gets its
 * past back by name, job and instance when it is added. A file that is torn or foreign is set aside under another name: false with a sentence, and
 * nothing was taken; where only its end is torn, what is before that was. True when there is none. */
bool history_load(struct history *h, const char *path, msec_t now, msec_t wall_offset, struct fail *f) MUST_CHECK;

struct history_stats {
  size_t series, bytes, bytes_max;
  msec_t span, reach; /* what is to be kept, and from the oldest tick to the newest */
  uint64_t samples;   /* that were appended */
  uint64_t refused;   /* samples of series that found no room */
  uint64_t shortened; /* ticks of a target that were given up before their time, for want of room */
};
struct history_stats history_stats(struct history *h);

/* These numbers, as a section of the agent's own target: sonde_history_series, … */
struct section *history_section(void *history);
void history_catalogue(void (*each)(const struct family *family, const char *part, void *arg), void *arg);

#endif
