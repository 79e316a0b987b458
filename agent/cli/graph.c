/* Graphs for the terminal: see graph.h. Each column is one value, drawn in eighths of a character above the line that it stands on; what hangs
 * below that line in halves, since there are no characters for more. */
#include "agent/cli/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"

enum { AXIS_WIDTH = 9, EIGHTHS = 8, DIGITS_MOST = 15, DAY_SECONDS = 86400, YEAR_SECONDS = 365 * DAY_SECONDS };
static const char *const standing[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const hanging[] = {" ", "▔", "▔", "▀", "▀", "▀", "▀", "█", "█"};

/* What the axis reaches from and to, and how many rows of it lie below the line that columns stand on or hang from. */
struct axis {
  double least, most;
  int below;
};

/* False when no value is finite. */
static bool find_bounds(const double *values, size_t count, struct axis *ret) {
  *ret = (struct axis){.least = INFINITY, .most = -INFINITY};
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(values[i])) continue;
    ret->least = fmin(ret->least, values[i]);
    ret->most = fmax(ret->most, values[i]);
  }
  return ret->least <= ret->most;
}

const char *graph_number(double value, double span, char *out, size_t size) {
  static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  size_t i = 0;
  if (!isfinite(value)) {
    snprintf(out, size, "%s", isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
    return out;
  }
  int needed = span > 0 && fabs(value) > span ? (int)ceil(log10(fabs(value) / span)) + 2 : 0;
  for (; fabs(value) >= 999.95 && fabs(value) < 1e21 && i + 1 < COUNTOF(prefixes); i++) value /= 1000;
  snprintf(out, size, "%.*g%s", MIN(MAX(needed, fabs(value) >= 100 ? 4 : 3), DIGITS_MOST), value, prefixes[i]);
  return out;
}

/* To 0, so that heights compare, unless the values lie far from it and close together. */
static void reach_zero(struct axis *a) {
  double span = a->most - a->least;
  if (a->least > 0 && (span > a->least / 4 || span == 0)) a->least = 0;
  if (a->most < 0 && (span > -a->most / 4 || span == 0)) a->most = 0;
  if (a->least == a->most) a->most = 1;
}

/* Values on both sides of 0 get an axis on which 0 lies between two rows. */
static void place_line(struct axis *a) {
  if (a->most <= 0) a->below = GRAPH_HEIGHT;
  if (a->least >= 0 || a->most <= 0) return;
  double part = -a->least / (a->most - a->least);
  a->below = MIN(MAX((int)nearbyint(part * GRAPH_HEIGHT), 1), GRAPH_HEIGHT - 1);
  double row = fmax(-a->least / a->below, a->most / (GRAPH_HEIGHT - a->below));
  a->least = -row * a->below;
  a->most = row * (GRAPH_HEIGHT - a->below);
}

static double edge(const struct axis *a, int row) {
  return row == a->below && a->below % GRAPH_HEIGHT ? 0 : a->least + (a->most - a->least) * row / GRAPH_HEIGHT;
}

/* What a value shows of itself in a row; at least an eighth of its column, so that it is seen. */
static const char *cell(const struct axis *a, double value, int row) {
  if (!isfinite(value)) return " ";
  double height = (value - edge(a, a->below)) / (a->most - a->least) * GRAPH_HEIGHT * EIGHTHS;
  int eighths = (int)fmax(1, nearbyint(fabs(height)));
  bool hangs = height < 0 || a->below == GRAPH_HEIGHT;
  int left = eighths - EIGHTHS * (hangs ? a->below - 1 - row : row - a->below);
  bool beside = hangs ? row >= a->below : row < a->below;
  return (hangs ? hanging : standing)[beside ? 0 : MIN(MAX(left, 0), EIGHTHS)];
}

/* What stands at the upper edge of a row, "" for most: at the top, at 0 or in the middle, and at the bottom, which is the edge of row -1. */
static const char *label(const struct axis *a, int row, char *out, size_t size) {
  int middle = a->below % GRAPH_HEIGHT ? a->below : GRAPH_HEIGHT / 2;
  bool labelled = row == GRAPH_HEIGHT - 1 || row == middle - 1 || row < 0;
  return labelled ? graph_number(edge(a, row + 1), a->most - a->least, out, size) : "";
}

static int label_width(const struct axis *a) {
  char number[32];
  size_t width = AXIS_WIDTH;
  for (int row = -1; row < GRAPH_HEIGHT; row++) width = MAX(width, strlen(label(a, row, number, sizeof number)));
  return (int)width;
}

static void put_row(struct buf *out, const struct graph *g, const struct axis *a, int row, int width) {
  char number[32];
  const char *text = label(a, row, number, sizeof number);
  buf_printf(out, "%*s %s", width, text, *text ? "┤" : "│");
  for (size_t i = 0; i < g->count; i++) buf_puts(out, cell(a, g->values[i], row));
  buf_putc(out, '\n');
}

static void put_time(char *out, size_t size, int64_t wall, int64_t span) {
  time_t t = (time_t)wall;
  struct tm local;
  const char *format = span >= YEAR_SECONDS ? "%Y-%m-%d" : span >= DAY_SECONDS ? "%m-%d %H:%M" : span > 600 ? "%H:%M" : "%H:%M:%S";
  localtime_r(&t, &local);
  if (strftime(out, size, format, &local) == 0) *out = 0;
}

void graph_times(struct buf *out, const struct graph *g, int indent) {
  char from[32], to[32];
  put_time(from, sizeof from, g->from, g->to - g->from);
  put_time(to, sizeof to, g->to, g->to - g->from);
  int room = (int)g->count - (int)strlen(from);
  buf_printf(out, "%*s%s%*s\n", indent, "", from, MAX(room, (int)strlen(to) + 1), to);
}

/* Labels that need more room take it from the oldest columns. */
static struct graph without_first(struct graph g, size_t count) {
  if (count == 0 || count + 1 >= g.count) return g;
  g.from += (g.to - g.from) * (int64_t)count / (int64_t)(g.count - 1);
  g.values += count;
  g.count -= count;
  return g;
}

void graph_draw(struct buf *out, const struct graph *g) {
  struct axis a;
  char number[32];
  if (!find_bounds(g->values, g->count, &a)) return;
  reach_zero(&a);
  place_line(&a);
  int width = label_width(&a);
  struct graph shown = without_first(*g, (size_t)(width - AXIS_WIDTH));
  for (int row = GRAPH_HEIGHT; row-- > 0;) put_row(out, &shown, &a, row, width);
  buf_printf(out, "%*s └", width, label(&a, -1, number, sizeof number));
  for (size_t i = 0; i < shown.count; i++) buf_puts(out, "─");
  buf_putc(out, '\n');
  graph_times(out, &shown, width + 2);
}

static int line_height(const struct axis *a, double value) {
  return (int)fmax(1, nearbyint((value - a->least) / (a->most - a->least) * EIGHTHS));
}

void graph_line(struct buf *out, const double *values, size_t count) {
  struct axis a;
  bool any = find_bounds(values, count, &a);
  reach_zero(&a);
  for (size_t i = 0; i < count; i++)
    buf_puts(out, any && isfinite(values[i]) ? standing[MIN(line_height(&a, values[i]), EIGHTHS)] : " ");
}
