/* Questions to the kernel over netlink, see collectors/host/netlink.h. All that it knows of a device takes it 5 µs to write down, the counters alone
 * one. So the counters are asked for at each poll, and the names when the kernel has told on another socket that a device changed. */
#include "collectors/host/netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define DATAGRAM_BYTES 32768 /* the most that the kernel packs into one */
#define NEWS_MAX       1000  /* read at one poll; what is left is news at the next one */

void netlink_init(struct netlink *n) {
  *n = (struct netlink){.questions = -1, .news = -1};
}

static void shut(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

void netlink_done(struct netlink *n) {
  shut(&n->questions);
  shut(&n->news);
}

static int open_socket(unsigned groups) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct timeval patience = {.tv_sec = 1};
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) shut(&fd);
  return fd;
}

/* First the news, so that no change falls between them and the names. */
static bool open_sockets(struct netlink *n) {
  if (n->questions >= 0) return true;
  n->names_known = false;
  n->news = open_socket(RTMGRP_LINK);
  if (n->news >= 0) n->questions = open_socket(0);
  return n->questions >= 0;
}

/* Takes in what the kernel told since the last time; also true when it was more than the socket could hold. */
static bool has_news(const struct netlink *n) {
  char byte;
  int count = 0;
  while (count < NEWS_MAX && (recv(n->news, &byte, 1, MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == ENOBUFS)) count++;
  return count > 0;
}

/* Sends a question for all devices and reads the answer to its end. */
static bool ask(int fd, struct links *l, const void *question, size_t length, struct buf *scratch) {
  if (send(fd, question, length, 0) != (ssize_t)length) return false;
  enum links_parsed parsed = LINKS_MORE;
  while (parsed == LINKS_MORE) {
    buf_clear(scratch);
    char *room = buf_room(scratch, DATAGRAM_BYTES);
    ssize_t n = room ? recv(fd, room, DATAGRAM_BYTES, 0) : -1;
    if (n < 0 && errno == EINTR) continue;
    parsed = n < 0 ? LINKS_BROKEN : links_parse_netlink(l, room, (size_t)n);
  }
  return parsed == LINKS_COMPLETE;
}

static bool ask_names(struct netlink *n, struct links *l, struct buf *scratch) {
  struct {
    struct nlmsghdr header;
    struct ifinfomsg body;
    struct rtattr mask;
    uint32_t filter;
  } question = {
      .header = {.nlmsg_len = sizeof question, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
      .mask = {.rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_EXT_MASK},
      .filter = RTEXT_FILTER_SKIP_STATS,
  };
  l->name_count = 0;
  n->names_known = ask(n->questions, l, &question, sizeof question, scratch);
  return n->names_known;
}

static bool ask_counters(struct netlink *n, struct links *l, struct buf *scratch) {
  struct {
    struct nlmsghdr header;
    struct if_stats_msg body;
  } question = {
      .header = {.nlmsg_len = sizeof question, .nlmsg_type = RTM_GETSTATS, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
      .body = {.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64)},
  };
  l->count = l->nameless = 0;
  return ask(n->questions, l, &question, sizeof question, scratch);
}

/* A device may appear between the two questions: then they are asked once more. */
static bool ask_all(struct netlink *n, struct links *l, struct buf *scratch) {
  if (has_news(n)) n->names_known = false;
  if (!n->names_known && !ask_names(n, l, scratch)) return false;
  if (!ask_counters(n, l, scratch)) return false;
  return !l->nameless || (ask_names(n, l, scratch) && ask_counters(n, l, scratch));
}

bool netlink_ask(struct netlink *n, struct links *l, struct buf *scratch, struct fail *f) {
  if (open_sockets(n) && ask_all(n, l, scratch)) return true;
  fail_errno(f, "asking the kernel for the network devices");
  netlink_done(n); /* what is left of a broken answer goes with it */
  return false;
}
