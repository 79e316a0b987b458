/* The parser of udev's notes, see collectors/host/udev.h. Lines are "E:NAME=value"; other letters than E are udev's own business. */
#include "collectors/host/udev.h"

#include <string.h>

#include "collectors/host/lines.h"

/* Later rows of one key count only where the earlier ones are missing: the serial number printed on the disk comes first, that of a virtual
 * disk last. */
static const struct {
  const char *name;
  enum udev_key key;
} properties[] = {
    {"ID_PATH", UDEV_PATH},
    {"ID_WWN", UDEV_WWN},
    {"ID_MODEL", UDEV_MODEL},
    {"SCSI_IDENT_SERIAL", UDEV_SERIAL},
    {"ID_SERIAL_SHORT", UDEV_SERIAL},
    {"ID_SERIAL", UDEV_SERIAL},
    {"ID_REVISION", UDEV_REVISION},
    {"ID_FS_TYPE", UDEV_FS_TYPE},
    {"ID_FS_USAGE", UDEV_FS_USAGE},
    {"ID_FS_UUID", UDEV_FS_UUID},
    {"ID_FS_VERSION", UDEV_FS_VERSION},
    {"DM_NAME", UDEV_DM_NAME},
    {"DM_UUID", UDEV_DM_UUID},
    {"DM_VG_NAME", UDEV_DM_VG_NAME},
    {"DM_LV_NAME", UDEV_DM_LV_NAME},
    {"DM_LV_LAYER", UDEV_DM_LV_LAYER},
    {"ID_ATA", UDEV_ATA},
    {"ID_ATA_WRITE_CACHE", UDEV_ATA_WRITE_CACHE},
    {"ID_ATA_WRITE_CACHE_ENABLED", UDEV_ATA_WRITE_CACHE_ENABLED},
    {"ID_ATA_ROTATION_RATE_RPM", UDEV_ATA_ROTATION_RATE},
};

static void take(struct slice line, struct slice values[COUNTOF(properties)]) {
  const char *equals = memchr(line.at, '=', slice_length(line));
  if (!equals) return;
  for (size_t i = 0; i < COUNTOF(properties); i++)
    if (slice_is((struct slice){line.at, equals}, properties[i].name)) values[i] = (struct slice){equals + 1, line.end};
}

struct udev udev_parse(const char *text, size_t length, struct arena *a) {
  struct slice rest = {text, text + length}, line, values[COUNTOF(properties)] = {{0}};
  while (next_line(&rest, &line)) {
    if (slice_length(line) < 2 || line.at[0] != 'E' || line.at[1] != ':') continue;
    line.at += 2;
    take(line, values);
  }
  struct udev u;
  for (size_t i = 0; i < UDEV_KEYS; i++) u.values[i] = "";
  for (size_t i = 0; i < COUNTOF(properties); i++) {
    const char **value = &u.values[properties[i].key];
    if (!**value && values[i].at) *value = arena_copy_bytes(a, values[i].at, slice_length(values[i]));
  }
  return u;
}
