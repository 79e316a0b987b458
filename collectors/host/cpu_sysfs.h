/* What /sys knows of the CPUs: facts that change rarely. */
#ifndef SONDE_COLLECTORS_HOST_CPU_SYSFS_H
#define SONDE_COLLECTORS_HOST_CPU_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/host/proc_stat.h"

/* A set of CPU numbers below CPUS_MAX. */
struct cpu_set {
  uint64_t bits[CPUS_MAX / 64];
};
static inline bool cpu_set_has(const struct cpu_set *set, uint32_t cpu) {
  return set->bits[cpu / 64] >> (cpu % 64) & 1u;
}

/* Reads a list as the kernel writes it, "0-3,8,10-11". What cannot be read adds nothing. */
void cpu_set_parse(struct cpu_set *set, const char *text, size_t length);

/* How often a core, or a whole package, was slowed down because it was too hot. */
struct throttle {
  uint64_t package, core, count;
  bool whole_package;
};

/* Zeroed: nothing known. */
struct cpu_sysfs {
  struct cpu_set present, isolated;
  uint32_t present_end; /* one above the highest that is present */
  struct throttle *throttles;
  size_t throttle_count, throttle_capacity;
};

/* Reads it all anew below `root` (/sys). `stat` tells which CPUs to ask for throttling. */
void cpu_sysfs_read(struct cpu_sysfs *c, const char *root, const struct proc_stat *stat);
void cpu_sysfs_done(struct cpu_sysfs *c);

#endif
