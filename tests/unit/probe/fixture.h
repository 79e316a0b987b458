/* A probe from the text of its configuration, and answers to judge. */
#ifndef SONDE_TESTS_UNIT_PROBE_FIXTURE_H
#define SONDE_TESTS_UNIT_PROBE_FIXTURE_H

#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/root.h"
#include "collectors/collector.h"
#include "metric/section_reader.h"
#include "base/mem.h"
#include "config/config.h"

struct trial {
  struct config *config;
  const struct collector *collector;
  void *state;
  struct poll poll;
  struct net_request request;
  struct fail why; /* of the last answer */
};

static struct config *trial_config(const char *target, struct fail *f) {
  char text[4096];
  struct kinds kinds = {0};
  kinds.targets = collector_kinds(&kinds.target_count);
  snprintf(text, sizeof text, "targets:\n- %s\n", target);
  return config_parse("t.yml", text, strlen(text), &kinds, f);
}

static UNUSED const char *refusal(const char *target) {
  static struct fail f;
  f = (struct fail){0};
  struct config *c = trial_config(target, &f);
  if (c) fail_msg("accepted: %s", target);
  config_unref(c);
  return f.text;
}

static UNUSED struct trial trial_begin(const char *target) {
  struct trial t = {0};
  t.config = trial_config(target, &t.why);
  if (!t.config) fail_msg("%s", t.why.text);
  t.collector = collector_of(t.config->targets[0].kind);
  t.state = t.collector->open(t.config->targets[0].options);
  t.poll.due = 1;
  t.request = (struct net_request){.connect_timeout = 8000, .timeout = 8000};
  assert_true(t.collector->ask(t.state, &t.poll, &t.request, &t.why));
  return t;
}

static UNUSED void trial_end(struct trial *t) {
  section_unref(t->poll.sections[0]);
  t->collector->close(t->state);
  config_unref(t->config);
}

static UNUSED struct net_answer answer(long status, const char *body) {
  return (struct net_answer){
      .status = status,
      .body = body,
      .length = strlen(body),
      .retry_after = -1,
      .seconds = 0.25,
      .phases = {0.01, 0.02, 0, 0.2, 0.02},
      .headers = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
      .content_type = "application/json",
      .content_length = (double)strlen(body),
      .http_version = 1.1,
      .ip = "127.0.0.1",
      .tls_version = "",
      .tls_cipher = "",
  };
}

/* Judges an answer. True when it is well; it must be published in any case. */
static UNUSED bool trial_read(struct trial *t, const struct net_answer *a) {
  t->why = (struct fail){0};
  t->poll.fails[0] = (struct fail){0};
  assert_true(t->collector->read(t->state, a, &t->poll, &t->why));
  assert_non_null(t->poll.sections[0]);
  return t->why.kind == FAIL_NONE;
}

/* The value of a series as the page has it, `name{labels}`; NAN when there is none. */
static UNUSED double value(const struct trial *t, const char *series) {
  const struct section *s = t->poll.sections[0];
  size_t count;
  const struct sample *samples = section_samples(s, &count);
  for (size_t i = 0; i < count; i++) {
    char text[1024];
    const char *labels = section_text(s, samples[i].labels);
    snprintf(text, sizeof text, *labels ? "%s%s{%s}" : "%s%s", samples[i].family->name, suffix_text(samples[i].suffix), labels);
    if (!strcmp(text, series)) return samples[i].value;
  }
  return NAN;
}

#define assert_value(t, series, expected)                                                                                          \
  do {                                                                                                                             \
    double got_ = value(t, series), expected_ = expected;                                                                          \
    if (!(got_ == expected_ || (isnan(got_) && isnan(expected_)))) fail_msg("%s is %g, not %g", series, got_, expected_);          \
  } while (0)

#endif
