/* The part "netdev": the counters of each network device. The kernel is asked over netlink. Where that is not allowed (some sandboxes), or
 * where another /proc is watched than our own (a container that watches its host), the file of that /proc is read: netlink would tell of the
 * container's own devices. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collectors/host/filter.h"
#include "collectors/host/host.h"
#include "collectors/host/links.h"
#include "collectors/host/netlink.h"

#define COUNTER(name)                                                                                                              \
  { "node_network_" name "_total", "Network device statistic " name ".", METRIC_COUNTER, "device", false }

static const struct family families[LINK_COUNTERS] = {
    [LINK_RX_BYTES] = COUNTER("receive_bytes"),
    [LINK_RX_PACKETS] = COUNTER("receive_packets"),
    [LINK_RX_ERRS] = COUNTER("receive_errs"),
    [LINK_RX_DROP] = COUNTER("receive_drop"),
    [LINK_RX_FIFO] = COUNTER("receive_fifo"),
    [LINK_RX_FRAME] = COUNTER("receive_frame"),
    [LINK_RX_COMPRESSED] = COUNTER("receive_compressed"),
    [LINK_RX_MULTICAST] = COUNTER("receive_multicast"),
    [LINK_TX_BYTES] = COUNTER("transmit_bytes"),
    [LINK_TX_PACKETS] = COUNTER("transmit_packets"),
    [LINK_TX_ERRS] = COUNTER("transmit_errs"),
    [LINK_TX_DROP] = COUNTER("transmit_drop"),
    [LINK_TX_FIFO] = COUNTER("transmit_fifo"),
    [LINK_TX_COLLS] = COUNTER("transmit_colls"),
    [LINK_TX_CARRIER] = COUNTER("transmit_carrier"),
    [LINK_TX_COMPRESSED] = COUNTER("transmit_compressed"),
    [LINK_RX_NOHANDLER] = COUNTER("receive_nohandler"),
};

struct state {
  bool own_proc; /* the /proc that is watched is our own */
  struct netlink netlink;
  struct links links;
  struct source first_file, own_file; /* of the network namespace of process 1, and of our own */
  struct filter exclude;
};

static void *open_netdev(const struct host *h) {
  struct state *n = mem_zero(sizeof *n);
  n->own_proc = !strcmp(h->options->procfs, "/proc");
  netlink_init(&n->netlink);
  source_init(&n->first_file, h->options->procfs, "1/net/dev");
  source_init(&n->own_file, h->options->procfs, "net/dev");
  filter_init(&n->exclude, h->options->network_exclude);
  return n;
}

static void close_netdev(void *state) {
  struct state *n = state;
  netlink_done(&n->netlink);
  links_done(&n->links);
  source_done(&n->first_file);
  source_done(&n->own_file);
  filter_done(&n->exclude);
  free(n);
}

static bool read_file(struct state *n, struct host *h, struct fail *f) {
  bool is_read = (!n->own_proc && host_read(h, &n->first_file, f)) || host_read(h, &n->own_file, f);
  n->links.count = 0;
  if (!is_read) return false;
  if (links_parse_file(&n->links, h->text.data, h->text.length)) return true;
  return fail(f, FAIL_PROTOCOL, "%s names no network device", n->own_file.path);
}

static bool read_links(struct state *n, struct host *h, struct fail *f) {
  if (n->own_proc && netlink_ask(&n->netlink, &n->links, &h->text, f)) return true;
  return read_file(n, h, f);
}

static bool collect(void *state, struct host *h, struct section *s, struct fail *f) {
  struct state *n = state;
  if (!read_links(n, h, f)) return false;
  for (size_t i = 0; i < n->links.count; i++) {
    const struct link *link = &n->links.items[i];
    if (filter_excludes(&n->exclude, link->name, strlen(link->name))) continue;
    labels_t labels = section_label_pairs(s, "device", link->name, NULL);
    for (unsigned k = 0; k < LINK_COUNTERS; k++)
      if (k != LINK_RX_NOHANDLER || link->has_nohandler) section_add(s, &families[k], labels, (double)link->counters[k]);
  }
  return true;
}

const struct host_part host_part_netdev = {
    .families = families, .family_count = COUNTOF(families), .open = open_netdev, .close = close_netdev, .collect = collect};
