/* What the agent tells of its messages. */
#include "agent/notify/notifier.h"
#include "metric/section.h"

enum { DELIVERED, FAILED, DROPPED, WAITING };

static const struct family families[] = {
    [DELIVERED] = {"sonde_notifications_total", "Messages that the receiver acknowledged.", METRIC_COUNTER, "receiver", false},
    [FAILED] = {"sonde_notifications_failed_total", "Attempts to deliver a message that failed, by reason.", METRIC_COUNTER,
                "reason,receiver", false},
    [DROPPED] = {"sonde_notifications_dropped_total", "Messages that the receiver refused for good.", METRIC_COUNTER, "receiver",
                 false},
    [WAITING] = {"sonde_notifications_waiting", "Messages that no receiver has acknowledged yet.", METRIC_GAUGE, NULL, false},
};

void notifier_catalogue(family_fn *each, void *arg) {
  for (size_t i = 0; i < COUNTOF(families); i++) each(&families[i], "notify", arg);
}

static void add_queue(struct section *s, const struct queue *q) {
  const char *name = q->config->name;
  labels_t receiver = section_label_pairs(s, "receiver", name, NULL);
  section_add(s, &families[DELIVERED], receiver, (double)q->delivered);
  section_add(s, &families[DROPPED], receiver, (double)q->dropped);
  for (enum reason r = REASON_NONE; r < REASON_COUNT; r++) {
    if (!q->failed[r]) continue;
    labels_t labels = section_label_pairs(s, "reason", reason_name(r), "receiver", name, NULL);
    section_add(s, &families[FAILED], labels, (double)q->failed[r]);
  }
}

struct section *notifier_section(void *notifier) {
  struct notifier *n = notifier;
  struct section *s = section_new("notify");
  pthread_mutex_lock(&n->lock);
  for (const struct queue *q = n->queues; q; q = q->next) add_queue(s, q);
  section_add(s, &families[WAITING], 0, (double)n->waiting);
  pthread_mutex_unlock(&n->lock);
  return section_finish(s);
}
