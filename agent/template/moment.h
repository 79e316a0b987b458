/* Times and durations as Go writes them. */
#ifndef SONDE_AGENT_TEMPLATE_MOMENT_H
#define SONDE_AGENT_TEMPLATE_MOMENT_H

#include "agent/template/value.h"

/* "2015-06-23 13:19:44.5 +0000 UTC". Return `out`. */
const char *moment_text(double wall, char *out, size_t size);
/* "1h2m3.5s". */
const char *duration_text(double seconds, char *out, size_t size);
/* The methods without arguments: .Unix .Year .Month .Day .Weekday .Hour .Minute .Second, .Seconds .Minutes .Hours. False when there is none of that name. */
bool moment_field(const struct tvalue *v, const char *name, struct tvalue *ret) MUST_CHECK;
/* A time by one of Go's layouts: "2006-01-02 15:04:05". */
void moment_format(struct buf *out, double wall, const char *layout);

#endif
