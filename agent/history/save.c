/* Writing the past down: see file.h for the form. References are taken shard by shard, as for a selection; then it is written with no lock held, so that
 * a slow disk holds up nobody. What of it could not be written is not looked for again: the next time all is written. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/history/file.h"
#include "agent/history/search.h"

/* By so much the wall's clock is not adjusted, but set: the times in the file are those of another. */
#define CLOCK_SET ((msec_t)1000)

struct out {
  FILE *file;
  uint64_t sum, length; /* of the file so far */
  int error;            /* the first errno */
};

static void write_bytes(struct out *o, const void *bytes, size_t length) {
  if (fwrite(bytes, 1, length, o->file) != length && !o->error) o->error = errno;
}

static void put_bytes(struct out *o, const void *bytes, size_t length) {
  o->sum = file_sum(o->sum, bytes, length);
  o->length += length;
  write_bytes(o, bytes, length);
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
  file_number(number, bytes);
  put_bytes(o, bytes, sizeof bytes);
}

/* The length of a part, which ends here, before it. */
static void put_length(struct out *o, uint64_t begin) {
  unsigned char bytes[8];
  file_number(o->length - begin - sizeof bytes, bytes);
  if (fseeko(o->file, (off_t)begin, SEEK_SET) && !o->error) o->error = errno;
  write_bytes(o, bytes, sizeof bytes);
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

static void put_part(struct out *o, const struct search *q, msec_t wall_offset) {
  static const unsigned char not_known[8];
  uint64_t begin = o->length;
  o->length += sizeof not_known;
  write_bytes(o, not_known, sizeof not_known);
  for (size_t i = 0; i < q->view_count; i++) {
    if (timeline_is_empty(&q->views[i]->times)) continue;
    put_number(o, 1);
    put_shard(o, q->views[i], wall_offset);
  }
  put_number(o, 0);
  put_fixed(o, o->sum);
  put_length(o, begin);
}

/* Puts a part at the end of the file that `fd` is, which it closes: on the disk when it is true. */
static bool write_part(int fd, struct written *file, const struct search *q) {
  struct out o = {.file = fdopen(fd, "w"), .sum = file->sum, .length = file->length};
  if (!o.file) {
    close(fd);
    return false;
  }
  if (!file->length) {
    put_bytes(&o, FILE_MAGIC, sizeof FILE_MAGIC);
    put_number(&o, FILE_VERSION);
  }
  put_part(&o, q, file->wall_offset);
  if (!o.error && (fflush(o.file) || fsync(fd))) o.error = errno;
  if (fclose(o.file) && !o.error) o.error = errno;
  errno = o.error;
  file->length = o.length;
  file->sum = o.sum;
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

/* A file that is complete, on the disk, with nobody else's eyes on it, takes the place of the one there is. */
static bool write_all(const char *path, struct written *file, const struct search *q, msec_t wall_offset) {
  struct stat st;
  char new_path[4096];
  snprintf(new_path, sizeof new_path, "%s.new", path);
  *file = (struct written){.sum = FILE_SUM_START, .wall_offset = wall_offset};
  int fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return false;
  bool good = write_part(fd, file, q) && !stat(new_path, &st) && !rename(new_path, path);
  if (!good) {
    int why = errno;
    (void)unlink(new_path);
    errno = why;
    return false;
  }
  sync_folder(path);
  file->device = st.st_dev;
  file->inode = st.st_ino;
  file->whole = file->length;
  return true;
}

/* What was there before stays readable when it fails. */
static bool append(const char *path, struct written *file, const struct search *q) {
  uint64_t length = file->length;
  int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  if (lseek(fd, (off_t)length, SEEK_SET) < 0) {
    close(fd);
    return false;
  }
  if (write_part(fd, file, q)) return true;
  int why = errno;
  (void)!truncate(path, (off_t)length);
  errno = why;
  return false;
}

/* It is as it was left, and has not grown so long that all of it is to be written again. */
static bool may_grow(const char *path, const struct written *file, msec_t wall_offset) {
  struct stat st;
  if (!file->length || file->length > 2 * file->whole || llabs(wall_offset - file->wall_offset) > CLOCK_SET) return false;
  return !lstat(path, &st) && st.st_dev == file->device && st.st_ino == file->inode && (uint64_t)st.st_size == file->length;
}

bool history_save(struct history *h, const char *path, msec_t wall_offset, struct fail *f) {
  struct arena a;
  bool more = may_grow(path, &h->file, wall_offset);
  struct search q = {.why = more ? SEARCH_TO_WRITE_NEW : SEARCH_TO_WRITE_ALL, .from = INT64_MIN, .to = INT64_MAX, .arena = &a};
  arena_init(&a);
  bool good = search_run(&q, h, f);
  if (good && !(more ? append(path, &h->file, &q) : write_all(path, &h->file, &q, wall_offset)))
    good = fail_errno(f, "the history cannot be written to %s", path);
  if (!good) h->file.length = 0;
  search_done(&q);
  arena_done(&a);
  return good;
}
