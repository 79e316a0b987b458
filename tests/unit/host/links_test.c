/* The kernel's answer about network devices, made here byte by byte. */
#include "tests/unit/test.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "collectors/host/links.h"

struct message {
  char bytes[2048];
  size_t length;
};

static void begin(struct message *m, uint16_t type) {
  *m = (struct message){.length = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct ifinfomsg))};
  struct nlmsghdr h = {.nlmsg_type = type};
  memcpy(m->bytes, &h, sizeof h);
}

static void put(struct message *m, unsigned short type, const void *data, size_t length) {
  struct rtattr a = {.rta_len = (unsigned short)(sizeof a + length), .rta_type = type};
  memcpy(m->bytes + m->length, &a, sizeof a);
  memcpy(m->bytes + m->length + sizeof a, data, length);
  m->length += RTA_ALIGN(a.rta_len);
}

static void end(struct message *m) {
  uint32_t length = (uint32_t)m->length;
  memcpy(m->bytes, &length, sizeof length);
}

static struct rtnl_link_stats64 some_counters(void) {
  return (struct rtnl_link_stats64){.rx_packets = 1,
                                    .tx_packets = 2,
                                    .rx_bytes = 3,
                                    .tx_bytes = 4,
                                    .rx_errors = 5,
                                    .tx_errors = 6,
                                    .rx_dropped = 7,
                                    .tx_dropped = 8,
                                    .multicast = 9,
                                    .collisions = 10,
                                    .rx_length_errors = 100,
                                    .rx_over_errors = 200,
                                    .rx_crc_errors = 300,
                                    .rx_frame_errors = 400,
                                    .rx_fifo_errors = 15,
                                    .rx_missed_errors = 1000,
                                    .tx_aborted_errors = 10,
                                    .tx_carrier_errors = 20,
                                    .tx_fifo_errors = 19,
                                    .tx_heartbeat_errors = 30,
                                    .tx_window_errors = 40,
                                    .rx_compressed = 22,
                                    .tx_compressed = 23,
                                    .rx_nohandler = 24};
}

static void finer_counters_add_up_to_the_known_columns(void **state UNUSED) {
  struct message m;
  struct links l = {0};
  struct rtnl_link_stats64 s = some_counters();
  begin(&m, RTM_NEWLINK);
  put(&m, IFLA_IFNAME, "eth0", 5);
  put(&m, IFLA_MTU, "\0\0\0\1", 4);
  put(&m, IFLA_STATS64, &s, sizeof s);
  end(&m);
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_MORE);
  assert_int_equal(l.count, 1);
  const uint64_t *c = l.items[0].counters;
  assert_string_equal(l.items[0].name, "eth0");
  assert_int_equal(c[LINK_RX_DROP], 1007);
  assert_int_equal(c[LINK_RX_FRAME], 1000);
  assert_int_equal(c[LINK_TX_CARRIER], 100);
  assert_int_equal(c[LINK_RX_BYTES], 3);
  assert_int_equal(c[LINK_TX_PACKETS], 2);
  assert_int_equal(c[LINK_RX_NOHANDLER], 24);
  assert_true(l.items[0].has_nohandler);
  links_done(&l);
}

static void an_old_kernel_with_fewer_counters_is_understood(void **state UNUSED) {
  struct message m;
  struct links l = {0};
  struct rtnl_link_stats64 s = some_counters();
  begin(&m, RTM_NEWLINK);
  put(&m, IFLA_STATS64, &s, offsetof(struct rtnl_link_stats64, rx_nohandler));
  put(&m, IFLA_IFNAME, "eth0", 5);
  end(&m);
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_MORE);
  assert_int_equal(l.items[0].counters[LINK_TX_COMPRESSED], 23);
  assert_false(l.items[0].has_nohandler);
  links_done(&l);
}

static void a_broken_answer_is_not_read_past_its_end(void **state UNUSED) {
  struct message m;
  struct links l = {0};
  struct rtnl_link_stats64 s = some_counters();
  begin(&m, RTM_NEWLINK);
  put(&m, IFLA_IFNAME, "eth0", 5);
  put(&m, IFLA_STATS64, &s, sizeof s);
  end(&m);
  for (size_t length = 0; length < m.length; length++) assert_true(links_parse_netlink(&l, m.bytes, length) != LINKS_COMPLETE);
  assert_int_equal(l.count, 0);
  unsigned short liar = 4000;
  memcpy(m.bytes + NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct ifinfomsg)), &liar, sizeof liar);
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_MORE);
  assert_int_equal(l.count, 0);
  links_done(&l);
}

static void the_end_and_a_refusal_are_told_apart(void **state UNUSED) {
  struct message m;
  struct links l = {0};
  begin(&m, NLMSG_DONE);
  end(&m);
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_COMPLETE);
  begin(&m, NLMSG_ERROR);
  end(&m);
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_BROKEN);
  links_done(&l);
}

static void this_kernel_answers(void **state UNUSED) {
  struct links l = {0};
  struct fail why;
  int fd = -1;
  SCOPED(buf_done) struct buf scratch;
  buf_init(&scratch, 1 << 20);
  for (int i = 0; i < 2; i++) {
    if (!links_ask(&l, &fd, &scratch, &why)) fail_msg("%s", why.text);
    bool found = false;
    for (size_t k = 0; k < l.count; k++) found |= !strcmp(l.items[k].name, "lo");
    assert_true(found);
  }
  close(fd);
  links_done(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finer_counters_add_up_to_the_known_columns),
      cmocka_unit_test(an_old_kernel_with_fewer_counters_is_understood),
      cmocka_unit_test(a_broken_answer_is_not_read_past_its_end),
      cmocka_unit_test(the_end_and_a_refusal_are_told_apart),
      cmocka_unit_test(this_kernel_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
