/* The kernel's answer about network devices, made here byte by byte. */
#include "tests/unit/test.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "collectors/host/links.h"
#include "collectors/host/netlink.h"

struct message {
  char bytes[2048];
  size_t length;
};

/* The message of a device: RTM_NEWLINK or RTM_NEWSTATS, or one without content. */
static void begin(struct message *m, uint16_t type, uint32_t index) {
  struct ifinfomsg link = {.ifi_index = (int)index};
  struct if_stats_msg stats = {.ifindex = index};
  *m = (struct message){.length = NLMSG_HDRLEN + (type == RTM_NEWSTATS ? sizeof stats : sizeof link)};
  memcpy(m->bytes + NLMSG_HDRLEN, type == RTM_NEWSTATS ? (void *)&stats : (void *)&link, m->length - NLMSG_HDRLEN);
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

static void learn_name(struct links *l, uint32_t index, const char *name) {
  struct message m;
  begin(&m, RTM_NEWLINK, index);
  put(&m, IFLA_MTU, "\0\0\0\1", 4);
  put(&m, IFLA_IFNAME, name, strlen(name) + 1);
  end(&m);
  assert_int_equal(links_parse_netlink(l, m.bytes, m.length), LINKS_MORE);
}

static void make_counters(struct message *m, uint32_t index, size_t length) {
  struct rtnl_link_stats64 s = some_counters();
  begin(m, RTM_NEWSTATS, index);
  put(m, IFLA_STATS_LINK_64, &s, length);
  end(m);
}

static void finer_counters_add_up_to_the_known_columns(void **state UNUSED) {
  struct message m;
  struct links l = {0};
  learn_name(&l, 7, "eth0");
  make_counters(&m, 7, sizeof(struct rtnl_link_stats64));
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

static void counters_find_their_name_in_any_order(void **state UNUSED) {
  struct message m;
  struct links l = {0};
  learn_name(&l, 3, "eth0");
  learn_name(&l, 900, "veth1");
  make_counters(&m, 900, sizeof(struct rtnl_link_stats64));
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_MORE);
  make_counters(&m, 3, sizeof(struct rtnl_link_stats64));
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_MORE);
  assert_string_equal(l.items[0].name, "veth1");
  assert_string_equal(l.items[1].name, "eth0");
  links_done(&l);
}

static void a_device_whose_name_is_not_known_yet_is_told_of(void **state UNUSED) {
  struct message m;
  struct links l = {0};
  make_counters(&m, 5, sizeof(struct rtnl_link_stats64));
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_MORE);
  assert_int_equal(l.count, 0);
  assert_int_equal(l.nameless, 1);
  links_done(&l);
}

static void an_old_kernel_with_fewer_counters_is_understood(void **state UNUSED) {
  struct message m;
  struct links l = {0};
  learn_name(&l, 7, "eth0");
  make_counters(&m, 7, offsetof(struct rtnl_link_stats64, rx_nohandler));
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_MORE);
  assert_int_equal(l.items[0].counters[LINK_TX_COMPRESSED], 23);
  assert_false(l.items[0].has_nohandler);
  links_done(&l);
}

static void a_broken_answer_is_not_read_past_its_end(void **state UNUSED) {
  struct message m;
  struct links l = {0};
  learn_name(&l, 7, "eth0");
  make_counters(&m, 7, sizeof(struct rtnl_link_stats64));
  for (size_t length = 0; length < m.length; length++) assert_true(links_parse_netlink(&l, m.bytes, length) != LINKS_COMPLETE);
  assert_int_equal(l.count, 0);
  unsigned short liar = 4000;
  memcpy(m.bytes + NLMSG_HDRLEN + sizeof(struct if_stats_msg), &liar, sizeof liar);
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_MORE);
  assert_int_equal(l.count, 0);
  links_done(&l);
}

static void the_end_and_a_refusal_are_told_apart(void **state UNUSED) {
  struct message m;
  struct links l = {0};
  begin(&m, NLMSG_DONE, 0);
  end(&m);
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_COMPLETE);
  begin(&m, NLMSG_ERROR, 0);
  end(&m);
  assert_int_equal(links_parse_netlink(&l, m.bytes, m.length), LINKS_BROKEN);
  links_done(&l);
}

static void this_kernel_answers(void **state UNUSED) {
  struct links l = {0};
  struct netlink n;
  struct fail why;
  SCOPED(buf_done) struct buf scratch;
  buf_init(&scratch, 1 << 20);
  netlink_init(&n);
  for (int i = 0; i < 2; i++) {
    if (!netlink_ask(&n, &l, &scratch, &why)) fail_msg("%s", why.text);
    bool found = false;
    for (size_t k = 0; k < l.count; k++) found |= !strcmp(l.items[k].name, "lo") && l.items[k].has_nohandler;
    assert_true(found);
  }
  netlink_done(&n);
  links_done(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finer_counters_add_up_to_the_known_columns),
      cmocka_unit_test(counters_find_their_name_in_any_order),
      cmocka_unit_test(a_device_whose_name_is_not_known_yet_is_told_of),
      cmocka_unit_test(an_old_kernel_with_fewer_counters_is_understood),
      cmocka_unit_test(a_broken_answer_is_not_read_past_its_end),
      cmocka_unit_test(the_end_and_a_refusal_are_told_apart),
      cmocka_unit_test(this_kernel_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
