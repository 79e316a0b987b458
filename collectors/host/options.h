/* The keys of a host target: where its trees are mounted and what is left out. */
#ifndef SONDE_COLLECTORS_HOST_OPTIONS_H
#define SONDE_COLLECTORS_HOST_OPTIONS_H

#include "config/option.h"

struct host_options {
  const char *procfs, *sysfs, *rootfs;
  const char *mount_exclude, *type_exclude; /* regular expressions, searched in the name; NULL or "" leaves nothing out */
  const char *disk_exclude, *network_exclude;
};

extern const struct option host_options[], filesystem_options[], diskstats_options[], netdev_options[];

#endif
