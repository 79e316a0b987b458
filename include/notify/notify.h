/* Delivery: one queue a receiver, so that a dead one delays no other; retries with backoff and jitter, Retry-After honoured; each message at least once
 * and not again after its acknowledgement, also over a kill. One thread waits for due messages; the transfers are those of net/. */
#ifndef SONDE_NOTIFY_NOTIFY_H
#define SONDE_NOTIFY_NOTIFY_H

#include "config/config.h"
#include "net/net.h"
#include "state/state.h"

/* What a message is about, as every format sees it. */
struct message {
  const char *receiver;
  bool firing;             /* else resolved */
  bool test;               /* a marked test of the receiver */
  const struct labels *labels, *annotations;
  int64_t starts_at, ends_at; /* milliseconds since 1970; ends_at 0 while firing */
  double value;
  uint64_t fingerprint;
  const char *external_url;
  const struct pairs *external_labels;
};

/* A service: one file in agent/notify/formats/ that ends in one of these, one line in formats.c. Pure. */
struct format {
  const char *name;        /* the key below a receiver: slack, webhook */
  const struct option *options;
  size_t options_size;     /* the option struct begins with `const char *url` */
  const char *content_type;
  void (*render)(struct buf *out, const struct message *m, const void *options);
  /* True when the answer means delivered. */
  bool (*accepted)(const struct answer *a);
};
extern const struct format *const formats[]; /* ended by NULL */

struct notifier;
struct notifier *notifier_start(const struct receiver_config *receivers, size_t count, struct state *state, struct net *net);
/* New notifications were committed. */
void notifier_wake(struct notifier *n);
/* Other receivers after a reload; queues of receivers that are gone are dropped and said. */
void notifier_reload(struct notifier *n, const struct receiver_config *receivers, size_t count);
void notifier_stop(struct notifier *n);

/* Appends the JSON that is kept in the outbox, and reads it back (strings in `a`). */
void message_store(struct buf *out, const struct message *m);
bool message_load(const char *json, struct arena *a, struct message *ret, struct fail *f) MUST_CHECK;

#endif
