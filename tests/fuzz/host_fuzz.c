/* The parsers of the host collector. The first byte chooses one, the rest is its file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/host/cpu_sysfs.h"
#include "collectors/host/diskstats.h"
#include "collectors/host/links.h"
#include "collectors/host/meminfo.h"
#include "collectors/host/mounts.h"
#include "collectors/host/pressure.h"
#include "collectors/host/proc_stat.h"
#include "collectors/host/udev.h"
#include "metric/section_reader.h"

static void need(bool holds) {
  if (!holds) abort();
}

static void fuzz_stat(const char *text, size_t length) {
  struct proc_stat s = {0};
  bool ok = proc_stat_parse(&s, text, length);
  need(ok == (s.cpu_count > 0));
  for (size_t i = 0; i < s.cpu_count; i++) need(s.cpus[i].cpu < CPUS_MAX);
  proc_stat_done(&s);
}

/* Twice: the second time the places of the fields are known. */
static void fuzz_meminfo(const char *text, size_t length) {
  static struct meminfo known;
  for (int i = 0; i < 2; i++) {
    struct section *s = section_new("meminfo");
    size_t count;
    bool ok = meminfo_write(&known, text, length, s);
    section_samples(section_finish(s), &count);
    need(!ok || count > 0);
    section_unref(s);
  }
}

static void fuzz_diskstats(const char *text, size_t length) {
  struct slice rest = {text, text + length}, line;
  struct disk disk;
  while (next_line(&rest, &line))
    if (disk_parse(line, &disk))
      need(disk.count >= DISK_COLUMNS_MIN && disk.count <= DISK_COLUMNS_MAX && slice_length(disk.name) > 0);
}

static void fuzz_mounts(const char *text, size_t length) {
  struct slice rest = {text, text + length}, line;
  struct arena a;
  struct mount m;
  arena_init(&a);
  while (next_line(&rest, &line))
    if (mount_parse(line, &a, &m)) need(m.point[0] == '/' && m.device && m.type);
  arena_done(&a);
}

static void fuzz_udev(const char *text, size_t length) {
  struct arena a;
  arena_init(&a);
  struct udev u = udev_parse(text, length, &a);
  for (size_t i = 0; i < UDEV_KEYS; i++) need(u.values[i] != NULL);
  arena_done(&a);
}

static void fuzz_links(const char *data, size_t length) {
  struct links l = {0};
  bool ok = links_parse_netlink(&l, data, length) != LINKS_BROKEN;
  ok |= links_parse_file(&l, data, length);
  for (size_t i = 0; i < l.count; i++) need(ok ? memchr(l.items[i].name, 0, LINK_NAME_SIZE) != NULL : true);
  links_done(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size) return 0;
  char *text = malloc(size > 1 ? size - 1 : 1); /* no larger than what is in it, so that a read past the end is seen */
  memcpy(text, data + 1, size - 1);
  struct cpu_set set = {0};
  switch (*data % 8) {
  case 0:
    fuzz_stat(text, size - 1);
    break;
  case 1:
    fuzz_meminfo(text, size - 1);
    break;
  case 2:
    fuzz_diskstats(text, size - 1);
    break;
  case 3:
    fuzz_mounts(text, size - 1);
    break;
  case 4:
    fuzz_udev(text, size - 1);
    break;
  case 5:
    fuzz_links(text, size - 1);
    break;
  case 6:
    pressure_parse(text, size - 1);
    break;
  default:
    cpu_set_parse(&set, text, size - 1);
  }
  free(text);
  return 0;
}
