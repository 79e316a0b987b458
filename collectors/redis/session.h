/* A connection that is kept: it logs in within the first batch of a poll, and is made anew when it broke. */
#ifndef SONDE_COLLECTORS_REDIS_SESSION_H
#define SONDE_COLLECTORS_REDIS_SESSION_H

#include "collectors/redis/link.h"
#include "collectors/redis/socket.h"

struct redis_session {
  const struct redis_options *options;
  struct redis_socket socket;
  struct redis_reader *reader; /* NULL: not connected */
  bool welcome;                /* logged in */
  double connect_seconds;      /* what connecting took; 0 when the last poll found a connection */
};

void redis_session_init(struct redis_session *s, const struct redis_options *o);
void redis_session_close(struct redis_session *s);
/* Makes sure there is a connection and lets `b` be the batch that is talked in. On a new connection the login is appended to it:
 * what else is appended travels with it. */
bool redis_session_begin(struct redis_session *s, struct redis_batch *b, const struct wait *w, struct fail *f) MUST_CHECK;
/* Sends what is new in the batch and reads until all of it is answered. False when that could not be: the connection is closed, replies
 * that came before are in the batch. A refused login is such a failure too. */
bool redis_session_flush(struct redis_session *s, struct redis_batch *b, const struct wait *w, struct fail *f) MUST_CHECK;

#endif
