/* Rules at work over a history and a state, with a clock of our own: what is kept over a restart and a reload, who is told what, which series appear. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/alert/load.h"
#include "alert/evaluator.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"

#define SECOND ((msec_t)1000)
#define WALL   ((int64_t)1700000000000)

static const struct family load_family = {"load", "Load.", METRIC_GAUGE, NULL, false};

/* An agent in small. */
static struct {
  char folder[64];
  struct config *config;
  struct receiver_config receivers[2];
  struct history *history;
  struct state *state;
  struct evaluator *evaluator;
  struct identity *id[2];
  struct shard *shard[2];
  msec_t now;
  int64_t offset;
  int committed;
} agent;

static void write_body(void *context, const struct config *config, const char *receiver, const struct alert *a, struct buf *out) {
  (void)context;
  (void)config;
  buf_printf(out, "%s %s %s %g", receiver, alert_state_name(a->state), labels_get(a->labels, "target"), a->value);
}

static void note_commit(void *context) {
  (void)context;
  agent.committed++;
}

/* A start of the process: history is empty, the state is what was kept. */
static void start(void) {
  struct fail why;
  struct evaluator_hooks hooks = {.body = write_body, .committed = note_commit};
  agent.history = history_new(600 * SECOND, 16 << 20);
  agent.state = state_open(agent.folder, &why);
  if (why.kind) fail_msg("%s", why.text);
  for (size_t i = 0; i < 2; i++) agent.shard[i] = history_add(agent.history, agent.id[i]);
  agent.evaluator = evaluator_new(agent.history, agent.state, &hooks);
}

static void stop(void) {
  evaluator_free(agent.evaluator);
  state_close(agent.state);
  history_free(agent.history);
}

static void apply(const char *rules) {
  struct rule_set *set = rules_new();
  struct fail why;
  char text[2000];
  snprintf(text, sizeof text, "groups: [{name: g, rules: [%s]}]", rules);
  if (!rules_parse(set, "r.yml", text, strlen(text), &why)) fail_msg("%s", why.text);
  for (size_t i = 0; i < set->groups[0].count; i++) /* as rules_load() would leave it */
    assert_non_null(set->groups[0].rules[i].identity);
  evaluator_apply(agent.evaluator, agent.config, set);
}

static int begin(void **state) {
  (void)state;
  memset(&agent, 0, sizeof agent);
  strcpy(agent.folder, "/tmp/sonde-evaluator-XXXXXX");
  assert_non_null(mkdtemp(agent.folder));
  agent.now = 1000 * SECOND;
  agent.offset = WALL;
  agent.config = config_new();
  agent.receivers[0] = (struct receiver_config){.name = "ops"};
  agent.receivers[1] = (struct receiver_config){.name = "log"};
  agent.config->receivers = agent.receivers;
  agent.config->receiver_count = 2;
  agent.id[0] = identity_new("one", "host", "node", "one");
  agent.id[1] = identity_new("two", "host", "node", "two");
  start();
  return 0;
}

static int end(void **state) {
  (void)state;
  stop();
  config_unref(agent.config);
  for (size_t i = 0; i < 2; i++) identity_unref(agent.id[i]);
  char command[100];
  snprintf(command, sizeof command, "rm -r %s", agent.folder);
  return system(command);
}

/* What a target shows at this tick; NaN: it is down. */
static void show(size_t target, double load) {
  bool up = !isnan(load);
  struct batch *b = batch_new(agent.id[target], up);
  b->time = agent.now - 1;
  b->up = up;
  b->polled = true;
  if (up) {
    b->sections[0] = section_new("load");
    section_add(b->sections[0], &load_family, 0, load);
    section_finish(b->sections[0]);
  }
  shard_append(agent.shard[target], b);
  batch_unref(b);
}

/* A tick of 10 s: both targets show a load, then the rules are evaluated. */
static void tick(double one, double two) {
  show(0, one);
  show(1, two);
  evaluator_step(agent.evaluator, agent.now, agent.now + agent.offset);
  agent.now += 10 * SECOND;
}

/* The states of all alerts: "one:f two:p". */
static const char *alerts(void) {
  static char out[400];
  struct rules_view *v = evaluator_view(agent.evaluator);
  *out = 0;
  for (size_t i = 0; i < v->count; i++)
    for (size_t k = 0; k < v->rules[i].alert_count; k++) {
      const struct alert_view *a = &v->rules[i].alerts[k];
      sprintf(out + strlen(out), "%s%s:%c", *out ? " " : "", labels_get(a->labels, "target"), *alert_state_name(a->state));
    }
  rules_view_unref(v);
  return out;
}

/* What waits for a receiver: "firing one 9; …". */
static const char *waiting(const char *receiver) {
  static char out[1000];
  struct arena a;
  struct notification notes[16];
  arena_init(&a);
  *out = 0;
  size_t count = state_pending(agent.state, receiver, &a, notes, 16);
  for (size_t i = 0; i < count; i++) sprintf(out + strlen(out), "%s%s", i ? "; " : "", notes[i].body + strlen(receiver) + 1);
  arena_done(&a);
  return out;
}

/* The latest value of the only series that a selector gives; NaN without one. */
static double latest(const char *selector) {
  struct arena a;
  struct fail why;
  struct value v;
  struct evaluation notes;
  arena_init(&a);
  struct expr *e = promql_parse(selector, &a, &why);
  struct source source = {.select = history_select, .context = agent.history};
  if (!e || !promql_eval(e, &source, agent.now - 10 * SECOND, &a, &v, &notes, &why)) fail_msg("%s", why.text);
  assert_true(v.count <= 1);
  double value = v.count ? v.elements[0].value : NAN;
  value_done(&v);
  arena_done(&a);
  return value;
}

#define HIGH "{alert: High, expr: load > 5, for: 20s}"

static void every_receiver_is_told_of_a_firing_and_of_its_end(void **state) {
  (void)state;
  apply(HIGH);
  tick(9, 1);
  assert_string_equal(alerts(), "one:p");
  assert_string_equal(waiting("ops"), "");
  tick(9, 1);
  tick(8, 1);
  assert_string_equal(alerts(), "one:f");
  assert_string_equal(waiting("ops"), "firing one 8");
  assert_int_equal(agent.committed, 1);
  tick(2, 1);
  assert_string_equal(alerts(), "");
  assert_string_equal(waiting("ops"), "firing one 8; resolved one 2");
  assert_string_equal(waiting("log"), "firing one 8; resolved one 2");
  tick(9, 1);
  tick(1, 1);
  assert_string_equal(waiting("log"), "firing one 8; resolved one 2"); /* what only was pending is no message */
}

static void alerts_are_series_as_in_prometheus(void **state) {
  (void)state;
  apply(HIGH);
  tick(9, 1);
  assert_true(latest("ALERTS{alertstate='pending',alertname='High',target='one',job='node',instance='one'}") == 1);
  assert_true(latest("ALERTS_FOR_STATE") == 1700001000);
  tick(9, 1), tick(9, 1);
  assert_true(isnan(latest("ALERTS{alertstate='pending'}"))); /* ended by a marker, not by age */
  assert_true(latest("ALERTS{alertstate='firing'}") == 1);
  assert_true(latest("ALERTS_FOR_STATE") == 1700001000);
  tick(1, 1);
  assert_true(isnan(latest("ALERTS")));
  assert_true(isnan(latest("ALERTS_FOR_STATE")));
}

static void a_recorded_series_is_there_for_the_next_rule(void **state) {
  (void)state;
  apply("{record: 'job:load:sum', expr: sum by (job) (load), labels: {kind: sum}}, {alert: Sum, expr: 'job:load:sum > 15'}");
  tick(9, 7);
  assert_true(latest("job:load:sum{job='node',kind='sum'}") == 16);
  assert_string_equal(alerts(), ":f");
  tick(9, NAN); /* the sum says too little */
  assert_true(latest("job:load:sum") == 9);
  apply("{alert: Other, expr: load > 100}");
  tick(9, 1);
  assert_true(isnan(latest("job:load:sum")));
}

static void a_target_that_is_down_freezes_its_alerts_alone(void **state) {
  (void)state;
  apply(HIGH);
  tick(9, 9), tick(9, 9), tick(9, 9);
  assert_string_equal(alerts(), "two:f one:f");
  tick(NAN, 9), tick(NAN, 1);
  assert_string_equal(alerts(), "one:f");
  tick(1, 1);
  assert_string_equal(alerts(), "");
  assert_string_equal(waiting("ops"), "firing two 9; firing one 9; resolved two 1; resolved one 1");
}

/* Over two rules that record, one of which sums. */
static void a_target_that_is_down_ends_no_alert_over_what_is_recorded_of_it(void **state) {
  (void)state;
  apply("{record: double, expr: load * 2}, {record: 'double:more', expr: sum by (target) (double + 1)}, {alert: Recorded, expr: "
        "'double:more > 11'}");
  tick(9, 9), tick(9, 9);
  assert_string_equal(alerts(), "two:f one:f");
  tick(NAN, 9), tick(NAN, 1);
  assert_string_equal(alerts(), "one:f");
  tick(1, 1);
  assert_string_equal(alerts(), "");
  assert_string_equal(waiting("ops"), "firing two 19; firing one 19; resolved two 3; resolved one 3");
  apply("{record: double, expr: load * 2}, {alert: Recorded, expr: double > 11, no_data: resolve}");
  tick(9, 1);
  assert_string_equal(alerts(), "one:f");
  tick(NAN, 1);
  assert_string_equal(alerts(), "");
}

static void rules_that_record_in_a_circle_are_asked_once(void **state) {
  (void)state;
  apply("{record: a, expr: load or b}, {record: b, expr: a or a}, {alert: Circle, expr: b > 5}");
  tick(9, 1), tick(9, 1);
  assert_string_equal(alerts(), "one:f");
  tick(NAN, 1), tick(1, 1);
  assert_string_equal(alerts(), "");
}

static void a_target_that_is_down_fires_the_rule_about_it(void **state) {
  (void)state;
  apply("{alert: Down, expr: up == 0, for: 10s}");
  tick(NAN, 1);
  assert_string_equal(alerts(), "one:p");
  tick(NAN, 1);
  assert_string_equal(alerts(), "one:f");
  tick(1, 1);
  assert_string_equal(alerts(), "");
}

/* A kill: nothing is said good-bye to. */
static void restart(void) {
  stop();
  agent.now += 10 * SECOND;
  start();
}

static void over_a_restart_a_pending_alert_goes_on_exactly(void **state) {
  (void)state;
  apply(HIGH);
  tick(9, 1);
  restart();
  apply(HIGH);
  tick(9, 1); /* twenty seconds after it became true */
  assert_string_equal(alerts(), "one:f");
  assert_string_equal(waiting("ops"), "firing one 9");
}

static void over_a_restart_an_alert_is_kept_firing_for_as_long_as_was_said(void **state) {
  (void)state;
  static const char kept[] = "{alert: High, expr: load > 5, keep_firing_for: 40s}";
  apply(kept);
  tick(9, 1), tick(1, 1), tick(1, 1);
  restart();
  apply(kept);
  tick(1, 1);
  assert_string_equal(alerts(), "one:f");
  assert_string_equal(waiting("ops"), "firing one 9");
  tick(1, 1); /* forty seconds after it ended */
  assert_string_equal(alerts(), "");
  assert_string_equal(waiting("ops"), "firing one 9; resolved one 1");
}

static void over_a_restart_a_firing_alert_is_not_told_again(void **state) {
  (void)state;
  apply(HIGH);
  tick(9, 1), tick(9, 1), tick(9, 1);
  restart();
  apply(HIGH);
  tick(9, 1), tick(9, 1);
  assert_string_equal(alerts(), "one:f");
  assert_string_equal(waiting("ops"), "firing one 9");
  assert_int_equal(agent.committed, 1);
}

static void what_was_over_while_the_agent_was_away_is_resolved_when_it_is_known(void **state) {
  (void)state;
  apply(HIGH);
  tick(9, 1), tick(9, 1), tick(9, 1);
  restart();
  apply(HIGH);
  evaluator_step(agent.evaluator, agent.now, agent.now + agent.offset); /* no target has answered yet */
  agent.now += 10 * SECOND;
  assert_string_equal(alerts(), "one:f");
  show(1, 1);
  evaluator_step(agent.evaluator, agent.now, agent.now + agent.offset); /* this one says nothing about the other */
  agent.now += 10 * SECOND;
  assert_string_equal(alerts(), "one:f");
  tick(NAN, 1); /* down: still nothing is known */
  assert_string_equal(alerts(), "one:f");
  tick(3, 1);
  assert_string_equal(alerts(), "");
  assert_string_equal(waiting("ops"), "firing one 9; resolved one 3");
}

static void a_series_that_never_comes_back_ends_its_alert_in_time(void **state) {
  (void)state;
  apply(HIGH);
  tick(9, 1), tick(9, 1), tick(9, 1);
  restart();
  apply("{alert: High, expr: load > 5, for: 20s}");
  for (int i = 0; i < 25; i++) {
    show(1, 1);
    struct batch *b = batch_new(agent.id[0], 0); /* it answers, but shows no load */
    b->time = agent.now - 1;
    b->up = b->polled = true;
    shard_append(agent.shard[0], b);
    batch_unref(b);
    evaluator_step(agent.evaluator, agent.now, agent.now + agent.offset);
    assert_string_equal(alerts(), "one:f");
    agent.now += 10 * SECOND;
  }
  agent.now += 60 * SECOND;
  evaluator_step(agent.evaluator, agent.now, agent.now + agent.offset);
  assert_string_equal(alerts(), "");
  assert_string_equal(waiting("ops"), "firing one 9; resolved one nan");
}

static void a_rule_that_is_gone_after_a_restart_leaves_no_alert_behind(void **state) {
  (void)state;
  apply(HIGH ", {alert: Other, expr: load > 6}");
  tick(9, 1), tick(9, 1), tick(9, 1);
  restart();
  apply(HIGH);
  tick(9, 1);
  assert_string_equal(alerts(), "one:f");
  assert_string_equal(waiting("log"), "firing one 9; firing one 9; resolved one nan");
}

static void a_reload_keeps_what_goes_on_and_ends_what_is_gone(void **state) {
  (void)state;
  apply(HIGH ", {alert: Gone, expr: load > 6}");
  tick(9, 1), tick(9, 1), tick(9, 1);
  assert_string_equal(alerts(), "one:f one:f");
  apply("{alert: New, expr: load > 7}, {alert: High, expr: load > 5, for: 1h, annotations: {summary: other}}");
  tick(9, 1);
  assert_string_equal(alerts(), "one:f one:f"); /* a longer for does not take back what was told */
  assert_string_equal(waiting("ops"), "firing one 9; firing one 9; resolved one nan; firing one 9");
  assert_true(isnan(latest("ALERTS{alertname='Gone'}")));
  apply("");
  tick(9, 1);
  assert_string_equal(alerts(), "");
}

static void an_error_freezes_the_rule_and_is_shown(void **state) {
  (void)state;
  apply("{alert: High, expr: load > 5, labels: {target: same, instance: same}}");
  tick(9, 1);
  assert_string_equal(alerts(), "same:f");
  tick(9, 9);
  assert_string_equal(alerts(), "same:f");
  struct rules_view *v = evaluator_view(agent.evaluator);
  assert_int_equal(v->rules[0].health, RULE_ERROR);
  assert_memory_equal(v->rules[0].error, "two elements become one alert, {", 32);
  assert_int_equal(v->failures, 1);
  rules_view_unref(v);
  tick(9, 1);
  v = evaluator_view(agent.evaluator);
  assert_int_equal(v->rules[0].health, RULE_OK);
  rules_view_unref(v);
}

static void who_looks_sees_what_is_waited_for(void **state) {
  (void)state;
  apply(HIGH ", {alert: Long, expr: 'avg_over_time(load[1m]) > 5', labels: {severity: info}}, {alert: None, expr: nothing > 5}");
  tick(9, 1), tick(9, 1);
  struct rules_view *v = evaluator_view(agent.evaluator);
  assert_int_equal(v->count, 3);
  const struct rule_view *high = &v->rules[0], *slow = &v->rules[1];
  assert_string_equal(high->op, ">");
  assert_true(high->threshold == 5);
  assert_int_equal(high->health, RULE_OK);
  assert_int_equal(high->alerts[0].left, 10 * SECOND);
  assert_int_equal(high->value_count, 1); /* the one that is good, with its value */
  assert_string_equal(labels_get(high->values[0].labels, "target"), "two");
  assert_true(high->values[0].value == 1);
  assert_int_equal(slow->health, RULE_WARMING);
  assert_true(slow->warm_in > 30 * SECOND && slow->warm_in <= 54 * SECOND);
  assert_string_equal(slow->severity, "info");
  assert_int_equal(slow->alert_count, 0);
  assert_int_equal(v->rules[2].health, RULE_IDLE);
  assert_int_equal(v->evaluated, agent.now - 10 * SECOND);
  rules_view_unref(v);
  for (int i = 0; i < 6; i++) tick(9, 1);
  v = evaluator_view(agent.evaluator);
  assert_int_equal(v->rules[1].health, RULE_OK);
  assert_int_equal(v->rules[1].alert_count, 1);
  rules_view_unref(v);
}

/* What is logged while the rules are evaluated `times` times. */
static void logged(int times, double one, double two, struct buf *out) {
  FILE *log = tmpfile();
  int old = dup(STDERR_FILENO);
  char line[1000];
  assert_non_null(log);
  dup2(fileno(log), STDERR_FILENO);
  log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
  for (int i = 0; i < times; i++) tick(one, two);
  log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
  dup2(old, STDERR_FILENO);
  close(old);
  rewind(log);
  buf_clear(out);
  while (fgets(line, sizeof line, log)) buf_puts(out, line);
  fclose(log);
}

static void a_rule_that_looks_at_nothing_is_told_once_and_when_that_ends(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf said;
  buf_init(&said, 100000);
  apply("{alert: None, expr: later > 5}, {alert: Always, expr: vector(1), for: 1h}, {alert: Gone, expr: absent(nothing), for: 1h}, "
        "{alert: Load, expr: load > 5, for: 1h}");
  logged(9, 9, 1, &said);
  if (said.length) print_message("%s", said.data);
  assert_int_equal(said.length, 0);
  logged(1, 9, 1, &said);
  assert_non_null(strstr(said.data, "level=warn"));
  assert_non_null(strstr(said.data, "the rule None of the group g has matched no series in 10 evaluations"));
  assert_ptr_equal(strchr(said.data, '\n'), strrchr(said.data, '\n'));
  logged(20, 9, 1, &said);
  assert_int_equal(said.length, 0);
  struct label_pair name = {"__name__", "later"};
  struct labels *labels = labels_new(&name, 1);
  history_append(agent.history, labels, agent.now - 1, 1);
  labels_unref(labels);
  logged(1, 9, 1, &said);
  assert_non_null(strstr(said.data, "the rule None of the group g matches series now"));
}

static void a_target_that_is_down_makes_no_rule_look_misspelt(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf said;
  buf_init(&said, 100000);
  apply("{alert: Load, expr: load > 5}");
  logged(60, NAN, NAN, &said);
  assert_int_equal(said.length, 0);
}

static void a_clock_that_is_set_fires_nothing_early(void **state) {
  (void)state;
  apply(HIGH);
  tick(9, 1);
  agent.offset += 3600 * SECOND;
  tick(9, 1);
  assert_string_equal(alerts(), "one:p");
  tick(9, 1);
  assert_string_equal(alerts(), "one:f");
}

static void groups_are_evaluated_at_their_own_pace(void **state) {
  (void)state;
  struct rule_set *set = rules_new();
  struct fail why;
  static const char text[] =
      "groups: [{name: a, rules: [{record: fast, expr: time()}]}, {name: b, interval: 30s, rules: [{record: slow, expr: time()}]}]";
  assert_true(rules_parse(set, "r.yml", text, strlen(text), &why));
  evaluator_apply(agent.evaluator, agent.config, set);
  agent.now = 1200 * SECOND + 1;
  assert_int_equal(evaluator_step(agent.evaluator, agent.now, agent.now + agent.offset), 1210 * SECOND);
  assert_int_equal(evaluator_step(agent.evaluator, 1210 * SECOND + 3, 1210 * SECOND + 3 + agent.offset), 1220 * SECOND);
  agent.now = 1220 * SECOND;
  assert_true(latest("fast") == 1700001210);
  assert_true(latest("slow") - 1700001200 < 0.01);
  evaluator_step(agent.evaluator, 1277 * SECOND, 1277 * SECOND + agent.offset); /* what was slept through is not made up for */
  agent.now = 1287 * SECOND;
  assert_true(latest("fast") == 1700001270);
  assert_true(latest("slow") == 1700001270);
}

static void the_agent_tells_how_its_rules_do(void **state) {
  (void)state;
  apply(HIGH);
  tick(9, 9), tick(9, 9), tick(9, 1);
  struct section *s = evaluator_section(agent.evaluator);
  size_t count;
  const struct sample *samples = section_samples(s, &count);
  assert_int_equal(count, 5);
  assert_string_equal(samples[0].family->name, "sonde_rules");
  assert_true(samples[0].value == 1);
  assert_string_equal(section_text(s, samples[2].labels), "alertstate=\"firing\"");
  assert_true(samples[2].value == 1);
  section_unref(s);
}

static void the_thread_evaluates_reloads_and_ends(void **state) {
  (void)state;
  struct fail why;
  struct rules_view *v;
  assert_true(evaluator_start(agent.evaluator, &why));
  apply(HIGH);
  for (;;) {
    v = evaluator_view(agent.evaluator);
    size_t count = v->count;
    rules_view_unref(v);
    if (count == 1) break;
    usleep(1000);
  }
  apply(HIGH ", {alert: B, expr: load > 1}");
  for (;;) {
    v = evaluator_view(agent.evaluator);
    size_t count = v->count;
    rules_view_unref(v);
    if (count == 2) break;
    usleep(1000);
  }
  assert_true(evaluator_stop(agent.evaluator, clock_now() + 60 * SECOND));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
  log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
  const struct CMUnitTest tests[] = {
      TEST(every_receiver_is_told_of_a_firing_and_of_its_end),
      TEST(alerts_are_series_as_in_prometheus),
      TEST(a_recorded_series_is_there_for_the_next_rule),
      TEST(a_target_that_is_down_freezes_its_alerts_alone),
      TEST(a_target_that_is_down_ends_no_alert_over_what_is_recorded_of_it),
      TEST(rules_that_record_in_a_circle_are_asked_once),
      TEST(a_target_that_is_down_fires_the_rule_about_it),
      TEST(over_a_restart_a_pending_alert_goes_on_exactly),
      TEST(over_a_restart_an_alert_is_kept_firing_for_as_long_as_was_said),
      TEST(over_a_restart_a_firing_alert_is_not_told_again),
      TEST(what_was_over_while_the_agent_was_away_is_resolved_when_it_is_known),
      TEST(a_series_that_never_comes_back_ends_its_alert_in_time),
      TEST(a_rule_that_is_gone_after_a_restart_leaves_no_alert_behind),
      TEST(a_reload_keeps_what_goes_on_and_ends_what_is_gone),
      TEST(an_error_freezes_the_rule_and_is_shown),
      TEST(who_looks_sees_what_is_waited_for),
      TEST(a_rule_that_looks_at_nothing_is_told_once_and_when_that_ends),
      TEST(a_target_that_is_down_makes_no_rule_look_misspelt),
      TEST(a_clock_that_is_set_fires_nothing_early),
      TEST(groups_are_evaluated_at_their_own_pace),
      TEST(the_agent_tells_how_its_rules_do),
      TEST(the_thread_evaluates_reloads_and_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
