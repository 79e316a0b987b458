/* The catalogue of what the agent says of itself, and what it knows of a target. */
#include "tests/unit/test.h"

#include <string.h>

#include "agent/poll/facts.h"
#include "agent/poll/process.h"
#include "metric/section_reader.h"
#include "poll/self.h"

struct list {
  const struct family *families[64];
  size_t count;
};

static void collect(const struct family *family, const char *part, void *arg) {
  struct list *list = arg;
  assert_non_null(part);
  assert_true(list->count < COUNTOF(list->families));
  list->families[list->count++] = family;
}

static const struct family *find(const struct list *list, const char *name) {
  for (size_t i = 0; i < list->count; i++)
    if (!strcmp(list->families[i]->name, name)) return list->families[i];
  return NULL;
}

static bool ends_with(const char *text, const char *end) {
  return strlen(text) > strlen(end) && !strcmp(text + strlen(text) - strlen(end), end);
}

static void every_family_keeps_the_naming_rules(void **state) {
  (void)state;
  struct list list = {0};
  agent_catalogue(collect, &list);
  assert_true(list.count > 20);
  for (size_t i = 0; i < list.count; i++) {
    const struct family *f = list.families[i];
    assert_true(!strncmp(f->name, "sonde_", 6) || !strncmp(f->name, "process_", 8));
    assert_ptr_equal(find(&list, f->name), f); /* once */
    assert_true(ends_with(f->help, "."));
    assert_true(ends_with(f->name, "_total") == (f->type == METRIC_COUNTER));
  }
}

static void dashboards_of_other_exporters_find_the_process(void **state) {
  (void)state;
  static const char *const gauges[] = {"process_max_fds",
                                       "process_open_fds",
                                       "process_resident_memory_bytes",
                                       "process_start_time_seconds",
                                       "process_virtual_memory_bytes",
                                       "process_virtual_memory_max_bytes"};
  struct list list = {0};
  agent_catalogue(collect, &list);
  for (size_t i = 0; i < COUNTOF(gauges); i++) {
    const struct family *f = find(&list, gauges[i]);
    assert_true(f && f->type == METRIC_GAUGE && !f->labels);
  }
  const struct family *cpu = find(&list, "process_cpu_seconds_total");
  assert_true(cpu && cpu->type == METRIC_COUNTER && !cpu->labels);
}

static void all_is_shown_that_the_catalogue_promises(void **state) {
  (void)state;
  struct list list = {0};
  struct agent_facts facts = {.targets = 1};
  struct process process;
  process_init(&process);
  struct section *sections[] = {agent_section(&facts), process_section(&process)};
  process_done(&process);
  agent_catalogue(collect, &list);
  size_t shown = 0;
  for (size_t i = 0; i < COUNTOF(sections); i++) {
    size_t count;
    const struct section_family *families = section_families(sections[i], &count);
    for (size_t k = 0; k < count; k++) assert_ptr_equal(find(&list, families[k].family->name), families[k].family);
    shown += count;
    section_unref(sections[i]);
  }
  size_t promised = 0;
  for (size_t i = 0; i < list.count; i++)
    if (strncmp(list.families[i]->name, "sonde_target_", 13) != 0 && strncmp(list.families[i]->name, "sonde_part_", 11) != 0)
      promised++;
  assert_int_equal(shown, promised);
}

static void a_new_reason_is_told_but_a_flickering_one_does_not_fill_the_log(void **state) {
  (void)state;
  struct facts facts = {.added = 1000, .since = 1000};
  struct fail refused, denied, none = {0};
  fail(&refused, FAIL_CONNECT, "nobody listens");
  fail(&denied, FAIL_AUTH, "the password is wrong");
  assert_true(facts_note(&facts, false, &refused, 2000));
  assert_false(facts_note(&facts, false, &refused, 100000));
  assert_true(facts_note(&facts, false, &denied, 110000));
  assert_false(facts_note(&facts, false, &refused, 120000)); /* less than a minute later */
  assert_true(facts_note(&facts, false, &refused, 180000));
  assert_true(facts_note(&facts, true, &none, 200000));
  assert_false(facts_note(&facts, true, &none, 210000));
  assert_int_equal(facts.lasted, 198000);
  assert_int_equal(facts.polls, 7);
  assert_int_equal(facts.failures[FAIL_CONNECT], 4);
  assert_int_equal(facts.why.kind, FAIL_NONE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_family_keeps_the_naming_rules),
      cmocka_unit_test(dashboards_of_other_exporters_find_the_process),
      cmocka_unit_test(all_is_shown_that_the_catalogue_promises),
      cmocka_unit_test(a_new_reason_is_told_but_a_flickering_one_does_not_fill_the_log),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
