/* What a rule file may say, and what is said about a wrong one, each mistake at its place. The sentences are part of the product. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/alert/load.h"

static struct fail why;

static struct rule_set *parse(const char *text) {
  struct rule_set *set = rules_new();
  why = (struct fail){0};
  if (rules_parse(set, "r.yml", text, strlen(text), &why)) return set;
  rules_free(set);
  return NULL;
}

static struct rule_set *parse_good(const char *text) {
  struct rule_set *set = parse(text);
  if (!set) fail_msg("%s", why.text);
  return set;
}

static const char *pair(const struct pairs *p, const char *name) {
  for (size_t i = 0; i < p->count; i++)
    if (!strcmp(p->names[i], name)) return p->values[i];
  return "";
}

static void all_that_prometheus_knows_of_a_rule_is_read(void **state) {
  (void)state;
  struct rule_set *set = parse_good("groups:\n"
                                    "- name: web\n"
                                    "  interval: 30s\n"
                                    "  query_offset: 10s\n"
                                    "  limit: 5\n"
                                    "  labels: {team: data, severity: info}\n"
                                    "  rules:\n"
                                    "  - record: job:up:sum\n"
                                    "    expr: sum by (job) (up)\n"
                                    "    labels: {kind: sum}\n"
                                    "  - alert: Slow\n"
                                    "    expr: |\n"
                                    "      rate(x_total[15m])\n"
                                    "        > 5\n"
                                    "    for: 1m30s\n"
                                    "    keep_firing_for: 2m\n"
                                    "    recover: rate(x_total[15m]) < 2\n"
                                    "    no_data: alert\n"
                                    "    labels: {severity: critical}\n"
                                    "    annotations:\n"
                                    "      summary: '{{ $labels.instance }} costs $5 and ${HOME}'\n");
  assert_int_equal(set->count, 1);
  assert_int_equal(set->rule_count, 2);
  const struct rule_group *g = &set->groups[0];
  assert_string_equal(g->name, "web");
  assert_int_equal(g->interval, 30000);
  assert_int_equal(g->query_offset, 10000);
  assert_int_equal(g->limit, 5);
  assert_true(g->rules[0].records);
  assert_string_equal(pair(&g->rules[0].labels, "team"), "data");
  assert_string_equal(pair(&g->rules[0].labels, "kind"), "sum");
  const struct rule *r = &g->rules[1];
  assert_string_equal(r->name, "Slow");
  assert_int_equal(r->pending, 90000);
  assert_int_equal(r->keep_firing, 120000);
  assert_int_equal(r->no_data, NO_DATA_ALERT);
  assert_non_null(r->recover);
  assert_string_equal(pair(&r->labels, "severity"), "critical");
  assert_int_equal(r->labels.count, 2);
  assert_string_equal(pair(&r->annotations, "summary"), "{{ $labels.instance }} costs $5 and ${HOME}");
  assert_int_equal(r->line, 11);
  assert_int_equal(set->span, 15 * 60000 + 10000);
  rules_free(set);
}

static void a_file_without_groups_is_no_mistake(void **state) {
  (void)state;
  static const char *const empty[] = {"", "groups:\n", "groups: []\n", "groups: [{name: a}]\n", "groups: [{name: a, rules: }]\n"};
  for (size_t i = 0; i < COUNTOF(empty); i++) {
    struct rule_set *set = parse_good(empty[i]);
    assert_int_equal(set->rule_count, 0);
    rules_free(set);
  }
}

static void what_yaml_can_say_twice_is_read_as_prometheus_reads_it(void **state) {
  (void)state;
  struct rule_set *set = parse_good("\xef\xbb\xbf---\n"
                                    "groups:\n"
                                    "- name: g\n"
                                    "  rules:\n"
                                    "  - &a\n"
                                    "    alert: A\n"
                                    "    expr: &up up == 0\n"
                                    "    for: 5m\n"
                                    "    labels: &page {severity: page, team: web, empty: }\n"
                                    "  - <<: [*a, {for: 7m, keep_firing_for: 1m}]\n"
                                    "    alert: B\n"
                                    "    labels: {<<: *page, team: !!str 5}\n"
                                    "  - {alert: C, expr: *up, annotations: {__dashboardUid__: x}}\n"
                                    "---\n");
  assert_int_equal(set->rule_count, 3);
  const struct rule *b = &set->groups[0].rules[1], *c = &set->groups[0].rules[2];
  assert_string_equal(b->name, "B");
  assert_int_equal(b->pending, 300000);
  assert_int_equal(b->keep_firing, 60000);
  assert_string_equal(pair(&b->labels, "severity"), "page");
  assert_string_equal(pair(&b->labels, "team"), "5");
  assert_string_equal(pair(&b->labels, "empty"), "");
  assert_int_equal(b->labels.count, 3);
  assert_string_equal(c->text, "up == 0");
  assert_int_equal(c->expr_line, 7); /* where it is written */
  assert_string_equal(pair(&c->annotations, "__dashboardUid__"), "x");
  rules_free(set);
}

/* Each &l is ten times the one before. */
static void a_few_aliases_do_not_become_millions_of_values(void **state) {
  (void)state;
  char text[2000] = "groups:\n- &l0 {name: x}\n";
  for (int i = 1; i <= 8; i++) {
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "- &l%d [*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d]\n", i, i - 1, i - 1,
             i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
  }
  assert_null(parse(text));
  if (!strstr(why.text, "makes this too large: at most 100000 values")) fail_msg("%s", why.text);
}

static void what_prometheus_lets_pass_does_not_stop_a_file(void **state) {
  (void)state;
  struct rule_set *set = parse_good("groups:\n"
                                    "- name: g\n"
                                    "  interval: 500ms\n"
                                    "  limit: -1\n"
                                    "  rules:\n"
                                    "  - {record: a, expr: up, for: 0s, keep_firing_for: , annotations: {}}\n"
                                    "- name: h\n"
                                    "  interval: 2d\n"
                                    "- name: i\n"
                                    "  interval: 0s\n");
  assert_int_equal(set->groups[0].interval, 1000);
  assert_int_equal(set->groups[0].limit, 0);
  assert_int_equal(set->groups[1].interval, 2 * 86400000);
  assert_int_equal(set->groups[2].interval, 0);
  rules_free(set);
}

/* `rule` stands in a group, its first key in line 4 and column 5. */
static void assert_refused(const char *rule, const char *sentence) {
  char text[4096];
  snprintf(text, sizeof text, "groups:\n- name: g\n  rules:\n  - %s", rule);
  struct rule_set *set = parse(text);
  if (set) fail_msg("accepted: %s", rule);
  if (strncmp(why.text, sentence, strlen(sentence)) != 0) fail_msg("%s\nsays: %s\nnot:  %s", rule, why.text, sentence);
}

static void a_mistake_is_shown_at_its_place(void **state) {
  (void)state;
  static const struct {
    const char *rule, *sentence;
  } wrong[] = {
      {"alert: A\n    expr: up\n    fro: 5m\n",
       "r.yml:6:5: unknown key \"fro\"; did you mean \"for\"? Allowed here: alert, record, expr"},
      {"alert: A\n    expr: up\n    for: 5\n",
       "r.yml:6:10: for: \"5\" is not a duration: it has no unit; write it like 10s, 1m30s or 500ms"},
      {"alert: A\n    expr: up\n    for: soon\n", "r.yml:6:10: for: \"soon\" is not a duration"},
      {"alert: A\n    record: b\n    expr: up\n", "r.yml:5:5: a rule has either alert: or record:, not both"},
      {"expr: up\n", "r.yml:4:5: a rule needs a name: alert: NAME, or record: NAME"},
      {"alert: ''\n    expr: up\n", "r.yml:4:12: alert: a name belongs here"},
      {"alert: A\n", "r.yml:4:5: the rule A has no expr"},
      {"record: a-b\n    expr: up\n", "r.yml:4:13: record: \"a-b\" is not the name of a metric; use letters, digits, _ and :"},
      {"record: a\n    expr: up\n    for: 5m\n", "r.yml:6:5: for: only an alert has this; a rule that records has expr and labels"},
      {"record: a\n    expr: up\n    annotations: {a: b}\n", "r.yml:6:5: annotations: only an alert has this"},
      {"alert: A\n    expr: up\n    labels: {9a: b}\n",
       "r.yml:6:14: labels: \"9a\" is not a label name; use letters, digits and _"},
      {"alert: A\n    expr: up\n    labels: {__name__: b}\n", "r.yml:6:14: labels: \"__name__\" is not a label name"},
      {"alert: A\n    expr: up\n    no_data: kepp\n",
       "r.yml:6:14: no_data: \"kepp\" is not allowed; did you mean \"keep\"? allowed: keep, "},
      {"alert: A\n    expr: up\n    expr: down\n", "r.yml:6:5: the key \"expr\" is there already, in line 5"},
      {"alert: A\n    expr: up[5m]\n",
       "r.yml:5:11: expr: a rule needs an instant vector or a number, and this is a range; put a function"},
      {"[a]\n", "r.yml:4:5: a rule is a map with alert: or record:, not a list"},
      {"\n", "r.yml:4:4: a rule is a map with alert: or record:, not nothing"},
      {"alert: *a\n", "r.yml:4:12: no value above is called &a"},
      {"<<: a\n", "r.yml:4:9: <<: a map belongs here, as <<: *name, not text"},
      {"alert: A\n    expr: !!binary dXA=\n", "r.yml:5:11: tags (!name) are not supported; leave it out"},
      {"alert: A\n    expr: {{ .Values.expr }}\n", "r.yml:5:12: put quotes around a value that begins with {{"},
  };
  for (size_t i = 0; i < COUNTOF(wrong); i++) assert_refused(wrong[i].rule, wrong[i].sentence);
}

static void a_mistake_in_an_expression_is_shown_where_it_stands_in_the_file(void **state) {
  (void)state;
  static const struct {
    const char *rule, *place;
  } wrong[] = {
      {"alert: A\n    expr: up ==\n", "r.yml:5:16: expr: "},
      {"alert: A\n    expr: nosuch(up)\n", "r.yml:5:11: expr: there is no function nosuch()"},
      {"alert: A\n    expr: 'up{a=\"b\"} == nosuch(1)'\n", "r.yml:5:25: expr: there is no function nosuch()"},
      {"alert: A\n    expr: \"up{a=\\\"b\\\"} == nosuch(1)\"\n", "r.yml:5:27: expr: there is no function nosuch()"},
      {"alert: A\n    expr: |\n      up\n        == nosuch(1)\n", "r.yml:7:12: expr: there is no function nosuch()"},
      {"alert: A\n    expr: >-\n      up ==\n\n      1 + nosuch(1)\n", "r.yml:8:11: expr: there is no function nosuch()"},
      {"alert: A\n    expr: up\n      == nosuch(1)\n", "r.yml:6:10: expr: there is no function nosuch()"},
      {"alert: A\n    expr: up\n    recover: up > nosuch(1)\n", "r.yml:6:19: recover: there is no function nosuch()"},
      {"alert: A\n    expr: 'héé'\n", "r.yml:5:13: expr: "},
  };
  for (size_t i = 0; i < COUNTOF(wrong); i++) assert_refused(wrong[i].rule, wrong[i].place);
}

static void a_template_that_does_not_close_is_refused_at_load(void **state) {
  (void)state;
  assert_refused("alert: A\n    expr: up\n    annotations:\n      summary: 'is {{ $value '\n",
                 "r.yml:7:20: annotations.summary: the {{ that opens here is not closed by }}");
  assert_refused("alert: A\n    expr: up\n    labels: {a: '{{ $vale }}'}\n", "r.yml:6:21: labels.a: $vale is unknown here");
  assert_refused("alert: A\n    expr: up\n    annotations:\n      a: |\n        one\n        two {{ foo 1 }}\n",
                 "r.yml:9:16: annotations.a: there is no function foo");
}

static void two_groups_of_a_name_in_one_file_are_refused(void **state) {
  (void)state;
  assert_null(parse("groups:\n- name: a\n- name: b\n- name: a\n"));
  assert_string_equal(why.text, "r.yml:4:9: the group \"a\" is there already, in line 2");
  assert_null(parse("groups:\n- rules: []\n"));
  assert_string_equal(why.text, "r.yml:2:3: a group needs a name");
  assert_null(parse("groups:\n- name: a\n  intervall: 5s\n"));
  assert_string_equal(
      why.text, "r.yml:3:3: unknown key \"intervall\"; did you mean \"interval\"? Allowed here: name, interval, query_offset, "
                "limit, labels, rules");
  assert_null(parse("group:\n- name: a\n"));
  assert_string_equal(why.text, "r.yml:1:1: unknown key \"group\"; did you mean \"groups\"? Allowed here: groups");
  assert_null(parse("kind: PrometheusRule\nspec: {groups: []}\n"));
  assert_string_equal(why.text, "r.yml:1:1: this is a Kubernetes manifest; the file of rules is what stands below its spec:");
}

/* Files */

static char folder[] = "/tmp/sonde-rules-XXXXXX";

static const char *in_folder(const char *name) {
  static char paths[4][200];
  static int next;
  snprintf(paths[next % 4], sizeof paths[0], "%s/%s", folder, name);
  return paths[next++ % 4];
}

static void write_file(const char *name, const char *text) {
  FILE *file = fopen(in_folder(name), "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static struct rule_set *load(const char *first, const char *second) {
  const char *items[] = {first, second};
  why = (struct fail){0};
  return rules_load(&(struct strings){items, second ? 2 : 1}, &why);
}

static int make_folder(void **state) {
  (void)state;
  assert_non_null(mkdtemp(folder));
  write_file("a.yml", "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]");
  write_file("b.yml", "groups: [{name: g, rules: [{alert: A, expr: up == 0}, {alert: A, expr: up == 1}]}]");
  return mkdir(in_folder("c"), 0700);
}

static int remove_folder(void **state) {
  (void)state;
  unlink(in_folder("a.yml"));
  unlink(in_folder("b.yml"));
  rmdir(in_folder("c"));
  return rmdir(folder);
}

static void patterns_name_files_and_each_is_read_once(void **state) {
  (void)state;
  struct rule_set *set = load(in_folder("*.yml"), in_folder("a.yml"));
  if (!set) fail_msg("%s", why.text);
  assert_int_equal(set->count, 2);
  assert_int_equal(set->rule_count, 3);
  assert_string_equal(set->groups[0].file, in_folder("a.yml"));
  rules_free(set);
}

static void rules_that_look_alike_keep_their_state_apart(void **state) {
  (void)state;
  struct rule_set *set = load(in_folder("*.yml"), NULL);
  const struct rule *first = &set->groups[0].rules[0], *same = &set->groups[1].rules[0], *other = &set->groups[1].rules[1];
  assert_memory_equal(first->identity, "g/A/", 4);
  assert_int_equal(strlen(first->identity), 4 + 16);
  assert_memory_equal(same->identity, first->identity, 20);
  assert_string_equal(same->identity + 20, "#2");
  assert_string_not_equal(other->identity, first->identity);
  rules_free(set);
}

static void a_file_that_cannot_be_read_is_named(void **state) {
  (void)state;
  char sentence[400];
  assert_null(load(in_folder("a.yml"), in_folder("none/*.yml")));
  snprintf(sentence, sizeof sentence, "rules: no file matches %s", in_folder("none/*.yml"));
  assert_string_equal(why.text, sentence);
  assert_null(load(in_folder("c"), NULL));
  snprintf(sentence, sizeof sentence, "cannot read %s: it is a folder", in_folder("c"));
  assert_string_equal(why.text, sentence);
}

static void the_rules_that_are_brought_along_load(void **state) {
  (void)state;
  struct rule_set *set = load("web-stack", "web-app");
  if (!set) fail_msg("%s", why.text);
  assert_string_equal(set->groups[0].file, "web-stack");
  assert_string_equal(set->groups[set->count - 1].file, "web-app");
  for (size_t i = 0; i < set->count; i++) assert_true(set->groups[i].count > 0);
  rules_free(set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_that_prometheus_knows_of_a_rule_is_read),
      cmocka_unit_test(a_file_without_groups_is_no_mistake),
      cmocka_unit_test(what_yaml_can_say_twice_is_read_as_prometheus_reads_it),
      cmocka_unit_test(a_few_aliases_do_not_become_millions_of_values),
      cmocka_unit_test(what_prometheus_lets_pass_does_not_stop_a_file),
      cmocka_unit_test(a_mistake_is_shown_at_its_place),
      cmocka_unit_test(a_mistake_in_an_expression_is_shown_where_it_stands_in_the_file),
      cmocka_unit_test(a_template_that_does_not_close_is_refused_at_load),
      cmocka_unit_test(two_groups_of_a_name_in_one_file_are_refused),
      cmocka_unit_test(patterns_name_files_and_each_is_read_once),
      cmocka_unit_test(rules_that_look_alike_keep_their_state_apart),
      cmocka_unit_test(a_file_that_cannot_be_read_is_named),
      cmocka_unit_test(the_rules_that_are_brought_along_load),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
