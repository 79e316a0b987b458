/* Graphs for the terminal: see graph.h. Each column is one value, drawn in eighths of a character. */
#include "agent/cli/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"

enum { AXIS_WIDTH = 9, EIGHTHS = 8 };
static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

struct bounds {
  double least, most;
  bool any;
};

static struct bounds bounds_of(const double *values, size_t count) {
  struct bounds b = {INFINITY, -INFINITY, false};
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(values[i])) continue;
    b.any = true;
    b.least = fmin(b.least, values[i]);
    b.most = fmax(b.most, values[i]);
  }
  return b;
}

const char *graph_number(double value, char *out, size_t size) {
  static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  size_t i = 0;
  for (; fabs(value) >= 1000 && i + 1 < COUNTOF(prefixes); i++) value /= 1000;
  snprintf(out, size, fabs(value) >= 100 ? "%.4g%s" : "%.3g%s", value, prefixes[i]);
  return out;
}

/* From 0, so that heights compare, unless the values lie far from it and close together. */
static struct bounds axis_of(struct bounds b) {
  double span = b.most - b.least;
  if (b.least > 0 && span > b.least / 4) b.least = 0;
  if (b.least == b.most) {
    b.least = fmin(0, b.least);
    b.most = fmax(0, b.most);
  }
  if (b.least == b.most) b.most = 1;
  return b;
}

/* How many eighths of a column of `height` characters the value fills; at least one, so that it is seen. */
static int filled(double value, const struct bounds *b, int height) {
  double part = (value - b->least) / (b->most - b->least);
  return (int)fmax(1, nearbyint(part * height * EIGHTHS));
}

static void put_row(struct buf *out, const struct graph *g, const struct bounds *b, int row) {
  char number[32];
  double at = b->least + (b->most - b->least) * (row + 1) / GRAPH_HEIGHT;
  bool labelled = row == GRAPH_HEIGHT - 1 || row == GRAPH_HEIGHT / 2 - 1;
  buf_printf(out, "%*s %s", AXIS_WIDTH, labelled ? graph_number(at, number, sizeof number) : "", labelled ? "┤" : "│");
  for (size_t i = 0; i < g->count; i++) {
    int eighths = isfinite(g->values[i]) ? filled(g->values[i], b, GRAPH_HEIGHT) - row * EIGHTHS : 0;
    buf_puts(out, blocks[MIN(MAX(eighths, 0), EIGHTHS)]);
  }
  buf_putc(out, '\n');
}

static void put_time(char *out, size_t size, int64_t wall, int64_t span) {
  time_t t = (time_t)wall;
  struct tm local;
  localtime_r(&t, &local);
  if (strftime(out, size, span > 86400 ? "%m-%d %H:%M" : span > 600 ? "%H:%M" : "%H:%M:%S", &local) == 0) *out = 0;
}

static void put_feet(struct buf *out, const struct graph *g, const struct bounds *b) {
  char number[32], from[32], to[32];
  buf_printf(out, "%*s └", AXIS_WIDTH, graph_number(b->least, number, sizeof number));
  for (size_t i = 0; i < g->count; i++) buf_puts(out, "─");
  put_time(from, sizeof from, g->from, g->to - g->from);
  put_time(to, sizeof to, g->to, g->to - g->from);
  int room = (int)g->count - (int)strlen(from);
  buf_printf(out, "\n%*s %s%*s\n", AXIS_WIDTH + 1, "", from, MAX(room, (int)strlen(to) + 1), to);
}

void graph_draw(struct buf *out, const struct graph *g) {
  struct bounds b = bounds_of(g->values, g->count);
  if (!b.any) return;
  b = axis_of(b);
  for (int row = GRAPH_HEIGHT; row-- > 0;) put_row(out, g, &b, row);
  put_feet(out, g, &b);
}

void graph_line(struct buf *out, const double *values, size_t count) {
  struct bounds b = bounds_of(values, count);
  if (b.any) b = axis_of(b);
  for (size_t i = 0; i < count; i++) buf_puts(out, isfinite(values[i]) ? blocks[MIN(filled(values[i], &b, 1), EIGHTHS)] : " ");
}
