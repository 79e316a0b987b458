/* The part "stat": the counters of /proc/stat beside those of the CPUs. */
#include "collectors/host/host.h"

static const struct family families[STAT_COUNTERS] = {
    [STAT_INTR] = {"node_intr_total", "Total number of interrupts serviced.", METRIC_COUNTER, NULL, false},
    [STAT_CTXT] = {"node_context_switches_total", "Total number of context switches.", METRIC_COUNTER, NULL, false},
    [STAT_BTIME] = {"node_boot_time_seconds", "Node boot time, in unixtime.", METRIC_GAUGE, NULL, false},
    [STAT_PROCESSES] = {"node_forks_total", "Total number of forks.", METRIC_COUNTER, NULL, false},
    [STAT_RUNNING] = {"node_procs_running", "Number of processes in runnable state.", METRIC_GAUGE, NULL, false},
    [STAT_BLOCKED] = {"node_procs_blocked", "Number of processes blocked waiting for I/O to complete.", METRIC_GAUGE, NULL, false},
};

static bool collect(void *state UNUSED, struct host *h, struct section *s, struct fail *f) {
  const struct proc_stat *stat = host_stat(h, f);
  if (!stat) return false;
  for (unsigned i = 0; i < STAT_COUNTERS; i++)
    if (stat->has >> i & 1u) section_add(s, &families[i], 0, (double)stat->counters[i]);
  return true;
}

const struct host_part host_part_stat = {.families = families, .family_count = COUNTOF(families), .collect = collect};
