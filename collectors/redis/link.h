/* The insides of redis_link.h: a batch of commands and the reader of its replies. No I/O: bytes go in and come out.
 *
 * Caps, kept before a byte reaches the protocol library: a line has at most LINK_LINE_MAX bytes, a string LINK_STRING_MAX, the replies to one
 * batch LINK_BYTES_MAX together and LINK_ITEMS_MAX announced array items. Arrays nest at most as deep as the library allows (7 to 9). */
#ifndef SONDE_COLLECTORS_REDIS_LINK_PRIVATE_H
#define SONDE_COLLECTORS_REDIS_LINK_PRIVATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"
#include "collectors/redis_link.h"

#define LINK_LINE_MAX     (8u << 10)
#define LINK_STRING_MAX   (16u << 20)
#define LINK_BYTES_MAX    (32u << 20)
#define LINK_ITEMS_MAX    (256u << 10)
#define LINK_COMMANDS_MAX (8u << 20) /* bytes of the commands of one batch */

struct redis_batch {
  struct arena *arena; /* where replies are made; lives longer than the batch */
  struct buf out;      /* the commands as the wire wants them */
  size_t sent;         /* bytes of `out` that were sent */
  const struct reply **replies;
  uint32_t asked, answered, room; /* commands appended, replies read, size of `replies` */
};

void redis_batch_init(struct redis_batch *b, struct arena *arena);
void redis_batch_done(struct redis_batch *b);
bool redis_batch_complete(const struct redis_batch *b);

/* Reads the replies of one connection; what is left of a half read reply stays in it between batches. */
struct redis_reader;
struct redis_reader *redis_reader_new(void);
void redis_reader_free(struct redis_reader *r); /* NULL allowed */
/* The next bytes answer the commands of `b`. */
void redis_reader_begin(struct redis_reader *r, struct redis_batch *b);
/* Takes bytes as they come, in pieces of any size; whole replies go to the batch. False with FAIL_PROTOCOL or FAIL_LIMIT when the bytes are
 * no replies, are more than was asked for, or pass a cap: the connection is of no use afterwards. */
bool redis_reader_feed(struct redis_reader *r, const char *bytes, size_t length, struct fail *f) MUST_CHECK;

#endif
