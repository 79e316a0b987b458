/* What postgres_exporter says of itself, at every tick, also while the server is down. */
#include "collectors/postgres/status.h"

#include "base/version.h"

enum { UP, DURATION, ERROR, SCRAPES, PART_DURATION, PART_SUCCESS, BUILD };
const struct family postgres_status_families[] = {
    [UP] = {"pg_up", "1 when the last poll could log in and was answered.", METRIC_GAUGE, NULL, false},
    [DURATION] = {"pg_exporter_last_scrape_duration_seconds", "How long the last poll took.", METRIC_GAUGE, NULL, false},
    [ERROR] = {"pg_exporter_last_scrape_error", "1 when the last poll failed.", METRIC_GAUGE, NULL, false},
    [SCRAPES] = {"pg_exporter_scrapes_total", "Polls of the server.", METRIC_COUNTER, NULL, false},
    [PART_DURATION] = {"pg_scrape_collector_duration_seconds", "How long the part's last collection took.", METRIC_GAUGE,
                       "collector", false},
    [PART_SUCCESS] = {"pg_scrape_collector_success", "1 when the part was collected.", METRIC_GAUGE, "collector", false},
    [BUILD] = {"postgres_exporter_build_info", "1; the version of sonde is in the labels.", METRIC_GAUGE, "revision,version",
               false},
    {0},
};

void postgres_status(struct section *s, const struct poll_status *status) {
  section_add(s, &postgres_status_families[UP], 0, status->up);
  section_add(s, &postgres_status_families[DURATION], 0, status->duration_seconds);
  section_add(s, &postgres_status_families[ERROR], 0, !status->up);
  section_add(s, &postgres_status_families[SCRAPES], 0, (double)status->polls);
  for (size_t i = 0; i < status->part_count; i++) {
    if (!status->part[i].on) continue;
    labels_t labels = section_label_pairs(s, "collector", status->parts[i].name, NULL);
    section_add(s, &postgres_status_families[PART_DURATION], labels, status->part[i].duration_seconds);
    section_add(s, &postgres_status_families[PART_SUCCESS], labels, status->part[i].ok);
  }
  section_add(s, &postgres_status_families[BUILD],
              section_label_pairs(s, "revision", version_revision(), "version", version_number(), NULL), 1);
}
