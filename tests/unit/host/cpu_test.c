/* The parts cpu and stat. */
#include "tests/unit/test.h"

#include "tests/unit/host/tree.h"

static void stat_with_idle(struct tree *t, unsigned user, unsigned idle, unsigned iowait) {
  char text[200];
  snprintf(text, sizeof text, "cpu  1 2 3 4\ncpu0 %u 0 50 %u %u 0 0 0 0 0\n", user, idle, iowait);
  tree_write(t, "proc/stat", text);
  assert_true(tree_poll(t));
}

static void each_mode_of_each_cpu_has_its_seconds(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_int_equal(tree_count(&t, "node_cpu_seconds_total"), 4 * 8);
  assert_int_equal(tree_count(&t, "node_cpu_guest_seconds_total"), 4 * 2);
  double hertz = (double)sysconf(_SC_CLK_TCK);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"0\",mode=\"user\"", 10030 / hertz);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"3\",mode=\"softirq\"", 228 / hertz);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"1\",mode=\"steal\"", 30 / hertz);
  assert_value(&t, "node_cpu_guest_seconds_total", "cpu=\"3\",mode=\"nice\"", 8 / hertz);
  tree_done(&t);
}

static void the_counters_beside_the_cpus_are_shown(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_value(&t, "node_intr_total", "", 98765432);
  assert_value(&t, "node_context_switches_total", "", 38014093);
  assert_value(&t, "node_boot_time_seconds", "", 1700000000);
  assert_value(&t, "node_forks_total", "", 26442);
  assert_value(&t, "node_procs_running", "", 2);
  assert_value(&t, "node_procs_blocked", "", 1);
  tree_done(&t);
}

static void a_cpu_that_is_off_and_one_that_is_isolated_can_be_told(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_value(&t, "node_cpu_online", "cpu=\"3\"", 1);
  assert_value(&t, "node_cpu_online", "cpu=\"4\"", 0);
  assert_value(&t, "node_cpu_isolated", "cpu=\"2\"", 1);
  assert_absent(&t, "node_cpu_isolated", "cpu=\"1\"");
  tree_done(&t);
}

static void throttling_is_counted_once_for_siblings(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_int_equal(tree_count(&t, "node_cpu_core_throttles_total"), 2);
  assert_value(&t, "node_cpu_core_throttles_total", "core=\"1\",package=\"0\"", 11);
  assert_int_equal(tree_count(&t, "node_cpu_package_throttles_total"), 1);
  assert_value(&t, "node_cpu_package_throttles_total", "package=\"0\"", 33);
  tree_done(&t);
}

static void a_counter_that_steps_back_is_held(void **state UNUSED) {
  struct tree t;
  double hertz = (double)sysconf(_SC_CLK_TCK);
  tree_temporary(&t);
  stat_with_idle(&t, 1000, 5000, 300);
  stat_with_idle(&t, 1010, 4990, 250);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"0\",mode=\"idle\"", 5000 / hertz);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"0\",mode=\"iowait\"", 300 / hertz);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"0\",mode=\"user\"", 1010 / hertz);
  stat_with_idle(&t, 1020, 5010, 305);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"0\",mode=\"idle\"", 5010 / hertz);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"0\",mode=\"iowait\"", 305 / hertz);
  tree_done(&t);
}

static void a_cpu_whose_idle_time_fell_by_seconds_begins_anew(void **state UNUSED) {
  struct tree t;
  double hertz = (double)sysconf(_SC_CLK_TCK);
  tree_temporary(&t);
  unsigned three_seconds = 3 * (unsigned)hertz;
  stat_with_idle(&t, 1000, 5000, 300);
  stat_with_idle(&t, 40, 5000 - three_seconds, 2);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"0\",mode=\"idle\"", (5000 - three_seconds) / hertz);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"0\",mode=\"user\"", 40 / hertz);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"0\",mode=\"iowait\"", 2 / hertz);
  tree_done(&t);
}

static void a_cpu_that_was_away_begins_anew(void **state UNUSED) {
  struct tree t;
  double hertz = (double)sysconf(_SC_CLK_TCK);
  tree_temporary(&t);
  tree_write(&t, "proc/stat", "cpu0 1 1 1 1 1\ncpu1 700 1 1 1 1\n");
  assert_true(tree_poll(&t));
  tree_write(&t, "proc/stat", "cpu0 1 1 1 1 1\n");
  assert_true(tree_poll(&t));
  assert_absent(&t, "node_cpu_seconds_total", "cpu=\"1\",mode=\"user\"");
  tree_write(&t, "proc/stat", "cpu0 1 1 1 1 1\ncpu1 3 1 1 1 1\n");
  assert_true(tree_poll(&t));
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"1\",mode=\"user\"", 3 / hertz);
  tree_done(&t);
}

static void a_large_machine_is_shown_whole(void **state UNUSED) {
  struct tree t;
  tree_temporary(&t);
  SCOPED(buf_done) struct buf text;
  buf_init(&text, 4 << 20);
  for (unsigned i = 0; i < 512; i++) buf_printf(&text, "cpu%u %u 0 7 9 0 0 0 0 0 0\n", i, 100 + i);
  buf_puts(&text, "intr 4242");
  for (unsigned i = 0; i < 60000; i++) buf_puts(&text, " 0");
  buf_puts(&text, "\nctxt 77\n");
  tree_write(&t, "proc/stat", text.data);
  assert_true(tree_poll(&t));
  assert_int_equal(tree_count(&t, "node_cpu_seconds_total"), 512 * 8);
  assert_value(&t, "node_cpu_seconds_total", "cpu=\"511\",mode=\"user\"", 611 / (double)sysconf(_SC_CLK_TCK));
  assert_value(&t, "node_intr_total", "", 4242);
  assert_value(&t, "node_context_switches_total", "", 77);
  tree_done(&t);
}

static void a_line_that_is_cut_off_is_not_believed(void **state UNUSED) {
  struct tree t;
  tree_temporary(&t);
  tree_write(&t, "proc/stat", "cpu0 1 1 1 1 1\nintr 55\nctxt 12");
  assert_true(tree_poll(&t));
  assert_value(&t, "node_intr_total", "", 55);
  assert_absent(&t, "node_context_switches_total", "");
  tree_done(&t);
}

static void without_proc_stat_the_host_is_down_and_says_why(void **state UNUSED) {
  struct tree t;
  tree_temporary(&t);
  tree_write(&t, "proc/stat", "");
  assert_false(tree_poll(&t));
  assert_int_equal(t.why.kind, FAIL_PROTOCOL);
  assert_non_null(strstr(t.why.text, "/proc/stat has no line of a CPU"));
  char path[400];
  snprintf(path, sizeof path, "%s/stat", t.procfs);
  assert_int_equal(remove(path), 0);
  host_collector.close(t.state);
  t.state = NULL;
  assert_false(tree_poll(&t));
  assert_int_equal(t.why.kind, FAIL_UNSUPPORTED);
  assert_non_null(strstr(t.why.text, path));
  tree_done(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_mode_of_each_cpu_has_its_seconds),
      cmocka_unit_test(the_counters_beside_the_cpus_are_shown),
      cmocka_unit_test(a_cpu_that_is_off_and_one_that_is_isolated_can_be_told),
      cmocka_unit_test(throttling_is_counted_once_for_siblings),
      cmocka_unit_test(a_counter_that_steps_back_is_held),
      cmocka_unit_test(a_cpu_whose_idle_time_fell_by_seconds_begins_anew),
      cmocka_unit_test(a_cpu_that_was_away_begins_anew),
      cmocka_unit_test(a_large_machine_is_shown_whole),
      cmocka_unit_test(a_line_that_is_cut_off_is_not_believed),
      cmocka_unit_test(without_proc_stat_the_host_is_down_and_says_why),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
