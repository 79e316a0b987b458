/* What driver.c (the session) and pipeline.c (its statements) share. */
#ifndef SONDE_COLLECTORS_POSTGRES_DRIVER_PRIVATE_H
#define SONDE_COLLECTORS_POSTGRES_DRIVER_PRIVATE_H

struct pg_conn; /* libpq's connection: its header is included by those two files alone */

#include "collectors/postgres/driver.h"

struct asked {
  struct request request;
  bool last; /* of a transaction: a sync follows */
};

struct link {
  const struct login *login;
  struct pg_conn *conn; /* NULL when closed */
  msec_t opened;
  bool pooled;
  bool broken;     /* something could not be sent */
  bool sharing;    /* the last asked statement's transaction is open for another */
  bool cautious;   /* a shared transaction failed: no more of them in this session */
  char guard[512]; /* the statement that sets the guards */
  bool prepared[LINK_STATEMENTS_MAX];
  bool proven[LINK_STATEMENTS_MAX]; /* answered well before */
  struct asked asked[LINK_STATEMENTS_MAX];
  size_t asked_count;
  struct cell *cells; /* of the answer being read */
  const char **names;
  size_t cell_room, name_room;
};

/* Puts a better sentence in the place of "no answer before the deadline". Returns false. */
bool link_late(struct link *l, struct fail *f);

#endif
