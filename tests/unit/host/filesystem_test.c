/* The part filesystem: which mounts are shown, under which names. */
#include "tests/unit/test.h"

#include <sys/statvfs.h>

#include "collectors/host/mounts.h"
#include "tests/unit/host/tree.h"

#define OF(device, type, point) "device=\"" device "\",fstype=\"" type "\",mountpoint=\"" point "\""

static void sizes_are_those_of_the_mounted_file_system(void **state UNUSED) {
  struct tree t;
  struct statvfs st;
  tree_fixture(&t, "plain");
  assert_int_equal(statvfs(t.rootfs, &st), 0);
  const char *root = OF("/dev/vda1", "ext4", "/");
  assert_value(&t, "node_filesystem_size_bytes", root, (double)st.f_blocks * (double)st.f_bsize);
  assert_value(&t, "node_filesystem_files", root, (double)st.f_files);
  double avail = tree_value(&t, "node_filesystem_avail_bytes", root),
         free_bytes = tree_value(&t, "node_filesystem_free_bytes", root);
  assert_true(avail > 0 && avail <= free_bytes);
  assert_true(tree_value(&t, "node_filesystem_files_free", root) >= 0);
  assert_value(&t, "node_filesystem_device_error", root, 0);
  assert_value(&t, "node_filesystem_mount_info", "device=\"/dev/vda1\",major=\"254\",minor=\"0\",mountpoint=\"/\"", 1);
  tree_done(&t);
}

static void a_mount_point_with_a_blank_is_shown_as_it_is(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  const char *labels = "device=\"//nas/my\\\\040share\",fstype=\"cifs\",mountpoint=\"/srv/my data\"";
  assert_value(&t, "node_filesystem_device_error", labels, 0);
  assert_true(tree_value(&t, "node_filesystem_size_bytes", labels) > 0);
  tree_done(&t);
}

static void what_is_mounted_read_only_is_shown_as_such(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_value(&t, "node_filesystem_readonly", OF("/dev/nvme0n1p1", "vfat", "/boot"), 1);
  assert_value(&t, "node_filesystem_readonly", OF("/dev/vda1", "ext4", "/"), 0);
  assert_value(&t, "node_filesystem_readonly",
               "device=\"/dev/sdz1\",device_error=\"no such file or directory\",fstype=\"xfs\",mountpoint=\"/gone\"", 1);
  tree_done(&t);
}

static void one_that_cannot_be_asked_is_shown_with_the_reason(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  const char *labels = "device=\"/dev/sdz1\",device_error=\"no such file or directory\",fstype=\"xfs\",mountpoint=\"/gone\"";
  assert_value(&t, "node_filesystem_device_error", labels, 1);
  assert_absent(&t, "node_filesystem_size_bytes", labels);
  tree_done(&t);
}

static void system_mounts_and_repetitions_are_left_out(void **state UNUSED) {
  struct tree t;
  tree_fixture(&t, "plain");
  assert_int_equal(tree_count(&t, "node_filesystem_device_error"), 5); /* /, /boot, /srv/my data, /gone, /mnt/noname */
  assert_int_equal(section_dropped(t.poll.sections[tree_part("filesystem")]), 0);
  tree_done(&t);
}

static void bytes_that_are_no_text_do_not_spoil_the_page(void **state UNUSED) {
  struct tree t;
  tree_temporary(&t);
  tree_write(&t,
             "root/a\xff"
             "b/keep",
             "");
  tree_write(&t, "proc/1/mountinfo",
             "1 0 8:1 / /a\xff"
             "b rw - ext4 /dev/\xc3 rw\n");
  assert_true(tree_poll(&t));
  assert_value(&t, "node_filesystem_device_error",
               OF("/dev/\xef\xbf\xbd", "ext4",
                  "/a\xef\xbf\xbd"
                  "b"),
               0);
  tree_done(&t);
}

static void a_change_of_the_mounts_is_seen_at_the_next_poll(void **state UNUSED) {
  struct tree t;
  tree_temporary(&t);
  tree_write(&t, "root/data/keep", "");
  tree_write(&t, "proc/1/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n");
  assert_true(tree_poll(&t));
  assert_int_equal(tree_count(&t, "node_filesystem_readonly"), 1);
  tree_write(&t, "proc/1/mountinfo", "1 0 8:1 / / ro - ext4 /dev/sda1 rw\n2 1 8:2 / /data rw - ext4 /dev/sda2 rw\n");
  assert_true(tree_poll(&t));
  assert_value(&t, "node_filesystem_readonly", OF("/dev/sda1", "ext4", "/"), 1);
  assert_value(&t, "node_filesystem_readonly", OF("/dev/sda2", "ext4", "/data"), 0);
  tree_done(&t);
}

static void without_the_list_of_process_1_our_own_is_read(void **state UNUSED) {
  struct tree t;
  tree_temporary(&t);
  tree_write(&t, "root/keep", "");
  tree_write(&t, "proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n");
  assert_true(tree_poll(&t));
  assert_int_equal(tree_count(&t, "node_filesystem_size_bytes"), 1);
  tree_done(&t);
}

static void a_container_shows_mount_points_as_its_host_does(void **state UNUSED) {
  struct tree t;
  char text[2000];
  tree_temporary(&t);
  tree_write(&t, "root/data/keep", "");
  snprintf(text, sizeof text, "1 0 8:1 / %s rw - ext4 /dev/sda1 rw\n2 1 8:2 / %s/data rw - xfs /dev/sda2 rw\n", t.rootfs, t.rootfs);
  tree_write(&t, "proc/1/mountinfo", text);
  assert_true(tree_poll(&t));
  assert_value(&t, "node_filesystem_device_error", OF("/dev/sda1", "ext4", "/"), 0);
  assert_value(&t, "node_filesystem_device_error", OF("/dev/sda2", "xfs", "/data"), 0);
  tree_done(&t);
}

static void lines_of_another_shape_are_skipped(void **state UNUSED) {
  static const char *const lines[] = {"",
                                      "1",
                                      "1 0",
                                      "1 0 8:1",
                                      "1 0 8.1 / / rw - ext4 /dev/sda rw",
                                      "1 0 8:1 / / rw shared:1 ext4 /dev/sda rw",
                                      "1 0 8:1 / / rw - ext4 /dev/sda",
                                      "1 0 8:1 / data rw - ext4 /dev/sda rw",
                                      "x 0 8:1 / / rw - ext4 /dev/sda rw"};
  struct arena a;
  struct mount m;
  arena_init(&a);
  for (size_t i = 0; i < COUNTOF(lines); i++)
    if (mount_parse((struct slice){lines[i], lines[i] + strlen(lines[i])}, &a, &m))
      fail_msg("'%s' was taken for a mount", lines[i]);
  arena_done(&a);
}

static void every_escape_of_the_kernel_is_read(void **state UNUSED) {
  static const char line[] = "1 0 8:1 / /a\\040b\\011c\\012d\\134e\\9 rw - ext4 /dev/sda rw";
  struct arena a;
  struct mount m;
  arena_init(&a);
  assert_true(mount_parse((struct slice){line, line + sizeof line - 1}, &a, &m));
  assert_string_equal(m.point, "/a b\tc\nd\\e\\9");
  arena_done(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_are_those_of_the_mounted_file_system),
      cmocka_unit_test(a_mount_point_with_a_blank_is_shown_as_it_is),
      cmocka_unit_test(what_is_mounted_read_only_is_shown_as_such),
      cmocka_unit_test(one_that_cannot_be_asked_is_shown_with_the_reason),
      cmocka_unit_test(system_mounts_and_repetitions_are_left_out),
      cmocka_unit_test(bytes_that_are_no_text_do_not_spoil_the_page),
      cmocka_unit_test(a_change_of_the_mounts_is_seen_at_the_next_poll),
      cmocka_unit_test(without_the_list_of_process_1_our_own_is_read),
      cmocka_unit_test(a_container_shows_mount_points_as_its_host_does),
      cmocka_unit_test(lines_of_another_shape_are_skipped),
      cmocka_unit_test(every_escape_of_the_kernel_is_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
