/* Any bytes as two parts of the file of the past, with right sums behind them: the first byte tells where they are cut. What is taken in can be asked for, goes on, and when it is written down and read again,
 * is the same. What is refused leaves nothing. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/history/file.h"
#include "base/mem.h"

#define NOW ((msec_t)200000000)

static char path[] = "/tmp/sonde-history-fuzz-XXXXXX";

static void need(bool holds) {
  if (!holds) abort();
}

static void look(struct history *h, size_t *ret_series, size_t *ret_points) {
  struct selection sel;
  struct labels **labels;
  struct arena a;
  struct fail f;
  size_t count;
  arena_init(&a);
  need(history_series(h, NULL, 0, INT64_MIN, INT64_MAX, &a, &labels, &count, &f));
  for (size_t i = 0; i < count; i++) labels_unref(labels[i]);
  *ret_series = *ret_points = 0;
  if (history_select(h, NULL, 0, NOW - 100000, INT64_MAX, &a, &sel, &f)) {
    *ret_series = sel.count;
    for (size_t i = 0; i < sel.count; i++) *ret_points += sel.series[i].count;
    selection_done(&sel);
  } else {
    need(f.kind == FAIL_LIMIT);
  }
  arena_done(&a);
}

static void go_on(struct history *h) {
  struct identity *id = identity_new("main", "test", "jobs", "host:1");
  struct shard *s = history_add(h, id);
  struct batch *b = batch_new(id, 0);
  b->time = NOW;
  b->up = true;
  shard_append(s, b);
  struct labels *own = labels_new((struct label_pair[]){{"__name__", "ALERTS"}}, 1);
  history_append(h, own, NOW, 1);
  labels_unref(own);
  batch_unref(b);
  identity_unref(id);
}

static void save_and_load(struct history *h) {
  struct history *again = history_new(100000000, 64u << 20);
  struct fail f;
  size_t series, points, series_again, points_again;
  need(history_save(h, path, 5000, &f) && history_load(again, path, NOW, 5000, &f));
  look(h, &series, &points);
  look(again, &series_again, &points_again);
  need(series == series_again && points == points_again);
  history_free(again);
}

static uint64_t put_part(unsigned char *bytes, size_t *length, uint64_t sum, const uint8_t *data, size_t size) {
  unsigned char *part = bytes + *length + FILE_FIXED_SIZE;
  file_number(size + FILE_FIXED_SIZE, bytes + *length);
  if (size) memcpy(part, data, size);
  file_number(file_sum(sum, part, size), part + size);
  *length += size + (size_t)2 * FILE_FIXED_SIZE;
  return file_sum(sum, part, size + FILE_FIXED_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static bool prepared;
  struct fail f;
  size_t series, points, whole;
  if (!prepared) close(mkstemp(path));
  prepared = true;
  if (size == 0) return 0;
  size_t first = (size - 1) * data[0] / 255, head = sizeof FILE_MAGIC + 1, length = head;
  unsigned char *bytes = malloc(head + size + 4 * FILE_FIXED_SIZE);
  memcpy(bytes, FILE_MAGIC, sizeof FILE_MAGIC);
  bytes[sizeof FILE_MAGIC] = FILE_VERSION;
  uint64_t sum = put_part(bytes, &length, file_sum(FILE_SUM_START, bytes, head), data + 1, first);
  if (first < size - 1) put_part(bytes, &length, sum, data + 1 + first, size - 1 - first);
  struct history *h = history_new(100000000, 64u << 20);
  bool good = history_load_bytes(h, bytes, length, NOW, 1000, &whole, &f);
  look(h, &series, &points);
  if (good && size % 16 == 0) save_and_load(h);
  if (!good) need(history_stats(h).series == 0);
  go_on(h);
  look(h, &series, &points);
  history_free(h);
  free(bytes);
  return 0;
}
