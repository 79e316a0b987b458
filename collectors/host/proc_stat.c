/* The parser of /proc/stat, see collectors/host/proc_stat.h. On a machine with many CPUs the file is dominated by the line `intr`, one number
 * for each interrupt there might be: only its first number, the sum, is read. */
#include "collectors/host/proc_stat.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "collectors/host/lines.h"

static const char *const counter_names[STAT_COUNTERS] = {[STAT_INTR] = "intr",
                                                         [STAT_CTXT] = "ctxt",
                                                         [STAT_BTIME] = "btime",
                                                         [STAT_PROCESSES] = "processes",
                                                         [STAT_RUNNING] = "procs_running",
                                                         [STAT_BLOCKED] = "procs_blocked"};

void proc_stat_done(struct proc_stat *s) {
  free(s->cpus);
  *s = (struct proc_stat){0};
}

static struct cpu_times *add_cpu(struct proc_stat *s) {
  if (s->cpu_count == s->cpu_capacity) {
    s->cpu_capacity = MAX(s->cpu_capacity * 2, (size_t)8);
    s->cpus = mem_resize(s->cpus, s->cpu_capacity, sizeof *s->cpus);
  }
  return &s->cpus[s->cpu_count++];
}

/* `line` begins behind "cpu". The line of the sum has no number there. Kernels before 2.6.33 print fewer columns, never less than four. */
static void parse_cpu(struct proc_stat *s, struct slice line) {
  if (line.at == line.end || *line.at == ' ') return;
  struct cpu_times times = {0};
  uint64_t number;
  if (!number_scan(&line.at, line.end, &number) || number >= CPUS_MAX) return;
  times.cpu = (uint32_t)number;
  unsigned columns = 0;
  while (columns < CPU_MODES && number_scan(&line.at, line.end, &times.ticks[columns])) columns++;
  if (columns > CPU_IDLE) *add_cpu(s) = times;
}

static void parse_counter(struct proc_stat *s, struct slice line) {
  struct slice name;
  if (!next_word(&line, &name)) return;
  for (unsigned i = 0; i < STAT_COUNTERS; i++) {
    if (!slice_is(name, counter_names[i])) continue;
    if (number_scan(&line.at, line.end, &s->counters[i])) s->has |= 1u << i;
    return;
  }
}

bool proc_stat_parse(struct proc_stat *s, const char *text, size_t length) {
  struct slice rest = {text, text + length}, line;
  s->cpu_count = 0;
  s->has = 0;
  while (next_line(&rest, &line)) {
    if (slice_length(line) > 3 && !memcmp(line.at, "cpu", 3)) {
      line.at += 3;
      parse_cpu(s, line);
    } else {
      parse_counter(s, line);
    }
  }
  return s->cpu_count > 0;
}
