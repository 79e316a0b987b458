/* Reading files of /proc and /sys, see collectors/host/source.h. Most of them come whole from one read into a large buffer. The kernel hands
 * out lists (disks, mounts) a page at a time, so that only a read of nothing means the end. */
#include "collectors/host/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/number.h"

#define READ_BYTES 32768

void source_init(struct source *s, const char *root, const char *name) {
  SCOPED(buf_done) struct buf path;
  buf_init(&path, 8192);
  buf_puts(&path, root);
  while (path.length && path.data[path.length - 1] == '/') path.data[--path.length] = 0;
  buf_putc(&path, '/');
  buf_puts(&path, name);
  *s = (struct source){.path = mem_copy(path.data), .fd = -1};
}

static void shut(struct source *s) {
  if (s->fd >= 0) close(s->fd);
  s->fd = -1;
}

void source_done(struct source *s) {
  shut(s);
  free(s->path);
  s->path = NULL;
}

/* One pass over the open file. False with errno; ENOBUFS when it is larger than `out` may get. */
static bool read_all(int fd, struct buf *out) {
  buf_clear(out);
  for (;;) {
    char *room = buf_room(out, READ_BYTES);
    if (!room) {
      errno = ENOBUFS;
      return false;
    }
    ssize_t n = pread(fd, room, READ_BYTES, (off_t)out->length);
    if (n == 0) return true;
    if (n > 0)
      buf_added(out, (size_t)n);
    else if (errno != EINTR)
      return false;
  }
}

static bool open_and_read(struct source *s, struct buf *out) {
  if (s->fd < 0) s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  return s->fd >= 0 && read_all(s->fd, out);
}

static bool is_stale(int error) {
  return error == ENODEV || error == ESRCH || error == EIO || error == ESTALE;
}

static enum fail_kind kind_of(int error) {
  switch (error) {
  case ENOENT:
  case ENOTDIR:
  case EOPNOTSUPP:
    return FAIL_UNSUPPORTED;
  case EACCES:
  case EPERM:
    return FAIL_PERMISSION;
  case ENOBUFS:
    return FAIL_LIMIT;
  default:
    return FAIL_SYSTEM;
  }
}

bool source_read(struct source *s, struct buf *out, struct fail *f) {
  bool held = s->fd >= 0;
  bool ok = open_and_read(s, out);
  if (!ok && held && is_stale(errno)) {
    shut(s);
    ok = open_and_read(s, out);
  }
  if (ok) return true;
  int error = errno;
  shut(s);
  return fail(f, kind_of(error), "reading %s: %s", s->path, error == ENOBUFS ? "the file is too large" : strerror(error));
}

bool source_peek(const char *path, char *out, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  ssize_t n = read(fd, out, size);
  close(fd);
  if (n <= 0 || (size_t)n == size) return false;
  out[n] = 0;
  return true;
}

bool source_peek_number(const char *path, uint64_t *ret) {
  char text[64];
  if (!source_peek(path, text, sizeof text)) return false;
  const char *p = text;
  return number_scan(&p, text + strlen(text), ret);
}
