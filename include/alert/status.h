/* What an agent knows at one time, as JSON: its targets and its rules. The running agent serves it to `sonde check`, which judges nothing else: what
 * it polls itself it writes in this form, too. Pure. */
#ifndef SONDE_ALERT_STATUS_H
#define SONDE_ALERT_STATUS_H

#include "alert/evaluator.h"
#include "base/buf.h"
#include "config/config.h"
#include "metric/snapshot.h"
#include "metric/store.h"

#define STATUS_SCHEMA    1
#define STATUS_BYTES_MAX (16u << 20)

struct status {
  const struct snapshot *targets;
  const struct rules_view *rules; /* NULL: there are none */
  uint64_t digest;                /* status_digest() of what they come from */
  msec_t now;
};
void status_write(struct buf *out, const struct status *s);
/* Whether a status that was written says that it is of this configuration. */
bool status_is_of(const char *json, uint64_t digest);

/* Equal for the same targets and the same rules, also in another process. */
uint64_t status_digest(const struct config *config, const struct rule_set *rules);

#endif
