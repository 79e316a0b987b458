/* The collector of Redis, Valkey and what speaks like them: a drop-in for redis_exporter over one connection that is kept. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/version.h"
#include "collectors/collector.h"
#include "collectors/redis/discover.h"
#include "collectors/redis/visit.h"

enum { DEFAULT_DATABASES = 16 };

const struct part redis_parts[PART_COUNT] = {
    [PART_INFO] = {.name = "info", .summary = "Everything INFO tells: clients, memory, persistence, commands, replication, keys."},
    [PART_SLOWLOG] = {.name = "slowlog", .summary = "The slow log's length and its newest entry."},
    [PART_LATENCY] = {.name = "latency", .summary = "Latency spikes, where latency-monitor-threshold is set."},
    [PART_CONFIG] = {.name = "config", .summary = "Limits that are configured in the server.", .every = 300000},
    [PART_CLUSTER] = {.name = "cluster", .summary = "The cluster as this node sees it."},
    [PART_QUEUES] = {.name = "queues", .summary = "Job queues: how many jobs in which state, and how old the oldest is."},
};

static const struct family up = {"redis_up", "Whether the last poll succeeded.", METRIC_GAUGE, NULL, false};
static const struct family scrapes = {"redis_exporter_scrapes_total", "Polls.", METRIC_COUNTER, NULL, false};
static const struct family last_duration = {"redis_exporter_last_scrape_duration_seconds", "Seconds the last poll took.",
                                            METRIC_GAUGE, NULL, false};
static const struct family last_error = {"redis_exporter_last_scrape_error", "Whether the last poll failed.", METRIC_GAUGE, "err",
                                         false};
static const struct family build_info = {"redis_exporter_build_info", "Which sonde this is; always 1.", METRIC_GAUGE,
                                         "commit_sha,version", false};
static const struct family *const status_families[] = {&up, &scrapes, &last_duration, &last_error, &build_info};

static void *redis_open(const void *options) {
  struct redis *r = mem_zero(sizeof *r);
  r->options = options;
  r->databases = DEFAULT_DATABASES;
  redis_session_init(&r->session, r->options);
  r->queues = queues_new(&r->options->queues, r->options->address.db);
  return r;
}

static void redis_close(void *state) {
  struct redis *r = state;
  redis_session_close(&r->session);
  queues_free(r->queues);
  free(r);
}

static bool redis_poll(void *state, struct poll *poll, struct fail *f) {
  return redis_visit(state, poll, f);
}

static void redis_status(struct section *s, const struct poll_status *status) {
  section_add(s, &up, 0, status->up);
  section_add(s, &scrapes, 0, (double)status->polls);
  section_add(s, &last_duration, 0, status->duration_seconds);
  section_add(s, &last_error, 0, !status->up);
  labels_t build = section_label_pairs(s, "commit_sha", version_revision(), "version", version_number(), NULL);
  section_add(s, &build_info, build, 1);
}

static void redis_catalogue(family_fn *each, void *arg) {
  for (size_t i = 0; i < COUNTOF(status_families); i++) each(status_families[i], redis_parts[PART_INFO].name, arg);
  info_catalogue(each, redis_parts[PART_INFO].name, redis_parts[PART_CLUSTER].name, arg);
  redis_visit_catalogue(each, redis_parts[PART_INFO].name, arg);
  for (unsigned id = 0; id < PART_COUNT; id++) {
    const struct redis_part *part = redis_part(id);
    if (part && part->catalogue) part->catalogue(each, redis_parts[id].name, arg);
  }
  queues_catalogue(each, redis_parts[PART_QUEUES].name, arg);
}

const struct collector redis_collector = {
    .kind =
        {
            .name = "redis",
            .job = "redis",
            .summary = "A Redis or Valkey server, and the job queues in it.",
            .parts = redis_parts,
            .part_count = PART_COUNT,
            .options = redis_option_rows,
            .options_size = sizeof(struct redis_options),
            .prepare = redis_prepare,
        },
    .open = redis_open,
    .poll = redis_poll,
    .status = redis_status,
    .close = redis_close,
    .catalogue = redis_catalogue,
    .discover = redis_discover,
};
