/* /proc/stat as numbers. Pure: text in, struct out. */
#ifndef SONDE_COLLECTORS_HOST_PROC_STAT_H
#define SONDE_COLLECTORS_HOST_PROC_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define CPUS_MAX 8192

/* In the order of the columns. Guest time is contained in user, and niced guest time in nice. */
enum cpu_mode {
  CPU_USER,
  CPU_NICE,
  CPU_SYSTEM,
  CPU_IDLE,
  CPU_IOWAIT,
  CPU_IRQ,
  CPU_SOFTIRQ,
  CPU_STEAL,
  CPU_GUEST,
  CPU_GUEST_NICE,
  CPU_MODES
};

struct cpu_times {
  uint32_t cpu; /* its number */
  uint64_t ticks[CPU_MODES];
};

enum stat_counter { STAT_INTR, STAT_CTXT, STAT_BTIME, STAT_PROCESSES, STAT_RUNNING, STAT_BLOCKED, STAT_COUNTERS };

/* An empty one is zeroed; it may be parsed into again and again. */
struct proc_stat {
  struct cpu_times *cpus;
  size_t cpu_count, cpu_capacity;
  uint64_t counters[STAT_COUNTERS];
  uint32_t has; /* bit i: counters[i] was there */
};

void proc_stat_done(struct proc_stat *s);
/* False when there is no complete line of a CPU. Lines of other kinds are skipped, a CPU above CPUS_MAX is left out. */
bool proc_stat_parse(struct proc_stat *s, const char *text, size_t length) MUST_CHECK;

#endif
