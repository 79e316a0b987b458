/* Time. All deadlines and ages are milliseconds of CLOCK_BOOTTIME, which never steps and counts while the machine sleeps.
 * Wall time is for people and for the wire only. Pure modules take `now` as a parameter and never call this. */
#ifndef SONDE_BASE_CLOCK_H
#define SONDE_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

typedef int64_t msec_t; /* milliseconds, since boot or as a span */

msec_t clock_now(void);
double clock_seconds(void); /* the same clock with its full resolution, for measuring spans */
double clock_wall(void);    /* seconds since 1970 */
double clock_cpu(void);     /* seconds of CPU that this thread has used */

/* Prometheus durations: "10s", "1h30m", "500ms", "1d", "0". False when `text` is none. */
bool duration_parse(const char *text, msec_t *ret) MUST_CHECK;
/* Writes the shortest such form ("1m30s") into `out` and returns it. */
const char *duration_format(msec_t span, char *out, size_t size);

#endif
