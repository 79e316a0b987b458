/* Asking the kernel about the network devices of this network namespace. */
#ifndef SONDE_COLLECTORS_HOST_NETLINK_H
#define SONDE_COLLECTORS_HOST_NETLINK_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/fail.h"
#include "collectors/host/links.h"

struct netlink {
  int questions, news; /* sockets; -1: not open */
  bool names_known;
};

void netlink_init(struct netlink *n);
void netlink_done(struct netlink *n);
/* Fills l->items with all devices. `scratch` takes the answers. */
bool netlink_ask(struct netlink *n, struct links *l, struct buf *scratch, struct fail *f) MUST_CHECK;

#endif
