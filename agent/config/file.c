/* Reading the configuration file and the files that hold secrets. One allocation of the largest size, so that no resizing leaves
 * copies of a secret behind. */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
}

/* Permission is refused to somebody: naming who saves a search. */
static bool fail_open(const char *path, struct fail *f) {
  if (errno != EACCES) return fail_errno(f, "cannot read %s", path);
  struct passwd user, *found = NULL;
  char names[1024];
  getpwuid_r(geteuid(), &user, names, sizeof names, &found);
  return fail(f, FAIL_SYSTEM, "cannot read %s: permission denied to the user %s (uid %u)", path,
              found ? user.pw_name : "without a name", (unsigned)geteuid());
}

static bool is_readable_kind(const char *path, struct fail *f) {
  struct stat st;
  if (stat(path, &st)) return fail_open(path, f);
  if (S_ISDIR(st.st_mode)) return fail(f, FAIL_SYSTEM, "cannot read %s: it is a folder", path);
  if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) return fail(f, FAIL_SYSTEM, "cannot read %s: it is not a regular file", path);
  return true;
}

/* Fills `data` to the end of the file; false when reading fails. A file that fills all of `size` is too large. */
static bool read_all(int fd, char *data, size_t size, size_t *ret_length) {
  size_t length = 0;
  while (length < size) {
    ssize_t n = read(fd, data + length, size - length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    length += (size_t)n;
  }
  *ret_length = length;
  return true;
}

static char *give_up(char *data, size_t size) {
  mem_wipe(data, size);
  free(data);
  return NULL;
}

char *file_read(const char *path, size_t max, size_t *ret_length, struct fail *f) {
  if (!is_readable_kind(path, f)) return NULL;
  SCOPED(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) {
    fail_open(path, f);
    return NULL;
  }
  char *data = mem_zero(max + 2);
  size_t length = 0;
  if (!read_all(fd, data, max + 1, &length)) {
    fail_errno(f, "cannot read %s", path);
    return give_up(data, max + 1);
  }
  if (length > max) {
    fail(f, FAIL_LIMIT, "%s is too large: at most %zu KB are read", path, max / 1024);
    return give_up(data, length);
  }
  *ret_length = length;
  return data;
}

const char *file_resolve(struct arena *a, const char *folder, const char *path) {
  if (*path == '/' || !folder) return arena_copy(a, path);
  return arena_printf(a, "%s/%s", folder, path);
}
