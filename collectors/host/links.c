/* The parsers of network devices, see collectors/host/links.h. The kernel's finer counters are added up to the columns of /proc/net/dev, as it does
 * itself for that file. */
#include "collectors/host/links.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "collectors/host/lines.h"

#define LINKS_MAX 65536

void links_done(struct links *l) {
  free(l->items);
  free(l->names);
  *l = (struct links){0};
}

static void add(struct links *l, const struct link *link) {
  if (l->count >= LINKS_MAX) return;
  if (l->count == l->capacity) {
    l->capacity = MAX(l->capacity * 2, (size_t)8);
    l->items = mem_resize(l->items, l->capacity, sizeof *l->items);
  }
  l->items[l->count++] = *link;
}

static void set_name(char out[LINK_NAME_SIZE], const char *name, size_t length) {
  length = MIN(length, (size_t)LINK_NAME_SIZE - 1);
  memcpy(out, name, length);
  out[length] = 0;
}

static void add_name(struct links *l, uint32_t index, const char *name, size_t length) {
  if (l->name_count >= LINKS_MAX || !length) return;
  if (l->name_count == l->name_capacity) {
    l->name_capacity = MAX(l->name_capacity * 2, (size_t)8);
    l->names = mem_resize(l->names, l->name_capacity, sizeof *l->names);
  }
  struct link_name *n = &l->names[l->name_count++];
  n->index = index;
  set_name(n->name, name, length);
}

/* Names and counters come in the same order, so that the place of the last one found is a good guess. */
static const char *find_name(const struct links *l, uint32_t index) {
  if (l->count < l->name_count && l->names[l->count].index == index) return l->names[l->count].name;
  for (size_t i = 0; i < l->name_count; i++)
    if (l->names[i].index == index) return l->names[i].name;
  return NULL;
}

/* Older kernels send a shorter struct, newer ones a longer. */
static void set_counters(struct link *link, const void *data, size_t length) {
  struct rtnl_link_stats64 s = {0};
  memcpy(&s, data, MIN(length, sizeof s));
  link->has_nohandler = length >= offsetof(struct rtnl_link_stats64, rx_nohandler) + sizeof s.rx_nohandler;
  uint64_t *c = link->counters;
  c[LINK_RX_BYTES] = s.rx_bytes;
  c[LINK_RX_PACKETS] = s.rx_packets;
  c[LINK_RX_ERRS] = s.rx_errors;
  c[LINK_RX_DROP] = s.rx_dropped + s.rx_missed_errors;
  c[LINK_RX_FIFO] = s.rx_fifo_errors;
  c[LINK_RX_FRAME] = s.rx_length_errors + s.rx_over_errors + s.rx_crc_errors + s.rx_frame_errors;
  c[LINK_RX_COMPRESSED] = s.rx_compressed;
  c[LINK_RX_MULTICAST] = s.multicast;
  c[LINK_TX_BYTES] = s.tx_bytes;
  c[LINK_TX_PACKETS] = s.tx_packets;
  c[LINK_TX_ERRS] = s.tx_errors;
  c[LINK_TX_DROP] = s.tx_dropped;
  c[LINK_TX_FIFO] = s.tx_fifo_errors;
  c[LINK_TX_COLLS] = s.collisions;
  c[LINK_TX_CARRIER] = s.tx_carrier_errors + s.tx_aborted_errors + s.tx_window_errors + s.tx_heartbeat_errors;
  c[LINK_TX_COMPRESSED] = s.tx_compressed;
  c[LINK_RX_NOHANDLER] = s.rx_nohandler;
}

/* The first attribute of this type behind a header of `at` bytes. Its payload, or an empty slice. */
static struct slice find_attribute(struct slice message, size_t at, unsigned short type) {
  size_t length = slice_length(message);
  struct rtattr a;
  for (at = RTA_ALIGN(at); at + sizeof a <= length; at += RTA_ALIGN(a.rta_len)) {
    memcpy(&a, message.at + at, sizeof a);
    if (a.rta_len < sizeof a || a.rta_len > length - at) break;
    if (a.rta_type == type) return (struct slice){message.at + at + sizeof a, message.at + at + a.rta_len};
  }
  return (struct slice){message.at, message.at};
}

static void parse_name(struct links *l, struct slice message) {
  struct ifinfomsg header;
  if (slice_length(message) < sizeof header) return;
  memcpy(&header, message.at, sizeof header);
  struct slice name = find_attribute(message, sizeof header, IFLA_IFNAME);
  add_name(l, (uint32_t)header.ifi_index, name.at, strnlen(name.at, slice_length(name)));
}

static void parse_counters(struct links *l, struct slice message) {
  struct if_stats_msg header;
  struct link link = {0};
  if (slice_length(message) < sizeof header) return;
  memcpy(&header, message.at, sizeof header);
  struct slice counters = find_attribute(message, sizeof header, IFLA_STATS_LINK_64);
  if (!slice_length(counters)) return;
  const char *name = find_name(l, header.ifindex);
  if (!name) {
    l->nameless++;
    return;
  }
  memcpy(link.name, name, sizeof link.name);
  set_counters(&link, counters.at, slice_length(counters));
  add(l, &link);
}

enum links_parsed links_parse_netlink(struct links *l, const void *data, size_t length) {
  const char *bytes = data;
  size_t at = 0;
  while (at + sizeof(struct nlmsghdr) <= length) {
    struct nlmsghdr m;
    memcpy(&m, bytes + at, sizeof m);
    if (m.nlmsg_len < sizeof m || m.nlmsg_len > length - at || m.nlmsg_type == NLMSG_ERROR) return LINKS_BROKEN;
    struct slice message = {bytes + at + sizeof m, bytes + at + m.nlmsg_len};
    if (m.nlmsg_type == NLMSG_DONE) return LINKS_COMPLETE;
    if (m.nlmsg_type == RTM_NEWLINK) parse_name(l, message);
    if (m.nlmsg_type == RTM_NEWSTATS) parse_counters(l, message);
    at += NLMSG_ALIGN(m.nlmsg_len);
  }
  return length ? LINKS_MORE : LINKS_BROKEN;
}

static bool parse_line(struct slice line, struct link *ret) {
  struct slice name;
  const char *colon = memrchr(line.at, ':', slice_length(line));
  if (!colon) return false;
  struct slice before = {line.at, colon};
  if (!next_word(&before, &name)) return false;
  *ret = (struct link){0};
  set_name(ret->name, name.at, slice_length(name));
  line.at = colon + 1;
  for (unsigned i = 0; i < LINK_RX_NOHANDLER; i++)
    if (!number_scan(&line.at, line.end, &ret->counters[i])) return false;
  return true;
}

bool links_parse_file(struct links *l, const char *text, size_t length) {
  struct slice rest = {text, text + length}, line;
  struct link link;
  size_t before = l->count;
  while (next_line(&rest, &line))
    if (parse_line(line, &link)) add(l, &link);
  return l->count > before;
}
