/* The part "loadavg": how many processes were running or waiting, averaged over 1, 5 and 15 minutes. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/number.h"
#include "collectors/host/host.h"
#include "collectors/host/lines.h"

static const struct family families[] = {
    {"node_load1", "1m load average.", METRIC_GAUGE, NULL, false},
    {"node_load5", "5m load average.", METRIC_GAUGE, NULL, false},
    {"node_load15", "15m load average.", METRIC_GAUGE, NULL, false},
};

static void *open_source(const struct host *h) {
  struct source *source = mem_zero(sizeof *source);
  source_init(source, h->options->procfs, "loadavg");
  return source;
}

static void close_source(void *state) {
  source_done(state);
  free(state);
}

/* "0.38": the kernel prints two decimals. */
static bool scan_load(struct slice *line, double *ret) {
  uint64_t whole, hundredths;
  if (!number_scan(&line->at, line->end, &whole) || line->at == line->end || *line->at++ != '.') return false;
  const char *digits = line->at;
  if (!number_scan(&line->at, line->end, &hundredths) || line->at - digits != 2) return false;
  *ret = (double)(whole * 100 + hundredths) / 100;
  return true;
}

static bool collect(void *state, struct host *h, struct section *s, struct fail *f) {
  struct source *source = state;
  if (!host_read(h, source, f)) return false;
  struct slice line = {h->text.data, h->text.data + h->text.length};
  for (size_t i = 0; i < COUNTOF(families); i++) {
    double load;
    if (!scan_load(&line, &load)) return fail(f, FAIL_PROTOCOL, "%s does not hold three load averages", source->path);
    section_add(s, &families[i], 0, load);
  }
  return true;
}

const struct host_part host_part_loadavg = {
    .families = families, .family_count = COUNTOF(families), .open = open_source, .close = close_source, .collect = collect};
