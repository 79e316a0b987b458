/* What the parts of the host collector share. A part is one file that ends in a `const struct host_part host_part_<name>` and one line in
 * HOST_PARTS; the first one is the base of the target. */
#ifndef SONDE_COLLECTORS_HOST_HOST_H
#define SONDE_COLLECTORS_HOST_HOST_H

#include "base/buf.h"
#include "base/fail.h"
#include "base/wait.h"
#include "collectors/host/options.h"
#include "collectors/host/proc_stat.h"
#include "collectors/host/source.h"
#include "config/kind.h"
#include "metric/section.h"

/* The name, which is that of node_exporter's collector; its options or NULL; what it is. */
#define HOST_PARTS(X)                                                                                                              \
  X(cpu, NULL, "Seconds that each CPU spent in each mode, which CPUs are online, thermal throttling.")                             \
  X(stat, NULL, "Interrupts, context switches, forks, boot time, processes running and blocked.")                                  \
  X(meminfo, NULL, "Memory by use, as /proc/meminfo tells it.")                                                                    \
  X(loadavg, NULL, "The load averages.")                                                                                           \
  X(diskstats, diskstats_options, "Reads, writes, discards and flushes of each block device.")                                     \
  X(netdev, netdev_options, "Bytes, packets, errors and drops of each network device.")                                            \
  X(pressure, NULL, "Time lost waiting for CPU, memory and I/O (pressure stall information).")                                     \
  X(uname, NULL, "Kernel and host name.")                                                                                          \
  X(time, NULL, "The clock, its zone and its source.")                                                                             \
  X(filesystem, filesystem_options, "Size, free space and free files of each mounted file system.")

/* One watched host. Belongs to one runner thread. */
struct host {
  const struct host_options *options;
  struct buf text;           /* what source_read() read last; one buffer for all files */
  msec_t now;                /* when the poll began */
  const struct wait *wait;   /* of the poll */
  struct source stat_source; /* /proc/stat, see host_stat() */
  struct proc_stat stat;
  bool stat_fresh;
  void *states[PARTS_MAX]; /* of each part, see host_part.open */
};

/* Facts that hardly ever change are read again after this time. */
#define HOST_REFRESH ((msec_t)60000)

struct host_part {
  const struct family *families;
  size_t family_count;
  /* The part's own state, or NULL when both are NULL. */
  void *(*open)(const struct host *h);
  void (*close)(void *state);
  /* Starts what others do meanwhile, before any part is collected; NULL: nothing. */
  void (*begin)(void *state, struct host *h);
  /* Reads and adds the samples. FAIL_UNSUPPORTED when this machine has no such thing. */
  bool (*collect)(void *state, struct host *h, struct section *s, struct fail *f);
};

/* /proc/stat of this poll: read and parsed once, whoever asks first. NULL with *f when it cannot be. */
const struct proc_stat *host_stat(struct host *h, struct fail *f) MUST_CHECK;
/* Reads a file into h->text. */
bool host_read(struct host *h, struct source *source, struct fail *f) MUST_CHECK;

#define X(name, options, summary) extern const struct host_part host_part_##name;
HOST_PARTS(X)
#undef X

#endif
