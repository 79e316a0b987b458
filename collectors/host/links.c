/* Network devices, see collectors/host/links.h. One question over netlink brings all devices with 64-bit counters; the finer counters are added
 * up to the columns of /proc/net/dev, as the kernel does for that file. */
#include "collectors/host/links.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/number.h"
#include "collectors/host/lines.h"

#define LINKS_MAX      65536
#define DATAGRAM_BYTES 32768 /* the most that the kernel packs into one */

void links_done(struct links *l) {
  free(l->items);
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

static void set_name(struct link *link, const char *name, size_t length) {
  length = MIN(length, sizeof link->name - 1);
  memcpy(link->name, name, length);
  link->name[length] = 0;
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

/* `data` is what follows the header of a RTM_NEWLINK message. */
static void parse_link(struct links *l, const char *data, size_t length) {
  struct link link = {0};
  bool has_counters = false;
  size_t at = NLMSG_ALIGN(sizeof(struct ifinfomsg));
  while (at + sizeof(struct rtattr) <= length) {
    struct rtattr a;
    memcpy(&a, data + at, sizeof a);
    if (a.rta_len < sizeof a || a.rta_len > length - at) break;
    const char *payload = data + at + sizeof a;
    size_t size = a.rta_len - sizeof a;
    if (a.rta_type == IFLA_IFNAME) set_name(&link, payload, strnlen(payload, size));
    if (a.rta_type == IFLA_STATS64) {
      set_counters(&link, payload, size);
      has_counters = true;
    }
    at += RTA_ALIGN(a.rta_len);
  }
  if (has_counters && *link.name) add(l, &link);
}

enum links_parsed links_parse_netlink(struct links *l, const void *data, size_t length) {
  const char *bytes = data;
  size_t at = 0;
  while (at + sizeof(struct nlmsghdr) <= length) {
    struct nlmsghdr m;
    memcpy(&m, bytes + at, sizeof m);
    if (m.nlmsg_len < sizeof m || m.nlmsg_len > length - at || m.nlmsg_type == NLMSG_ERROR) return LINKS_BROKEN;
    if (m.nlmsg_type == NLMSG_DONE) return LINKS_COMPLETE;
    if (m.nlmsg_type == RTM_NEWLINK) parse_link(l, bytes + at + sizeof m, m.nlmsg_len - sizeof m);
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
  set_name(ret, name.at, slice_length(name));
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

static bool send_question(int fd) {
  struct {
    struct nlmsghdr header;
    struct ifinfomsg link;
    struct rtattr mask;
    uint32_t filter;
  } question = {
      .header = {.nlmsg_len = sizeof question, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
      .link = {.ifi_family = AF_UNSPEC},
      .mask = {.rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_EXT_MASK},
      .filter = RTEXT_FILTER_SKIP_STATS, /* those of IPv6 and of virtual functions, which nobody reads here */
  };
  return send(fd, &question, sizeof question, 0) == (ssize_t)sizeof question;
}

static int open_socket(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct timeval patience = {.tv_sec = 1};
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

/* Reads the answer to its end. */
static enum links_parsed receive(struct links *l, int fd, struct buf *scratch) {
  enum links_parsed parsed = LINKS_MORE;
  while (parsed == LINKS_MORE) {
    buf_clear(scratch);
    char *room = buf_room(scratch, DATAGRAM_BYTES);
    ssize_t n = room ? recv(fd, room, DATAGRAM_BYTES, 0) : -1;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return LINKS_BROKEN;
    parsed = links_parse_netlink(l, room, (size_t)n);
  }
  return parsed;
}

bool links_ask(struct links *l, int *fd, struct buf *scratch, struct fail *f) {
  l->count = 0;
  if (*fd < 0) *fd = open_socket();
  if (*fd >= 0 && send_question(*fd) && receive(l, *fd, scratch) == LINKS_COMPLETE) return true;
  fail_errno(f, "asking the kernel for the network devices");
  if (*fd >= 0) close(*fd); /* what is left of a broken answer goes with it */
  *fd = -1;
  return false;
}
