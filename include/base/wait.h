/* Waiting that always ends: at a deadline, or when the waiter is told to stop. Drivers use it instead of blocking calls. */
#ifndef SONDE_BASE_WAIT_H
#define SONDE_BASE_WAIT_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/fail.h"

struct wait {
  msec_t deadline; /* on clock_now() */
  int stop_fd;     /* readable when to stop; -1 for never */
};

/* Waits until `fd` is ready for `events` (POLLIN, POLLOUT). False with FAIL_TIMEOUT at the deadline or FAIL_STOPPED. A hang-up or an error
 * of the descriptor counts as ready: the read or write that follows tells. */
bool wait_fd(const struct wait *w, int fd, short events, struct fail *f) MUST_CHECK;
/* Sleeps until `until`; false when told to stop before. */
bool wait_until(int stop_fd, msec_t until) MUST_CHECK;
/* True when the deadline passed or the stop was asked for; sets *f like wait_fd(). */
bool wait_over(const struct wait *w, struct fail *f) MUST_CHECK;

#endif
