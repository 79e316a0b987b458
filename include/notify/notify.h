/* Delivery: one queue a receiver, so that a dead one delays no other; retries with backoff and jitter, Retry-After honoured; each message at least once
 * and not again after its acknowledgement, also over a kill. One thread waits for due messages; the transfers are those of net/. */
#ifndef SONDE_NOTIFY_NOTIFY_H
#define SONDE_NOTIFY_NOTIFY_H

#include "collectors/collector.h"
#include "config/config.h"
#include "net/net.h"
#include "notify/format.h"
#include "state/state.h"

struct notifier;

/* Delivers what `state` holds. */
struct notifier *notifier_new(struct state *state, struct net *net);
/* The receivers of `config` count from now on; messages for others are dropped and said. The thread starts with the first receiver. */
void notifier_apply(struct notifier *n, struct config *config);
/* New notifications were committed. */
void notifier_wake(struct notifier *n);
/* Begins nothing new, waits until `deadline` (clock_now()) for transfers under way, so that their acknowledgements are not lost, and ends the thread. What
 * is not delivered stays in the state. */
void notifier_stop(struct notifier *n, msec_t deadline);
/* After notifier_stop() and net_stop(). NULL allowed. */
void notifier_free(struct notifier *n);
/* What the agent tells of its messages: a finished section of the struct notifier that is passed. Any thread may call it. */
struct section *notifier_section(void *notifier);
void notifier_catalogue(family_fn *each, void *arg);

#endif
