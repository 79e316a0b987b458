/* Reading /sys/devices/system/cpu, see collectors/host/cpu_sysfs.h. Siblings share a core's counter and cores their package's, so that each is
 * read from the first CPU that has it. */
#include "collectors/host/cpu_sysfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "collectors/host/source.h"

#define LIST_BYTES 8192

static void add_range(struct cpu_set *set, uint64_t first, uint64_t last) {
  for (uint64_t cpu = first; cpu <= last && cpu < CPUS_MAX; cpu++) set->bits[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

void cpu_set_parse(struct cpu_set *set, const char *text, size_t length) {
  const char *p = text, *end = text + length;
  uint64_t first, last;
  while (number_scan(&p, end, &first)) {
    last = first;
    if (p < end && *p == '-') {
      p++;
      if (!number_scan(&p, end, &last)) return;
    }
    add_range(set, first, last);
    if (p == end || *p++ != ',') return;
  }
}

static void read_set(struct cpu_set *set, const char *root, const char *name) {
  char path[4096], text[LIST_BYTES];
  *set = (struct cpu_set){0};
  snprintf(path, sizeof path, "%s/devices/system/cpu/%s", root, name);
  if (source_peek(path, text, sizeof text)) cpu_set_parse(set, text, strlen(text));
}

static bool read_of_cpu(const char *root, uint32_t cpu, const char *name, uint64_t *ret) {
  char path[4096];
  snprintf(path, sizeof path, "%s/devices/system/cpu/cpu%u/%s", root, (unsigned)cpu, name);
  return source_peek_number(path, ret);
}

static bool is_known(const struct cpu_sysfs *c, const struct throttle *wanted) {
  for (size_t i = 0; i < c->throttle_count; i++) {
    const struct throttle *t = &c->throttles[i];
    if (t->whole_package == wanted->whole_package && t->package == wanted->package && t->core == wanted->core) return true;
  }
  return false;
}

static void add_throttle(struct cpu_sysfs *c, const char *root, uint32_t cpu, struct throttle t) {
  const char *name = t.whole_package ? "thermal_throttle/package_throttle_count" : "thermal_throttle/core_throttle_count";
  if (is_known(c, &t) || !read_of_cpu(root, cpu, name, &t.count)) return;
  if (c->throttle_count == c->throttle_capacity) {
    c->throttle_capacity = MAX(c->throttle_capacity * 2, (size_t)16);
    c->throttles = mem_resize(c->throttles, c->throttle_capacity, sizeof *c->throttles);
  }
  c->throttles[c->throttle_count++] = t;
}

static uint32_t end_of(const struct cpu_set *set) {
  uint32_t end = CPUS_MAX;
  while (end && !cpu_set_has(set, end - 1)) end--;
  return end;
}

void cpu_sysfs_read(struct cpu_sysfs *c, const char *root, const struct proc_stat *stat) {
  read_set(&c->present, root, "present");
  c->present_end = end_of(&c->present);
  read_set(&c->isolated, root, "isolated");
  c->throttle_count = 0;
  for (size_t i = 0; i < stat->cpu_count; i++) {
    uint32_t cpu = stat->cpus[i].cpu;
    uint64_t package, core;
    if (!read_of_cpu(root, cpu, "topology/physical_package_id", &package)) continue;
    if (!read_of_cpu(root, cpu, "topology/core_id", &core)) continue;
    add_throttle(c, root, cpu, (struct throttle){.package = package, .core = core});
    add_throttle(c, root, cpu, (struct throttle){.package = package, .whole_package = true});
  }
}

void cpu_sysfs_done(struct cpu_sysfs *c) {
  free(c->throttles);
  *c = (struct cpu_sysfs){0};
}
