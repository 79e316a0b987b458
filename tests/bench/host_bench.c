/* What one poll of this host costs: CPU seconds of the whole process (its helper threads included) for each poll, all parts due, the sections
 * finished and freed. Prints the mean and, for each part, the mean time it took by the clock.
 *   host_bench [polls]      host_bench page  prints what one poll collected */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "collectors/collector.h"
#include "collectors/host/options.h"
#include "metric/exposition.h"

extern const struct collector host_collector;

static void set_defaults(void *options, const struct option *rows) {
  for (; rows && rows->name; rows++) {
    if (rows->type == OPTION_MAP)
      set_defaults(options, rows->sub);
    else
      memcpy((char *)options + rows->offset, &rows->fallback, sizeof rows->fallback);
  }
}

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void poll_once(void *state, struct poll *p) {
  struct fail f;
  *p = (struct poll){.wait = {.deadline = clock_now() + 5000, .stop_fd = -1}, .due = (1u << host_collector.kind.part_count) - 1};
  if (host_collector.poll(state, p, &f)) return;
  fprintf(stderr, "host_bench: %s\n", f.text);
  exit(1);
}

static void drop(struct poll *p) {
  for (size_t i = 0; i < host_collector.kind.part_count; i++) section_unref(p->sections[i]);
}

static void print_page(struct poll *p) {
  size_t count = host_collector.kind.part_count;
  struct batch *b = batch_new(identity_new("host", "host", "node", "host"), count + 1);
  struct poll_status status = {.up = true, .parts = host_collector.kind.parts, .part_count = count};
  for (size_t i = 0; i < count; i++) {
    status.part[i].on = true;
    status.part[i].ok = p->sections[i] != NULL;
    status.part[i].duration_seconds = p->seconds[i];
    if (!p->sections[i]) fprintf(stderr, "%s: %s\n", status.parts[i].name, p->fails[i].text);
  }
  b->sections[0] = section_new("status");
  host_collector.status(b->sections[0], &status);
  section_finish(b->sections[0]);
  b->count = 1;
  for (size_t i = 0; i < count; i++)
    if (p->sections[i]) b->sections[b->count++] = p->sections[i];
  struct buf out;
  buf_init(&out, EXPOSITION_BYTES_MAX);
  exposition_write(&out, &b, 1, EXPOSITION_TEXT, false);
  fwrite(out.data, 1, out.length, stdout);
}

int main(int argc, char **argv) {
  struct host_options options = {0};
  set_defaults(&options, host_collector.kind.options);
  for (size_t i = 0; i < host_collector.kind.part_count; i++) set_defaults(&options, host_collector.kind.parts[i].options);
  void *state = host_collector.open(&options);
  struct poll p;
  double seconds[PARTS_MAX] = {0};
  bool page = argc > 1 && !strcmp(argv[1], "page");
  int polls = argc > 1 && !page ? atoi(argv[1]) : 2000;
  poll_once(state, &p);
  if (page) {
    print_page(&p);
    return 0;
  }
  drop(&p);
  double start = cpu_seconds();
  for (int i = 0; i < polls; i++) {
    poll_once(state, &p);
    for (size_t k = 0; k < host_collector.kind.part_count; k++) seconds[k] += p.seconds[k];
    drop(&p);
  }
  printf("%.1f us of CPU a poll, mean of %d\n", (cpu_seconds() - start) / polls * 1e6, polls);
  for (size_t i = 0; i < host_collector.kind.part_count; i++)
    printf("  %-12s %6.1f us\n", host_collector.kind.parts[i].name, seconds[i] / polls * 1e6);
  host_collector.close(state);
}
