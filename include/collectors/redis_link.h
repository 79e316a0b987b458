/* One connection to a Redis server, as its collector and the queue layouts see it: commands are appended, one flush sends them all, replies come
 * back in order as trees in the poll's arena. The protocol is hiredis' reader with our own caps; the socket, the deadlines and TLS are ours. */
#ifndef SONDE_COLLECTORS_REDIS_LINK_H
#define SONDE_COLLECTORS_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum reply_type { REPLY_NIL, REPLY_STATUS, REPLY_ERROR, REPLY_INTEGER, REPLY_STRING, REPLY_ARRAY };

struct reply {
  enum reply_type type;
  int64_t integer;  /* INTEGER */
  const char *text; /* STATUS, ERROR, STRING: `length` bytes and a NUL; may hold any bytes */
  size_t length;
  struct reply **items; /* ARRAY */
  size_t count;
};

/* The commands of one poll. A command is known by its ticket: reply(n) belongs to the command that got ticket n. A batch may be flushed more than
 * once: what was appended since the last flush is sent by the next, and earlier tickets and replies stay. */
struct redis_batch;
typedef uint32_t ticket_t;

/* Appends a command of `argc` words; NULL lengths: the words end at their NUL. */
ticket_t redis_command(struct redis_batch *b, int argc, const char *const *argv, const size_t *lengths);
/* Words ended by NULL: redis_ask(b, "LLEN", key, NULL). */
ticket_t redis_ask(struct redis_batch *b, const char *word, ...) __attribute__((sentinel));
/* The reply to a command, after the flush. Never NULL: a command that was not answered has a REPLY_ERROR. */
const struct reply *redis_reply(const struct redis_batch *b, ticket_t ticket);

/* Readers of replies that tolerate anything: false when the reply is not of that shape (an error, nil, a wrong type). */
bool reply_integer(const struct reply *r, int64_t *ret) MUST_CHECK; /* INTEGER, or a STRING that is a number */
bool reply_number(const struct reply *r, double *ret) MUST_CHECK;
const struct reply *reply_item(const struct reply *r, size_t i); /* a nil reply when there is none */
bool reply_is(const struct reply *r, const char *text);          /* STRING or STATUS equal to text */

#endif
