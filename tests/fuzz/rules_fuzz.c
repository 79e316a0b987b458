/* Any bytes as a file of rules: read or refused with a sentence that has a place, never a crash or a leak. What is read is sound. */
#include <stdlib.h>
#include <string.h>

#include "agent/alert/load.h"
#include "alert/lint.h"

static void check(const struct rule_set *set) {
  size_t rules = 0;
  for (size_t g = 0; g < set->count; g++) {
    if (!*set->groups[g].name) abort();
    for (size_t i = 0; i < set->groups[g].count; i++, rules++) {
      const struct rule *r = &set->groups[g].rules[i];
      if (!*r->name || !r->identity || !r->expr || r->pending < 0 || r->keep_firing < 0) abort();
      if (promql_type(r->expr) != VALUE_VECTOR && promql_type(r->expr) != VALUE_SCALAR) abort();
      if (promql_span(r->expr) > set->span) abort();
    }
  }
  if (rules != set->rule_count) abort();
}

static bool find_facts(void *context, const char *metric, struct metric_facts *ret) {
  (void)context;
  *ret = (struct metric_facts){.type = METRIC_GAUGE, .labels = {.open = true}};
  return *metric == 'u';
}

static void check_finding(const struct rule_finding *f, void *arg) {
  (void)arg;
  if (!f->line || !f->column || !*f->rule || !*f->text) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fail why = {0};
  if (size > 65536) return 0;
  char *text = malloc(size + 1); /* the text of a file ends in a NUL */
  memcpy(text, data, size);
  text[size] = 0;
  struct rule_set *set = rules_new();
  if (rules_parse(set, "r.yml", text, size, &why)) {
    check(set);
    rules_lint(set, &(struct lint_knowledge){.find = find_facts}, 10000, check_finding, NULL);
  } else if (why.kind == FAIL_NONE || strncmp(why.text, "r.yml:", 6) != 0)
    abort();
  rules_free(set);
  free(text);
  return 0;
}
