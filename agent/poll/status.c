/* The status section of a target: written at every tick, also when the target is down, and then alone. */
#include "agent/poll/facts.h"

enum {
  TARGET_UP,
  TARGET_AGE,
  TARGET_DURATION,
  TARGET_POLLS,
  TARGET_FAILURES,
  TARGET_SERIES,
  TARGET_DROPPED,
  PART_UP,
  PART_AGE,
  PART_DURATION,
};

static const struct family families[] = {
    [TARGET_UP] = {"sonde_target_up", "Whether the target is well: its last poll succeeded, and found nothing amiss.", METRIC_GAUGE,
                   NULL, false},
    [TARGET_AGE] =
        {"sonde_target_age_seconds",
         "How long before this tick the last poll ended that the target answered; with none so far, how long it has been watched.",
         METRIC_GAUGE, NULL, false},
    [TARGET_DURATION] = {"sonde_target_poll_duration_seconds", "How long the last poll took.", METRIC_GAUGE, NULL, false},
    [TARGET_POLLS] = {"sonde_target_polls_total", "Polls since the target is watched, failed ones included.", METRIC_COUNTER, NULL,
                      false},
    [TARGET_FAILURES] = {"sonde_target_failures_total", "Polls that failed, or found the target not well, by reason.",
                         METRIC_COUNTER, "reason", false},
    [TARGET_SERIES] = {"sonde_target_series", "Series that the parts of the target show.", METRIC_GAUGE, NULL, false},
    [TARGET_DROPPED] = {"sonde_target_dropped_samples_total",
                        "Samples left out because they were there twice or above a limit on samples or bytes.", METRIC_COUNTER,
                        NULL, false},
    [PART_UP] = {"sonde_part_up", "Whether the part is shown: it was collected, and not too long ago.", METRIC_GAUGE, "part",
                 false},
    [PART_AGE] = {"sonde_part_age_seconds", "How long before this tick the part was collected.", METRIC_GAUGE, "part", false},
    [PART_DURATION] = {"sonde_part_duration_seconds", "How long the last collection of the part took.", METRIC_GAUGE, "part",
                       false},
};

void status_catalogue(family_fn *each, void *arg) {
  for (size_t i = 0; i < COUNTOF(families); i++) each(&families[i], "status", arg);
}

static double seconds(msec_t span) {
  return (double)span / 1000;
}

static void write_target(struct section *s, const struct facts *f, msec_t now) {
  section_add(s, &families[TARGET_UP], 0, facts_are_well(f));
  section_add(s, &families[TARGET_AGE], 0, seconds(now - (f->success ? f->success : f->added)));
  section_add(s, &families[TARGET_DURATION], 0, f->duration_seconds);
  section_add(s, &families[TARGET_POLLS], 0, (double)f->polls);
  for (enum fail_kind kind = FAIL_NONE; kind < FAIL_KIND_COUNT; kind++) {
    if (!f->failures[kind]) continue;
    labels_t labels = section_label_pairs(s, "reason", fail_kind_name(kind), NULL);
    section_add(s, &families[TARGET_FAILURES], labels, (double)f->failures[kind]);
  }
  section_add(s, &families[TARGET_SERIES], 0, f->up ? (double)f->series : 0);
  section_add(s, &families[TARGET_DROPPED], 0, (double)f->dropped);
}

static void write_part(struct section *s, const char *name, const struct part_facts *part, msec_t now) {
  labels_t labels = section_label_pairs(s, "part", name, NULL);
  section_add(s, &families[PART_UP], labels, part->ok);
  if (part->ok) section_add(s, &families[PART_AGE], labels, seconds(now - part->collected));
  if (part->duration_seconds > 0) section_add(s, &families[PART_DURATION], labels, part->duration_seconds);
}

static void write_kind(struct section *s, const struct collector *c, const struct facts *f) {
  struct poll_status status = {
      .up = f->up,
      .why = f->why,
      .duration_seconds = f->duration_seconds,
      .polls = f->polls,
      .parts = c->kind.parts,
      .part_count = c->kind.part_count,
  };
  for (size_t i = 0; i < FAIL_KIND_COUNT; i++) status.failures += f->failures[i];
  for (size_t i = 0; i < c->kind.part_count; i++) {
    status.part[i].on = f->part[i].on;
    status.part[i].ok = f->part[i].ok;
    status.part[i].duration_seconds = f->part[i].duration_seconds;
  }
  c->status(s, &status);
}

struct section *status_section(const struct collector *collector, const struct facts *facts, msec_t now) {
  struct section *s = section_new("status");
  write_kind(s, collector, facts);
  write_target(s, facts, now);
  for (size_t i = 0; i < collector->kind.part_count; i++)
    if (facts->part[i].on) write_part(s, collector->kind.parts[i].name, &facts->part[i], now);
  return section_finish(s);
}
