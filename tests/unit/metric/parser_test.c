/* Reading both exposition formats: what comes out of a page, and what is said of one that is wrong. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/number.h"
#include "metric/parser.h"

/* Everything that was told, a line each: "counter hits|A help.|" and "hits_total{a=b} 1 @5". */
struct told {
  struct buf out;
  int left; /* samples to take before the parsing is ended; -1 for all */
};

static bool tell_family(void *context, const struct parsed_family *f) {
#define X(type, name) [type] = name,
  static const char *const types[] = {PARSED_TYPES(X)};
#undef X
  struct told *t = context;
  buf_printf(&t->out, "%s %s|%s|%s\n", f->typed ? types[f->type] : "-", f->name, f->help, f->unit);
  return true;
}

static bool tell_sample(void *context, const struct parsed_sample *s) {
  struct told *t = context;
  char value[NUMBER_SIZE];
  number_format(s->value, value);
  buf_printf(&t->out, "%s", s->name);
  for (size_t i = 0; i < s->label_count; i++)
    buf_printf(&t->out, "%c%s=%.*s", i ? ',' : '{', s->labels[i].name, (int)s->labels[i].length, s->labels[i].value);
  buf_printf(&t->out, "%s %s", s->label_count ? "}" : "", value);
  if (s->timed) buf_printf(&t->out, " @%.3f", s->time);
  if (strcmp(s->family->name, s->name) != 0) buf_printf(&t->out, " of %s", s->family->name);
  buf_putc(&t->out, '\n');
  return t->left < 0 || --t->left > 0;
}

enum reader { READER, STRICT, OPENMETRICS, LAX_OPENMETRICS };

/* What was told, or "line:column: sentence". The text lies in memory that ends where it ends. Static. */
static const char *read_page(enum reader reader, const char *text, size_t length, int samples) {
  static char result[4096];
  struct told t = {.left = samples};
  struct parser_place where = {0};
  struct fail why = {0};
  const struct parser_events events = {.context = &t, .sample = tell_sample, .family = tell_family};
  char *copy = malloc(length + !length);
  buf_init(&t.out, sizeof result - 1);
  memcpy(copy, text, length);
  bool good = exposition_parse(copy, length, reader < OPENMETRICS ? EXPOSITION_TEXT : EXPOSITION_OPENMETRICS,
                               reader == STRICT || reader == OPENMETRICS, &events, &where, &why);
  if (good)
    snprintf(result, sizeof result, "%s", t.out.data ? t.out.data : "");
  else
    snprintf(result, sizeof result, "%u:%u: %s", where.line, where.column, why.text);
  buf_done(&t.out);
  free(copy);
  return result;
}

#define assert_reads(reader, text, expected) assert_string_equal(read_page(reader, text, sizeof(text) - 1, -1), expected)
/* A part of the sentence is enough. */
#define assert_refuses(reader, text, place, part)                                                                                  \
  do {                                                                                                                             \
    const char *said = read_page(reader, text, sizeof(text) - 1, -1);                                                              \
    if (strncmp(said, place ": ", sizeof(place) + 1) != 0 || !strstr(said, part)) fail_msg("%s\nsaid: %s", text, said);            \
  } while (0)

static void a_page_of_an_exporter_comes_out_as_it_went_in(void **state) {
  (void)state;
  assert_reads(
      READER,
      "# HELP hits_total A \\\\ and\\nmore.\n# TYPE hits_total counter\nhits_total{a=\"1\",b=\"x\\\"\\\\\\n\"} 7\n"
      "hits_total{} 8 1700000000500\n\n# just a comment\nalone -Inf\n",
      "counter hits_total|A \\ and\nmore.|\nhits_total{a=1,b=x\"\\\n} 7\nhits_total 8 @1700000000.500\n- alone||\nalone -Inf\n");
}

static void histograms_and_summaries_keep_their_samples(void **state) {
  (void)state;
  assert_reads(
      READER,
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\nh_other 1\n"
      "# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 1\ns_count 2\ns_bucket 1\n",
      "histogram h||\nh_bucket{le=1} 1 of h\nh_bucket{le=+Inf} 2 of h\nh_sum 3 of h\nh_count 2 of h\n- h_other||\nh_other 1\n"
      "summary s||\ns{quantile=0.5} NaN\ns_sum 1 of s\ns_count 2 of s\n- s_bucket||\ns_bucket 1\n");
}

static void sloppy_text_is_read_as_prometheus_reads_it(void **state) {
  (void)state;
  assert_reads(READER, " \t a\t{ b = \"1\" , } \t 1 \t 5 \n", "- a||\na{b=1} 1 @0.005\n");
  assert_reads(READER, "a 1", "- a||\na 1\n");
  assert_reads(READER, "a{b=\"c\"}1\n", "- a||\na{b=c} 1\n");
  assert_reads(READER, "a{b=\"\\z\\\\\"} 1\n", "- a||\na{b=\\z\\} 1\n");
  assert_reads(READER, "a 1\n# TYPE a counter\na 2\n", "- a||\na 1\na 2\n");
  assert_reads(READER, "# TYPE a counter\na{x=\"1\"} 1\nb 2\na{x=\"2\"} 3\n", "counter a||\na{x=1} 1\n- b||\nb 2\na{x=2} 3\n");
  assert_reads(READER, "#TYPE a nonsense\n# TYPE\n#\n# HELP a\na 1\n", "- a||\na 1\n");
  assert_reads(READER, "a Inf\na +inf\na nan\na 1.\na .5\na 1e-400\n", "- a||\na +Inf\na +Inf\na NaN\na 1\na 0.5\na 0\n");
  assert_reads(READER, "a{b=\"1\" c=\"2\"} 1\n# HELP a=b c\n# TYPE b=gauge\nb 1\n", "- a||\na{b=1,c=2} 1\ngauge b||\nb 1\n");
  assert_reads(READER, "", "");
}

static void names_in_quotes_are_read_as_later_versions_write_them(void **state) {
  (void)state;
  assert_reads(READER, "# TYPE \"a.b\" gauge\n{\"a.b\",\"c d\"=\"1\",e=\"2\"} 3\n", "gauge a.b||\na.b{c d=1,e=2} 3\n");
  assert_refuses(READER, "{\"a\",\"b\"} 1\n", "1:6", "second metric name");
  assert_refuses(READER, "{b=\"1\"} 1\n", "1:1", "no metric name");
  assert_refuses(STRICT, "{\"a\"} 1\n", "1:1", "metric name");
}

static void bad_text_is_refused_with_its_place(void **state) {
  (void)state;
  assert_refuses(READER, "a 1\nb{c=\"d\" 1\n", "2:9", "label name");
  assert_refuses(READER, "a{b=\"\xC3\xA9\"} x\n", "1:10", "\"x\" is no number");
  assert_refuses(READER, "a{b=\"c\n\"} 1\n", "1:5", "no closing quote");
  assert_refuses(READER, "a{b=\"\xFF\"} 1\n", "1:1", "UTF-8");
  assert_refuses(READER, "a{b=\"1\",b=\"1\"} 1\n", "1:2", "stands twice");
  assert_refuses(READER, "a{__name__=\"b\"} 1\n", "1:3", "reserved");
  assert_refuses(READER, "a 1\r\n", "1:4", "carriage return");
  assert_refuses(READER, "a 0x1p-2\n", "1:3", "decimal");
  assert_refuses(READER, "a 1_000\n", "1:3", "grouped");
  assert_refuses(READER, "a -nan\n", "1:3", "no number");
  assert_refuses(READER, "a 1e999\n", "1:3", "no number");
  assert_refuses(READER, "a 1 1.5\n", "1:5", "milliseconds");
  assert_refuses(READER, "a 1 9223372036854775808\n", "1:5", "milliseconds");
  assert_refuses(READER, "a 1 2 3\n", "1:7", "goes on");
  assert_refuses(READER, "# TYPE a info\n", "1:10", "no type");
  assert_refuses(READER, "{} 1\n", "1:1", "no metric name");
}

static void the_letter_of_text_is_more_than_prometheus_asks(void **state) {
  (void)state;
  assert_refuses(STRICT, "a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\",d=\"\"} 1\n", "2:1", "twice");
  assert_refuses(STRICT, "a{b=\"1\"} 1\nc 1\na{b=\"2\"} 1\n", "3:1", "lie together");
  assert_refuses(STRICT, "# HELP a x\n# HELP b x\na 1\n", "3:1", "lie together");
  assert_refuses(STRICT, "a 1\n# TYPE a gauge\n", "2:1", "before its first sample");
  assert_refuses(STRICT, "# TYPE a gauge\n# TYPE a gauge\n", "2:1", "second TYPE");
  assert_refuses(STRICT, "# HELP a b\n# HELP a b\n", "2:1", "second HELP");
  assert_refuses(STRICT, "# HELP a b\\z\n", "1:11", "escape");
  assert_refuses(STRICT, "# HELP a \\\"b\\\"\n", "1:10", "escape");
  assert_refuses(STRICT, "a{b=\"\\z\"} 1\n", "1:6", "escape");
  assert_refuses(STRICT, "a{b=\"1\" c=\"2\"} 1\n", "1:9", "comma or }");
  assert_refuses(STRICT, "# HELP a=b c\n", "1:9", "no part of a name");
  assert_refuses(STRICT, "h_sum 1\n# TYPE h histogram\n", "2:1", "before the samples");
  assert_refuses(STRICT, "a 1", "1:4", "does not end");
  assert_refuses(STRICT, "# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", "2:1", "number");
  assert_refuses(STRICT, "# TYPE h histogram\n# TYPE h_sum gauge\n", "2:8", "one of the samples");
  assert_refuses(STRICT, "# TYPE\na 1\n", "1:7", "name of a family");
  assert_reads(STRICT, "# HELP a b\n# TYPE a counter\na 1\n# EOF\n", "counter a|b|\na 1\n");
}

static void openmetrics_has_types_units_and_seconds(void **state) {
  (void)state;
  assert_reads(
      OPENMETRICS,
      "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds \\\"x\\\"\na_seconds_total 1 1.5 # {t=\"1\"} 2 3\n"
      "a_seconds_created 9 2\n# TYPE i info\ni_info{v=\"1\"} 1\n# TYPE s stateset\ns{s=\"on\"} 1\ns{s=\"off\"} 0\n"
      "# TYPE g gaugehistogram\ng_bucket{le=\"-1\"} 1\ng_bucket{le=\"+Inf\"} 1\ng_gsum -3\ng_gcount 1\nfree 1\n# EOF\n",
      "counter a_seconds|\"x\"|seconds\na_seconds_total 1 @1.500 of a_seconds\na_seconds_created 9 @2.000 of a_seconds\ninfo i||\n"
      "i_info{v=1} 1 of i\nstateset s||\ns{s=on} 1\ns{s=off} 0\ngaugehistogram g||\ng_bucket{le=-1} 1 of g\n"
      "g_bucket{le=+Inf} 1 of g\ng_gsum -3 of g\ng_gcount 1 of g\n- free||\nfree 1\n");
}

static void openmetrics_ends_with_eof_and_nothing_else(void **state) {
  (void)state;
  assert_refuses(OPENMETRICS, "", "1:1", "without # EOF");
  assert_refuses(OPENMETRICS, "a 1\n", "2:1", "without # EOF");
  assert_refuses(OPENMETRICS, "# EOF\n\n", "2:1", "nothing follows");
  assert_refuses(OPENMETRICS, "\n# EOF\n", "1:1", "empty lines");
  assert_refuses(OPENMETRICS, "# a comment\n# EOF\n", "1:1", "no comments");
  assert_refuses(OPENMETRICS, "# EOF\r\n", "1:1", "# EOF");
  assert_reads(OPENMETRICS, "# EOF", "");
}

static void openmetrics_has_one_blank_between_words(void **state) {
  (void)state;
  assert_refuses(OPENMETRICS, "a  1\n# EOF\n", "1:3", "exactly one blank");
  assert_refuses(OPENMETRICS, "a 1 \n# EOF\n", "1:5", "end of the line");
  assert_refuses(OPENMETRICS, "a\t1\n# EOF\n", "1:2", "a tab");
  assert_refuses(OPENMETRICS, "a{b=\"1\"}#1\n# EOF\n", "1:9", "one blank");
  assert_refuses(OPENMETRICS, "a{b=\"1\", c=\"2\"} 1\n# EOF\n", "1:9", "a blank");
  assert_refuses(OPENMETRICS, "a{b=\"1\",} 1\n# EOF\n", "1:8", "no comma");
  assert_refuses(OPENMETRICS, "a 1\r\n# EOF\n", "1:4", "carriage return");
}

static void a_series_twice_is_found_in_openmetrics(void **state) {
  (void)state;
  assert_refuses(OPENMETRICS, "a 1\na 2\n# EOF\n", "2:1", "twice");
  assert_refuses(OPENMETRICS, "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns{quantile=\"0.5\"} 1\n# EOF\n", "4:1", "twice");
  assert_refuses(OPENMETRICS, "# TYPE c counter\nc_total 1\nc_created 1\nc_total 1\n# EOF\n", "4:1", "twice");
  assert_refuses(OPENMETRICS, "# TYPE i info\ni_info{a=\"1\",b=\"2\"} 1\ni_info{b=\"2\",a=\"1\"} 1\n# EOF\n", "3:1", "twice");
  assert_refuses(OPENMETRICS, "a{b=\"1\"} 1\na{b=\"2\"} 1\na{b=\"1\"} 1\n# EOF\n", "3:1", "lie together");
  assert_reads(OPENMETRICS, "a 1 1\na 2 1\na 3 1.5\n# EOF\n", "- a||\na 1 @1.000\na 2 @1.000\na 3 @1.500\n");
}

/* What is finer than a nanosecond cannot tell two samples apart: then the first counts, and the second still keeps to the rules. */
static void a_moment_that_comes_again_is_judged_and_left_out(void **state) {
  (void)state;
  assert_refuses(OPENMETRICS, "# TYPE s stateset\ns{s=\"a\"} 0 1\ns{s=\"a\"} 2 1\n# EOF\n", "3:10", "0 or 1");
  assert_refuses(OPENMETRICS, "# TYPE s summary\ns{quantile=\"1\"} 0 1\ns{quantile=\"1\"} -1 1\n# EOF\n", "3:17", "not negative");
  assert_refuses(OPENMETRICS, "# TYPE h histogram\nh_bucket{le=\"1\"} 0 1\nh_bucket{le=\"1.0\"} 0 1\n# EOF\n", "3:1", "rising le");
  const char *page = "# TYPE h histogram\nh_bucket{le=\"1\"} 0 1\nh_bucket{le=\"+Inf\"} 1 1\nh_bucket{le=\"1\"} 2 1.0000000001\n"
                     "h_bucket{le=\"+Inf\"} 3 1.0000000001\n# EOF\n";
  assert_non_null(strstr(read_page(OPENMETRICS, page, strlen(page), -1), "le=+Inf} 3 @1.000"));
}

static void openmetrics_that_prometheus_takes_is_read_though_it_is_not_to_the_letter(void **state) {
  (void)state;
  assert_reads(LAX_OPENMETRICS, "# TYPE a_total counter\na_total{b=\"1\"} 1 # {t=\"x\"} 1\na_total{b=\"2\"} 2 1.5\n# EOF\n",
               "counter a_total||\na_total{b=1} 1\na_total{b=2} 2 @1.500\n");
  assert_reads(LAX_OPENMETRICS, "# TYPE a counter\na_total 1\nb 1\na_created 2\n# TYPE a_sum gauge\na_sum 3\n# EOF\n",
               "counter a||\na_total 1 of a\n- b||\nb 1\na_created 2 of a\ngauge a_sum||\na_sum 3\n");
  assert_reads(LAX_OPENMETRICS,
               "# TYPE h histogram\nh_count 1\nh_bucket{le=\"1\"} 1.5 # {} 2\nh 4\n# HELP h x\n# UNIT h s\n# EOF\n",
               "histogram h||\nh_count 1 of h\nh_bucket{le=1} 1.5 of h\nh 4\n");
  assert_refuses(LAX_OPENMETRICS, "# TYPE a=gauge\na 1\n# EOF\n", "1:9", "no part of a name");
  assert_refuses(LAX_OPENMETRICS, "a 1\n", "2:1", "without # EOF");
}

static void timestamps_are_told_apart_to_the_nanosecond(void **state) {
  (void)state;
  assert_refuses(OPENMETRICS, "a 1 1700000000.000000002\na 1 1700000000.000000001\n# EOF\n", "2:1", "backwards");
  assert_refuses(OPENMETRICS, "a 1 -1.2\na 1 -1.5\n# EOF\n", "2:1", "backwards");
  assert_refuses(OPENMETRICS, "a 1 1\na 1\n# EOF\n", "2:1", "either all");
  assert_reads(OPENMETRICS, "a 1 1700000000.999999999\na 1 1700000001\n# EOF\n",
               "- a||\na 1 @1700000001.000\na 1 @1700000001.000\n");
}

static void a_histogram_of_several_moments_is_judged_moment_by_moment(void **state) {
  (void)state;
  assert_reads(OPENMETRICS,
               "# TYPE h histogram\nh_bucket{le=\"1\"} 1 1\nh_bucket{le=\"+Inf\"} 1 1\nh_bucket{le=\"1\"} 1 "
               "2\nh_bucket{le=\"+Inf\"} 1 2\n# EOF\n",
               "histogram h||\nh_bucket{le=1} 1 @1.000 of h\nh_bucket{le=+Inf} 1 @1.000 of h\nh_bucket{le=1} 1 @2.000 of h\n"
               "h_bucket{le=+Inf} 1 @2.000 of h\n");
  assert_refuses(OPENMETRICS, "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1 1\nh_bucket{le=\"1\"} 1 2\n# EOF\n", "2:1", "+Inf");
}

static void names_of_families_do_not_clash(void **state) {
  (void)state;
  assert_refuses(OPENMETRICS, "# TYPE a_total gauge\n# TYPE a counter\na_total 1\n# EOF\n", "2:8", "clashes");
  assert_refuses(OPENMETRICS, "# TYPE a counter\na_total 1\nb 1\na_created 1\n# EOF\n", "4:1", "lie together");
  assert_refuses(OPENMETRICS, "# TYPE a histogram\n# TYPE a_bucket gauge\n# EOF\n", "2:8", "samples");
  assert_refuses(OPENMETRICS, "# TYPE a summary\n# TYPE a_sum counter\na_sum_total 1\n# EOF\n", "2:8", "samples");
}

static void long_numbers_and_lines_are_read(void **state) {
  (void)state;
  char page[5000] = "a{b=\"";
  memset(page + 5, 'x', 2000);
  memcpy(page + 2005, "\"} ", 3);
  memset(page + 2008, '0', 900);
  strcpy(page + 2908, "1.5\n# EOF\n");
  const char *said = read_page(OPENMETRICS, page, strlen(page), -1);
  assert_non_null(strstr(said, "x} 1.5\n"));
}

static void a_caller_can_end_it(void **state) {
  (void)state;
  static const char page[] = "a 1\nb 2\nc is wrong\n";
  assert_string_equal(read_page(READER, page, sizeof page - 1, 2), "- a||\na 1\n- b||\nb 2\n");
}

static void a_number_is_read_the_same_in_every_locale_and_width(void **state) {
  (void)state;
  double value;
  static const char *const numbers[] = {
      "1.7976931348623157e308", "4.9e-324", "0.1",  "123456789012345678", "1e22", "1e23",  "9007199254740993",
      "12345678.9012345",       "1.5e+09",  "5E-1", "-0.000001",          "+7",   "00012", "1e-7",
      "123456789.123456789e10", "8.5e-05",  "1."};
  for (size_t i = 0; i < COUNTOF(numbers); i++) {
    assert_true(number_parse(numbers[i], strlen(numbers[i]), &value));
    assert_true(value == strtod(numbers[i], NULL));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_page_of_an_exporter_comes_out_as_it_went_in),
      cmocka_unit_test(histograms_and_summaries_keep_their_samples),
      cmocka_unit_test(sloppy_text_is_read_as_prometheus_reads_it),
      cmocka_unit_test(names_in_quotes_are_read_as_later_versions_write_them),
      cmocka_unit_test(bad_text_is_refused_with_its_place),
      cmocka_unit_test(the_letter_of_text_is_more_than_prometheus_asks),
      cmocka_unit_test(openmetrics_has_types_units_and_seconds),
      cmocka_unit_test(openmetrics_ends_with_eof_and_nothing_else),
      cmocka_unit_test(openmetrics_has_one_blank_between_words),
      cmocka_unit_test(a_series_twice_is_found_in_openmetrics),
      cmocka_unit_test(a_moment_that_comes_again_is_judged_and_left_out),
      cmocka_unit_test(openmetrics_that_prometheus_takes_is_read_though_it_is_not_to_the_letter),
      cmocka_unit_test(timestamps_are_told_apart_to_the_nanosecond),
      cmocka_unit_test(a_histogram_of_several_moments_is_judged_moment_by_moment),
      cmocka_unit_test(names_of_families_do_not_clash),
      cmocka_unit_test(long_numbers_and_lines_are_read),
      cmocka_unit_test(a_caller_can_end_it),
      cmocka_unit_test(a_number_is_read_the_same_in_every_locale_and_width),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
