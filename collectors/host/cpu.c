/* The part "cpu": the time that each CPU spent in each mode.
 *
 * The kernel adds idle and iowait up from several places when asked, and its answer may be smaller than the one before. A counter that runs
 * backwards reads as a restart, and rate() shows thousands of percent. So each mode of each CPU is held at the highest value seen. When idle
 * falls by three seconds or more, or the CPU was away, it really began anew, and so do we. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "collectors/host/cpu_sysfs.h"
#include "collectors/host/host.h"

#define IDLE_RESET_SECONDS 3

enum { SECONDS, GUEST_SECONDS, ONLINE, ISOLATED, CORE_THROTTLES, PACKAGE_THROTTLES };
static const struct family families[] = {
    [SECONDS] = {"node_cpu_seconds_total", "Seconds the CPUs spent in each mode.", METRIC_COUNTER, "cpu,mode", false},
    [GUEST_SECONDS] = {"node_cpu_guest_seconds_total",
                       "Seconds the CPUs spent in guests (VMs); contained in the modes user and nice.", METRIC_COUNTER, "cpu,mode",
                       false},
    [ONLINE] = {"node_cpu_online", "Whether the CPU is online and being scheduled.", METRIC_GAUGE, "cpu", false},
    [ISOLATED] = {"node_cpu_isolated", "CPUs that the scheduler leaves alone (isolcpus).", METRIC_GAUGE, "cpu", false},
    [CORE_THROTTLES] = {"node_cpu_core_throttles_total", "Number of times this CPU core has been throttled.", METRIC_COUNTER,
                        "core,package", false},
    [PACKAGE_THROTTLES] = {"node_cpu_package_throttles_total", "Number of times this CPU package has been throttled.",
                           METRIC_COUNTER, "package", false},
};

static const struct {
  unsigned family;
  const char *mode;
} modes[CPU_MODES] = {
    [CPU_USER] = {SECONDS, "user"},        [CPU_NICE] = {SECONDS, "nice"},
    [CPU_SYSTEM] = {SECONDS, "system"},    [CPU_IDLE] = {SECONDS, "idle"},
    [CPU_IOWAIT] = {SECONDS, "iowait"},    [CPU_IRQ] = {SECONDS, "irq"},
    [CPU_SOFTIRQ] = {SECONDS, "softirq"},  [CPU_STEAL] = {SECONDS, "steal"},
    [CPU_GUEST] = {GUEST_SECONDS, "user"}, [CPU_GUEST_NICE] = {GUEST_SECONDS, "nice"},
};

/* The highest values of one CPU. */
struct peak {
  uint64_t ticks[CPU_MODES];
  uint64_t poll; /* the number of the poll that saw it last */
};

struct cpu {
  uint64_t ticks_per_second;
  struct peak *peaks; /* by the number of the CPU */
  uint32_t peak_count;
  uint64_t polls;
  struct cpu_sysfs sysfs;
  msec_t refresh; /* when to read sysfs again */
};

static void *open_cpu(const struct host *h UNUSED) {
  struct cpu *c = mem_zero(sizeof *c);
  long ticks = sysconf(_SC_CLK_TCK);
  c->ticks_per_second = ticks > 0 ? (uint64_t)ticks : 100;
  return c;
}

static void close_cpu(void *state) {
  struct cpu *c = state;
  cpu_sysfs_done(&c->sysfs);
  free(c->peaks);
  free(c);
}

static struct peak *peak_of(struct cpu *c, uint32_t cpu) {
  if (cpu >= c->peak_count) {
    c->peaks = mem_resize(c->peaks, cpu + 1u, sizeof *c->peaks);
    memset(c->peaks + c->peak_count, 0, (cpu + 1u - c->peak_count) * sizeof *c->peaks);
    c->peak_count = cpu + 1u;
  }
  return &c->peaks[cpu];
}

/* What to show for `now`, and what to hold on to for the next poll. */
static const uint64_t *raise_peak(struct cpu *c, const struct cpu_times *now) {
  struct peak *peak = peak_of(c, now->cpu);
  bool was_away = peak->poll + 1 != c->polls;
  bool began_anew = peak->ticks[CPU_IDLE] >= now->ticks[CPU_IDLE] + IDLE_RESET_SECONDS * c->ticks_per_second;
  peak->poll = c->polls;
  for (unsigned i = 0; i < CPU_MODES; i++)
    if (was_away || began_anew || now->ticks[i] > peak->ticks[i]) peak->ticks[i] = now->ticks[i];
  return peak->ticks;
}

static const char *digits_of(uint64_t n, char out[24]) {
  snprintf(out, 24, "%llu", (unsigned long long)n);
  return out;
}

static void add_times(struct section *s, struct cpu *c, const struct cpu_times *now) {
  const uint64_t *ticks = raise_peak(c, now);
  char number[24];
  digits_of(now->cpu, number);
  for (unsigned i = 0; i < CPU_MODES; i++) {
    struct label labels[] = {{"cpu", number, LABEL_STRING}, {"mode", modes[i].mode, LABEL_STRING}};
    section_add(s, &families[modes[i].family], section_labels(s, labels, 2), (double)ticks[i] / (double)c->ticks_per_second);
  }
}

/* /proc/stat has a line for each CPU that is online. */
static void add_sets(struct section *s, const struct cpu *c) {
  char number[24];
  for (uint32_t cpu = 0; cpu < c->sysfs.present_end; cpu++) {
    if (!cpu_set_has(&c->sysfs.present, cpu)) continue;
    labels_t labels = section_label_pairs(s, "cpu", digits_of(cpu, number), NULL);
    section_add(s, &families[ONLINE], labels, cpu < c->peak_count && c->peaks[cpu].poll == c->polls);
    if (cpu_set_has(&c->sysfs.isolated, cpu)) section_add(s, &families[ISOLATED], labels, 1);
  }
}

static void add_throttles(struct section *s, const struct cpu *c) {
  char package[24], core[24];
  for (size_t i = 0; i < c->sysfs.throttle_count; i++) {
    const struct throttle *t = &c->sysfs.throttles[i];
    digits_of(t->package, package);
    if (t->whole_package)
      section_add(s, &families[PACKAGE_THROTTLES], section_label_pairs(s, "package", package, NULL), (double)t->count);
    else
      section_add(s, &families[CORE_THROTTLES], section_label_pairs(s, "core", digits_of(t->core, core), "package", package, NULL),
                  (double)t->count);
  }
}

static bool collect(void *state, struct host *h, struct section *s, struct fail *f) {
  struct cpu *c = state;
  const struct proc_stat *stat = host_stat(h, f);
  if (!stat) return false;
  if (h->now >= c->refresh) {
    cpu_sysfs_read(&c->sysfs, h->options->sysfs, stat);
    c->refresh = h->now + HOST_REFRESH;
  }
  c->polls++;
  for (size_t i = 0; i < stat->cpu_count; i++) add_times(s, c, &stat->cpus[i]);
  add_sets(s, c);
  add_throttles(s, c);
  return true;
}

const struct host_part host_part_cpu = {
    .families = families, .family_count = COUNTOF(families), .open = open_cpu, .close = close_cpu, .collect = collect};
