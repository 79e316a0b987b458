/* The parts meminfo, loadavg, pressure, uname and time. */
#include "tests/unit/test.h"

#include <sys/utsname.h>
#include <time.h>

#include "tests/unit/host/tree.h"

static void memory_has_the_names_that_dashboards_ask_for(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_value(&t, "node_memory_MemTotal_bytes", "", 16316412.0 * 1024);
  assert_value(&t, "node_memory_Active_anon_bytes", "", 900100.0 * 1024);
  assert_value(&t, "node_memory_Inactive_file_bytes", "", 4000000.0 * 1024);
  assert_value(&t, "node_memory_VmallocTotal_bytes", "", 34359738367.0 * 1024);
  assert_value(&t, "node_memory_Hugepagesize_bytes", "", 2048 * 1024);
  tree_done(&t);
}

static void what_is_counted_in_pages_is_not_called_bytes(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_value(&t, "node_memory_HugePages_Total", "", 16);
  assert_value(&t, "node_memory_HugePages_Free", "", 4);
  assert_absent(&t, "node_memory_HugePages_Free_bytes", "");
  tree_done(&t);
}

static void a_field_of_a_newer_kernel_is_shown(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_value(&t, "node_memory_FutureField_new_bytes", "", 77 * 1024);
  assert_true(tree_poll(&t));
  assert_value(&t, "node_memory_FutureField_new_bytes", "", 77 * 1024);
  tree_done(&t);
}

static void fields_that_change_their_places_keep_their_names(void **state UNUSED) {
  struct tree t;
  tree_temporary(&t);
  tree_write(&t, "proc/meminfo", "MemTotal: 10 kB\nMemFree: 4 kB\nOther: 3 kB\n");
  assert_true(tree_poll(&t));
  tree_write(&t, "proc/meminfo", "Other: 5 kB\nMemTotal: 20 kB\nMemFree: 6 kB\n");
  assert_true(tree_poll(&t));
  assert_value(&t, "node_memory_MemTotal_bytes", "", 20 * 1024);
  assert_value(&t, "node_memory_MemFree_bytes", "", 6 * 1024);
  assert_value(&t, "node_memory_Other_bytes", "", 5 * 1024);
  tree_done(&t);
}

static void load_averages_are_read_to_the_last_digit(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_value(&t, "node_load1", "", 0.21);
  assert_value(&t, "node_load5", "", 1.37);
  assert_value(&t, "node_load15", "", 12.09);
  tree_done(&t);
}

static void a_load_average_that_is_cut_off_is_not_shown(void **state UNUSED) {
  struct tree t;
  tree_temporary(&t);
  static const char *const broken[] = {"", "0.21 1.3", "0.21 1.37 x", "0.2100 1.37 12.09 1/2 3\n", "1 2 3 1/2 3\n"};
  unsigned part = tree_part("loadavg");
  for (size_t i = 0; i < COUNTOF(broken); i++) {
    tree_write(&t, "proc/loadavg", broken[i]);
    assert_true(tree_poll(&t));
    assert_null(t.poll.sections[part]);
    assert_int_equal(t.poll.fails[part].kind, FAIL_PROTOCOL);
  }
  tree_done(&t);
}

static void time_lost_to_pressure_is_in_seconds(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_value(&t, "node_pressure_cpu_waiting_seconds_total", "", 14.036781);
  assert_value(&t, "node_pressure_io_waiting_seconds_total", "", 0.159622);
  assert_value(&t, "node_pressure_io_stalled_seconds_total", "", 0.138);
  assert_value(&t, "node_pressure_memory_waiting_seconds_total", "", 0.000001);
  assert_value(&t, "node_pressure_memory_stalled_seconds_total", "", 0.000002);
  assert_absent(&t, "node_pressure_irq_stalled_seconds_total", "");
  tree_done(&t);
}

static void pressure_of_interrupts_is_shown_where_the_kernel_has_it(void **state UNUSED) {
  struct tree t;
  tree_temporary(&t);
  tree_write(&t, "proc/pressure/irq", "full avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n");
  assert_true(tree_poll(&t));
  assert_value(&t, "node_pressure_irq_stalled_seconds_total", "", 2.5);
  tree_done(&t);
}

static void what_this_kernel_lacks_does_not_make_the_host_down(void **state UNUSED) {
  struct tree t;
  tree_temporary(&t);
  assert_true(tree_poll(&t));
  static const char *const parts[] = {"meminfo", "loadavg", "diskstats", "netdev", "pressure", "filesystem"};
  for (size_t i = 0; i < COUNTOF(parts); i++) {
    unsigned part = tree_part(parts[i]);
    assert_null(t.poll.sections[part]);
    assert_int_equal(t.poll.fails[part].kind, FAIL_UNSUPPORTED);
    assert_non_null(strstr(t.poll.fails[part].text, t.procfs));
  }
  assert_true(tree_value(&t, "node_time_seconds", "") > 0);
  tree_done(&t);
}

static void a_host_is_found_by_its_name(void **state UNUSED) {
  struct tree t;
  struct utsname u;
  tree_fixture(&t, "plain");
  uname(&u);
  char labels[1024], domain[100] = "";
  if (*u.domainname) snprintf(domain, sizeof domain, "domainname=\"%s\",", u.domainname);
  snprintf(labels, sizeof labels, "%smachine=\"%s\",nodename=\"%s\",release=\"%s\",sysname=\"%s\",version=\"%s\"", domain,
           u.machine, u.nodename, u.release, u.sysname, u.version);
  assert_value(&t, "node_uname_info", labels, 1);
  tree_done(&t);
}

static void the_clock_and_its_source_are_shown(void **state UNUSED) {
  struct tree t;
  double before = clock_wall();
  tree_fixture(&t, "plain");
  double shown = tree_value(&t, "node_time_seconds", "");
  assert_true(shown >= before - 0.001 && shown <= clock_wall() + 0.001);
  assert_int_equal(tree_count(&t, "node_time_zone_offset_seconds"), 1);
  assert_value(&t, "node_time_clocksource_available_info", "clocksource=\"hpet\",device=\"0\"", 1);
  assert_value(&t, "node_time_clocksource_current_info", "clocksource=\"tsc\",device=\"0\"", 1);
  assert_int_equal(tree_count(&t, "node_time_clocksource_available_info"), 3);
  tree_done(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_has_the_names_that_dashboards_ask_for),
      cmocka_unit_test(what_is_counted_in_pages_is_not_called_bytes),
      cmocka_unit_test(a_field_of_a_newer_kernel_is_shown),
      cmocka_unit_test(fields_that_change_their_places_keep_their_names),
      cmocka_unit_test(load_averages_are_read_to_the_last_digit),
      cmocka_unit_test(a_load_average_that_is_cut_off_is_not_shown),
      cmocka_unit_test(time_lost_to_pressure_is_in_seconds),
      cmocka_unit_test(pressure_of_interrupts_is_shown_where_the_kernel_has_it),
      cmocka_unit_test(what_this_kernel_lacks_does_not_make_the_host_down),
      cmocka_unit_test(a_host_is_found_by_its_name),
      cmocka_unit_test(the_clock_and_its_source_are_shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
