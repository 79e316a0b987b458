/* The targets that are watched, each published to the store at every tick: one thread for each server, and one for all that are probed or scraped.
 *
 * A tick is absolute (no drift, no bunching after a late poll or a suspended machine). At each tick a target publishes a batch: fresh,
 * carried over, or down. Attempts back off with jitter to at most 30 s while a target is down. A part that is not due is carried over
 * up to its maximum age; a part that failed loses its own section and backs off alone. */
#ifndef SONDE_POLL_TARGET_H
#define SONDE_POLL_TARGET_H

#include "config/config.h"
#include "history/history.h"
#include "metric/store.h"
#include "net/net.h"

struct targets;

/* Each batch that is published is appended to `history`, too, unless that is NULL. */
struct targets *targets_new(struct store *store, struct history *history, struct net *net);
/* Makes the watched set what `config` says: unchanged targets (same digest) keep their driver, their connection and their place; others are
 * retired or started. The caller's reference to `config` is given away. */
void targets_apply(struct targets *t, struct config *config);
/* Publishes "down, timeout" for every target that is overdue, whatever blocks it, and the agent's own batch (target "sonde", at the pace of
 * poll_interval). Returns when it wants to be called again, on clock_now(); call it after targets_apply(), too. */
msec_t targets_watch(struct targets *t, msec_t now);
/* Stops net and all drivers, and waits until `deadline` for those that can. Threads stuck in a system call are left behind: what they need stays,
 * and what they still publish is ignored. Takes all targets off the store and frees `t`; store and history may be freed afterwards. */
void targets_stop(struct targets *t, msec_t deadline);

/* What the agent tells of itself beside its targets: a section that `make` gives at each tick (at most TARGETS_TELLERS of them; before the first
 * targets_watch()), and, set by main, how each attempt to reload ended. */
#define TARGETS_TELLERS 4
void targets_tell(struct targets *t, struct section *(*make)(void *context), void *context);
void targets_reloaded(struct targets *t, bool successful, double wall);

#endif
