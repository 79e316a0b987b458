/* Delivery: one queue a receiver, so that a dead one delays no other; retries with backoff and jitter, Retry-After honoured; each message at least once
 * and not again after its acknowledgement, also over a kill. One thread waits for due messages; the transfers are those of net/. */
#ifndef SONDE_NOTIFY_NOTIFY_H
#define SONDE_NOTIFY_NOTIFY_H

#include "config/config.h"
#include "net/net.h"
#include "notify/format.h"
#include "state/state.h"

struct notifier;

/* Delivers what `state` holds for the receivers of `config`. Its thread starts with the first receiver. */
struct notifier *notifier_start(struct config *config, struct state *state, struct net *net);
/* New notifications were committed. */
void notifier_wake(struct notifier *n);
/* Other receivers after a reload; messages for receivers that are gone are dropped and said. */
void notifier_reload(struct notifier *n, struct config *config);
/* Begins nothing new, waits until `deadline` (clock_now()) for transfers under way, so that their acknowledgements are not lost, and ends the thread. What
 * is not delivered stays in the state. */
void notifier_stop(struct notifier *n, msec_t deadline);
/* After notifier_stop() and net_stop(). NULL allowed. */
void notifier_free(struct notifier *n);

#endif
