/* Writes pages for test_exposition.py: each in both formats, with the targets' names on the lines (.all) and without (.one).
 *   pages DIRECTORY
 * One line of standard output for each page: its name, how many samples went in, how many were left out of each of the four. The first pages
 * are made by hand; the others put families with names that clash, of all types and with any values, together at random. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "metric/exposition.h"

enum { RANDOM_PAGES = 1500, TARGETS_MAX = 3, SECTIONS_MAX = 4 };

struct stage {
  struct batch *batches[TARGETS_MAX];
  size_t count;
};

static struct section *section(struct stage *stage) {
  struct batch *b = stage->batches[stage->count - 1];
  return b->sections[b->count++] = section_new("part");
}

static void target(struct stage *stage, const char *name) {
  struct identity *id = identity_new(name, "test", "job", name);
  struct batch *b = stage->batches[stage->count++] = batch_new(id, SECTIONS_MAX);
  b->count = 0;
  identity_unref(id);
}

static const struct family gauge = {
    .name = "warmth_celsius", .help = "A gauge with \"quotes\", a \\ and a\nnewline.", .type = METRIC_GAUGE};
static const struct family counter = {.name = "hits_total", .help = "A counter.", .type = METRIC_COUNTER};
static const struct family odd_counter = {.name = "hits_oddly", .help = "A counter without total.", .type = METRIC_COUNTER};
static const struct family total = {.name = "_total", .help = "A counter without a name.", .type = METRIC_COUNTER};
static const struct family untyped = {.name = "whatever", .help = "", .type = METRIC_UNTYPED};
static const struct family histogram = {.name = "wait_seconds", .help = "A histogram.", .type = METRIC_HISTOGRAM};
static const struct family summary = {.name = "size_bytes", .help = "A summary.", .type = METRIC_SUMMARY};
static const struct family percent = {.name = "odd_us", .help = "Percent.", .type = METRIC_SUMMARY, .om_unknown = true};

static void add_distributions(struct section *s, const char *db) {
  section_add_suffix(s, &histogram, SUFFIX_BUCKET, section_label_pairs(s, "db", db, "le", "0.1", NULL), 1);
  section_add_suffix(s, &histogram, SUFFIX_BUCKET, section_label_pairs(s, "db", db, "le", "1e+06", NULL), 3);
  section_add_suffix(s, &histogram, SUFFIX_BUCKET, section_label_pairs(s, "db", db, "le", "+Inf", NULL), 4);
  section_add_suffix(s, &histogram, SUFFIX_SUM, section_label_pairs(s, "db", db, NULL), 12.25);
  section_add_suffix(s, &histogram, SUFFIX_COUNT, section_label_pairs(s, "db", db, NULL), 4);
  section_add(s, &summary, section_label_pairs(s, "db", db, "quantile", "0.5", NULL), 7);
  section_add(s, &summary, section_label_pairs(s, "db", db, "quantile", "0.99", NULL), NAN);
  section_add_suffix(s, &summary, SUFFIX_SUM, section_label_pairs(s, "db", db, NULL), 70);
  section_add_suffix(s, &summary, SUFFIX_COUNT, section_label_pairs(s, "db", db, NULL), 10);
  section_add(s, &percent, section_label_pairs(s, "db", db, "quantile", "99.9", NULL), 8);
  section_add_suffix(s, &percent, SUFFIX_SUM, section_label_pairs(s, "db", db, NULL), 70);
  section_add_suffix(s, &percent, SUFFIX_COUNT, section_label_pairs(s, "db", db, NULL), 10);
}

static void every_type(struct stage *stage) {
  for (int i = 0; i < TARGETS_MAX; i++) {
    target(stage, (const char *const[]){"web-1", "db.example:5432/main", "cache"}[i]);
    struct section *s = section(stage);
    section_add(s, &gauge, section_label_pairs(s, "room", "kitchen", NULL), -4.5);
    section_add(s, &gauge, 0, 1e300);
    section_add(s, &counter, 0, 9007199254740993.0);
    section_add(s, &odd_counter, 0, 0.1);
    section_add(s, &total, 0, 1);
    section_add(s, &untyped, 0, -INFINITY);
    add_distributions(s, "shop");
    add_distributions(s, "crm");
  }
}

static const char *const texts[] = {"plain",
                                    "a\nb",
                                    "a\\",
                                    "\\\"",
                                    "\"",
                                    "a\"} 1\nevil{x=\"",
                                    " # {a=\"b\"} 1",
                                    "}",
                                    "{",
                                    ",",
                                    "=",
                                    "a=\"b\",c=\"d\"",
                                    "# EOF",
                                    "\r",
                                    "\t",
                                    "\x7f\x01",
                                    "gr\xc3\xbc\xc3\x9f",
                                    "\xf0\x9f\x90\x98",
                                    "\xff\xfe",
                                    "\xc3",
                                    "\xed\xa0\x80",
                                    "\xe2\x80\xa8",
                                    "\\n",
                                    "\xc2\x85",
                                    " ",
                                    "0\x1f\x1e"};

static void hostile_text(struct stage *stage) {
  target(stage, "a\"b\\c\nd\xff");
  struct section *s = section(stage);
  for (size_t i = 0; i < COUNTOF(texts); i++) {
    section_add(s, &gauge, section_label_pairs(s, "text", texts[i], "z", "1", NULL), 1);
    section_add(s, section_family(s, texts[i], METRIC_GAUGE, texts[i]),
                section_label_pairs(s, texts[i], texts[i], "target", "x", NULL), 1);
  }
  section_add(s, &gauge, section_labels(s, &(struct label){"text", "a\0b", 3}, 1), 1);
  char *huge = malloc(1u << 20);
  memset(huge, '"', 1u << 20);
  section_add(s, &gauge, section_labels(s, &(struct label){"text", huge, 1u << 20}, 1), 1);
  free(huge);
}

static void above_the_cap(struct stage *stage) {
  target(stage, "big");
  struct section *s = section(stage);
  char number[16];
  for (int i = 0; i < 5001; i++) {
    snprintf(number, sizeof number, "%d", i);
    add_distributions(s, number);
  }
}

static void nothing(struct stage *stage) {
  target(stage, "empty");
  section(stage);
}

/* The same numbers on every machine and in every run. */
static unsigned dice(unsigned sides) {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (unsigned)(state >> 33) % sides;
}

static const char *const names[] = {"x",
                                    "x_total",
                                    "x_sum",
                                    "x_count",
                                    "x_bucket",
                                    "x_created",
                                    "x_created_total",
                                    "x_total_total",
                                    "x_sum_total",
                                    "x_count_sum",
                                    "x_bucket_created",
                                    "x_info",
                                    "x_gsum",
                                    "y"};
enum { NAMES = COUNTOF(names), TYPES = METRIC_SUMMARY + 1 };

static const struct family *random_family(struct section *s) {
  static struct family families[NAMES][TYPES];
  unsigned name = dice(NAMES), type = dice(TYPES);
  if (dice(2)) return section_family(s, names[name], (enum metric_type)type, "Made.");
  families[name][type] = (struct family){
      .name = names[name], .help = "Static.", .type = (enum metric_type)type, .om_unknown = type == METRIC_SUMMARY && name % 2};
  return &families[name][type];
}

static double random_value(void) {
  static const double values[] = {0, 1, 2, 3, 0.5, -1, NAN, INFINITY, -INFINITY, 1e300};
  return values[dice(2) ? dice(4) : dice(COUNTOF(values))];
}

static void add_random(struct section *s, const struct family *f) {
  static const char *const edges[] = {"0.1", "0.5", "1", "+Inf", "50", "Inf", "nan", "-1", "wide", "1e400", ""};
  const char *edge = edges[dice(2) ? dice(4) : dice(COUNTOF(edges))], *db = dice(2) ? "a" : "b";
  enum suffix suffix = f->type == METRIC_HISTOGRAM || f->type == METRIC_SUMMARY ? dice(4) : SUFFIX_NONE;
  bool at_edge = suffix == (f->type == METRIC_HISTOGRAM ? SUFFIX_BUCKET : SUFFIX_NONE) &&
                 (f->type == METRIC_HISTOGRAM || f->type == METRIC_SUMMARY);
  if (dice(20) == 0) at_edge = !at_edge;
  labels_t labels = section_label_pairs(s, "db", db, f->type == METRIC_HISTOGRAM ? "le" : "quantile", at_edge ? edge : "", NULL);
  section_add_suffix(s, f, suffix, labels, random_value());
}

/* A whole and correct one, so that there is something to clash with. */
static void add_correct(struct section *s, const struct family *f) {
  const char *edge = f->type == METRIC_HISTOGRAM ? "le" : "quantile";
  enum suffix at_edge = f->type == METRIC_HISTOGRAM ? SUFFIX_BUCKET : SUFFIX_NONE;
  if (f->type == METRIC_HISTOGRAM) section_add_suffix(s, f, at_edge, section_label_pairs(s, edge, "0.25", NULL), 2);
  section_add_suffix(s, f, at_edge, section_label_pairs(s, edge, f->type == METRIC_HISTOGRAM ? "+Inf" : "0.25", NULL), 2);
  if (f->type != METRIC_HISTOGRAM && f->type != METRIC_SUMMARY) return;
  section_add_suffix(s, f, SUFFIX_SUM, 0, 2);
  section_add_suffix(s, f, SUFFIX_COUNT, 0, 2);
}

static void random_page(struct stage *stage) {
  for (unsigned t = 1 + dice(TARGETS_MAX); t > 0; t--) {
    target(stage, (const char *const[]){"", "one", "two", "three"}[t]);
    for (unsigned k = 1 + dice(SECTIONS_MAX - 1); k > 0; k--) {
      struct section *s = section(stage);
      for (unsigned n = dice(6); n > 0; n--) {
        const struct family *f = random_family(s);
        if (dice(2))
          add_correct(s, f);
        else
          for (unsigned i = 1 + dice(4); i > 0; i--) add_random(s, f);
      }
    }
  }
}

static void save(const char *directory, const char *name, const char *ending, const struct buf *page) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.%s", directory, name, ending);
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(page->data, 1, page->length, file) != page->length || fclose(file) != 0) {
    perror(path);
    exit(1);
  }
}

static size_t finish(struct stage *stage) {
  size_t samples = 0, count;
  for (size_t i = 0; i < stage->count; i++)
    for (size_t k = 0; k < stage->batches[i]->count; k++) {
      section_samples(section_finish(stage->batches[i]->sections[k]), &count);
      samples += count;
    }
  return samples;
}

static void make(const char *directory, const char *name, void (*fill)(struct stage *)) {
  static const char *const endings[2][2] = {{"one.txt", "all.txt"}, {"one.om", "all.om"}};
  struct stage stage = {0};
  fill(&stage);
  printf("%s %zu", name, finish(&stage));
  for (int format = 0; format < 2; format++)
    for (int all = 0; all < 2; all++) {
      SCOPED(buf_done) struct buf page;
      buf_init(&page, EXPOSITION_BYTES_MAX);
      printf(" %zu", exposition_write(&page, stage.batches, stage.count, (enum exposition_format)format, all));
      save(directory, name, endings[format][all], &page);
    }
  printf("\n");
  for (size_t i = 0; i < stage.count; i++) batch_unref(stage.batches[i]);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: pages DIRECTORY\n");
    return 2;
  }
  make(argv[1], "every_type", every_type);
  make(argv[1], "hostile_text", hostile_text);
  make(argv[1], "above_the_cap", above_the_cap);
  make(argv[1], "nothing", nothing);
  for (int i = 0; i < RANDOM_PAGES; i++) {
    char name[32];
    snprintf(name, sizeof name, "random_%04d", i);
    make(argv[1], name, random_page);
  }
  return 0;
}
