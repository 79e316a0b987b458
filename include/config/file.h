/* Small files read whole, and where relative paths start. */
#ifndef SONDE_CONFIG_FILE_H
#define SONDE_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fail.h"

/* The bytes of a file plus a NUL, at most `max` of them; wipe and free() them. NULL with a sentence that names the file. A regular file or
 * a pipe; anything else (a folder, a device) is refused, so that nothing can hang or be endless. */
char *file_read(const char *path, size_t max, size_t *ret_length, struct fail *f) MUST_CHECK;
/* `path`, in `a`, with `folder` before it when it is relative. */
const char *file_resolve(struct arena *a, const char *folder, const char *path);

#endif
