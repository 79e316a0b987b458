/* Answers of the API as people read them. Pure. */
#ifndef SONDE_AGENT_CLI_QUERY_SHOW_H
#define SONDE_AGENT_CLI_QUERY_SHOW_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"

/* How a range was asked for: the columns of a graph are its steps. */
struct asked_range {
  double from, step; /* seconds */
  size_t count;      /* of steps; 0: an instant was asked for */
};
/* Appends what the JSON says; False with its error, or that it is none. Warnings and informations go to `notes`. */
bool query_show(struct buf *out, struct buf *notes, const char *json, const struct asked_range *range, struct fail *f) MUST_CHECK;

#endif
