/* The past over a restart: that it is there again, bit for bit and at its time, and that no file can do harm. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/history/file.h"
#include "tests/unit/history/past.h"

#define WALL (1700000000 * S) /* of the clock's 0, before the restart */

struct world {
  char folder[64], path[96];
  struct history *h, *again;
  struct fail f;
};

static int set_up(void **state) {
  struct world *w = mem_zero(sizeof *w);
  strcpy(w->folder, "/tmp/sonde-history-XXXXXX");
  if (!mkdtemp(w->folder)) return 1;
  snprintf(w->path, sizeof w->path, "%s/history", w->folder);
  w->h = history_new(60 * MINUTE, 100 * MEGA);
  w->again = history_new(60 * MINUTE, 100 * MEGA);
  *state = w;
  return 0;
}

/* How many files there are, whose names begin so. */
static int files(const struct world *w, const char *prefix, bool remove_them) {
  char path[400];
  int count = 0;
  DIR *d = opendir(w->folder);
  for (struct dirent *e; (e = readdir(d));) {
    if (*e->d_name == '.' || strncmp(e->d_name, prefix, strlen(prefix)) != 0) continue;
    snprintf(path, sizeof path, "%s/%s", w->folder, e->d_name);
    if (remove_them) (void)remove(path);
    count++;
  }
  closedir(d);
  return count;
}

static int tear_down(void **state) {
  struct world *w = *state;
  history_free(w->h);
  history_free(w->again);
  files(w, "", true);
  rmdir(w->folder);
  free(w);
  return 0;
}

static int compare_lines(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All there is, with times on the wall's clock and values as bits, sorted. */
static char *everything(struct history *h, msec_t offset, msec_t from, msec_t to) {
  struct selection sel;
  struct arena a;
  struct buf out;
  arena_init(&a);
  buf_init(&out, 100 * MEGA);
  assert_true(history_select(h, NULL, 0, from, to, &a, &sel, NULL));
  char **lines = arena_alloc(&a, (sel.count + 1) * sizeof *lines);
  for (size_t i = 0; i < sel.count; i++) {
    SCOPED(buf_done) struct buf line;
    buf_init(&line, 10 * MEGA);
    labels_write(&line, sel.series[i].labels);
    for (size_t k = 0; k < sel.series[i].count; k++) {
      uint64_t bits;
      memcpy(&bits, &sel.series[i].points[k].value, sizeof bits);
      buf_printf(&line, " %lld:%llx", (long long)(sel.series[i].points[k].time + offset), (unsigned long long)bits);
    }
    lines[i] = arena_copy(&a, line.data);
  }
  if (sel.count) qsort(lines, sel.count, sizeof *lines, compare_lines);
  for (size_t i = 0; i < sel.count; i++) buf_printf(&out, "%s\n", lines[i]);
  char *text = mem_copy(out.data ? out.data : "");
  selection_done(&sel);
  arena_done(&a);
  buf_done(&out);
  return text;
}

static void append_random(struct shard *s, msec_t time, unsigned *seed) {
  SCOPED(buf_done) struct buf words;
  buf_init(&words, 10000);
  for (int i = 0; i < 25; i++) {
    unsigned kind = (unsigned)rand_r(seed) % 20;
    if (kind == 0) continue;
    if (kind < 4)
      buf_printf(&words, "s%d=%d ", i, rand_r(seed) % 5);
    else if (kind < 6)
      buf_printf(&words, "s%d=%.17g ", i, 1.0 / (1 + rand_r(seed)));
    else
      buf_printf(&words, "s%d=%d.%d ", i, i * 1000 + (int)(time / S), i % 7);
  }
  bool up = rand_r(seed) % 15 > 0;
  past_tick(s, time, up, up ? past_section("part", &a_family, words.data ? words.data : "x") : NULL, NULL);
}

/* Two targets and series of one's own. */
struct filling {
  struct history *h;
  struct shard *first, *second;
  struct labels *own;
  unsigned seed, ticks;
  msec_t time;
};

static struct filling filling(struct history *h, unsigned seed) {
  return (struct filling){
      .h = h,
      .first = past_shard(h, "first"),
      .second = past_shard(h, "second"),
      .own = labels_new((struct label_pair[]){{"__name__", "ALERTS"}, {"k", "\xc3\xa9\n\""}}, 2),
      .seed = seed,
  };
}

static void filling_done(struct filling *f) {
  labels_unref(f->own);
}

static void fill_tick(struct filling *f) {
  f->time += 10 * S + (rand_r(&f->seed) % 50 == 0 ? 137 : 0);
  append_random(f->first, f->time, &f->seed);
  if (rand_r(&f->seed) % 10) append_random(f->second, f->time + 3, &f->seed);
  if (f->ticks++ % 3) history_append(f->h, f->own, f->time, rand_r(&f->seed) % 3);
}

/* An hour of it; returns when it ends. */
static msec_t fill(struct history *h, unsigned seed) {
  struct filling f = filling(h, seed);
  for (int t = 0; t < 360; t++) fill_tick(&f);
  filling_done(&f);
  return f.time + 3;
}

static void assert_saved(struct world *w) {
  if (!history_save(w->h, w->path, WALL, &w->f)) fail_msg("%s", w->f.text);
  assert_int_equal(files(w, "history", false), 1);
}

static void what_was_there_is_there_again_at_its_time(void **state) {
  struct world *w = *state;
  for (unsigned seed = 1; seed < 20; seed++) {
    struct history *h = history_new(600 * MINUTE, 100 * MEGA), *again = history_new(600 * MINUTE, 100 * MEGA);
    msec_t end = fill(h, seed), boot = seed % 2 ? 0 : 70 * MINUTE; /* a boot in between sets our clock back */
    assert_true(history_save(h, w->path, WALL, &w->f));
    if (!history_load(again, w->path, end + 1 - boot, WALL + boot, &w->f)) fail_msg("%s", w->f.text);
    past_shard(again, "first");
    past_shard(again, "second");
    char *before = everything(h, WALL, INT64_MIN, INT64_MAX), *after = everything(again, WALL + boot, INT64_MIN, INT64_MAX);
    assert_string_equal(before, after);
    assert_int_equal(history_stats(h).series, history_stats(again).series);
    size_t bytes = history_stats(h).bytes;
    assert_true(history_stats(again).bytes < bytes + 4000);
    free(before);
    free(after);
    history_free(h);
    history_free(again);
  }
}

static void series_go_on_after_a_restart(void **state) {
  struct world *w = *state;
  struct shard *s = past_shard(w->h, "main");
  for (int t = 10; t <= 100; t += 10) past_a(s, t * S, "x=1 y=2");
  assert_saved(w);
  assert_true(history_load(w->again, w->path, 130 * S, WALL, &w->f));
  s = past_shard(w->again, "main");
  past_a(s, 140 * S, "x=1 z=3");
  past_a(s, 150 * S, "x=2 z=3");
  assert_string_equal(past_shown(w->again, "a", 85 * S, INT64_MAX),
                      "k=x 90:1 100:1 140:1 150:2; k=y 90:2 100:2 140:stale; k=z 140:3 150:3");
  assert_string_equal(past_shown(w->again, "up", 85 * S, INT64_MAX), "90:1 100:1 140:1 150:1");
}

static void a_long_range_is_covered_after_a_restart(void **state) {
  struct world *w = *state;
  const struct matcher m = {MATCH_EQUAL, "__name__", "a", NULL};
  struct selection sel;
  struct arena a;
  arena_init(&a);
  struct shard *s = past_shard(w->h, "main");
  for (int t = 10; t <= 1800; t += 10) past_a(s, t * S, "x=1");
  assert_saved(w);
  assert_true(history_load(w->again, w->path, 1830 * S, WALL, &w->f));
  s = past_shard(w->again, "main");
  past_a(s, 2000 * S, "x=1");
  assert_true(history_select(w->again, &m, 1, 200 * S, 2000 * S, &a, &sel, &w->f));
  assert_true(sel.coverage_count == 1 && sel.coverage[0].since == 200 * S && !sel.coverage[0].gap);
  selection_done(&sel);
  assert_true(history_select(w->again, &m, 1, 1900 * S, 2000 * S, &a, &sel, &w->f)); /* the restart took long */
  assert_int_equal(sel.coverage[0].since, 2000 * S);
  selection_done(&sel);
  arena_done(&a);
}

static void a_target_that_is_gone_after_a_restart_ends(void **state) {
  struct world *w = *state;
  struct shard *s = past_shard(w->h, "main");
  past_a(s, 10 * S, "x=1");
  assert_saved(w);
  assert_true(history_load(w->again, w->path, 30 * S, WALL, &w->f));
  assert_string_equal(past_shown(w->again, "a", ALWAYS), "k=x 10:1 11:stale");
  struct shard *other = past_shard(w->again, "other");
  past_a(other, 40 * S, "y=1");
  past_a(other, 80 * MINUTE, "y=1");
  assert_int_equal(history_stats(w->again).series, 2);
}

static void what_would_lie_in_the_future_is_dropped(void **state) {
  struct world *w = *state;
  struct shard *s = past_shard(w->h, "main");
  for (int t = 10; t <= 100; t += 10) past_a(s, t * S, t < 60 ? "x=1" : t < 90 ? "x=1 y=2" : "x=3 y=2");
  assert_saved(w);
  assert_true(history_load(w->again, w->path, 75 * S, WALL, &w->f)); /* the wall's clock was set back */
  s = past_shard(w->again, "main");
  past_a(s, 80 * S, "x=7");
  assert_string_equal(past_shown(w->again, "a", 35 * S, INT64_MAX), "k=x 40:1 50:1 60:1 70:1 80:7; k=y 60:2 70:2 80:stale");
}

static void a_clock_that_was_set_far_back_leaves_nothing(void **state) {
  struct world *w = *state;
  fill(w->h, 1);
  assert_saved(w);
  assert_true(history_load(w->again, w->path, 1 * S, WALL - 10000000 * S, &w->f));
  assert_int_equal(history_stats(w->again).series, 0);
  struct shard *s = past_shard(w->again, "first");
  past_a(s, 2 * S, "x=7");
  assert_string_equal(past_shown(w->again, "a", ALWAYS), "k=x 2:7");
}

static void what_is_older_than_the_span_stays_away(void **state) {
  struct world *w = *state;
  struct shard *s = past_shard(w->h, "main");
  for (int t = 10; t <= 1000; t += 10) past_a(s, t * S, t < 500 ? "x=1 y=2" : "x=1");
  assert_saved(w);
  history_keep(w->again, 35 * S, MEGA);
  assert_true(history_load(w->again, w->path, 1001 * S, WALL, &w->f));
  past_shard(w->again, "main");
  assert_string_equal(past_shown(w->again, "a", ALWAYS), "k=x 970:1 980:1 990:1 1000:1");
  assert_int_equal(history_stats(w->again).series, 2);
}

static void a_past_that_is_too_much_is_cut_to_the_room_there_is(void **state) {
  struct world *w = *state;
  msec_t end = fill(w->h, 1);
  size_t bytes = history_stats(w->h).bytes;
  assert_saved(w);
  history_keep(w->again, 60 * MINUTE, bytes * 3 / 4);
  assert_true(history_load(w->again, w->path, end + 1, WALL, &w->f));
  assert_true(history_stats(w->again).bytes <= bytes * 3 / 4);
  assert_true(history_stats(w->again).reach > 5 * MINUTE);
}

static void without_a_file_the_past_begins(void **state) {
  struct world *w = *state;
  assert_true(history_load(w->again, w->path, 100 * S, WALL, &w->f));
}

static unsigned char *content(const struct world *w, size_t *ret_length) {
  struct stat st;
  int fd = open(w->path, O_RDONLY);
  assert_true(fd >= 0 && !fstat(fd, &st));
  unsigned char *bytes = malloc((size_t)st.st_size);
  *ret_length = (size_t)st.st_size;
  assert_int_equal(read(fd, bytes, *ret_length), *ret_length);
  close(fd);
  return bytes;
}

static void put_content(const struct world *w, const void *bytes, size_t length) {
  int fd = open(w->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_int_equal(write(fd, bytes, length), length);
  close(fd);
}

static struct shard *small_past(struct world *w) {
  struct shard *s = past_shard(w->h, "main");
  for (int t = 10; t <= 100; t += 10) past_a(s, t * S, t % 30 ? "x=1.25 y=2" : "y=7");
  assert_saved(w);
  return s;
}

static const char *const small_end = "k=x 100:1.25 110:1.25 120:3; k=y 100:2 110:2 120:stale; k=z 120:4";

/* Two ticks more, after which the file has two parts; ret_first is where the first ends. */
static unsigned char *two_parts(struct world *w, size_t *ret_first, size_t *ret_length) {
  struct shard *s = small_past(w);
  free(content(w, ret_first));
  past_a(s, 110 * S, "x=1.25 y=2");
  past_a(s, 120 * S, "x=3 z=4");
  assert_saved(w);
  return content(w, ret_length);
}

static void only_what_is_new_is_written_again(void **state) {
  struct world *w = *state;
  size_t lengths[3];
  unsigned char *bytes[3];
  struct filling f = filling(w->h, 1);
  for (int tick = 0; tick < 300; tick++) fill_tick(&f);
  for (int i = 0; i < 3; i++) {
    if (i == 1) fill_tick(&f);
    assert_saved(w);
    bytes[i] = content(w, &lengths[i]);
  }
  filling_done(&f);
  assert_in_range(lengths[1], lengths[0] + 1, lengths[0] * 3 / 2);
  assert_in_range(lengths[2], lengths[1], lengths[1] + 20);
  assert_memory_equal(bytes[1], bytes[0], lengths[0]);
  assert_memory_equal(bytes[2], bytes[1], lengths[1]);
  for (int i = 0; i < 3; i++) free(bytes[i]);
}

static void a_past_that_was_appended_to_many_times_is_there_again(void **state) {
  struct world *w = *state;
  for (unsigned seed = 1; seed < 10; seed++) {
    struct history *h = history_new(600 * MINUTE, 100 * MEGA), *again = history_new(600 * MINUTE, 100 * MEGA);
    struct filling f = filling(h, seed);
    for (int part = 0; part < 24; part++) {
      for (int tick = 0; tick < 15; tick++) fill_tick(&f);
      assert_true(history_save(h, w->path, WALL, &w->f));
    }
    filling_done(&f);
    assert_true(history_load(again, w->path, f.time + 4, WALL, &w->f));
    past_shard(again, "first");
    past_shard(again, "second");
    char *before = everything(h, 0, INT64_MIN, INT64_MAX), *after = everything(again, 0, INT64_MIN, INT64_MAX);
    assert_string_equal(before, after);
    assert_int_equal(history_stats(h).series, history_stats(again).series);
    free(before);
    free(after);
    history_free(h);
    history_free(again);
  }
}

static void of_a_file_whose_end_is_torn_the_rest_is_taken(void **state) {
  struct world *w = *state;
  size_t first, length;
  unsigned char *bytes = two_parts(w, &first, &length);
  for (size_t cut = first; cut <= length; cut++) {
    struct history *again = history_new(60 * MINUTE, MEGA);
    put_content(w, bytes, cut);
    bool good = history_load(again, w->path, 130 * S, WALL, &w->f);
    assert_int_equal(good, cut == first || cut == length);
    if (!good) assert_non_null(strstr(w->f.text, "/history: its end is torn or damaged"));
    past_shard(again, "main");
    assert_string_equal(past_shown(again, "a", 95 * S, INT64_MAX), cut == length ? small_end : "k=x 100:1.25; k=y 100:2");
    history_free(again);
  }
  assert_int_equal(files(w, "history", false), 1);
  free(bytes);
}

static void of_a_file_whose_end_is_damaged_the_rest_is_taken(void **state) {
  struct world *w = *state;
  size_t first, length, whole;
  unsigned char *bytes = two_parts(w, &first, &length);
  for (size_t i = first; i < length; i++)
    for (unsigned bit = 0; bit < 8; bit++) {
      struct history *again = history_new(60 * MINUTE, MEGA);
      bytes[i] ^= (unsigned char)(1u << bit);
      assert_true(history_load_bytes(again, bytes, length, 130 * S, WALL, &whole, &w->f));
      bytes[i] ^= (unsigned char)(1u << bit);
      assert_int_equal(whole, first);
      assert_int_equal(history_stats(again).series, 3);
      history_free(again);
    }
  free(bytes);
}

static void a_file_that_grew_is_written_anew(void **state) {
  struct world *w = *state;
  struct shard *s = past_shard(w->h, "main");
  size_t before = 0, length = 1, shorter = 0;
  for (int t = 10; t <= 1000; t += 10) {
    past_a(s, t * S, "x=1.25 y=2");
    assert_saved(w);
    free(content(w, &length));
    shorter += length < before;
    before = length;
  }
  assert_in_range(shorter, 1, 50);
  assert_true(history_load(w->again, w->path, 1001 * S, WALL, &w->f));
  assert_string_equal(past_shown(w->again, "a", 975 * S, 1000 * S), "k=x 980:1.25 990:1.25 1000:1.25; k=y 980:2 990:2 1000:2");
}

static void a_file_that_somebody_else_changed_is_written_anew(void **state) {
  struct world *w = *state;
  size_t first, length;
  unsigned char *bytes = two_parts(w, &first, &length);
  put_content(w, bytes, length - 1);
  assert_saved(w);
  assert_true(history_load(w->again, w->path, 130 * S, WALL, &w->f));
  assert_int_equal(history_stats(w->again).series, 4);
  unlink(w->path);
  assert_saved(w);
  free(bytes);
}

static void times_are_right_after_the_wall_clock_was_set(void **state) {
  struct world *w = *state;
  struct shard *s = past_shard(w->h, "main");
  past_a(s, 10 * S, "x=1");
  assert_saved(w);
  past_a(s, 20 * S, "x=2");
  assert_true(history_save(w->h, w->path, WALL - 60 * MINUTE, &w->f));
  assert_true(history_load(w->again, w->path, 30 * S, WALL - 60 * MINUTE, &w->f));
  past_shard(w->again, "main");
  assert_string_equal(past_shown(w->again, "a", ALWAYS), "k=x 10:1 20:2");
}

static void a_file_that_is_torn_anywhere_is_set_aside(void **state) {
  struct world *w = *state;
  size_t length;
  small_past(w);
  unsigned char *bytes = content(w, &length);
  for (size_t cut = 0; cut < length; cut++) {
    put_content(w, bytes, cut);
    assert_false(history_load(w->again, w->path, 130 * S, WALL, &w->f));
    assert_non_null(strstr(w->f.text, cut > 20 ? "it is torn or damaged; it was set aside as" : "it was set aside as"));
    assert_int_equal(files(w, "history.broken-", true), 1);
    assert_int_equal(files(w, "history", false), 0);
    assert_int_equal(history_stats(w->again).series, 0);
  }
  put_content(w, bytes, length);
  assert_true(history_load(w->again, w->path, 130 * S, WALL, &w->f));
  assert_int_equal(history_stats(w->again).series, 3);
  free(bytes);
}

static void a_file_in_which_anything_is_changed_is_not_trusted(void **state) {
  struct world *w = *state;
  size_t length, whole;
  small_past(w);
  unsigned char *bytes = content(w, &length);
  for (size_t i = 0; i < length; i++)
    for (unsigned bit = 0; bit < 8; bit++) {
      bytes[i] ^= (unsigned char)(1u << bit);
      assert_false(history_load_bytes(w->again, bytes, length, 130 * S, WALL, &whole, &w->f));
      bytes[i] ^= (unsigned char)(1u << bit);
    }
  assert_int_equal(history_stats(w->again).series, 0);
  free(bytes);
}

/* Behind magic and version, and the length of the one part. */
enum { PART = sizeof FILE_MAGIC + 1 + FILE_FIXED_SIZE };

static void set_sum(unsigned char *bytes, size_t length) {
  size_t end = length - FILE_FIXED_SIZE;
  uint64_t sum = file_sum(FILE_SUM_START, bytes, PART - FILE_FIXED_SIZE);
  file_number(file_sum(sum, bytes + PART, end - PART), bytes + end);
}

/* As the one above, but who changed it made its sum right: whatever comes of it, it does no harm. */
static void a_file_that_somebody_forged_does_no_harm(void **state) {
  struct world *w = *state;
  size_t length, whole;
  unsigned seed = 1;
  small_past(w);
  unsigned char *bytes = content(w, &length), *forged = malloc(length);
  for (int i = 0; i < 20000; i++) {
    memcpy(forged, bytes, length);
    for (int k = rand_r(&seed) % 4; k >= 0; k--)
      forged[PART + (size_t)rand_r(&seed) % (length - PART)] = (unsigned char)(rand_r(&seed) % 3 ? rand_r(&seed) : 0xff);
    set_sum(forged, length);
    struct history *h = history_new(60 * MINUTE, MEGA);
    if (history_load_bytes(h, forged, length, 130 * S, WALL, &whole, &w->f)) {
      struct shard *s = past_shard(h, "main");
      past_a(s, 140 * S, "x=3 y=4");
      free(everything(h, 0, INT64_MIN, INT64_MAX));
      if (i % 500 == 0) assert_true(history_save(h, w->path, WALL, &w->f));
    }
    history_free(h);
  }
  free(forged);
  free(bytes);
}

static void a_file_of_another_version_is_set_aside(void **state) {
  struct world *w = *state;
  size_t length;
  small_past(w);
  unsigned char *bytes = content(w, &length);
  bytes[sizeof FILE_MAGIC]++;
  set_sum(bytes, length);
  put_content(w, bytes, length);
  assert_false(history_load(w->again, w->path, 130 * S, WALL, &w->f));
  assert_non_null(strstr(w->f.text, "it is of another version of sonde; it was set aside as"));
  free(bytes);
}

static void what_is_no_file_is_set_aside(void **state) {
  struct world *w = *state;
  mkdir(w->path, 0700);
  assert_false(history_load(w->again, w->path, 130 * S, WALL, &w->f));
  assert_non_null(strstr(w->f.text, "it is no history of sonde; it was set aside as"));
  assert_int_equal(files(w, "history.broken", true), 1);
}

static void a_disk_that_is_full_leaves_the_file_before_as_it_was(void **state) {
  struct world *w = *state;
  size_t length, length_again;
  small_past(w);
  unsigned char *bytes = content(w, &length);
  fill(w->h, 3);
  struct rlimit before, small = {.rlim_cur = 2000};
  getrlimit(RLIMIT_FSIZE, &before);
  small.rlim_max = before.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  bool saved = history_save(w->h, w->path, WALL, &w->f);
  setrlimit(RLIMIT_FSIZE, &before);
  assert_false(saved);
  assert_non_null(strstr(w->f.text, "history: File too large"));
  assert_int_equal(files(w, "history", false), 1);
  unsigned char *again = content(w, &length_again);
  assert_int_equal(length, length_again);
  assert_memory_equal(bytes, again, length);
  free(bytes);
  free(again);
}

static void nobody_else_may_read_the_file(void **state) {
  struct world *w = *state;
  struct stat st;
  small_past(w);
  assert_int_equal(stat(w->path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      T(what_was_there_is_there_again_at_its_time),
      T(series_go_on_after_a_restart),
      T(a_long_range_is_covered_after_a_restart),
      T(a_target_that_is_gone_after_a_restart_ends),
      T(what_would_lie_in_the_future_is_dropped),
      T(a_clock_that_was_set_far_back_leaves_nothing),
      T(what_is_older_than_the_span_stays_away),
      T(a_past_that_is_too_much_is_cut_to_the_room_there_is),
      T(without_a_file_the_past_begins),
      T(only_what_is_new_is_written_again),
      T(a_past_that_was_appended_to_many_times_is_there_again),
      T(of_a_file_whose_end_is_torn_the_rest_is_taken),
      T(of_a_file_whose_end_is_damaged_the_rest_is_taken),
      T(a_file_that_grew_is_written_anew),
      T(a_file_that_somebody_else_changed_is_written_anew),
      T(times_are_right_after_the_wall_clock_was_set),
      T(a_file_that_is_torn_anywhere_is_set_aside),
      T(a_file_in_which_anything_is_changed_is_not_trusted),
      T(a_file_that_somebody_forged_does_no_harm),
      T(a_file_of_another_version_is_set_aside),
      T(what_is_no_file_is_set_aside),
      T(a_disk_that_is_full_leaves_the_file_before_as_it_was),
      T(nobody_else_may_read_the_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
