/* What a unit test expects beside what it got. */
#ifndef SONDE_AGENT_ALERT_UNIT_JUDGE_H
#define SONDE_AGENT_ALERT_UNIT_JUDGE_H

#include "agent/alert/unit.h"
#include "alert/alert.h"

/* The verdicts of one test: what differs, as text. */
struct verdicts {
  const struct unit_file *file;
  const struct unit_test *test;
  struct buf said;
  bool rule_failed;
};
void verdicts_init(struct verdicts *v, const struct unit_file *file, const struct unit_test *test);
/* Appends what was said; true when that is nothing. */
bool verdicts_done(struct verdicts *v, struct buf *said);

/* The alerts that fire, as they are compared. */
struct firing {
  const struct alert **items;
  size_t count, capacity;
};
void firing_init(struct firing *f);
void firing_add(struct firing *f, const struct alert *a);
void firing_done(struct firing *f);

void unit_alerts_judge(struct verdicts *v, const struct unit_alerts *expected, const struct firing *got);
void unit_value_judge(struct verdicts *v, const struct unit_expr *expected, const struct value *got, bool fuzzy);
/* A rule that could not be evaluated; only the first is kept. */
void unit_rule_say(struct verdicts *v, const char *rule, msec_t at, const char *sentence);
void unit_error_say(struct verdicts *v, const struct unit_expr *expected, const char *sentence);

#endif
