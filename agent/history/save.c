/* Writing the past down: see file.h for the form. References are taken shard by shard, as for a selection; then it is written with no lock held, so that
 * a slow disk holds up nobody. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/history/file.h"
#include "agent/history/search.h"

struct out {
  FILE *file;
  uint64_t sum;
  int error; /* the first errno */
};

static void put_bytes(struct out *o, const void *bytes, size_t length) {
  o->sum = file_sum(o->sum, bytes, length);
  if (fwrite(bytes, 1, length, o->file) != length && !o->error) o->error = errno;
}

static void put_number(struct out *o, uint64_t number) {
  unsigned char bytes[10];
  size_t length = 0;
  for (; number > 127; number >>= 7) bytes[length++] = (unsigned char)(number | 128);
  bytes[length++] = (unsigned char)number;
  put_bytes(o, bytes, length);
}

static void put_signed(struct out *o, int64_t number) {
  put_number(o, (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0));
}

static void put_fixed(struct out *o, uint64_t number) {
  unsigned char bytes[8];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(number >> 8 * i);
  put_bytes(o, bytes, sizeof bytes);
}

static void put_text(struct out *o, const char *text) {
  put_bytes(o, text, strlen(text) + 1);
}

static void put_chunk(struct out *o, uint32_t ticks, const unsigned char *bytes, size_t length) {
  put_number(o, ticks);
  put_number(o, length);
  put_bytes(o, bytes, length);
}

static void put_row(struct out *o, const struct reading *r, uint64_t first_tick) {
  uint64_t begin = r->count ? r->chunks[0]->first : r->open_ticks ? r->open_first : r->end - r->last.ticks;
  put_number(o, r->labels->count);
  for (size_t i = 0; i < r->labels->count; i++) {
    put_text(o, r->labels->pairs[i].name);
    put_text(o, r->labels->pairs[i].value);
  }
  put_signed(o, (int64_t)(begin - first_tick));
  put_number(o, r->count + (r->open_ticks > 0));
  for (size_t i = 0; i < r->count; i++) put_chunk(o, r->chunks[i]->ticks, r->chunks[i]->bytes, r->chunks[i]->length);
  if (r->open_ticks) put_chunk(o, r->open_ticks, r->open, r->open_length);
  put_fixed(o, r->last.bits);
  put_number(o, r->last.ticks);
}

static void put_shard(struct out *o, const struct view *v, msec_t wall_offset) {
  const struct timeline *t = &v->times;
  put_number(o, (v->id ? 0 : FILE_OWN) | (v->was_up ? FILE_UP : 0));
  if (v->id) {
    put_text(o, v->id->name);
    put_text(o, v->id->job);
    put_text(o, v->id->instance);
  }
  put_number(o, t->count);
  for (size_t i = 0; i < t->count; i++) {
    uint64_t first = MAX(t->stretches[i].first, t->first);
    put_number(o, timeline_end(t, i) - first);
    put_signed(o, timeline_at(t, first) + wall_offset);
    put_number(o, (uint64_t)t->stretches[i].step);
    put_number(o, t->stretches[i].gap);
  }
  for (size_t i = 0; i < v->count; i++) {
    put_number(o, 1);
    put_row(o, &v->readings[i], t->first);
  }
  put_number(o, 0);
}

static void put_all(struct out *o, const struct search *q, msec_t wall_offset) {
  o->sum = FILE_SUM_START;
  put_bytes(o, FILE_MAGIC, sizeof FILE_MAGIC);
  put_number(o, FILE_VERSION);
  for (size_t i = 0; i < q->view_count; i++) {
    if (timeline_is_empty(&q->views[i]->times)) continue;
    put_number(o, 1);
    put_shard(o, q->views[i], wall_offset);
  }
  put_number(o, 0);
  put_fixed(o, o->sum);
}

/* A file that is complete, on the disk, with nobody else's eyes on it. */
static bool write_file(const char *path, const struct search *q, msec_t wall_offset) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return false;
  struct out o = {.file = fdopen(fd, "w")};
  if (!o.file) {
    close(fd);
    return false;
  }
  put_all(&o, q, wall_offset);
  if (!o.error && (fflush(o.file) || fsync(fd))) o.error = errno;
  if (fclose(o.file) && !o.error) o.error = errno;
  errno = o.error;
  return !o.error;
}

/* The new name is on the disk, too. What cannot be done about it is no reason to call the file not written. */
static void sync_folder(const char *path) {
  char copy[4096];
  snprintf(copy, sizeof copy, "%s", path);
  int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  (void)fsync(fd);
  close(fd);
}

bool history_save(struct history *h, const char *path, msec_t wall_offset, struct fail *f) {
  char new_path[4096];
  struct arena a;
  struct search q = {.from = INT64_MIN, .to = INT64_MAX, .arena = &a};
  snprintf(new_path, sizeof new_path, "%s.new", path);
  arena_init(&a);
  bool good = search_run(&q, h, f);
  if (good && (!write_file(new_path, &q, wall_offset) || rename(new_path, path))) {
    good = fail_errno(f, "the history cannot be written to %s", path);
    (void)unlink(new_path);
  }
  search_done(&q);
  arena_done(&a);
  if (good) sync_folder(path);
  return good;
}
