/* The part "time": the wall clock, its zone, and which hardware the kernel reads the time from. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "collectors/host/host.h"
#include "collectors/host/lines.h"

enum { SECONDS, ZONE, AVAILABLE, CURRENT };
static const struct family families[] = {
    [SECONDS] = {"node_time_seconds", "System time in seconds since epoch (1970).", METRIC_GAUGE, NULL, false},
    [ZONE] = {"node_time_zone_offset_seconds", "System time zone offset in seconds.", METRIC_GAUGE, "time_zone", false},
    [AVAILABLE] = {"node_time_clocksource_available_info", "Available clocksources read from '/sys/devices/system/clocksource'.",
                   METRIC_GAUGE, "clocksource,device", false},
    [CURRENT] = {"node_time_clocksource_current_info", "Current clocksource read from '/sys/devices/system/clocksource'.",
                 METRIC_GAUGE, "clocksource,device", false},
};

struct state {
  char available[512], current[64]; /* "" when unknown */
  msec_t refresh;                   /* when to read them again */
};

static void *open_time(const struct host *h UNUSED) {
  return mem_zero(sizeof(struct state));
}

static void peek(const char *sysfs, const char *name, char *out, size_t size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/devices/system/clocksource/clocksource0/%s", sysfs, name);
  if (!source_peek(path, out, size)) *out = 0;
  out[strcspn(out, "\n")] = 0;
}

static void add_clocksources(struct section *s, const struct family *family, const char *names) {
  struct slice rest = {names, names + strlen(names)}, name;
  while (next_word(&rest, &name)) {
    struct label labels[] = {{"clocksource", name.at, slice_length(name)}, {"device", "0", LABEL_STRING}};
    section_add(s, family, section_labels(s, labels, COUNTOF(labels)), 1);
  }
}

static bool collect(void *state, struct host *h, struct section *s, struct fail *f) {
  struct state *t = state;
  struct timespec now;
  struct tm local;
  clock_gettime(CLOCK_REALTIME, &now);
  if (!localtime_r(&now.tv_sec, &local)) return fail_errno(f, "asking for the local time");
  if (h->now >= t->refresh) {
    peek(h->options->sysfs, "available_clocksource", t->available, sizeof t->available);
    peek(h->options->sysfs, "current_clocksource", t->current, sizeof t->current);
    t->refresh = h->now + HOST_REFRESH;
  }
  int64_t microseconds = now.tv_sec * 1000000 + now.tv_nsec / 1000; /* what a double can hold of today's date without noise */
  section_add(s, &families[SECONDS], 0, (double)microseconds / 1e6);
  section_add(s, &families[ZONE], section_label_pairs(s, "time_zone", local.tm_zone, NULL), (double)local.tm_gmtoff);
  add_clocksources(s, &families[AVAILABLE], t->available);
  add_clocksources(s, &families[CURRENT], t->current);
  return true;
}

const struct host_part host_part_time = {
    .families = families, .family_count = COUNTOF(families), .open = open_time, .close = free, .collect = collect};
