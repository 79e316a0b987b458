/* Saying whether the history has room: see room.h. It is full when something went before its time, and said again when it reaches back half as far as was
 * said; it has room again when it reaches back as far as it is to. */
#include "agent/cli/room.h"

#include <stdio.h>

#define HOUR ((msec_t)3600000)

const char *room_span(msec_t span, char *out, size_t size) {
  msec_t unit = span > 10 * HOUR ? HOUR / 6 : span > HOUR / 6 ? HOUR / 60 : HOUR / 3600;
  return duration_format(span - span % unit, out, size);
}

static void look_at_reach(struct room *r, const struct history_stats *now, void (*say)(bool good, const char *sentence)) {
  char reach[40], span[40], text[300];
  room_span(now->reach, reach, sizeof reach);
  room_span(now->span, span, sizeof span);
  if (now->shortened > r->last.shortened && (!r->reach || now->reach < r->reach / 2)) {
    r->reach = MAX(now->reach, (msec_t)1);
    snprintf(text, sizeof text,
             "the history is full: its %zu MB reach back %s instead of %s; give it more with history.memory, or ask for less with "
             "history.keep",
             now->bytes_max >> 20, reach, span);
    say(false, text);
  } else if (r->reach && now->reach >= now->span - HOUR / 60) {
    r->reach = 0;
    snprintf(text, sizeof text, "the history has room again: it reaches back %s", reach);
    say(true, text);
  }
}

static void look_at_series(struct room *r, const struct history_stats *now, void (*say)(bool good, const char *sentence)) {
  char text[300];
  bool refusing = now->refused > r->last.refused;
  snprintf(
      text, sizeof text,
      "new series find no room in the history, so that rules and queries do not see them: its %zu MB hold %zu; give it more with "
      "history.memory",
      now->bytes_max >> 20, now->series);
  if (refusing && !r->is_refusing) say(false, text);
  if (!refusing && r->is_refusing) say(true, "new series find room in the history again");
  r->is_refusing = refusing;
}

void room_look(struct room *r, const struct history_stats *now, void (*say)(bool good, const char *sentence)) {
  look_at_reach(r, now, say);
  look_at_series(r, now, say);
  r->last = *now;
}
