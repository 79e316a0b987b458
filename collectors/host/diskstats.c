/* The part "diskstats": what each block device did, and what it is. The counters come from /proc/diskstats at every poll, the facts from udev's
 * notes, read when a device is new and again from time to time. */
#include "collectors/host/diskstats.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/number.h"
#include "collectors/host/filter.h"
#include "collectors/host/host.h"
#include "collectors/host/udev.h"

#define COUNTER(name, help)                                                                                                        \
  { "node_disk_" name, help, METRIC_COUNTER, "device", false }
#define GAUGE(name, help, labels)                                                                                                  \
  { "node_disk_" name, help, METRIC_GAUGE, labels, false }

enum { INFO = DISK_COLUMNS_MAX, FILESYSTEM_INFO, DEVICE_MAPPER_INFO, ATA_WRITE_CACHE, ATA_WRITE_CACHE_ENABLED, ATA_ROTATION_RATE };

/* First the columns, in their order in the file. */
static const struct family families[] = {
    COUNTER("reads_completed_total", "The total number of reads completed successfully."),
    COUNTER("reads_merged_total", "The total number of reads merged."),
    COUNTER("read_bytes_total", "The total number of bytes read successfully."),
    COUNTER("read_time_seconds_total", "The total number of seconds spent by all reads."),
    COUNTER("writes_completed_total", "The total number of writes completed successfully."),
    COUNTER("writes_merged_total", "The number of writes merged."),
    COUNTER("written_bytes_total", "The total number of bytes written successfully."),
    COUNTER("write_time_seconds_total", "This is the total number of seconds spent by all writes."),
    GAUGE("io_now", "The number of I/Os currently in progress.", "device"),
    COUNTER("io_time_seconds_total", "Total seconds spent doing I/Os."),
    COUNTER("io_time_weighted_seconds_total", "The weighted # of seconds spent doing I/Os."),
    COUNTER("discards_completed_total", "The total number of discards completed successfully."),
    COUNTER("discards_merged_total", "The total number of discards merged."),
    COUNTER("discarded_sectors_total", "The total number of sectors discarded successfully."),
    COUNTER("discard_time_seconds_total", "This is the total number of seconds spent by all discards."),
    COUNTER("flush_requests_total", "The total number of flush requests completed successfully."),
    COUNTER("flush_requests_time_seconds_total", "This is the total number of seconds spent by all flush requests."),
    [INFO] = GAUGE("info", "Info of /sys/block/<block_device>.", "device,major,minor,model,path,revision,serial,wwn"),
    [FILESYSTEM_INFO] = GAUGE("filesystem_info", "Info about disk filesystem.", "device,type,usage,uuid,version"),
    [DEVICE_MAPPER_INFO] =
        GAUGE("device_mapper_info", "Info about disk device mapper.", "device,lv_layer,lv_name,name,uuid,vg_name"),
    [ATA_WRITE_CACHE] = GAUGE("ata_write_cache", "ATA disk has a write cache.", "device"),
    [ATA_WRITE_CACHE_ENABLED] = GAUGE("ata_write_cache_enabled", "ATA disk has its write cache enabled.", "device"),
    [ATA_ROTATION_RATE] = GAUGE("ata_rotation_rate_rpm", "ATA disk rotation rate in RPMs (0 for SSDs).", "device"),
};

/* What a column counts: sectors are always of 512 bytes, whatever the device has; times are milliseconds. */
static const struct {
  double multiply, divide;
} units[DISK_COLUMNS_MAX] = {{1, 1},    {1, 1},    {512, 1}, {1, 1000}, {1, 1}, {1, 1},    {512, 1}, {1, 1000}, {1, 1},
                             {1, 1000}, {1, 1000}, {1, 1},   {1, 1},    {1, 1}, {1, 1000}, {1, 1},   {1, 1000}};

struct state {
  struct source source;
  struct filter exclude;
  char *udev_root;
  struct map devices; /* of struct udev, by name; they live in `facts` until `refresh` */
  struct arena facts;
  msec_t refresh;
};

static void *open_diskstats(const struct host *h) {
  struct state *d = mem_zero(sizeof *d);
  SCOPED(buf_done) struct buf path;
  buf_init(&path, 8192);
  buf_printf(&path, "%s/run/udev/data", h->options->rootfs);
  d->udev_root = mem_copy(path.data);
  source_init(&d->source, h->options->procfs, "diskstats");
  filter_init(&d->exclude, h->options->disk_exclude);
  arena_init(&d->facts);
  return d;
}

static void close_diskstats(void *state) {
  struct state *d = state;
  source_done(&d->source);
  filter_done(&d->exclude);
  map_done(&d->devices);
  arena_done(&d->facts);
  free(d->udev_root);
  free(d);
}

bool disk_parse(struct slice line, struct disk *ret) {
  if (!number_scan(&line.at, line.end, &ret->major) || !number_scan(&line.at, line.end, &ret->minor)) return false;
  if (!next_word(&line, &ret->name)) return false;
  for (ret->count = 0; ret->count < DISK_COLUMNS_MAX; ret->count++)
    if (!number_scan(&line.at, line.end, &ret->columns[ret->count])) break;
  return ret->count >= DISK_COLUMNS_MIN;
}

static void forget_facts(struct state *d, msec_t now) {
  if (now < d->refresh) return;
  d->refresh = now + HOST_REFRESH;
  map_done(&d->devices);
  arena_done(&d->facts);
  arena_init(&d->facts);
}

static const struct udev *facts_of(struct state *d, const struct disk *disk) {
  size_t length = slice_length(disk->name);
  struct udev *known = map_find(&d->devices, disk->name.at, length);
  if (known) return known;
  char path[4096], text[16384];
  snprintf(path, sizeof path, "%s/b%llu:%llu", d->udev_root, (unsigned long long)disk->major, (unsigned long long)disk->minor);
  if (!source_peek(path, text, sizeof text)) *text = 0;
  known = arena_alloc(&d->facts, sizeof *known);
  *known = udev_parse(text, strlen(text), &d->facts);
  *map_slot(&d->devices, arena_copy_bytes(&d->facts, disk->name.at, length), length) = known;
  return known;
}

static void add_info(struct section *s, const struct disk *disk, struct label device, const struct udev *u) {
  char major[24], minor[24];
  snprintf(major, sizeof major, "%llu", (unsigned long long)disk->major);
  snprintf(minor, sizeof minor, "%llu", (unsigned long long)disk->minor);
  struct label labels[] = {device,
                           {"major", major, LABEL_STRING},
                           {"minor", minor, LABEL_STRING},
                           {"model", u->values[UDEV_MODEL], LABEL_STRING},
                           {"path", u->values[UDEV_PATH], LABEL_STRING},
                           {"revision", u->values[UDEV_REVISION], LABEL_STRING},
                           {"serial", u->values[UDEV_SERIAL], LABEL_STRING},
                           {"wwn", u->values[UDEV_WWN], LABEL_STRING}};
  section_add(s, &families[INFO], section_labels(s, labels, COUNTOF(labels)), 1);
}

static void add_filesystem(struct section *s, struct label device, const struct udev *u) {
  if (!*u->values[UDEV_FS_TYPE]) return;
  struct label labels[] = {device,
                           {"type", u->values[UDEV_FS_TYPE], LABEL_STRING},
                           {"usage", u->values[UDEV_FS_USAGE], LABEL_STRING},
                           {"uuid", u->values[UDEV_FS_UUID], LABEL_STRING},
                           {"version", u->values[UDEV_FS_VERSION], LABEL_STRING}};
  section_add(s, &families[FILESYSTEM_INFO], section_labels(s, labels, COUNTOF(labels)), 1);
}

static void add_device_mapper(struct section *s, struct label device, const struct udev *u) {
  if (!*u->values[UDEV_DM_NAME]) return;
  struct label labels[] = {device,
                           {"lv_layer", u->values[UDEV_DM_LV_LAYER], LABEL_STRING},
                           {"lv_name", u->values[UDEV_DM_LV_NAME], LABEL_STRING},
                           {"name", u->values[UDEV_DM_NAME], LABEL_STRING},
                           {"uuid", u->values[UDEV_DM_UUID], LABEL_STRING},
                           {"vg_name", u->values[UDEV_DM_VG_NAME], LABEL_STRING}};
  section_add(s, &families[DEVICE_MAPPER_INFO], section_labels(s, labels, COUNTOF(labels)), 1);
}

static void add_ata(struct section *s, labels_t labels, const struct udev *u) {
  static const struct {
    unsigned family;
    enum udev_key key;
  } rows[] = {{ATA_WRITE_CACHE, UDEV_ATA_WRITE_CACHE},
              {ATA_WRITE_CACHE_ENABLED, UDEV_ATA_WRITE_CACHE_ENABLED},
              {ATA_ROTATION_RATE, UDEV_ATA_ROTATION_RATE}};
  if (!*u->values[UDEV_ATA]) return;
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    double value;
    const char *text = u->values[rows[i].key];
    if (number_parse(text, strlen(text), &value)) section_add(s, &families[rows[i].family], labels, value);
  }
}

static void add_disk(struct section *s, const struct disk *disk, const struct udev *u) {
  struct label device = {"device", disk->name.at, slice_length(disk->name)};
  labels_t labels = section_labels(s, &device, 1);
  for (unsigned i = 0; i < disk->count; i++)
    section_add(s, &families[i], labels, (double)disk->columns[i] * units[i].multiply / units[i].divide);
  add_info(s, disk, device, u);
  add_filesystem(s, device, u);
  add_device_mapper(s, device, u);
  add_ata(s, labels, u);
}

static bool collect(void *state, struct host *h, struct section *s, struct fail *f) {
  struct state *d = state;
  if (!host_read(h, &d->source, f)) return false;
  forget_facts(d, h->now);
  struct slice rest = {h->text.data, h->text.data + h->text.length}, line;
  struct disk disk;
  while (next_line(&rest, &line))
    if (disk_parse(line, &disk) && !filter_excludes(&d->exclude, disk.name.at, slice_length(disk.name)))
      add_disk(s, &disk, facts_of(d, &disk));
  return true;
}

const struct host_part host_part_diskstats = {
    .families = families, .family_count = COUNTOF(families), .open = open_diskstats, .close = close_diskstats, .collect = collect};
