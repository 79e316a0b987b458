/* The collector "host": this machine, as node_exporter shows it. Each part is a file of its own; this one puts them together. Everything is read
 * from files that are held open, but for the network devices (netlink) and the file systems (helper threads), so that a poll takes some
 * tens of microseconds and cannot be held up. */
#include "collectors/host/host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "collectors/collector.h"
#include "collectors/host/filter.h"

#define X(part_name, part_options, part_summary) {.name = #part_name, .summary = part_summary, .options = part_options},
static const struct part parts[] = {HOST_PARTS(X)};
#undef X

#define X(name, options, summary) &host_part_##name,
static const struct host_part *const host_parts[] = {HOST_PARTS(X)};
#undef X

_Static_assert(COUNTOF(parts) <= PARTS_MAX, "more parts than a poll has room for");

bool host_read(struct host *h, struct source *source, struct fail *f) {
  return source_read(source, &h->text, f);
}

const struct proc_stat *host_stat(struct host *h, struct fail *f) {
  if (h->stat_fresh) return &h->stat;
  if (!host_read(h, &h->stat_source, f)) return NULL;
  h->stat_fresh = proc_stat_parse(&h->stat, h->text.data, h->text.length);
  if (h->stat_fresh) return &h->stat;
  fail(f, FAIL_PROTOCOL, "%s has no line of a CPU", h->stat_source.path);
  return NULL;
}

static void *open_host(const void *options) {
  struct host *h = mem_zero(sizeof *h);
  h->options = options;
  buf_init(&h->text, SOURCE_BYTES_MAX);
  source_init(&h->stat_source, h->options->procfs, "stat");
  for (size_t i = 0; i < COUNTOF(parts); i++)
    if (host_parts[i]->open) h->states[i] = host_parts[i]->open(h);
  return h;
}

static void close_host(void *state) {
  struct host *h = state;
  for (size_t i = 0; i < COUNTOF(parts); i++)
    if (host_parts[i]->close) host_parts[i]->close(h->states[i]);
  source_done(&h->stat_source);
  proc_stat_done(&h->stat);
  buf_done(&h->text);
  free(h);
}

static bool collect(struct host *h, struct poll *p, unsigned part) {
  double start = clock_seconds();
  struct section *s = section_new(parts[part].name);
  bool ok = host_parts[part]->collect(h->states[part], h, s, &p->fails[part]);
  p->seconds[part] = clock_seconds() - start;
  if (ok)
    poll_done(p, part, s);
  else
    section_unref(s);
  return ok;
}

/* The base part is the first, and the only one without which there is no host. */
static bool poll_host(void *state, struct poll *p, struct fail *f) {
  struct host *h = state;
  h->now = clock_now();
  h->wait = &p->wait;
  h->stat_fresh = false;
  for (unsigned i = 0; i < COUNTOF(parts); i++)
    if (poll_due(p, i) && host_parts[i]->begin) host_parts[i]->begin(h->states[i], h);
  for (unsigned i = 0; i < COUNTOF(parts); i++) {
    if (!poll_due(p, i) || collect(h, p, i) || i > 0) continue;
    *f = p->fails[i];
    return false;
  }
  return true;
}

#if defined __x86_64__
#define GO_ARCH "amd64"
#elif defined __aarch64__
#define GO_ARCH "arm64"
#else
#define GO_ARCH "other"
#endif

static const struct family duration = {"node_scrape_collector_duration_seconds",
                                       "How long the part took when it was last collected.", METRIC_GAUGE, "collector", false};
static const struct family success = {"node_scrape_collector_success", "Whether the part was collected.", METRIC_GAUGE, "collector",
                                      false};
static const struct family build_info = {"node_exporter_build_info",
                                         "Always 1, for dashboards that ask for it. This is sonde, see sonde_build_info; version "
                                         "is that of the node_exporter whose names it follows.",
                                         METRIC_GAUGE, "branch,goarch,goos,goversion,revision,version", false};

/* Nanoseconds, so that the number is short. */
static double rounded(double seconds) {
  return nearbyint(seconds * 1e9) / 1e9;
}

static void write_status(struct section *s, const struct poll_status *status) {
  for (size_t i = 0; i < status->part_count; i++) {
    if (!status->part[i].on) continue;
    labels_t labels = section_label_pairs(s, "collector", status->parts[i].name, NULL);
    section_add(s, &duration, labels, rounded(status->part[i].duration_seconds));
    section_add(s, &success, labels, status->part[i].ok);
  }
  labels_t labels = section_label_pairs(s, "branch", "sonde", "goarch", GO_ARCH, "goos", "linux", "goversion", "none", "revision",
                                        "sonde", "version", "1.5.0", NULL);
  section_add(s, &build_info, labels, 1);
}

static void catalogue(family_fn *each, void *arg) {
  for (size_t i = 0; i < COUNTOF(parts); i++)
    for (size_t k = 0; k < host_parts[i]->family_count; k++) each(&host_parts[i]->families[k], parts[i].name, arg);
  each(&duration, "status", arg);
  each(&success, "status", arg);
  each(&build_info, "status", arg);
}

/* Names of targets have few characters; a host name may have others. */
static void host_name(char *out, size_t size) {
  if (gethostname(out, size) < 0 || !*out) snprintf(out, size, "localhost");
  out[size - 1] = 0;
  for (char *p = out; *p; p++) {
    bool fine = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '.' || *p == '-';
    if (!fine) *p = '_';
  }
}

static bool prepare(void *options, struct arena *a UNUSED, char *name, size_t size, struct fail *f) {
  const struct host_options *o = options;
  host_name(name, size);
  if (!filter_check(o->mount_exclude, f)) return fail_prefix(f, "parts.filesystem.mount_exclude");
  if (!filter_check(o->type_exclude, f)) return fail_prefix(f, "parts.filesystem.type_exclude");
  if (!filter_check(o->disk_exclude, f)) return fail_prefix(f, "parts.diskstats.exclude");
  if (!filter_check(o->network_exclude, f)) return fail_prefix(f, "parts.netdev.exclude");
  return true;
}

const struct collector host_collector = {
    .kind = {.name = "host",
             .job = "node",
             .summary = "This machine: CPU, memory, disks, file systems, network, as node_exporter shows them.",
             .parts = parts,
             .part_count = COUNTOF(parts),
             .options = host_options,
             .options_size = sizeof(struct host_options),
             .prepare = prepare},
    .open = open_host,
    .poll = poll_host,
    .status = write_status,
    .close = close_host,
    .catalogue = catalogue,
};
