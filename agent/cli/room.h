/* Whether the history has room: what is to be said of it, once for each change. Pure. */
#ifndef SONDE_AGENT_CLI_ROOM_H
#define SONDE_AGENT_CLI_ROOM_H

#include "history/keep.h"

struct room {
  struct history_stats last; /* as it was at the look before */
  msec_t reach;              /* that was said when it was full; 0: it is not */
  bool is_refusing;          /* new series found no room */
};

/* Looks at how it is now; calls `say` with a warning or a piece of good news. */
void room_look(struct room *r, const struct history_stats *now, void (*say)(bool good, const char *sentence));
/* "3h20m", without what nobody wants to know. */
const char *room_span(msec_t span, char *out, size_t size);

#endif
