/* Asking file systems for their size and free space without ever being held up. statfs() on a dead NFS server returns when the server is back,
 * perhaps never, and cannot be interrupted. So helper threads call it: who asks waits a second at most. A file system that has not
 * answered is not asked again until it does, so that it blocks one helper and no more. */
#ifndef SONDE_COLLECTORS_HOST_SPACE_H
#define SONDE_COLLECTORS_HOST_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/statfs.h>

#include "base/wait.h"

#define SPACE_PATIENCE    ((msec_t)1000) /* how long one poll waits for all answers */
#define SPACE_STEP        ((msec_t)100)  /* without an answer for so long, another helper takes over what is left */
#define SPACE_HELPERS_MAX 32

/* What one file system answered. */
struct space {
  int error; /* 0, an errno, or ETIMEDOUT: it did not answer */
  struct statfs fs;
};

struct space_query; /* one file system; shared by who asks and the helper, by reference count */
struct space_query *space_query_new(const char *path);
struct space_query *space_query_ref(struct space_query *q);
void space_query_unref(struct space_query *q); /* NULL allowed */

struct space_helpers;
/* `ask` is statfs(); tests bring their own. No thread is started before there is work. */
struct space_helpers *space_helpers_new(int (*ask)(const char *path, struct statfs *ret));
/* Lets idle helpers go. Those that are stuck follow when their call returns; nothing waits for them. */
void space_helpers_free(struct space_helpers *h);
/* Sends all `queries` on their way, but for those that have not yet answered an earlier time. */
void space_ask(struct space_helpers *h, struct space_query *const *queries, size_t count);
/* Writes the answers of the same queries in the same order. Returns when all have answered, or patience or `wait` ends. */
void space_answers(struct space_helpers *h, struct space_query *const *queries, struct space *answers, size_t count,
                   const struct wait *wait);

#endif
