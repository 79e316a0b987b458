/* A file of /proc or /sys that is read again and again. The descriptor is held between reads, which saves the walk along the path; the
 * kernel makes the content anew at each read from the start. */
#ifndef SONDE_COLLECTORS_HOST_SOURCE_H
#define SONDE_COLLECTORS_HOST_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/fail.h"

#define SOURCE_BYTES_MAX (16u << 20)

struct source {
  char *path;
  int fd; /* -1: not open */
};

/* The file `name` below `root`. Opens nothing. */
void source_init(struct source *s, const char *root, const char *name);
void source_done(struct source *s);
/* Reads the whole file into `out`, which is emptied before. A descriptor that went stale (its device or process is gone) is opened once more.
 * FAIL_UNSUPPORTED when there is no such file or the kernel has it switched off, FAIL_PERMISSION, FAIL_LIMIT, FAIL_SYSTEM. */
bool source_read(struct source *s, struct buf *out, struct fail *f) MUST_CHECK;

/* Reads a file once, keeping nothing, and ends it with a NUL. False when it cannot be read, is empty or does not fit. */
bool source_peek(const char *path, char *out, size_t size) MUST_CHECK;
/* The same for a file that holds one number. */
bool source_peek_number(const char *path, uint64_t *ret) MUST_CHECK;

#endif
