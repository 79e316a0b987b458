/* Numbers over time, drawn with characters. Pure. */
#ifndef SONDE_AGENT_CLI_GRAPH_H
#define SONDE_AGENT_CLI_GRAPH_H

#include <stdint.h>

#include "base/buf.h"

/* One value for each step; NaN where there is none. */
struct graph {
  const double *values;
  size_t count;
  int64_t from, to; /* seconds since 1970 */
};
#define GRAPH_HEIGHT 8

/* A graph with axes, as many columns wide as there are values and what the axis needs. What is below 0 hangs from it. Nothing for values of which none
 * is finite. */
void graph_draw(struct buf *out, const struct graph *g);
/* One line of eight heights. */
void graph_line(struct buf *out, const double *values, size_t count);
/* A line with the first and the last time under the ends of the columns, which begin at `indent`. */
void graph_times(struct buf *out, const struct graph *g, int indent);
/* A number as people read it on an axis: "1.5M", "0.25", "+Inf". `span`: how far the numbers beside it are apart, so that they are told apart; or 0. */
const char *graph_number(double value, double span, char *out, size_t size);

#endif
