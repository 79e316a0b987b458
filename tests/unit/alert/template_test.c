/* Templates of labels and annotations: to the letter as Prometheus writes them. The values were taken from promtool. */
#include "tests/unit/test.h"

#include <math.h>
#include <string.h>

#include "alert/alert.h"

static const char *rendered(const char *text, double value) {
  static char out[4096];
  SCOPED(buf_done) struct buf b;
  struct fail why = {0};
  struct labels *labels = labels_new((struct label_pair[]){{"instance", "db1"}, {"job", "pg"}, {"n", "1234567"}}, 3);
  const char *names[] = {"site"}, *values[] = {"eu"};
  buf_init(&b, 65536);
  size_t at;
  if (!template_check(text, &at, &why)) fail_msg("%s: %s", text, why.text);
  if (!template_render(&b, text, labels, value, &(struct pairs){names, values, 1}, &why)) fail_msg("%s: %s", text, why.text);
  strcpy(out, b.length ? b.data : "");
  labels_unref(labels);
  return out;
}

static void values_read_as_prometheus_writes_them(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double value;
    const char *expected;
  } table[] = {
      {"{{ $value }}", 82, "82"},
      {"{{ $value }}", 0.25, "0.25"},
      {"{{ $value }}", 1234567, "1.234567e+06"},
      {"{{ $value }}", 123456, "123456"},
      {"{{ $value }}", 0.00001, "1e-05"},
      {"{{ $value }}", NAN, "NaN"},
      {"{{ $value }}", -INFINITY, "-Inf"},
      {"{{ .Value }}", 1, "1"},
      {"{{ $value | humanize }}", 1234567, "1.235M"},
      {"{{ humanize $value }}", 999, "999"},
      {"{{ $value | humanize }}", 1000, "1k"},
      {"{{ $value | humanize }}", 0.0021, "2.1m"},
      {"{{ $value | humanize }}", -0.5, "-500m"},
      {"{{ $value | humanize }}", 0, "0"},
      {"{{ $value | humanize }}", INFINITY, "+Inf"},
      {"{{ $value | humanize1024 }}", 1048576, "1Mi"},
      {"{{ $value | humanize1024 }}", 1500, "1.465ki"},
      {"{{ $value | humanize1024 }}", 0.5, "0.5"},
      {"{{ $value | humanizePercentage }}", .12345, "12.35%"},
      {"{{ $value | humanizePercentage }}", NAN, "NaN%"},
      {"{{ $value | humanizeDuration }}", 3725.5, "1h 2m 5s"},
      {"{{ $value | humanizeDuration }}", 90061, "1d 1h 1m 1s"},
      {"{{ $value | humanizeDuration }}", 59.5, "59.5s"},
      {"{{ $value | humanizeDuration }}", -75, "-1m 15s"},
      {"{{ $value | humanizeDuration }}", 0.05, "50ms"},
      {"{{ $value | humanizeDuration }}", 0, "0s"},
      {"{{ $value | humanizeTimestamp }}", 1435065584.5, "2015-06-23 13:19:44.5 +0000 UTC"},
      {"{{ $value | humanizeTimestamp }}", 0, "1970-01-01 00:00:00 +0000 UTC"},
      {"{{ printf \"%.2f\" $value }} %", 91.456, "91.46 %"},
      {"{{ $value | printf \"%.1f%%\" }}", 91.456, "91.5%"},
      {"{{ printf \"%5.0f|%-6.1f|%+g\" $value $value $value }}", 7, "    7|7.0   |+7"},
      {"{{ printf \"%e\" $value }}", 12345, "1.234500e+04"},
      {"{{ printf `%s on %s` $labels.job $labels.instance }}", 0, "pg on db1"},
      {"{{ printf \"%q\" $labels.job }}", 0, "\"pg\""},
      {"{{ $labels.n | humanize }}", 0, "1.235M"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    const char *got = rendered(table[i].text, table[i].value);
    if (strcmp(got, table[i].expected) != 0)
      fail_msg("%s of %g: %s, not %s", table[i].text, table[i].value, got, table[i].expected);
  }
}

static void labels_and_text_stand_where_they_are_written(void **state) {
  (void)state;
  assert_string_equal(rendered("plain } text {", 0), "plain } text {");
  assert_string_equal(rendered("", 0), "");
  assert_string_equal(rendered("{{ $labels.instance }}/{{.Labels.job}}", 0), "db1/pg");
  assert_string_equal(rendered("[{{ $labels.missing }}]", 0), "[]");
  assert_string_equal(rendered("{{ $labels }}", 0), "map[instance:db1 job:pg n:1234567]");
  assert_string_equal(rendered("{{ $externalLabels.site }}{{ $externalLabels.none }}{{ $externalURL }}", 0), "eu");
  assert_string_equal(rendered("a {{- $labels.job -}} b", 0), "apgb");
  assert_string_equal(rendered("{{ \"a\\n\\\"b\" }}", 0), "a\n\"b");
  assert_string_equal(rendered("{{ ($value | humanize) }}{{ $labels.job | toUpper }}", 2), "2PG");
}

static void what_is_not_known_is_refused_with_its_place(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t at;
    const char *sentence;
  } table[] = {
      {"up {{ $value", 3, "the {{ that opens here is not closed by }}"},
      {"{{ $value | }}", 12, "a function is expected behind |"},
      {"{{ $valeu }}", 3, "$valeu is unknown here; $labels.NAME, $value, $externalLabels.NAME and $externalURL are known"},
      {"{{ query \"up\" }}", 3, "the function query is not supported; printf, "},
      {"{{ if $value }}x{{ end }}", 3, "the function if is not supported; printf, "},
      {"{{ printf \"%x\" $value }}", 3, "printf knows the verbs %s %v %q %d %f %g %e"},
      {"{{ printf \"%f %f\" $value }}", 3, "printf has more verbs than values"},
      {"{{ humanize \"abc }}", 12, "the string that begins here does not end"},
      {"{{ ($value }}", 3, "the parenthesis that opens here does not close"},
      {"{{ humanize $value 1 }}", 3, "humanize takes one value"},
      {"{{ /* note */ }}", 0, "comments in templates are not supported"},
      {"{{ ((((((((((((((((((((((((((1", 23, "parentheses are nested more than 20 deep"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct fail why = {0};
    size_t at = 999;
    if (template_check(table[i].text, &at, &why)) fail_msg("accepted: %s", table[i].text);
    if (strncmp(why.text, table[i].sentence, strlen(table[i].sentence)) != 0) fail_msg("%s: %s", table[i].text, why.text);
    if (at != table[i].at) fail_msg("%s: at %zu", table[i].text, at);
  }
}

static void a_label_that_is_no_number_is_said_at_rendering(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf b;
  struct fail why = {0};
  struct labels *labels = labels_new((struct label_pair[]){{"job", "pg"}}, 1);
  buf_init(&b, 100);
  assert_false(template_render(&b, "{{ $labels.job | humanize }}", labels, 0, NULL, &why));
  assert_string_equal(why.text, "at character 18 of the template: \"pg\" is not a number");
  labels_unref(labels);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_read_as_prometheus_writes_them),
      cmocka_unit_test(labels_and_text_stand_where_they_are_written),
      cmocka_unit_test(what_is_not_known_is_refused_with_its_place),
      cmocka_unit_test(a_label_that_is_no_number_is_said_at_rendering),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
