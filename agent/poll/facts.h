/* What is known of a target beside its samples: how its polls went. The status section, the log and the batch are made from it. */
#ifndef SONDE_POLL_FACTS_H
#define SONDE_POLL_FACTS_H

#include "collectors/collector.h"
#include "config/config.h"

struct facts {
  msec_t added;
  msec_t success;           /* when the last good poll ended; 0 for never */
  msec_t since;             /* when the present state (well or not) began … */
  msec_t lasted;            /* … and how long the one before it was */
  msec_t told;              /* when the log last said why the target is not well … */
  enum fail_kind told_kind; /* … and what */
  bool polled, up;          /* up: it was seen; its sections are shown … */
  struct fail why;          /* … and why it is not well, up or down; kind NONE when it is */
  double duration_seconds;  /* of the last poll */
  uint64_t polls, failures[FAIL_KIND_COUNT];
  uint64_t dropped; /* samples, since the target was added */
  size_t series;    /* of all parts, when last up */
  struct part_facts {
    bool on, ok;
    msec_t collected;        /* when `ok` */
    double duration_seconds; /* 0 where it is not known */
  } part[PARTS_MAX];
};

void facts_init(struct facts *facts, const struct target_config *config, msec_t now);
static inline bool facts_are_well(const struct facts *facts) {
  return facts->up && facts->why.kind == FAIL_NONE;
}
/* Notes a poll that ended: whether the target was seen, and why it is not well. True when this is worth a line in the log: the state changed, or the
 * reason did and the last line is more than a minute old. */
bool facts_note(struct facts *facts, bool up, const struct fail *why, msec_t now) MUST_CHECK;
/* The line. */
void facts_log(const struct facts *facts, const char *target);

/* The finished status section: what the kind's exporter says of itself, then what every target shows. */
struct section *status_section(const struct collector *collector, const struct facts *facts, msec_t now);
void status_catalogue(family_fn *each, void *arg);

#endif
