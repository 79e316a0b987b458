/* What one poll of a Redis server costs the agent: CPU seconds of this process for each poll, the sections finished and freed. First the
 * whole poll, then the reading of INFO alone, from the text the server sent.
 *   redis_bench [url [polls]] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "collectors/redis/visit.h"
#include "metric/section_reader.h"

extern const struct collector redis_collector;

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void give_up(const struct fail *f) {
  fprintf(stderr, "redis_bench: %s\n", f->text);
  exit(1);
}

static size_t poll_once(void *state, uint32_t due) {
  struct fail f;
  size_t samples = 0, count;
  struct poll p = {.wait = {.deadline = clock_now() + 5000, .stop_fd = -1}, .due = due};
  if (!redis_collector.poll(state, &p, &f)) give_up(&f);
  for (unsigned i = 0; i < PART_COUNT; i++) {
    if (!p.sections[i]) continue;
    section_samples(p.sections[i], &count);
    samples += count;
    section_unref(p.sections[i]);
  }
  return samples;
}

static void bench_polls(void *state, int polls, uint32_t due, const char *what) {
  size_t samples = poll_once(state, due);
  double start = cpu_seconds();
  for (int i = 0; i < polls; i++) (void)poll_once(state, due);
  printf("redis poll, %-28s %7.1f us CPU  %zu samples\n", what, (cpu_seconds() - start) / polls * 1e6, samples);
}

/* INFO as the server sends it, kept beyond the poll. */
static const struct reply *fetch_info(struct redis_session *s, struct redis_batch *b) {
  struct fail f;
  struct wait w = {.deadline = clock_now() + 5000, .stop_fd = -1};
  if (!redis_session_begin(s, b, &w, &f)) give_up(&f);
  ticket_t info = redis_ask(b, "INFO", "ALL", NULL);
  if (!redis_session_flush(s, b, &w, &f)) give_up(&f);
  return redis_reply(b, info);
}

static void read_once(const struct reply *info, struct info_memory *memory) {
  struct fail f;
  struct info_facts facts;
  struct arena arena;
  arena_init(&arena);
  struct section *s = section_new("info");
  struct info_pass pass = {.section = s, .arena = &arena, .memory = memory, .databases = 16};
  if (!info_write(&pass, info->text, info->length, &facts, &f)) give_up(&f);
  section_unref(section_finish(s));
  arena_done(&arena);
}

static void bench_info(const struct redis_options *o, int rounds) {
  struct info_memory memory = {{0}};
  struct redis_session session;
  struct redis_batch batch;
  struct arena arena;
  arena_init(&arena);
  redis_batch_init(&batch, &arena);
  redis_session_init(&session, o);
  const struct reply *info = fetch_info(&session, &batch);
  double start = cpu_seconds();
  for (int i = 0; i < rounds; i++) read_once(info, &memory);
  printf("redis INFO as a section, %zu bytes    %7.1f us CPU\n", info->length, (cpu_seconds() - start) / rounds * 1e6);
  redis_session_close(&session);
  redis_batch_done(&batch);
  arena_done(&arena);
}

int main(int argc, char **argv) {
  struct redis_options options = {.url = argc > 1 ? argv[1] : "redis://127.0.0.1:6379"};
  int polls = argc > 2 ? atoi(argv[2]) : 2000;
  struct fail f;
  struct arena arena;
  char name[64];
  arena_init(&arena);
  if (!redis_collector.kind.prepare(&options, &arena, name, sizeof name, &f)) give_up(&f);
  void *state = redis_collector.open(&options);
  bench_polls(state, polls, 1u << PART_INFO, "INFO alone");
  bench_polls(state, polls, ((1u << PART_COUNT) - 1) & ~(1u << PART_CONFIG), "every part of a usual tick");
  redis_collector.close(state);
  bench_info(&options, polls * 5);
  arena_done(&arena);
}
