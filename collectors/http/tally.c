/* Counters over all probes: see tally.h. */
#include "collectors/http/tally.h"

#include <math.h>

static const struct {
  const char *le;
  double seconds;
} bounds[TALLY_BUCKETS] = {
    {"0.005", 0.005}, {"0.01", 0.01}, {"0.025", 0.025}, {"0.05", 0.05}, {"0.1", 0.1}, {"0.25", 0.25},
    {"0.5", 0.5},     {"1.0", 1},     {"2.5", 2.5},     {"5.0", 5},     {"10.0", 10}, {"30.0", 30},
};

static const struct family duration = {"probe_all_duration_seconds", "How long the probes took, those that failed too.",
                                       METRIC_HISTOGRAM, NULL, false};
static const struct family success = {"probe_all_success", "How many probes there were (count), and how many succeeded (sum).",
                                      METRIC_SUMMARY, NULL, false};
static const struct family failures = {"probe_failures_total", "Probes that failed, by reason.", METRIC_COUNTER, "reason", false};
static const struct family responses = {"probe_http_responses_total", "Answers by the class of their status.", METRIC_COUNTER,
                                        "code_class", false};

static const char *reason_name(enum reason reason) {
#define X(reason, name) name,
  static const char *const names[] = {REASONS(X)};
#undef X
  return names[reason];
}

/* A redirect that cannot be followed leaves the status of the answer that asked for it. */
enum reason tally_reason(const struct net_answer *a) {
  static const enum reason reasons[FAIL_KIND_COUNT] = {
      [FAIL_NONE] = REASON_NONE,       [FAIL_RESOLVE] = REASON_RESOLVE,   [FAIL_CONNECT] = REASON_CONNECT, [FAIL_TLS] = REASON_TLS,
      [FAIL_TIMEOUT] = REASON_TIMEOUT, [FAIL_PROTOCOL] = REASON_PROTOCOL, [FAIL_LIMIT] = REASON_LIMIT,
  };
  enum reason reason = reasons[a->why.kind];
  bool unfollowed = a->status >= 300 && a->status < 400;
  if (a->why.kind == FAIL_NONE) return REASON_NONE;
  if (unfollowed && (reason == REASON_PROTOCOL || reason == REASON_LIMIT || reason == REASON_NONE)) return REASON_REDIRECT;
  return reason == REASON_NONE ? REASON_OTHER : reason;
}

void tally_add(struct tally *t, const struct net_answer *a, enum reason reason) {
  for (size_t i = 0; i < TALLY_BUCKETS; i++) t->buckets[i] += a->seconds <= bounds[i].seconds;
  t->seconds += a->seconds;
  t->count++;
  t->success += reason == REASON_NONE;
  t->reasons[reason]++;
  if (a->status >= 100 && a->status < 600) t->classes[a->status / 100 - 1]++;
}

static void write_duration(const struct tally *t, struct section *s) {
  for (size_t i = 0; i < TALLY_BUCKETS; i++)
    section_add_suffix(s, &duration, SUFFIX_BUCKET, section_label_pairs(s, "le", bounds[i].le, NULL), (double)t->buckets[i]);
  section_add_suffix(s, &duration, SUFFIX_BUCKET, section_label_pairs(s, "le", "+Inf", NULL), (double)t->count);
  section_add_suffix(s, &duration, SUFFIX_SUM, 0, nearbyint(t->seconds * 1e6) / 1e6);
  section_add_suffix(s, &duration, SUFFIX_COUNT, 0, (double)t->count);
}

void tally_write(const struct tally *t, bool http, struct section *s) {
  static const char *const classes[TALLY_CLASSES] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  write_duration(t, s);
  section_add_suffix(s, &success, SUFFIX_SUM, 0, (double)t->success);
  section_add_suffix(s, &success, SUFFIX_COUNT, 0, (double)t->count);
  for (enum reason i = REASON_NONE + 1; i < REASON_COUNT; i++)
    section_add(s, &failures, section_label_pairs(s, "reason", reason_name(i), NULL), (double)t->reasons[i]);
  for (size_t i = 0; http && i < TALLY_CLASSES; i++)
    section_add(s, &responses, section_label_pairs(s, "code_class", classes[i], NULL), (double)t->classes[i]);
}

void tally_catalogue(bool http, family_fn *each, const char *part, void *arg) {
  each(&duration, part, arg);
  each(&success, part, arg);
  each(&failures, part, arg);
  if (http) each(&responses, part, arg);
}
