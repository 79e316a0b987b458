/* The parts diskstats and netdev, and the filters of names. */
#include "tests/unit/test.h"

#include "collectors/host/filter.h"
#include "tests/unit/host/tree.h"

static void disks_are_counted_in_bytes_and_seconds(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_value(&t, "node_disk_reads_completed_total", "device=\"sda\"", 25354637);
  assert_value(&t, "node_disk_read_bytes_total", "device=\"sda\"", 1003346126.0 * 512);
  assert_value(&t, "node_disk_read_time_seconds_total", "device=\"sda\"", 18492.372);
  assert_value(&t, "node_disk_io_time_weighted_seconds_total", "device=\"sda\"", 82621.804);
  assert_value(&t, "node_disk_io_now", "device=\"nvme0n1\"", 3);
  assert_value(&t, "node_disk_discarded_sectors_total", "device=\"dm-0\"", 3);
  assert_value(&t, "node_disk_discard_time_seconds_total", "device=\"dm-0\"", 4);
  assert_value(&t, "node_disk_flush_requests_time_seconds_total", "device=\"dm-0\"", 6);
  tree_done(&t);
}

static void only_what_the_kernel_counts_is_shown(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_absent(&t, "node_disk_discards_completed_total", "device=\"sda\"");
  assert_value(&t, "node_disk_discards_completed_total", "device=\"nvme0n1\"", 5);
  assert_absent(&t, "node_disk_flush_requests_total", "device=\"nvme0n1\"");
  assert_value(&t, "node_disk_flush_requests_total", "device=\"dm-0\"", 50);
  assert_absent(&t, "node_disk_io_now", "device=\"md0\"");
  tree_done(&t);
}

static void partitions_and_loop_devices_are_left_out(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_int_equal(tree_count(&t, "node_disk_reads_completed_total"), 3);
  tree_done(&t);
}

static void a_disk_tells_what_it_is(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_value(
      &t, "node_disk_info",
      "device=\"sda\",major=\"8\",minor=\"0\",model=\"EXAMPLE_DISK \\\"9\\\"\",path=\"pci-0000:00:1f.2-ata-1\",revision=\"1.0\","
      "serial=\"S1\",wwn=\"0x5000c500aabbccdd\"",
      1);
  assert_value(&t, "node_disk_info", "device=\"nvme0n1\",major=\"259\",minor=\"0\"", 1);
  assert_value(&t, "node_disk_device_mapper_info",
               "device=\"dm-0\",lv_name=\"root\",name=\"vg-root\",uuid=\"LVM-abc\",vg_name=\"vg\"", 1);
  assert_value(&t, "node_disk_filesystem_info",
               "device=\"dm-0\",type=\"ext4\",usage=\"filesystem\",uuid=\"1234-abcd\",version=\"1.0\"", 1);
  assert_value(&t, "node_disk_ata_write_cache", "device=\"sda\"", 1);
  assert_value(&t, "node_disk_ata_write_cache_enabled", "device=\"sda\"", 0);
  assert_value(&t, "node_disk_ata_rotation_rate_rpm", "device=\"sda\"", 7200);
  assert_absent(&t, "node_disk_ata_write_cache", "device=\"dm-0\"");
  tree_done(&t);
}

static void a_container_shows_the_network_of_its_host(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_absent(&t, "node_network_receive_bytes_total", "device=\"own0\"");
  assert_value(&t, "node_network_receive_bytes_total", "device=\"eth0\"", 68210035552);
  assert_value(&t, "node_network_receive_errs_total", "device=\"eth0\"", 1);
  assert_value(&t, "node_network_receive_drop_total", "device=\"eth0\"", 2);
  assert_value(&t, "node_network_receive_fifo_total", "device=\"eth0\"", 3);
  assert_value(&t, "node_network_receive_frame_total", "device=\"eth0\"", 4);
  assert_value(&t, "node_network_receive_compressed_total", "device=\"eth0\"", 5);
  assert_value(&t, "node_network_receive_multicast_total", "device=\"eth0\"", 6);
  assert_value(&t, "node_network_transmit_packets_total", "device=\"eth0\"", 43451486);
  assert_value(&t, "node_network_transmit_colls_total", "device=\"eth0\"", 10);
  assert_value(&t, "node_network_transmit_carrier_total", "device=\"eth0\"", 11);
  assert_value(&t, "node_network_transmit_compressed_total", "device=\"eth0\"", 12);
  tree_done(&t);
}

static void a_device_with_a_colon_in_its_name_is_shown(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_value(&t, "node_network_receive_packets_total", "device=\"vlan:7\"", 1);
  assert_int_equal(tree_count(&t, "node_network_receive_packets_total"), 3);
  tree_done(&t);
}

static void devices_can_be_left_out(void **state UNUSED) {
  struct tree t;
  tree_at(&t, "tests/fixtures/host/plain");
  t.options.network_exclude = "^(lo|vlan.*)$";
  t.options.disk_exclude = "";
  assert_true(tree_poll(&t));
  assert_int_equal(tree_count(&t, "node_network_receive_packets_total"), 1);
  assert_int_equal(tree_count(&t, "node_disk_reads_completed_total"), 6);
  tree_done(&t);
}

static void a_thousand_disks_are_shown(void **state UNUSED) {
  struct tree t;
  tree_temporary(&t);
  SCOPED(buf_done) struct buf text;
  buf_init(&text, 1 << 20);
  for (unsigned i = 0; i < 1000; i++) buf_printf(&text, "253 %u dm-%u 1 2 3 4 5 6 7 8 9 10 11\n", i, i);
  tree_write(&t, "proc/diskstats", text.data);
  assert_true(tree_poll(&t));
  assert_int_equal(tree_count(&t, "node_disk_io_now"), 1000);
  assert_value(&t, "node_disk_io_now", "device=\"dm-999\"", 9);
  tree_done(&t);
}

static bool excludes(struct filter *f, const char *name) {
  return filter_excludes(f, name, strlen(name));
}

static void a_pattern_is_found_anywhere_unless_it_says_otherwise(void **state UNUSED) {
  struct filter f;
  filter_init(&f, "^/(dev|proc)($|/)|docker");
  assert_true(excludes(&f, "/dev"));
  assert_true(excludes(&f, "/dev/shm"));
  assert_true(excludes(&f, "/var/docker/x\ny"));
  assert_false(excludes(&f, "/devel"));
  assert_false(excludes(&f, "/srv/dev"));
  assert_false(excludes(&f, "/devel")); /* from memory */
  filter_done(&f);
}

static void a_filter_that_is_not_set_leaves_nothing_out(void **state UNUSED) {
  struct filter f;
  filter_init(&f, NULL);
  assert_false(excludes(&f, "lo"));
  filter_done(&f);
  filter_init(&f, "");
  assert_false(excludes(&f, ""));
  filter_done(&f);
}

static void devices_that_come_and_go_do_not_fill_the_memory(void **state UNUSED) {
  struct filter f;
  filter_init(&f, "^veth1");
  for (unsigned i = 0; i < 20000; i++) {
    char name[32];
    snprintf(name, sizeof name, "veth%u", i);
    assert_int_equal(excludes(&f, name), name[4] == '1');
  }
  assert_true(f.answers.count <= 4096);
  filter_done(&f);
}

static void a_pattern_that_cannot_work_is_refused_at_the_start(void **state UNUSED) {
  struct fail why;
  assert_true(filter_check(NULL, &why));
  assert_true(filter_check("^sd[a-z]", &why));
  assert_false(filter_check("^sd[a-z", &why));
  assert_false(filter_check("(?x) sd # disks", &why)); /* its comment would swallow what comes after */
  struct host_options options = {.disk_exclude = "("};
  char name[256];
  assert_false(host_collector.kind.prepare(&options, NULL, name, sizeof name, &why));
  assert_non_null(strstr(why.text, "parts.diskstats.exclude: "));
}

static void the_host_is_called_by_its_name(void **state UNUSED) {
  struct host_options options = {0};
  struct fail why;
  char name[256], expected[256];
  gethostname(expected, sizeof expected);
  assert_true(host_collector.kind.prepare(&options, NULL, name, sizeof name, &why));
  assert_string_equal(name, expected);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(disks_are_counted_in_bytes_and_seconds),
      cmocka_unit_test(only_what_the_kernel_counts_is_shown),
      cmocka_unit_test(partitions_and_loop_devices_are_left_out),
      cmocka_unit_test(a_disk_tells_what_it_is),
      cmocka_unit_test(a_container_shows_the_network_of_its_host),
      cmocka_unit_test(a_device_with_a_colon_in_its_name_is_shown),
      cmocka_unit_test(devices_can_be_left_out),
      cmocka_unit_test(a_thousand_disks_are_shown),
      cmocka_unit_test(a_pattern_is_found_anywhere_unless_it_says_otherwise),
      cmocka_unit_test(a_filter_that_is_not_set_leaves_nothing_out),
      cmocka_unit_test(devices_that_come_and_go_do_not_fill_the_memory),
      cmocka_unit_test(a_pattern_that_cannot_work_is_refused_at_the_start),
      cmocka_unit_test(the_host_is_called_by_its_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
