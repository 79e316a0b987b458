/* The pages that are not metrics. Pure: a view in, bytes out. Text from outside is escaped here, where it is written. */
#ifndef SONDE_AGENT_HTTP_PAGES_H
#define SONDE_AGENT_HTTP_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/evaluator.h"
#include "base/buf.h"
#include "base/clock.h"
#include "metric/snapshot.h"
#include "metric/store.h"

#define PAGE_BYTES_MAX   (16u << 20)
#define SELF             "sonde"   /* the target that is the agent itself … */
#define SELF_PROCESS     "process" /* … and its part that every target's metrics show too, as that target's exporter would */
#define EXPECTED_UNKNOWN SIZE_MAX

/* All that a page is made from. */
struct view {
  const struct snapshot *snapshot;
  const struct rules_view *rules; /* NULL: there are none */
  size_t expected;                /* targets that are configured; EXPECTED_UNKNOWN before that is known */
  msec_t started, now;
  int64_t wall;               /* milliseconds since 1970 */
  const char *telemetry_path; /* of the metrics of all targets */
  const char *host;           /* host:port under which the client reached us */
  bool local; /* the client is on this machine: it may read why a target is down. Others see the kind of the failure */
};

/* What the targets are together: the worst of them. */
enum fleet { FLEET_OK, FLEET_STARTING, FLEET_DOWN };
enum fleet fleet_state(const struct view *v);
/* True when every expected target has ended its first poll. */
bool fleet_is_ready(const struct view *v);
/* "up", "down", "starting". */
const char *batch_state(const struct batch *b);
/* Why a target is not up, as this client may read it. */
const char *batch_reason(const struct batch *b, bool local);

/* /sd: all targets as Prometheus' http_sd_configs reads them. */
void page_discovery(struct buf *out, const struct view *v);
/* /health as JSON. */
void page_health(struct buf *out, const struct view *v);
/* / as HTML. */
void page_landing(struct buf *out, const struct view *v);
/* The part of it about alerts. */
void page_alerts(struct buf *out, const struct view *v);

#endif
