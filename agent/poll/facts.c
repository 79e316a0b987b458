/* What is known of a target: see facts.h. The log has one line for a change of state, never one for a poll. */
#include "agent/poll/facts.h"

#include <string.h>

#include "base/log.h"

#define TELL_AGAIN ((msec_t)60000)

void facts_init(struct facts *facts, const struct target_config *config, msec_t now) {
  *facts = (struct facts){.added = now, .since = now};
  for (size_t i = 0; i < config->kind->part_count; i++) facts->part[i].on = config->parts[i].on;
}

/* True when the state is another than before. */
static bool enter(struct facts *facts, bool up, const struct fail *why, msec_t now) {
  bool was_well = facts_are_well(facts), changed = !facts->polled;
  facts->polled = true;
  facts->up = up;
  facts->why = *why;
  if (!changed && facts_are_well(facts) == was_well) return false;
  facts->lasted = now - facts->since;
  facts->since = now;
  return true;
}

bool facts_note(struct facts *facts, bool up, const struct fail *why, msec_t now) {
  bool changed = enter(facts, up, why, now);
  facts->polls++;
  if (up) facts->success = now;
  for (size_t i = 0; !up && i < PARTS_MAX; i++) facts->part[i].ok = false;
  if (facts_are_well(facts)) return changed;
  facts->failures[why->kind]++;
  bool another = why->kind != facts->told_kind && now - facts->told >= TELL_AGAIN;
  if (!changed && !another) return false;
  facts->told = now;
  facts->told_kind = why->kind;
  return true;
}

static bool ever_failed(const struct facts *facts) {
  for (size_t i = 0; i < FAIL_KIND_COUNT; i++)
    if (facts->failures[i]) return true;
  return false;
}

void facts_log(const struct facts *facts, const char *target) {
  char lasted[48];
  msec_t span = facts->lasted < 1000 ? facts->lasted : facts->lasted / 1000 * 1000;
  if (!facts_are_well(facts))
    log_warn(target, "down: %s", facts->why.text);
  else if (ever_failed(facts))
    log_info(target, "up after %s: %zu series", duration_format(span, lasted, sizeof lasted), facts->series);
  else
    log_info(target, "up: %zu series, polled in %.0f ms", facts->series, facts->duration_seconds * 1000);
}
