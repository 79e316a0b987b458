/* Templates of labels and annotations: to the letter as Prometheus writes them. The values were taken from promtool. */
#include "tests/unit/test.h"

#include <math.h>
#include <string.h>

#include "template/template.h"

static void drop_labels(void *labels) {
  labels_unref(labels);
}

/* Knows "up", of two hosts, and "none". */
static bool query(void *context, const char *expr, struct arena *a, struct template_sample **ret, size_t *ret_count,
                  struct fail *f) {
  (void)context;
  static const char *const hosts[] = {"web2", "web1"};
  *ret_count = 0;
  if (!strcmp(expr, "none")) return true;
  if (strcmp(expr, "up") != 0) return fail(f, FAIL_CONFIG, "query \"%s\": not known", expr);
  *ret = arena_alloc(a, 2 * sizeof **ret);
  for (; *ret_count < 2; ++*ret_count) {
    struct labels *l = labels_new((struct label_pair[]){{"__name__", "up"}, {"instance", hosts[*ret_count]}}, 2);
    arena_defer(a, drop_labels, l);
    (*ret)[*ret_count] = (struct template_sample){l, 2.5 - (double)*ret_count};
  }
  return true;
}

static const char *rendered(const char *text, double value) {
  static char out[4096];
  SCOPED(buf_done) struct buf b;
  struct fail why = {0};
  struct labels *labels = labels_new((struct label_pair[]){{"instance", "db1"}, {"job", "pg"}, {"n", "1234567"}}, 3);
  const char *names[] = {"site"}, *values[] = {"eu"};
  buf_init(&b, 65536);
  size_t at;
  if (!template_check(text, &at, &why)) fail_msg("%s: %s", text, why.text);
  struct pairs external = {names, values, 1};
  struct template_world world = {
      .external_labels = &external, .external_url = "https://ops/sonde", .wall = 1435065584, .query = query};
  if (!template_render(&b, text, labels, value, &world, &why)) fail_msg("%s: %s", text, why.text);
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
  assert_string_equal(rendered("{{ $externalLabels.site }}{{ $externalLabels.none }}{{ $externalURL }}", 0), "euhttps://ops/sonde");
  assert_string_equal(rendered("a {{- $labels.job -}} b", 0), "apgb");
  assert_string_equal(rendered("{{ \"a\\n\\\"b\" }}", 0), "a\n\"b");
  assert_string_equal(rendered("{{ ($value | humanize) }}{{ $labels.job | toUpper }}", 2), "2PG");
}

static void conditions_and_loops_do_what_go_does(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } table[] = {
      {"{{ if $labels.job }}a{{ else }}b{{ end }}", "a"},
      {"{{ if $labels.none }}a{{ else if eq $labels.job \"pg\" }}b{{ else }}c{{ end }}", "b"},
      {"{{ if gt $value 1.0 }}high{{ else }}low{{ end }}", "high"},
      {"{{ if and (gt $value 1.0) (lt $value 5.0) }}in{{ end }}", "in"},
      {"{{ if or false \"\" $labels.job }}yes{{ end }}{{ or false \"\" }}{{ and 1 2 }}{{ not 0 }}", "yes2true"},
      {"{{ if eq $labels.job \"mysql\" \"pg\" }}db{{ end }}{{ ne 1 2 }}{{ le 2 2 }}{{ ge \"b\" \"c\" }}", "dbtruetruefalse"},
      {"{{ range query \"up\" }}{{ .Labels.instance }}={{ .Value }} {{ end }}", "web2=2.5 web1=1.5 "},
      {"{{ range $i, $s := query \"up\" }}{{ $i }}:{{ $s.Labels.instance }}{{ if eq $i 0 }},{{ end }}{{ end }}", "0:web2,1:web1"},
      {"{{ range query \"up\" }}{{ if eq .Labels.instance \"web1\" }}{{ break }}{{ end }}{{ .Value }}{{ end }}", "2.5"},
      {"{{ range query \"up\" }}{{ if eq .Labels.instance \"web2\" }}{{ continue }}{{ end }}{{ .Value }}{{ end }}", "1.5"},
      {"{{ range query \"none\" }}x{{ else }}nothing{{ end }}", "nothing"},
      {"{{ range $name, $v := $labels }}{{ $name }}={{ $v }};{{ end }}", "instance=db1;job=pg;n=1234567;"},
      {"{{ range $i := 3 }}{{ $i }}{{ end }}", "012"},
      {"{{ with query \"up\" }}{{ . | first | value }}{{ end }}{{ with query \"none\" }}x{{ else }}-{{ end }}", "2.5-"},
      {"{{ with $labels.job }}{{ . }} on {{ $labels.instance }}{{ end }}", "pg on db1"},
      {"{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ end }}{{ $x }}", "2"},
      {"{{ define \"t\" }}<{{ .arg0 }} {{ .arg1 }}>{{ end }}{{ template \"t\" (args $labels.job $value) }}", "<pg 2.5>"},
      {"{{ define \"t\" }}[{{ . }}]{{ end }}{{ template \"t\" 7 }}{{ block \"b\" $value }}({{ . }}){{ end }}", "[7](2.5)"},
      {"{{ query \"up\" | sortByLabel \"instance\" | first | label \"instance\" }}", "web1"},
      {"{{ (index (query \"up\") 1).Labels.instance }} {{ len (query \"up\") }} {{ index $labels \"job\" }}", "web1 2 pg"},
      {"{{/* a note */}}x{{- /* another */ -}} y", "xy"},
      {"{{ len \"abc\" }}{{ slice \"abcdef\" 1 3 }}{{ index \"a\" 0 }}", "3bc97"},
      {"{{ print 1 2 \"a\" 3 }}|{{ println \"x\" 4 }}|{{ html \"<a b='c'>\" }}|{{ urlquery \"a b&c\" }}|{{ js \"it's\" }}",
       "1 2a3|x 4\n|&lt;a b=&#39;c&#39;&gt;|a+b%26c|it\\'s"},
      {"{{ 0x10 }} {{ 1e3 }} {{ -2 }} {{ 'a' }} {{ true }} {{ 1_000 }} {{ .5 }}", "16 1000 -2 97 true 1000 0.5"},
      {"{{ .Labels.job }} {{ $.Value }} {{ .ExternalLabels.site }} {{ .ExternalURL }}", "pg 2.5 eu https://ops/sonde"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) assert_string_equal(rendered(table[i].text, 2.5), table[i].expected);
}

static void the_functions_of_prometheus_are_all_there(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } table[] = {
      {"{{ title \"aa bB-cc\" }} {{ toUpper \"a\" }} {{ toLower \"A\" }}", "Aa BB-Cc A a"},
      {"{{ match \"^d.\" $labels.instance }} {{ match \"x\" $labels.instance }}", "true false"},
      {"{{ reReplaceAll \"d(b)(\\\\d)\" \"$2-$1\" $labels.instance }} {{ reReplaceAll \"\" \".\" \"ab\" }}", "1-b .a.b."},
      {"{{ stripPort \"db1:5432\" }} {{ stripPort \"db1\" }} {{ stripPort \"[::1]:80\" }} {{ stripPort \"::1\" }}",
       "db1 db1 ::1 ::1"},
      {"{{ stripDomain \"db1.example.com:5432\" }} {{ stripDomain \"db1.example.com\" }} {{ stripDomain \"10.0.0.1:80\" }}",
       "db1:5432 db1 10.0.0.1:80"},
      {"{{ graphLink \"up == 0\" }} {{ tableLink \"up\" }}", "/graph?g0.expr=up+%3D%3D+0&g0.tab=0 /graph?g0.expr=up&g0.tab=1"},
      {"{{ externalURL }} {{ pathPrefix }}", "https://ops/sonde /sonde"},
      {"{{ now }} {{ parseDuration \"1h30m\" }} {{ toDuration 3725.5 }} {{ toTime 1435065584.5 }}",
       "1.435065584e+09 5400 1h2m5.5s 2015-06-23 13:19:44.5 +0000 UTC"},
      {"{{ (toTime 1435065584).Format \"2006-01-02 15:04\" }} {{ (toTime 0).Year }} {{ (toDuration 90).Minutes }}",
       "2015-06-23 13:19 1970 1.5"},
      {"{{ safeHtml \"<b>\" }} {{ strvalue (query \"up\" | first) }}", "<b> "},
      {"{{ humanizeDuration \"3600\" }} {{ $labels.n | humanize1024 }}", "1h 0m 0s 1.177Mi"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) assert_string_equal(rendered(table[i].text, 2.5), table[i].expected);
}

static void printf_writes_what_go_writes(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } table[] = {
      {"{{ printf \"%d|%5d|%-5d|%05d|%+d|%x|%X|%o|%b|%c|%U\" 42 42 42 42 42 42 42 42 5 65 0x1F600 }}",
       "42|   42|42   |00042|+42|2a|2A|52|101|A|U+1F600"},
      {"{{ printf \"%s|%8s|%-8s|%.2s|%q|%x\" \"gö\" \"ab\" \"ab\" \"abc\" \"a\\\"b\" \"az\" }}",
       "gö|      ab|ab      |ab|\"a\\\"b\"|617a"},
      {"{{ printf \"%v %v %v %v\" 1 1.5 \"x\" true }} {{ printf \"%t %T %T\" false 1 1.5 }}", "1 1.5 x true false int float64"},
      {"{{ printf \"%6.2f|%-8.1f|%08.3f|% .1f|%g|%.3g|%G\" 3.14159 3.14159 3.14159 3.14159 1e21 1234.5 1e-7 }}",
       "  3.14|3.1     |0003.142| 3.1|1e+21|1.23e+03|1E-07"},
      {"{{ printf \"%d %s %f\" 1.5 2 \"x\" }}", "%!d(float64=1.5) %!s(int=2) %!f(string=x)"},
      {"{{ printf \"%s %s\" \"a\" }} {{ printf \"%s\" \"a\" \"b\" 3 }} {{ printf \"%\" }}",
       "a %!s(MISSING) a%!(EXTRA string=b, int=3) %!(NOVERB)"},
      {"{{ printf \"%*d|%.*f\" 5 42 2 3.14159 }}", "   42|3.14"},
      {"{{ $value | printf \"%.2f%%\" }}", "2.50%"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) assert_string_equal(rendered(table[i].text, 2.5), table[i].expected);
}

static void what_is_wrong_is_refused_with_its_place(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t at;
    const char *sentence;
  } table[] = {
      {"up {{ $value", 3, "the {{ that opens here is not closed by }}"},
      {"{{ $value | }}", 12, "a function is expected behind |"},
      {"{{ $valeu }}", 3, "$valeu is unknown here; $labels, $value, $externalLabels and $externalURL are known"},
      {"{{ humanise $value }}", 3, "there is no function humanise"},
      {"{{ if $value }}x", 0, "what opens here has no {{ end }}"},
      {"x {{ end }}", 2, "{{ end }} ends nothing"},
      {"{{ else }}", 0, "{{ else }} ends nothing"},
      {"{{ if 1 }}{{ else }}{{ else }}{{ end }}", 20, "a second {{ else }}"},
      {"{{ break }}", 0, "{{ break }} and {{ continue }} stand within {{ range }}"},
      {"{{ if 1 }}{{ define \"x\" }}{{ end }}{{ end }}", 10, "{{ define }} stands at the top alone"},
      {"{{ humanize \"abc }}", 12, "the string that begins here does not end"},
      {"{{ \"\\z\" }}", 4, "\\z is no escape in a string"},
      {"{{ ($value }}", 3, "the parenthesis that opens here does not close"},
      {"{{ humanize $value 1 }}", 3, "humanize takes 1 argument, not 2"},
      {"{{ printf }}", 3, "printf takes at least 1 arguments, not 0"},
      {"{{ $value 1 }}", 3, "only a function takes arguments"},
      {"{{ /* note }}", 0, "the comment that begins here does not end"},
      {"{{ 'ab' }}", 3, "one character is expected within ' and '"},
      {"{{ 12x }}", 3, "\"12x\" is no number"},
      {"{{ }}", 3, "a value is expected here"},
      {"{{ if $value > 1 }}x{{ end }}", 13, "templates have no >; compare with gt, lt, eq, as in {{ if gt $value 1.0 }}"},
      {"{{ $value - 1 }}", 10, "templates have no -; compare with"},
      {"{{ $labels.app-name }}", 14, "there is no - in a name; write index $labels \"…\""},
      {"{{ $labels[\"app\"] }}", 10, "there are no [ ] here; write index $labels \"…\""},
      {"{{ {{ $value }} }}", 3, "\"{{\" is neither a value nor a function"},
      {"{{ $x = 1 }}", 3, "$x is not declared; use := the first time"},
      {"{{ if 1 }}{{ $y := 1 }}{{ end }}{{ $y }}", 35, "$y is unknown here"},
      {"{{ ((((((((((((((((((((((((((((((((((((((((((((((((((((((((1", 53, "parentheses are nested more than 50 deep"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct fail why = {0};
    size_t at = 999;
    if (template_check(table[i].text, &at, &why)) fail_msg("accepted: %s", table[i].text);
    if (strncmp(why.text, table[i].sentence, strlen(table[i].sentence)) != 0) fail_msg("%s: %s", table[i].text, why.text);
    if (at != table[i].at) fail_msg("%s: at %zu", table[i].text, at);
  }
}

static const char *refusal(const char *text) {
  static struct fail why;
  SCOPED(buf_done) struct buf b;
  struct labels *labels = labels_new((struct label_pair[]){{"job", "pg"}}, 1);
  struct template_world world = {.query = query};
  buf_init(&b, 100000);
  bool good = template_render(&b, text, labels, 2.5, &world, &why);
  labels_unref(labels);
  return good ? "" : why.text;
}

static void what_an_element_cannot_give_is_said_at_rendering(void **state) {
  (void)state;
  static const struct {
    const char *text, *sentence;
  } table[] = {
      {"{{ $labels.job | humanize }}", "at character 18 of the template: \"pg\" is not a number"},
      {"{{ gt $value 5 }}", "at character 4 of the template: a float64 cannot be compared with a int"},
      {"{{ query \"none\" | first | value }}", "at character 19 of the template: first() of a query without a result"},
      {"{{ query \"what\" }}", "at character 4 of the template: query \"what\": not known"},
      {"{{ .Nothing }}", "at character 4 of the template: there is no .Nothing here"},
      {"{{ $value.x }}", "at character 4 of the template: a float64 has no .x"},
      {"{{ index (query \"up\") 2 }}", "at character 4 of the template: there is no item 2 among 2"},
      {"{{ range $value }}{{ end }}", "at character 10 of the template: range cannot run over a float64"},
      {"{{ template \"x\" }}", "at character 1 of the template: no template is called \"x\""},
      {"{{ match \"(\" \"a\" }}", "at character 4 of the template: the regular expression is wrong at character 2"},
      {"{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}",
       "at character 17 of the template: templates call each other"},
      {"{{ range 1000000 }}{{ range 1000000 }}{{ end }}{{ end }}",
       "at character 39 of the template: the template takes more than 100000 steps"},
      {"{{ range 90000 }}xxxxxxxxxxxxxxxxxxxx{{ end }}",
       "at character 18 of the template: the template gives more than 65536 bytes"},
      {"{{ range 90000 }}{{ $x := printf \"%1000d%1000d%1000d%1000d%1000d%1000d\" 1 2 3 4 5 6 }}{{ end }}",
       "at character 87 of the template: the template takes more than 64 MB of memory"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++)
    if (strncmp(refusal(table[i].text), table[i].sentence, strlen(table[i].sentence)) != 0)
      fail_msg("%s: %s", table[i].text, refusal(table[i].text));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_read_as_prometheus_writes_them),
      cmocka_unit_test(labels_and_text_stand_where_they_are_written),
      cmocka_unit_test(conditions_and_loops_do_what_go_does),
      cmocka_unit_test(the_functions_of_prometheus_are_all_there),
      cmocka_unit_test(printf_writes_what_go_writes),
      cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
      cmocka_unit_test(what_an_element_cannot_give_is_said_at_rendering),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
