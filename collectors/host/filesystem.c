/* The part "filesystem": how much room each mounted file system has.
 *
 * The list of mounts is parsed when the kernel says that it changed, which costs one poll() on the held file instead of 25 µs of reading, and
 * from time to time regardless: a file system that went read-only after an error is no change of the list. The numbers come from helper
 * threads (collectors/host/space.h): a mount that hangs is shown with device_error 1 and delays nothing else. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/mem.h"
#include "collectors/host/filter.h"
#include "collectors/host/host.h"
#include "collectors/host/mounts.h"
#include "collectors/host/space.h"

#define MOUNTS_MAX 10000
#define LABELS     "device,device_error,fstype,mountpoint"
#define GAUGE(name, help, labels)                                                                                                  \
  { "node_filesystem_" name, help, METRIC_GAUGE, labels, false }

enum { SIZE, FREE, AVAIL, FILES, FILES_FREE, READONLY, DEVICE_ERROR, MOUNT_INFO };
static const struct family families[] = {
    [SIZE] = GAUGE("size_bytes", "Filesystem size in bytes.", LABELS),
    [FREE] = GAUGE("free_bytes", "Filesystem free space in bytes.", LABELS),
    [AVAIL] = GAUGE("avail_bytes", "Filesystem space available to non-root users in bytes.", LABELS),
    [FILES] = GAUGE("files", "Filesystem total file nodes.", LABELS),
    [FILES_FREE] = GAUGE("files_free", "Filesystem total free file nodes.", LABELS),
    [READONLY] = GAUGE("readonly", "Filesystem read-only status.", LABELS),
    [DEVICE_ERROR] = GAUGE("device_error", "Whether an error occurred while getting statistics for the given device.", LABELS),
    [MOUNT_INFO] = GAUGE("mount_info", "Filesystem mount information.", "device,major,minor,mountpoint"),
};

struct entry {
  struct mount mount;
  char major[24], minor[24];
};

/* One reading of the list. */
struct mount_table {
  struct arena arena; /* owns the strings */
  struct entry *entries;
  struct space_query **queries; /* of the entry at the same place */
  size_t count;
};

struct state {
  struct source host_file, own_file; /* what process 1 sees; what we see, where that is hidden (hidepid) */
  const struct source *file;         /* the one that was read; NULL: none yet */
  const char *rootfs;
  struct filter exclude_mount, exclude_type;
  struct mount_table table;
  struct space *answers;
  struct space_helpers *helpers;
  msec_t refresh;
  bool has_table; /* of this poll; else: */
  struct fail why;
};

static void *open_filesystem(const struct host *h) {
  struct state *state = mem_zero(sizeof *state);
  source_init(&state->host_file, h->options->procfs, "1/mountinfo");
  source_init(&state->own_file, h->options->procfs, "self/mountinfo");
  state->rootfs = h->options->rootfs;
  filter_init(&state->exclude_mount, h->options->mount_exclude);
  filter_init(&state->exclude_type, h->options->type_exclude);
  arena_init(&state->table.arena);
  state->helpers = space_helpers_new(statfs);
  return state;
}

static void table_done(struct mount_table *t) {
  for (size_t i = 0; i < t->count; i++) space_query_unref(t->queries[i]);
  free(t->entries);
  free(t->queries);
  arena_done(&t->arena);
}

static void close_filesystem(void *state) {
  struct state *fs = state;
  space_helpers_free(fs->helpers);
  table_done(&fs->table);
  free(fs->answers);
  filter_done(&fs->exclude_mount);
  filter_done(&fs->exclude_type);
  source_done(&fs->host_file);
  source_done(&fs->own_file);
  free(fs);
}

/* The mount point as the host sees it: without the folder where its root is mounted for us. */
static const char *strip_root(const char *point, const char *rootfs) {
  size_t length = strlen(rootfs);
  while (length && rootfs[length - 1] == '/') length--;
  if (!length || strncmp(point, rootfs, length) != 0) return point;
  if (!point[length]) return "/";
  return point[length] == '/' ? point + length : point;
}

/* The query of the same mount in the former table, so that one that hangs is not asked twice; else a new one. */
static struct space_query *query_for(const struct mount_table *former, const struct map *by_point, const struct mount *m,
                                     const char *rootfs) {
  const struct entry *same = map_find(by_point, m->point, strlen(m->point));
  if (same && same->mount.id == m->id) return space_query_ref(former->queries[same - former->entries]);
  SCOPED(buf_done) struct buf path;
  buf_init(&path, 65536);
  buf_printf(&path, "%s%s", strcmp(rootfs, "/") ? rootfs : "", m->point);
  return space_query_new(path.data);
}

/* True for a mount that was seen with the same labels before: the later one hides the earlier. */
static bool is_repeated(struct map *seen, struct arena *a, const struct mount *m) {
  char *key = arena_printf(a, "%s%c%s%c%s", m->device, 0, m->point, 0, m->type);
  size_t length = strlen(m->device) + strlen(m->point) + strlen(m->type) + 2;
  void **slot = map_slot(seen, key, length);
  bool repeated = *slot != NULL;
  *slot = key;
  return repeated;
}

static void add_entry(struct mount_table *t, const struct mount *m, struct space_query *query) {
  if ((t->count & (t->count + 1)) == 0) { /* full at 0, 1, 3, 7 … */
    t->entries = mem_resize(t->entries, 2 * t->count + 1, sizeof *t->entries);
    t->queries = mem_resize(t->queries, 2 * t->count + 1, sizeof *t->queries); // NOLINT(bugprone-sizeof-expression): of pointers
  }
  struct entry *e = &t->entries[t->count];
  *e = (struct entry){.mount = *m};
  snprintf(e->major, sizeof e->major, "%llu", (unsigned long long)m->major);
  snprintf(e->minor, sizeof e->minor, "%llu", (unsigned long long)m->minor);
  t->queries[t->count++] = query;
}

static bool is_excluded(struct state *fs, const struct mount *m) {
  return filter_excludes(&fs->exclude_mount, m->point, strlen(m->point)) ||
         filter_excludes(&fs->exclude_type, m->type, strlen(m->type));
}

static void parse_table(struct state *fs, const char *text, size_t length) {
  struct mount_table former = fs->table, *table = &fs->table;
  SCOPED(map_done) struct map by_point = {0}, seen = {0};
  for (size_t i = 0; i < former.count; i++) {
    const char *point = former.entries[i].mount.point;
    *map_slot(&by_point, point, strlen(point)) = &former.entries[i];
  }
  *table = (struct mount_table){0};
  arena_init(&table->arena);
  struct slice rest = {text, text + length}, line;
  struct mount m;
  while (table->count < MOUNTS_MAX && next_line(&rest, &line)) {
    if (!mount_parse(line, &table->arena, &m)) continue;
    m.point = strip_root(m.point, fs->rootfs);
    if (is_excluded(fs, &m) || is_repeated(&seen, &table->arena, &m)) continue;
    add_entry(table, &m, query_for(&former, &by_point, &m, fs->rootfs));
  }
  table_done(&former);
  fs->answers = mem_resize(fs->answers, table->count + 1, sizeof *fs->answers);
}

/* A file of the kernel tells of a change by POLLPRI; one of a test tree cannot. */
static bool is_unchanged(const struct source *file) {
  struct pollfd p = {.fd = file->fd, .events = POLLPRI};
  struct stat st;
  return file->fd >= 0 && poll(&p, 1, 0) == 0 && fstat(file->fd, &st) == 0 && st.st_size == 0;
}

static bool read_table(struct state *fs, struct host *h, struct fail *f) {
  if (fs->file && h->now < fs->refresh && is_unchanged(fs->file)) return true;
  fs->file = NULL;
  if (host_read(h, &fs->host_file, f))
    fs->file = &fs->host_file;
  else if (host_read(h, &fs->own_file, f))
    fs->file = &fs->own_file;
  if (!fs->file) return false;
  parse_table(fs, h->text.data, h->text.length);
  fs->refresh = h->now + HOST_REFRESH;
  return true;
}

static const char *error_text(int error, char *out, size_t size) {
  if (error == ETIMEDOUT) return "mountpoint timeout";
  snprintf(out, size, "%s", strerrordesc_np(error) ? strerrordesc_np(error) : "unknown error");
  if (*out >= 'A' && *out <= 'Z') *out = (char)(*out - 'A' + 'a'); /* as Go spells them */
  return out;
}

static void add_mount_info(struct section *s, const struct entry *e) {
  labels_t labels =
      section_label_pairs(s, "device", e->mount.device, "major", e->major, "minor", e->minor, "mountpoint", e->mount.point, NULL);
  section_add(s, &families[MOUNT_INFO], labels, 1);
}

/* The label device_error is there only when there is an error: empty it would be no label, and 1.5.0 has none. */
static void add_mount(struct section *s, const struct entry *e, const struct space *space) {
  char text[128];
  const struct mount *m = &e->mount;
  const struct statfs *fs = &space->fs;
  const char *error = space->error ? error_text(space->error, text, sizeof text) : "";
  labels_t labels =
      section_label_pairs(s, "device", m->device, "device_error", error, "fstype", m->type, "mountpoint", m->point, NULL);
  section_add(s, &families[DEVICE_ERROR], labels, space->error != 0);
  section_add(s, &families[READONLY], labels, m->read_only || (!space->error && (fs->f_flags & ST_RDONLY)));
  if (space->error) return;
  double block = (double)fs->f_bsize;
  section_add(s, &families[SIZE], labels, (double)fs->f_blocks * block);
  section_add(s, &families[FREE], labels, (double)fs->f_bfree * block);
  section_add(s, &families[AVAIL], labels, (double)fs->f_bavail * block);
  section_add(s, &families[FILES], labels, (double)fs->f_files);
  section_add(s, &families[FILES_FREE], labels, (double)fs->f_ffree);
  add_mount_info(s, e);
}

/* The helpers work while the other parts are read. */
static void begin(void *state, struct host *h) {
  struct state *fs = state;
  fs->has_table = read_table(fs, h, &fs->why);
  if (fs->has_table) space_ask(fs->helpers, fs->table.queries, fs->table.count);
}

static bool collect(void *state, struct host *h, struct section *s, struct fail *f) {
  struct state *fs = state;
  if (!fs->has_table) {
    *f = fs->why;
    return false;
  }
  const struct mount_table *t = &fs->table;
  space_answers(fs->helpers, t->queries, fs->answers, t->count, h->wait);
  for (size_t i = 0; i < t->count; i++) add_mount(s, &t->entries[i], &fs->answers[i]);
  return true;
}

const struct host_part host_part_filesystem = {.families = families,
                                               .family_count = COUNTOF(families),
                                               .open = open_filesystem,
                                               .close = close_filesystem,
                                               .begin = begin,
                                               .collect = collect};
