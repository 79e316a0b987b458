/* What udev noted of a block device: the file /run/udev/data/b<major>:<minor>. Pure. */
#ifndef SONDE_COLLECTORS_HOST_UDEV_H
#define SONDE_COLLECTORS_HOST_UDEV_H

#include <stddef.h>

#include "base/arena.h"

/* The properties that are shown. SERIAL is the best of three that a device may have. */
enum udev_key {
  UDEV_PATH,
  UDEV_WWN,
  UDEV_MODEL,
  UDEV_SERIAL,
  UDEV_REVISION,
  UDEV_FS_TYPE,
  UDEV_FS_USAGE,
  UDEV_FS_UUID,
  UDEV_FS_VERSION,
  UDEV_DM_NAME,
  UDEV_DM_UUID,
  UDEV_DM_VG_NAME,
  UDEV_DM_LV_NAME,
  UDEV_DM_LV_LAYER,
  UDEV_ATA,
  UDEV_ATA_WRITE_CACHE,
  UDEV_ATA_WRITE_CACHE_ENABLED,
  UDEV_ATA_ROTATION_RATE,
  UDEV_KEYS
};

struct udev {
  const char *values[UDEV_KEYS]; /* "" when it has none */
};

/* The strings are made in `a`. */
struct udev udev_parse(const char *text, size_t length, struct arena *a);

#endif
