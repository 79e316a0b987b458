/* Messages as the tests of this room need them. */
#ifndef SONDE_TESTS_UNIT_NOTIFY_EXAMPLES_H
#define SONDE_TESTS_UNIT_NOTIFY_EXAMPLES_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/attr.h"
#include "notify/format.h"

static const char *example_names[] = {"site", "severity"}, *example_values[] = {"eu", "none of this"};
static const struct pairs example_external = {example_names, example_values, 2};

/* Labels and annotations from pairs, ended by NULL: a reference of the caller's. */
static inline struct labels *labels_of(const char *const *words) {
  struct label_pair pairs[32];
  size_t count = 0;
  for (; words[2 * count] && count < COUNTOF(pairs); count++)
    pairs[count] = (struct label_pair){words[2 * count], words[2 * count + 1]};
  return labels_new(pairs, count);
}

static inline struct message example_message(bool firing) {
  static const char *const labels[] = {"alertname", "PostgresConnectionsHigh",
                                       "severity",  "critical",
                                       "target",    "main",
                                       "instance",  "db-1:5432",
                                       "job",       "postgres",
                                       "datname",   "app \"one\"",
                                       NULL};
  static const char *const annotations[] = {"summary",     "Connections of main are at 93 %",
                                            "description", "93 of 100 usable connections are taken.\nNew ones are refused soon.",
                                            "threshold",   "90 %",
                                            "runbook_url", "https://runbooks.example/pg?x=1&y=2",
                                            NULL};
  return (struct message){
      .receiver = "ops",
      .firing = firing,
      .labels = labels_of(labels),
      .annotations = labels_of(annotations),
      .starts_at = 1795234935123,
      .ends_at = firing ? 0 : 1795235175000,
      .value = firing ? 0.93 : 0.41,
      .external_url = "http://web-1:10420",
      .external_labels = &example_external,
  };
}

static inline void example_done(struct message *m) {
  labels_unref((struct labels *)m->labels);
  labels_unref((struct labels *)m->annotations);
}

#endif
