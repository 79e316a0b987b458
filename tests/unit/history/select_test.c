/* Selecting: matchers, the edges of the span, and what a query is told of what it cannot see. */
#include "tests/unit/test.h"

#include "tests/unit/history/past.h"

struct world {
  struct history *h;
  struct shard *s;
  struct arena arena;
  struct selection sel;
};

static int set_up(void **state) {
  struct world *w = mem_zero(sizeof *w);
  w->h = history_new(15 * MINUTE, 100 * MEGA);
  w->s = past_shard(w->h, "main");
  arena_init(&w->arena);
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  struct world *w = *state;
  selection_done(&w->sel);
  arena_done(&w->arena);
  history_free(w->h);
  free(w);
  return 0;
}

static size_t matched(struct world *w, const struct matcher *m, size_t count) {
  struct fail f;
  selection_done(&w->sel);
  assert_true(history_select(w->h, m, count, ALWAYS, &w->arena, &w->sel, &f));
  return w->sel.count;
}

/* Selects the series of a metric between two times; returns what is said of the first target, NULL when nothing is. */
static const struct coverage *covered(struct world *w, const char *name, msec_t from, msec_t to) {
  const struct matcher m = {MATCH_EQUAL, "__name__", name, NULL};
  struct fail f;
  selection_done(&w->sel);
  assert_true(history_select(w->h, &m, 1, from, to, &w->arena, &w->sel, &f));
  return w->sel.coverage_count ? &w->sel.coverage[0] : NULL;
}

static void the_span_is_open_at_its_beginning(void **state) {
  struct world *w = *state;
  for (int t = 10; t <= 50; t += 10) past_a(w->s, t * S, "x=1");
  assert_string_equal(past_shown(w->h, "a", 10 * S, 30 * S), "k=x 20:1 30:1");
  assert_string_equal(past_shown(w->h, "a", 10 * S - 1, 30 * S - 1), "k=x 10:1 20:1");
  assert_string_equal(past_shown(w->h, "a", 50 * S, 90 * S), "");
  assert_string_equal(past_shown(w->h, "a", 0, 9 * S), "");
}

static void each_kind_of_matcher_chooses(void **state) {
  struct world *w = *state;
  struct fail f;
  struct regex *r = regex_new("x|z.*", &f);
  past_tick(w->s, 10 * S, true, past_section("one", &a_family, "x=1 y=1 zz=1"), past_section("two", &b_family, "x=1"));
  const struct matcher name = {MATCH_EQUAL, "__name__", "a", NULL}, equal = {MATCH_EQUAL, "k", "x", NULL},
                       not_equal = {MATCH_NOT_EQUAL, "k", "x", NULL}, like = {MATCH_REGEX, "k", NULL, r},
                       unlike = {MATCH_NOT_REGEX, "k", NULL, r}, none = {MATCH_EQUAL, "k", "", NULL};
  assert_int_equal(matched(w, &equal, 1), 2);
  assert_int_equal(matched(w, (struct matcher[]){name, equal}, 2), 1);
  assert_int_equal(matched(w, (struct matcher[]){name, not_equal}, 2), 2);
  assert_int_equal(matched(w, (struct matcher[]){name, like}, 2), 2);
  assert_int_equal(matched(w, (struct matcher[]){name, unlike}, 2), 1);
  assert_int_equal(matched(w, (struct matcher[]){not_equal, unlike}, 2), 2); /* a{k="y"} and up */
  assert_int_equal(matched(w, &none, 1), 1);                                 /* up */
  assert_int_equal(matched(w, (struct matcher[]){name, {MATCH_EQUAL, "target", "other", NULL}}, 2), 0);
  regex_free(r);
}

static void all_targets_are_searched(void **state) {
  struct world *w = *state;
  past_a(w->s, 10 * S, "x=1");
  past_a(past_shard(w->h, "other"), 11 * S, "y=1");
  assert_string_equal(past_shown(w->h, "a", ALWAYS), "k=x 10:1; k=y 11:1");
}

static void a_target_that_is_down_is_a_gap_for_what_it_does_not_show(void **state) {
  struct world *w = *state;
  for (int t = 10; t <= 40; t += 10)
    past_tick(w->s, t * S, t < 30, past_section("status", &b_family, "s=1"), t < 30 ? past_section("one", &a_family, "x=1") : NULL);
  const struct coverage *c = covered(w, "a", 0, 40 * S);
  assert_string_equal(c->target, "main");
  assert_true(c->gap && c->gap_now);
  c = covered(w, "b", 0, 40 * S);
  assert_true(c && !c->gap && !c->gap_now);
  c = covered(w, "up", 0, 40 * S);
  assert_true(c && !c->gap && !c->gap_now);
  c = covered(w, "a", 0, 20 * S);
  assert_true(c && !c->gap && !c->gap_now);
}

static void a_gap_is_over_when_the_target_is_back(void **state) {
  struct world *w = *state;
  for (int t = 10; t <= 50; t += 10) past_tick(w->s, t * S, t != 30, t != 30 ? past_section("one", &a_family, "x=1") : NULL, NULL);
  const struct coverage *c = covered(w, "a", 0, 50 * S);
  assert_true(c->gap && !c->gap_now);
  c = covered(w, "a", 30 * S, 50 * S);
  assert_true(!c->gap && !c->gap_now);
}

static void a_gap_longer_than_the_span_is_one(void **state) {
  struct world *w = *state;
  past_a(w->s, 10 * S, "x=1");
  for (int t = 20; t <= 3600; t += 10) past_tick(w->s, t * S, false, NULL, NULL);
  const struct coverage *c = covered(w, "a", 3300 * S, 3600 * S);
  assert_int_equal(w->sel.count, 0);
  assert_true(c && c->gap && c->gap_now);
}

static void a_process_that_was_stopped_has_a_gap(void **state) {
  struct world *w = *state;
  past_a(w->s, 10 * S, "x=1");
  past_a(w->s, 20 * S, "x=1");
  const struct coverage *c = covered(w, "a", 100 * S, 400 * S);
  assert_int_equal(w->sel.count, 0);
  assert_true(c && c->gap && c->gap_now);
}

static void a_target_that_never_answered_may_have_any_series(void **state) {
  struct world *w = *state;
  const struct coverage *c = covered(w, "a", 0, 100 * S);
  assert_true(c && c->gap && c->gap_now);
  past_tick(w->s, 10 * S, false, past_section("status", &b_family, "s=0"), NULL);
  c = covered(w, "a", 0, 100 * S);
  assert_true(c && c->gap && c->gap_now);
  c = covered(w, "b", 0, 100 * S); /* this it shows */
  assert_true(c && !c->gap && !c->gap_now);
  const struct matcher elsewhere[] = {{MATCH_EQUAL, "__name__", "a", NULL}, {MATCH_EQUAL, "job", "others", NULL}};
  assert_int_equal(matched(w, elsewhere, 2), 0);
  assert_int_equal(w->sel.coverage_count, 0);
  past_a(w->s, 20 * S, "x=1");
  assert_null(covered(w, "no_such_thing", 0, 100 * S));
}

static void a_target_that_was_removed_leaves_no_gap(void **state) {
  struct world *w = *state;
  past_a(w->s, 10 * S, "x=1");
  past_tick(w->s, 20 * S, false, NULL, NULL);
  shard_retire(w->s, 25 * S);
  assert_null(covered(w, "a", 0, 60 * S));
}

static void a_new_target_says_since_when_it_is_watched(void **state) {
  struct world *w = *state;
  for (int t = 1000; t <= 1100; t += 10) past_a(w->s, t * S, "x=1");
  assert_int_equal(covered(w, "a", 800 * S, 1100 * S)->since, 1000 * S);
  assert_int_equal(covered(w, "a", 1040 * S, 1100 * S)->since, 1040 * S);
  assert_int_equal(covered(w, "a", 500 * S, 900 * S)->since, 1000 * S); /* with an offset: not yet at all */
}

static void after_an_outage_the_past_begins_anew(void **state) {
  struct world *w = *state;
  for (int t = 10; t <= 600; t += 10)
    past_tick(w->s, t * S, t < 100 || t > 500, t < 100 || t > 500 ? past_section("one", &a_family, "x=1") : NULL, NULL);
  assert_int_equal(covered(w, "a", 300 * S, 600 * S)->since, 510 * S);
  assert_int_equal(covered(w, "a", 50 * S, 600 * S)->since, 50 * S); /* there are points on both sides of it */
}

static void a_machine_that_slept_begins_anew(void **state) {
  struct world *w = *state;
  for (int t = 10; t <= 100; t += 10) past_a(w->s, t * S, "x=1");
  for (int t = 700; t <= 750; t += 10) past_a(w->s, t * S, "x=1");
  assert_int_equal(covered(w, "a", 450 * S, 750 * S)->since, 700 * S);
}

static void a_slow_cadence_is_no_sleep(void **state) {
  struct world *w = *state;
  for (int t = 60; t <= 720; t += 120) past_a(w->s, t * S, "x=1");
  assert_int_equal(covered(w, "a", 350 * S, 720 * S)->since, 350 * S);
}

static void the_span_that_is_kept_is_covered(void **state) {
  struct world *w = *state;
  for (int t = 7; t <= 5000; t += 10) past_a(w->s, t * S, "x=1");
  assert_int_equal(covered(w, "a", 5000 * S - 15 * MINUTE, 5000 * S)->since, 5000 * S - 15 * MINUTE);
  assert_true(covered(w, "a", 5000 * S - 30 * MINUTE, 5000 * S)->since > 5000 * S - 16 * MINUTE);
}

static void a_query_for_too_much_is_refused(void **state) {
  struct world *w = *state;
  struct fail f = {0};
  SCOPED(buf_done) struct buf words;
  buf_init(&words, MEGA);
  for (int i = 0; i < 6000; i++) buf_printf(&words, "s%d ", i);
  history_keep(w->h, 900 * S, 100 * MEGA);
  struct section *all = past_section("one", &a_family, words.data);
  for (int t = 1; t <= 850; t++) past_tick(w->s, t * S, true, section_ref(all), NULL);
  section_unref(all);
  const struct matcher m = {MATCH_EQUAL, "__name__", "a", NULL};
  assert_false(history_select(w->h, &m, 1, ALWAYS, &w->arena, &w->sel, &f));
  assert_int_equal(f.kind, FAIL_LIMIT);
  assert_string_equal(f.text, "the selection holds more than 5000000 points");
}

static void a_regular_expression_that_is_too_dear_does_not_hold_up_a_target(void **state) {
  struct world *w = *state;
  struct fail f = {0};
  struct section *s = section_new("one");
  char text[220];
  memset(text, 'a', sizeof text);
  for (int i = 0; i < 5000; i++) {
    snprintf(text + 190, 20, "%d", i);
    section_add(s, &a_family, section_label_pairs(s, "k", text, NULL), 1);
  }
  past_tick(w->s, 10 * S, true, section_finish(s), NULL);
  struct regex *r = regex_new("(a*)*[^a0-9]x?", &f);
  const struct matcher m = {MATCH_REGEX, "k", NULL, r};
  assert_false(history_select(w->h, &m, 1, ALWAYS, &w->arena, &w->sel, &f));
  assert_int_equal(f.kind, FAIL_LIMIT);
  assert_string_equal(f.text, "finding the series took more than 0.25 s of CPU: a regular expression is too dear");
  regex_free(r);
}

/* The label k of the series that have points in the span: "x y". */
static const char *named(struct world *w, const struct matcher *m, size_t count, msec_t from, msec_t to) {
  static char shown[200];
  struct labels **labels;
  struct fail f;
  size_t n;
  *shown = 0;
  assert_true(history_series(w->h, m, count, from, to, &w->arena, &labels, &n, &f));
  for (size_t i = 0; i < n; i++) {
    const char *k = labels_get(labels[i], "k");
    snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s%s", i ? " " : "", *k ? k : labels_get(labels[i], "__name__"));
    labels_unref(labels[i]);
  }
  return shown;
}

static void the_series_of_a_span_are_those_that_have_points_in_it(void **state) {
  struct world *w = *state;
  const struct matcher m[] = {{MATCH_EQUAL, "__name__", "a", NULL}, {MATCH_NOT_EQUAL, "k", "w", NULL}};
  past_a(w->s, 10 * S, "w=1 x=1");
  past_a(w->s, 20 * S, "w=1 x=1 y=2");
  past_a(w->s, 30 * S, "y=3");
  past_tick(w->s, 40 * S, false, NULL, NULL);
  past_a(w->s, 50 * S, "z=3");
  assert_string_equal(named(w, m, 2, ALWAYS), "x y z");
  assert_string_equal(named(w, m, 2, 0, 10 * S), "x");
  assert_string_equal(named(w, m, 2, 10 * S, 20 * S), "x y");
  assert_string_equal(named(w, m, 2, 20 * S, 30 * S), "y"); /* x has its end there, and nothing else */
  assert_string_equal(named(w, m, 2, 30 * S, 40 * S), "");
  assert_string_equal(named(w, m, 2, 40 * S, 45 * S), "");
  assert_string_equal(named(w, m, 2, 40 * S, 50 * S), "z");
  assert_string_equal(named(w, m, 2, 60 * S, 90 * S), "");
  assert_string_equal(named(w, NULL, 0, 40 * S, 50 * S), "up z");
}

static void a_series_that_came_and_went_long_ago_is_found_there_and_nowhere_else(void **state) {
  struct world *w = *state;
  const struct matcher m = {MATCH_EQUAL, "__name__", "a", NULL};
  for (int t = 1; t <= 800; t++) {
    char words[60];
    snprintf(words, sizeof words, "x=%d.%d%s", t * 7919 % 1000, t % 10, t == 20 || t == 600 ? " y=1" : "");
    past_a(w->s, t * S, words);
  }
  assert_string_equal(named(w, &m, 1, 0, 30 * S), "x y");
  assert_string_equal(named(w, &m, 1, 30 * S, 500 * S), "x");
  assert_string_equal(named(w, &m, 1, 500 * S, 700 * S), "x y");
  assert_string_equal(named(w, &m, 1, 700 * S, 800 * S), "x");
}

static void finding_series_is_bounded_as_well(void **state) {
  struct world *w = *state;
  struct labels **labels;
  struct fail f = {0};
  size_t n;
  struct section *s = section_new("one");
  char text[220];
  memset(text, 'a', sizeof text);
  for (int i = 0; i < 5000; i++) {
    snprintf(text + 190, 20, "%d", i);
    section_add(s, &a_family, section_label_pairs(s, "k", text, NULL), 1);
  }
  past_tick(w->s, 10 * S, true, section_finish(s), NULL);
  struct regex *r = regex_new("(a*)*[^a0-9]x?", &f);
  const struct matcher m = {MATCH_REGEX, "k", NULL, r};
  assert_false(history_series(w->h, &m, 1, ALWAYS, &w->arena, &labels, &n, &f));
  assert_int_equal(f.kind, FAIL_LIMIT);
  assert_int_equal(n, 0);
  regex_free(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_span_is_open_at_its_beginning),
      TEST(each_kind_of_matcher_chooses),
      TEST(all_targets_are_searched),
      TEST(a_target_that_is_down_is_a_gap_for_what_it_does_not_show),
      TEST(a_gap_is_over_when_the_target_is_back),
      TEST(a_gap_longer_than_the_span_is_one),
      TEST(a_process_that_was_stopped_has_a_gap),
      TEST(a_target_that_never_answered_may_have_any_series),
      TEST(a_target_that_was_removed_leaves_no_gap),
      TEST(a_new_target_says_since_when_it_is_watched),
      TEST(after_an_outage_the_past_begins_anew),
      TEST(a_machine_that_slept_begins_anew),
      TEST(a_slow_cadence_is_no_sleep),
      TEST(the_span_that_is_kept_is_covered),
      TEST(a_query_for_too_much_is_refused),
      TEST(a_regular_expression_that_is_too_dear_does_not_hold_up_a_target),
      TEST(the_series_of_a_span_are_those_that_have_points_in_it),
      TEST(a_series_that_came_and_went_long_ago_is_found_there_and_nowhere_else),
      TEST(finding_series_is_bounded_as_well),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
