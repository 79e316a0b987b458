/* What the rules of a file say of series made by hand: rules FILE, and on standard input "load STEP_MSEC METRIC|VALUES", "ask TIME_MSEC ALERT" in order
 * of time, "clear". Rules are evaluated every 30 seconds from 0 on. An ask is answered with the firing alerts of that name, each as its labels, its
 * annotations and a line with a dot; and then a line with a dot. */
#include "tests/unit/promql/fake.h"

#include "alert/alert.h"

#define STEP ((msec_t)30000)

struct run {
  const struct rule_set *set;
  struct fake past;
  struct alerts *alerts; /* of each rule */
  msec_t next;           /* evaluation */
};

static size_t rule_index(const struct rule_set *set, const struct rule *rule) {
  size_t before = 0;
  for (size_t i = 0; i < set->count; before += set->groups[i++].count)
    if (rule >= set->groups[i].rules && rule < set->groups[i].rules + set->groups[i].count)
      return before + (size_t)(rule - set->groups[i].rules);
  return before;
}

static void clear(struct run *r) {
  fake_clear(&r->past);
  for (size_t i = 0; i < r->set->rule_count; i++) {
    alerts_done(&r->alerts[i]);
    r->alerts[i] = (struct alerts){0};
  }
  r->next = 0;
}

/* One evaluation of one rule, with all of the past known: nothing is in doubt. */
static bool step(struct run *r, const struct rule *rule, struct fail *f) {
  const struct source source = {.select = fake_select, .context = &r->past};
  const struct template_world world = {0};
  struct evaluation notes;
  struct value result = {.type = VALUE_VECTOR}, left = {.type = VALUE_VECTOR};
  struct comparison c;
  struct transitions changes = {0};
  struct arena a;
  arena_init(&a);
  bool compares = promql_comparison(rule->expr, &c);
  bool good = promql_eval(rule->expr, &source, r->next, &a, &result, &notes, f) &&
              (!compares || promql_eval(c.value, &source, r->next, &a, &left, &notes, f));
  struct judgement j = {.result = &result, .left = compares ? &left : NULL, .settled = true, .world = &world};
  good = good && alerts_step(&r->alerts[rule_index(r->set, rule)], rule, &j, 1 + r->next, &changes, f);
  transitions_done(&changes);
  value_done(&result);
  value_done(&left);
  arena_done(&a);
  return good;
}

static bool evaluate_until(struct run *r, msec_t end, struct fail *f) {
  for (; r->next <= end; r->next += STEP)
    for (size_t i = 0; i < r->set->count; i++)
      for (size_t k = 0; k < r->set->groups[i].count; k++)
        if (!step(r, &r->set->groups[i].rules[k], f)) return false;
  return true;
}

static void write_pairs(const struct labels *l) {
  for (size_t i = 0; i < l->count; i++) printf("%s=%s\n", l->pairs[i].name, l->pairs[i].value);
}

static void answer(const struct run *r, const char *name) {
  for (size_t i = 0; i < r->set->rule_count; i++)
    for (size_t k = 0; k < r->alerts[i].count; k++) {
      const struct alert *alert = &r->alerts[i].items[k];
      if (alert->state != ALERT_FIRING || strcmp(labels_get(alert->labels, "alertname"), name) != 0) continue;
      write_pairs(alert->labels);
      write_pairs(alert->annotations);
      puts(".");
    }
  puts(".");
}

static bool obey(struct run *r, char *line, struct fail *f) {
  char *rest, *bar = strchr(line, '|');
  if (!strcmp(line, "clear")) {
    clear(r);
    return true;
  }
  msec_t number = (msec_t)strtoll(line + strcspn(line, " "), &rest, 10);
  if (!strncmp(line, "ask ", 4)) {
    if (!evaluate_until(r, number, f)) return false;
    answer(r, rest + 1);
    return true;
  }
  if (strncmp(line, "load ", 5) != 0 || !bar) return fail(f, FAIL_CONFIG, "what is %s", line);
  *bar = 0;
  return fake_load(&r->past, number, rest + 1, bar + 1, f);
}

static bool obey_all(struct run *r, struct fail *f) {
  char *line = NULL;
  size_t size = 0;
  bool good = true;
  for (ssize_t n; good && (n = getline(&line, &size, stdin)) > 0;) {
    line[n - (line[n - 1] == '\n')] = 0;
    good = obey(r, line, f);
  }
  free(line);
  return good;
}

int main(int argc, char **argv) {
  struct fail why = {0};
  const struct strings files = {.items = (const char **)(argv + 1), .count = (size_t)argc - 1};
  struct rule_set *set = rules_load(&files, &why);
  bool good = set != NULL;
  if (set) {
    struct run run = {.set = set, .alerts = mem_zero((set->rule_count + 1) * sizeof(struct alerts))};
    good = obey_all(&run, &why);
    clear(&run);
    free(run.alerts);
  }
  if (!good) fprintf(stderr, "%s\n", why.text);
  rules_free(set);
  return good ? 0 : 1;
}
