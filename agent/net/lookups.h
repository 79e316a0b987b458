/* Lookups of names that hang. libcurl has a thread for each; one whose transfer ran out of time is left behind until its resolver gives up. So that
 * thousands of targets behind a dead resolver do not fill the machine with threads, no more than a number of them are left. The loop's own. */
#ifndef SONDE_NET_LOOKUPS_H
#define SONDE_NET_LOOKUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

enum { LOOKUPS_LEFT_MAX = 256 };
#define LOOKUP_MSEC                                                                                                                \
  ((msec_t)60000) /* so long a lookup is taken to hang: a resolver's own patience is 5 s, twice, for each server */

struct lookups {
  msec_t left[LOOKUPS_LEFT_MAX]; /* when each was left, in a ring */
  size_t first, count;
};

/* True when another may begin. */
static inline bool lookups_may_begin(struct lookups *l, msec_t now) {
  while (l->count && now - l->left[l->first] >= LOOKUP_MSEC) {
    l->first = (l->first + 1) % LOOKUPS_LEFT_MAX;
    l->count--;
  }
  return l->count < LOOKUPS_LEFT_MAX;
}

/* One was left behind. */
static inline void lookups_leave(struct lookups *l, msec_t now) {
  if (l->count == LOOKUPS_LEFT_MAX) return;
  l->left[(l->first + l->count++) % LOOKUPS_LEFT_MAX] = now;
}

#endif
