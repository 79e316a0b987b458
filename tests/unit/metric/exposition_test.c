/* Pages: what a scrape reads, byte for byte. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/text.h"
#include "metric/exposition.h"

static const struct family up = {.name = "up", .help = "Whether it answers.", .type = METRIC_GAUGE};
static const struct family hits = {
    .name = "hits_total", .help = "Hits \\ \"all\"\nof them.", .type = METRIC_COUNTER, .labels = "db"};
static const struct family oddly = {.name = "oddly_counted", .help = "Counts.", .type = METRIC_COUNTER};
static const struct family speed = {.name = "speed_seconds", .help = "Speed.", .type = METRIC_HISTOGRAM, .labels = "le"};
static const struct family rank = {.name = "rank", .help = "Rank.", .type = METRIC_SUMMARY, .labels = "quantile"};
static const struct family odd_rank = {
    .name = "rank", .help = "Rank.", .type = METRIC_SUMMARY, .labels = "quantile", .om_unknown = true};

enum { BATCHES_MAX = 4, SECTIONS_MAX = 4 };

/* The targets of one test; their sections are finished when the page is written. */
struct stage {
  struct batch *batches[BATCHES_MAX];
  size_t count;
  struct buf page;
  size_t left_out;
};

static int set_up(void **state) {
  struct stage *stage = calloc(1, sizeof *stage);
  buf_init(&stage->page, EXPOSITION_BYTES_MAX);
  *state = stage;
  return 0;
}

static int tear_down(void **state) {
  struct stage *stage = *state;
  for (size_t i = 0; i < stage->count; i++) batch_unref(stage->batches[i]);
  buf_done(&stage->page);
  free(stage);
  return 0;
}

static void target(struct stage *stage, const char *name) {
  assert_true(stage->count < BATCHES_MAX);
  struct identity *id = identity_new(name, "test", "job", name);
  struct batch *b = stage->batches[stage->count++] = batch_new(id, SECTIONS_MAX);
  b->count = 0;
  identity_unref(id);
}

static struct section *section(struct stage *stage) {
  struct batch *b = stage->batches[stage->count - 1];
  assert_true(b->count < SECTIONS_MAX);
  return b->sections[b->count++] = section_new("part");
}

static void finish(struct stage *stage) {
  for (size_t i = 0; i < stage->count; i++)
    for (size_t k = 0; k < stage->batches[i]->count; k++) section_finish(stage->batches[i]->sections[k]);
}

static const char *write_page(struct stage *stage, enum exposition_format format, bool label_target) {
  buf_clear(&stage->page);
  stage->left_out = exposition_write(&stage->page, stage->batches, stage->count, format, label_target);
  assert_false(stage->page.overflow);
  return stage->page.length ? stage->page.data : "";
}

static void assert_pages(struct stage *stage, bool label_target, const char *text, const char *openmetrics) {
  finish(stage);
  assert_string_equal(write_page(stage, EXPOSITION_TEXT, label_target), text);
  assert_string_equal(write_page(stage, EXPOSITION_OPENMETRICS, label_target), openmetrics);
}

static void histogram(struct section *s, const struct family *f, double small, double all, double sum, double count) {
  section_add_suffix(s, f, SUFFIX_BUCKET, section_label_pairs(s, "le", "0.5", NULL), small);
  section_add_suffix(s, f, SUFFIX_BUCKET, section_label_pairs(s, "le", "+Inf", NULL), all);
  section_add_suffix(s, f, SUFFIX_SUM, 0, sum);
  section_add_suffix(s, f, SUFFIX_COUNT, 0, count);
}

static void summary(struct section *s, const struct family *f, const char *quantile) {
  section_add(s, f, section_label_pairs(s, "quantile", quantile, NULL), 7);
  section_add_suffix(s, f, SUFFIX_SUM, 0, 21);
  section_add_suffix(s, f, SUFFIX_COUNT, 0, 3);
}

static void nothing_is_a_page_too(void **state) {
  assert_pages(*state, true, "", "# EOF\n");
}

static void a_target_alone_looks_like_its_exporter(void **state) {
  target(*state, "main");
  struct section *s = section(*state);
  section_add(s, &up, 0, 1);
  section_add(s, &hits, section_label_pairs(s, "db", "shop", NULL), 12);
  section_add(s, &hits, section_label_pairs(s, "db", "a\"b\\c\nd", NULL), 0.25);
  assert_pages(*state, false,
               "# HELP up Whether it answers.\n# TYPE up gauge\nup 1\n"
               "# HELP hits_total Hits \\\\ \"all\"\\nof them.\n# TYPE hits_total counter\n"
               "hits_total{db=\"shop\"} 12\nhits_total{db=\"a\\\"b\\\\c\\nd\"} 0.25\n",
               "# TYPE up gauge\n# HELP up Whether it answers.\nup 1\n"
               "# TYPE hits counter\n# HELP hits Hits \\\\ \\\"all\\\"\\nof them.\n"
               "hits_total{db=\"shop\"} 12\nhits_total{db=\"a\\\"b\\\\c\\nd\"} 0.25\n# EOF\n");
}

static void a_hidden_section_is_on_no_page(void **state) {
  target(*state, "main");
  section_add(section(*state), &up, 0, 1);
  struct section *s = section(*state);
  section_hide(s);
  section_add(s, &hits, 0, 12);
  assert_pages(*state, false, "# HELP up Whether it answers.\n# TYPE up gauge\nup 1\n",
               "# TYPE up gauge\n# HELP up Whether it answers.\nup 1\n# EOF\n");
}

static void targets_share_families_and_keep_their_lines_apart(void **state) {
  target(*state, "one");
  struct section *s = section(*state);
  section_add(s, &up, 0, 1);
  section_add(s, &hits, section_label_pairs(s, "db", "shop", NULL), 1);
  target(*state, "host:5432/a");
  section_add(section(*state), &up, 0, 0);
  assert_pages(
      *state, true,
      "# HELP up Whether it answers.\n# TYPE up gauge\nup{target=\"one\"} 1\nup{target=\"host:5432/a\"} 0\n"
      "# HELP hits_total Hits \\\\ \"all\"\\nof them.\n# TYPE hits_total counter\nhits_total{target=\"one\",db=\"shop\"} 1\n",
      "# TYPE up gauge\n# HELP up Whether it answers.\nup{target=\"one\"} 1\nup{target=\"host:5432/a\"} 0\n"
      "# TYPE hits counter\n# HELP hits Hits \\\\ \\\"all\\\"\\nof them.\nhits_total{target=\"one\",db=\"shop\"} 1\n# EOF\n");
}

static void a_counter_without_total_is_unknown_in_openmetrics(void **state) {
  target(*state, "a");
  section_add(section(*state), &oddly, 0, 3);
  assert_pages(*state, false, "# HELP oddly_counted Counts.\n# TYPE oddly_counted counter\noddly_counted 3\n",
               "# TYPE oddly_counted unknown\n# HELP oddly_counted Counts.\noddly_counted 3\n# EOF\n");
}

static void a_counter_that_is_no_number_is_missing_in_openmetrics_alone(void **state) {
  static const struct family c = {.name = "c_total", .help = "", .type = METRIC_COUNTER};
  target(*state, "a");
  struct section *s = section(*state);
  const double values[] = {NAN, -1, -INFINITY, 0, INFINITY};
  for (size_t i = 0; i < COUNTOF(values); i++)
    section_add(s, &c, section_label_pairs(s, "i", (char[]){(char)('0' + i), 0}, NULL), values[i]);
  assert_pages(*state, false,
               "# TYPE c_total counter\nc_total{i=\"0\"} NaN\nc_total{i=\"1\"} -1\nc_total{i=\"2\"} -Inf\nc_total{i=\"3\"} 0\n"
               "c_total{i=\"4\"} +Inf\n",
               "# TYPE c counter\nc_total{i=\"3\"} 0\nc_total{i=\"4\"} +Inf\n# EOF\n");
}

static void histograms_and_summaries_keep_their_type(void **state) {
  target(*state, "a");
  struct section *s = section(*state);
  histogram(s, &speed, 1, 2, 1.5, 2);
  summary(s, &rank, "0.5");
  assert_pages(
      *state, true,
      "# HELP speed_seconds Speed.\n# TYPE speed_seconds histogram\nspeed_seconds_bucket{target=\"a\",le=\"0.5\"} 1\n"
      "speed_seconds_bucket{target=\"a\",le=\"+Inf\"} 2\nspeed_seconds_sum{target=\"a\"} 1.5\n"
      "speed_seconds_count{target=\"a\"} 2\n# HELP rank Rank.\n# TYPE rank summary\nrank{target=\"a\",quantile=\"0.5\"} 7\n"
      "rank_sum{target=\"a\"} 21\nrank_count{target=\"a\"} 3\n",
      "# TYPE speed_seconds histogram\n# HELP speed_seconds Speed.\nspeed_seconds_bucket{target=\"a\",le=\"0.5\"} 1\n"
      "speed_seconds_bucket{target=\"a\",le=\"+Inf\"} 2\nspeed_seconds_sum{target=\"a\"} 1.5\n"
      "speed_seconds_count{target=\"a\"} 2\n# TYPE rank summary\n# HELP rank Rank.\nrank{target=\"a\",quantile=\"0.5\"} 7\n"
      "rank_sum{target=\"a\"} 21\nrank_count{target=\"a\"} 3\n# EOF\n");
}

static void an_odd_summary_is_three_unknown_families_in_openmetrics(void **state) {
  target(*state, "a");
  summary(section(*state), &odd_rank, "50");
  assert_pages(*state, false, "# HELP rank Rank.\n# TYPE rank summary\nrank{quantile=\"50\"} 7\nrank_sum 21\nrank_count 3\n",
               "# TYPE rank unknown\n# HELP rank Rank.\nrank{quantile=\"50\"} 7\n# TYPE rank_sum unknown\n# HELP rank_sum Rank.\n"
               "rank_sum 21\n# TYPE rank_count unknown\n# HELP rank_count Rank.\nrank_count 3\n# EOF\n");
}

/* Writes the family that `fill` adds to, and says which type OpenMetrics shows. */
static void assert_openmetrics_type(void **state, const char *type) {
  struct stage *stage = *state;
  char want[64];
  finish(stage);
  snprintf(want, sizeof want, "# TYPE %s\n", type);
  if (!strstr(write_page(stage, EXPOSITION_OPENMETRICS, true), want)) fail_msg("no %s in:\n%s", want, stage->page.data);
}

static void a_histogram_whose_count_is_wrong_does_not_spoil_the_page(void **state) {
  target(*state, "a");
  histogram(section(*state), &speed, 1, 2, 1.5, 3);
  assert_openmetrics_type(state, "speed_seconds_bucket unknown");
}

static void a_histogram_that_falls_does_not_spoil_the_page(void **state) {
  target(*state, "a");
  histogram(section(*state), &speed, 3, 2, 1.5, 2);
  assert_openmetrics_type(state, "speed_seconds_bucket unknown");
}

static void a_histogram_without_infinity_does_not_spoil_the_page(void **state) {
  target(*state, "a");
  struct section *s = section(*state);
  section_add_suffix(s, &speed, SUFFIX_BUCKET, section_label_pairs(s, "le", "1", NULL), 2);
  assert_openmetrics_type(state, "speed_seconds_bucket unknown");
}

static void a_histogram_without_le_does_not_spoil_the_page(void **state) {
  target(*state, "a");
  section_add_suffix(section(*state), &speed, SUFFIX_BUCKET, 0, 2);
  assert_openmetrics_type(state, "speed_seconds_bucket unknown");
}

static void a_histogram_of_fractions_does_not_spoil_the_page(void **state) {
  target(*state, "a");
  histogram(section(*state), &speed, 0.5, 2, 1.5, 2);
  assert_openmetrics_type(state, "speed_seconds_bucket unknown");
}

static void an_infinite_count_does_not_spoil_the_page(void **state) {
  target(*state, "a");
  histogram(section(*state), &speed, 1, INFINITY, 1.5, INFINITY);
  assert_openmetrics_type(state, "speed_seconds_bucket unknown");
}

static void a_histogram_with_a_negative_sum_does_not_spoil_the_page(void **state) {
  target(*state, "a");
  histogram(section(*state), &speed, 1, 2, -1.5, 2);
  assert_openmetrics_type(state, "speed_seconds_sum unknown");
}

static void a_torn_histogram_does_not_spoil_the_page(void **state) {
  target(*state, "a");
  struct section *s = section(*state);
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < 2; i++) {
      char db[] = {(char)('a' + i), 0};
      if (pass == 0)
        section_add_suffix(s, &speed, SUFFIX_BUCKET, section_label_pairs(s, "db", db, "le", "+Inf", NULL), 1);
      else
        section_add_suffix(s, &speed, SUFFIX_COUNT, section_label_pairs(s, "db", db, NULL), 1);
    }
  assert_openmetrics_type(state, "speed_seconds_bucket unknown");
}

static void a_summary_without_quantile_does_not_spoil_the_page(void **state) {
  target(*state, "a");
  section_add(section(*state), &rank, 0, 1);
  assert_openmetrics_type(state, "rank unknown");
}

static void a_quantile_that_is_no_number_does_not_spoil_the_page(void **state) {
  struct stage *stage = *state;
  target(stage, "a");
  struct section *s = section(stage);
  section_add_suffix(s, &rank, SUFFIX_SUM, section_label_pairs(s, "quantile", "wide", NULL), 1);
  section_add(s, &rank, section_label_pairs(s, "quantile", "0.5", NULL), 1);
  assert_openmetrics_type(state, "rank unknown");
  assert_true(strstr(write_page(stage, EXPOSITION_TEXT, false), "# TYPE rank_sum untyped\n") != NULL);
}

static void a_summary_of_percent_does_not_spoil_the_page(void **state) {
  target(*state, "a");
  summary(section(*state), &rank, "99");
  assert_openmetrics_type(state, "rank unknown");
}

static void histograms_of_two_targets_do_not_mix(void **state) {
  target(*state, "a");
  histogram(section(*state), &speed, 1, 2, 1.5, 2);
  target(*state, "b");
  histogram(section(*state), &speed, 1, 2, 1.5, 2);
  assert_openmetrics_type(state, "speed_seconds histogram");
}

static void types_that_differ_become_unknown(void **state) {
  static const struct family gauge = {.name = "speed_seconds", .help = "Other.", .type = METRIC_GAUGE};
  target(*state, "a");
  struct section *s = section(*state);
  section_add_suffix(s, &speed, SUFFIX_BUCKET, section_label_pairs(s, "le", "+Inf", NULL), 2);
  target(*state, "b");
  section_add(section(*state), &gauge, 0, 5);
  assert_pages(*state, true,
               "# HELP speed_seconds Speed.\n# TYPE speed_seconds untyped\nspeed_seconds{target=\"b\"} 5\n"
               "# HELP speed_seconds_bucket Speed.\n# TYPE speed_seconds_bucket untyped\n"
               "speed_seconds_bucket{target=\"a\",le=\"+Inf\"} 2\n",
               "# TYPE speed_seconds unknown\n# HELP speed_seconds Speed.\nspeed_seconds{target=\"b\"} 5\n"
               "# TYPE speed_seconds_bucket unknown\n# HELP speed_seconds_bucket Speed.\n"
               "speed_seconds_bucket{target=\"a\",le=\"+Inf\"} 2\n# EOF\n");
}

static void the_static_family_keeps_its_sample_names(void **state) {
  struct stage *stage = *state;
  target(stage, "a");
  struct section *s = section(stage);
  section_add(s, section_family(s, "speed_seconds_sum", METRIC_GAUGE, ""), 0, 1);
  section_add(s, section_family(s, "speed_seconds_sum", METRIC_GAUGE, ""), section_label_pairs(s, "a", "b", NULL), 1);
  target(stage, "b");
  histogram(section(stage), &speed, 1, 2, 1.5, 2);
  assert_openmetrics_type(state, "speed_seconds histogram");
  assert_true(strstr(stage->page.data, "speed_seconds_sum gauge") == NULL);
  assert_true(strstr(stage->page.data, "target=\"a\"") == NULL);
  assert_int_equal(stage->left_out, 2);
}

static void of_two_static_families_the_earlier_keeps_its_names(void **state) {
  static const struct family gauge = {.name = "speed_seconds_count", .help = "Other.", .type = METRIC_GAUGE};
  struct stage *stage = *state;
  target(stage, "a");
  section_add(section(stage), &gauge, 0, 1);
  target(stage, "b");
  histogram(section(stage), &speed, 1, 2, 1.5, 2);
  assert_openmetrics_type(state, "speed_seconds_count gauge");
  assert_true(strstr(stage->page.data, "speed_seconds_bucket") == NULL);
  assert_int_equal(stage->left_out, 4);
}

static void a_reserved_name_costs_the_type_and_no_sample(void **state) {
  static const struct family gauge = {.name = "hits", .help = "", .type = METRIC_GAUGE};
  static const struct family created = {.name = "rank_created", .help = "", .type = METRIC_GAUGE};
  static const struct family bare = {.name = "speed_seconds_bucket", .help = "", .type = METRIC_GAUGE};
  struct stage *stage = *state;
  target(stage, "a");
  struct section *s = section(stage);
  section_add(s, &hits, 0, 1);
  section_add(s, &gauge, 0, 2);
  summary(s, &rank, "0.5");
  section_add(s, &created, 0, 3);
  section_add_suffix(s, &speed, SUFFIX_SUM, 0, 4);
  section_add(s, &bare, 0, 5);
  finish(stage);
  const char *om = write_page(stage, EXPOSITION_OPENMETRICS, false);
  assert_int_equal(stage->left_out, 0);
  assert_true(strstr(om, "# TYPE hits_total unknown\n") && strstr(om, "\nhits_total 1\n") && strstr(om, "\nhits 2\n"));
  assert_true(strstr(om, "# TYPE rank unknown\n") && strstr(om, "\nrank_created 3\n"));
  assert_true(strstr(om, "# TYPE speed_seconds_sum unknown\n") && strstr(om, "\nspeed_seconds_bucket 5\n"));
  const char *text = write_page(stage, EXPOSITION_TEXT, false);
  assert_true(strstr(text, "# TYPE hits_total counter\n") && strstr(text, "# TYPE rank summary\n"));
  assert_true(strstr(text, "# TYPE speed_seconds_sum untyped\n") && strstr(text, "\nspeed_seconds_bucket 5\n"));
}

static void a_series_of_two_parts_of_a_target_appears_once(void **state) {
  struct stage *stage = *state;
  for (int i = 0; i < 2; i++) {
    target(stage, i ? "b" : "a");
    for (int k = 0; k < 2; k++) {
      struct section *s = section(stage);
      section_add(s, &hits, section_label_pairs(s, "db", "x", NULL), k);
      section_add(s, &hits, section_label_pairs(s, "db", k ? "z" : "y", NULL), 9);
    }
  }
  finish(stage);
  assert_string_equal(
      write_page(stage, EXPOSITION_OPENMETRICS, true),
      "# TYPE hits counter\n# HELP hits Hits \\\\ \\\"all\\\"\\nof them.\n"
      "hits_total{target=\"a\",db=\"x\"} 0\nhits_total{target=\"a\",db=\"y\"} 9\nhits_total{target=\"a\",db=\"z\"} 9\n"
      "hits_total{target=\"b\",db=\"x\"} 0\nhits_total{target=\"b\",db=\"y\"} 9\nhits_total{target=\"b\",db=\"z\"} 9\n# EOF\n");
  assert_int_equal(stage->left_out, 2);
  write_page(stage, EXPOSITION_OPENMETRICS, false);
  assert_int_equal(stage->left_out, 5);
}

static void a_label_named_target_gives_way(void **state) {
  target(*state, "a");
  struct section *s = section(*state);
  section_add(s, &up, section_label_pairs(s, "a", "b,target=\"x\"", "target", "theirs", "z", "1", NULL), 1);
  section_add(s, &up, section_label_pairs(s, "exported_target", "first", "target", "theirs", NULL), 2);
  section_add(s, &up, 0, 3);
  finish(*state);
  assert_string_equal(write_page(*state, EXPOSITION_TEXT, true),
                      "# HELP up Whether it answers.\n# TYPE up gauge\n"
                      "up{target=\"a\",a=\"b,target=\\\"x\\\"\",exported_target=\"theirs\",z=\"1\"} 1\n"
                      "up{target=\"a\",exported_target=\"first\",exported_exported_target=\"theirs\"} 2\nup{target=\"a\"} 3\n");
  assert_true(strstr(write_page(*state, EXPOSITION_TEXT, false), "up{exported_target=\"first\",target=\"theirs\"} 2\n") != NULL);
}

static void series_that_become_one_where_target_gives_way_are_shown_once(void **state) {
  target(*state, "a");
  struct section *s = section(*state);
  section_add(s, &up, section_label_pairs(s, "target", "x", NULL), 1);
  section_add(s, &up, section_label_pairs(s, "exported_target", "x", NULL), 2);
  finish(*state);
  assert_non_null(strstr(write_page(*state, EXPOSITION_OPENMETRICS, true), "\nup{target=\"a\",exported_target=\"x\"} 1\n# EOF\n"));
  assert_int_equal(((struct stage *)*state)->left_out, 1);
}

static void a_hostile_target_name_is_escaped(void **state) {
  target(*state, "a\"\n\xff");
  section_add(section(*state), &up, 0, 1);
  finish(*state);
  assert_true(strstr(write_page(*state, EXPOSITION_TEXT, true), "up{target=\"a\\\"\\n\xEF\xBF\xBD\"} 1\n") != NULL);
}

static void a_page_above_its_cap_says_so(void **state) {
  target(*state, "a");
  section_add(section(*state), &up, 0, 1);
  finish(*state);
  SCOPED(buf_done) struct buf small;
  buf_init(&small, 20);
  struct stage *stage = *state;
  exposition_write(&small, stage->batches, 1, EXPOSITION_OPENMETRICS, true);
  assert_true(small.overflow);
  assert_true(small.length <= 20);
}

static void the_content_types_are_exact(void **state) {
  (void)state;
  assert_string_equal(exposition_content_type(EXPOSITION_TEXT), "text/plain; version=0.0.4; charset=utf-8");
  assert_string_equal(exposition_content_type(EXPOSITION_OPENMETRICS),
                      "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

int main(void) {
#define page_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      page_test(nothing_is_a_page_too),
      page_test(a_target_alone_looks_like_its_exporter),
      page_test(a_hidden_section_is_on_no_page),
      page_test(targets_share_families_and_keep_their_lines_apart),
      page_test(a_counter_without_total_is_unknown_in_openmetrics),
      page_test(a_counter_that_is_no_number_is_missing_in_openmetrics_alone),
      page_test(histograms_and_summaries_keep_their_type),
      page_test(an_odd_summary_is_three_unknown_families_in_openmetrics),
      page_test(a_histogram_whose_count_is_wrong_does_not_spoil_the_page),
      page_test(a_histogram_that_falls_does_not_spoil_the_page),
      page_test(a_histogram_without_infinity_does_not_spoil_the_page),
      page_test(a_histogram_without_le_does_not_spoil_the_page),
      page_test(a_histogram_of_fractions_does_not_spoil_the_page),
      page_test(an_infinite_count_does_not_spoil_the_page),
      page_test(a_histogram_with_a_negative_sum_does_not_spoil_the_page),
      page_test(a_torn_histogram_does_not_spoil_the_page),
      page_test(a_summary_without_quantile_does_not_spoil_the_page),
      page_test(a_quantile_that_is_no_number_does_not_spoil_the_page),
      page_test(a_summary_of_percent_does_not_spoil_the_page),
      page_test(histograms_of_two_targets_do_not_mix),
      page_test(types_that_differ_become_unknown),
      page_test(the_static_family_keeps_its_sample_names),
      page_test(of_two_static_families_the_earlier_keeps_its_names),
      page_test(a_reserved_name_costs_the_type_and_no_sample),
      page_test(a_series_of_two_parts_of_a_target_appears_once),
      page_test(a_label_named_target_gives_way),
      page_test(series_that_become_one_where_target_gives_way_are_shown_once),
      page_test(a_hostile_target_name_is_escaped),
      page_test(a_page_above_its_cap_says_so),
      cmocka_unit_test(the_content_types_are_exact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
