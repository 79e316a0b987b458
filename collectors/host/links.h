/* The network devices and their counters, from the kernel's answers over netlink or from /proc/net/dev. The parsers are pure. */
#ifndef SONDE_COLLECTORS_HOST_LINKS_H
#define SONDE_COLLECTORS_HOST_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/fail.h"

#define LINK_NAME_SIZE 64

/* In the order of /proc/net/dev, which lacks the last one. */
enum link_counter {
  LINK_RX_BYTES,
  LINK_RX_PACKETS,
  LINK_RX_ERRS,
  LINK_RX_DROP,
  LINK_RX_FIFO,
  LINK_RX_FRAME,
  LINK_RX_COMPRESSED,
  LINK_RX_MULTICAST,
  LINK_TX_BYTES,
  LINK_TX_PACKETS,
  LINK_TX_ERRS,
  LINK_TX_DROP,
  LINK_TX_FIFO,
  LINK_TX_COLLS,
  LINK_TX_CARRIER,
  LINK_TX_COMPRESSED,
  LINK_RX_NOHANDLER,
  LINK_COUNTERS
};

struct link {
  char name[LINK_NAME_SIZE];
  uint64_t counters[LINK_COUNTERS];
  bool has_nohandler;
};
struct link_name {
  uint32_t index; /* the kernel's number of the device */
  char name[LINK_NAME_SIZE];
};

/* Zeroed: empty. */
struct links {
  struct link *items;
  size_t count, capacity;
  struct link_name *names; /* of the devices by number, for the counters over netlink */
  size_t name_count, name_capacity;
  size_t nameless; /* counters that came for a device without a name */
};
void links_done(struct links *l);

enum links_parsed { LINKS_MORE, LINKS_COMPLETE, LINKS_BROKEN };
/* Adds what one datagram of the kernel's answer tells: names (RTM_NEWLINK) or the counters of devices that have one (RTM_NEWSTATS).
 * BROKEN: it was refused, or is no such answer. */
enum links_parsed links_parse_netlink(struct links *l, const void *data, size_t length) MUST_CHECK;
/* Adds the lines of /proc/net/dev. False when there is none. */
bool links_parse_file(struct links *l, const char *text, size_t length) MUST_CHECK;

#endif
