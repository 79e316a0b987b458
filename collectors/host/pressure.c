/* The part "pressure": time that processes lost waiting for CPU, memory or I/O. A kernel may lack it (built without, or started with psi=0),
 * and the file for interrupts is younger than the others: what is missing is not shown. */
#include "collectors/host/pressure.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/number.h"
#include "collectors/host/host.h"
#include "collectors/host/lines.h"

static const struct family families[] = {
    {"node_pressure_cpu_waiting_seconds_total", "Total time in seconds that processes have waited for CPU time.", METRIC_COUNTER,
     NULL, false},
    {"node_pressure_io_waiting_seconds_total", "Total time in seconds that processes have waited due to IO congestion.",
     METRIC_COUNTER, NULL, false},
    {"node_pressure_io_stalled_seconds_total", "Total time in seconds no process could make progress due to IO congestion.",
     METRIC_COUNTER, NULL, false},
    {"node_pressure_memory_waiting_seconds_total", "Total time in seconds that processes have waited for memory.", METRIC_COUNTER,
     NULL, false},
    {"node_pressure_memory_stalled_seconds_total", "Total time in seconds no process could make progress due to memory congestion.",
     METRIC_COUNTER, NULL, false},
    {"node_pressure_irq_stalled_seconds_total", "Total time in seconds no process could make progress due to IRQ congestion.",
     METRIC_COUNTER, NULL, false},
};

/* Which family each line of a file is; NULL: not shown. For a whole system, "full" of cpu is always 0. */
static const struct {
  const char *file;
  const struct family *some, *full;
} resources[] = {
    {"pressure/cpu", &families[0], NULL},
    {"pressure/io", &families[1], &families[2]},
    {"pressure/memory", &families[3], &families[4]},
    {"pressure/irq", NULL, &families[5]},
};

static bool scan_total(struct slice line, uint64_t *ret) {
  static const char key[] = "total=";
  struct slice word;
  while (next_word(&line, &word)) {
    if (slice_length(word) < sizeof key || memcmp(word.at, key, sizeof key - 1) != 0) continue;
    word.at += sizeof key - 1;
    return number_scan(&word.at, word.end, ret);
  }
  return false;
}

struct pressure pressure_parse(const char *text, size_t length) {
  struct slice rest = {text, text + length}, line, kind;
  struct pressure p = {0};
  while (next_line(&rest, &line)) {
    if (!next_word(&line, &kind)) continue;
    if (slice_is(kind, "some"))
      p.has_some = scan_total(line, &p.some_us);
    else if (slice_is(kind, "full"))
      p.has_full = scan_total(line, &p.full_us);
  }
  return p;
}

struct state {
  struct source sources[COUNTOF(resources)];
};

static void *open_pressure(const struct host *h) {
  struct state *state = mem_zero(sizeof *state);
  for (size_t i = 0; i < COUNTOF(resources); i++) source_init(&state->sources[i], h->options->procfs, resources[i].file);
  return state;
}

static void close_pressure(void *state) {
  for (size_t i = 0; i < COUNTOF(resources); i++) source_done(&((struct state *)state)->sources[i]);
  free(state);
}

static bool collect(void *state, struct host *h, struct section *s, struct fail *f) {
  struct state *p = state;
  bool any = false;
  for (size_t i = 0; i < COUNTOF(resources); i++) {
    struct fail why;
    if (!host_read(h, &p->sources[i], &why)) {
      if (!any) *f = why;
      continue;
    }
    struct pressure pressure = pressure_parse(h->text.data, h->text.length);
    if (pressure.has_some && resources[i].some) section_add(s, resources[i].some, 0, (double)pressure.some_us / 1e6);
    if (pressure.has_full && resources[i].full) section_add(s, resources[i].full, 0, (double)pressure.full_us / 1e6);
    any = true;
  }
  return any;
}

const struct host_part host_part_pressure = {
    .families = families, .family_count = COUNTOF(families), .open = open_pressure, .close = close_pressure, .collect = collect};
