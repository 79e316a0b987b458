/* One connection to a PostgreSQL server. The one module that knows libpq.
 *
 * Statements are asked for and then run together: they leave in one packet and the answers come back one after the other (pipeline
 * mode). One that fails harms no other. Every wait ends at the caller's deadline. */
#ifndef SONDE_COLLECTORS_POSTGRES_DRIVER_H
#define SONDE_COLLECTORS_POSTGRES_DRIVER_H

#include "base/wait.h"
#include "collectors/postgres/login.h"
#include "collectors/postgres/rows.h"

/* What libpq makes of an address: login_parse() builds on it. Calls `each` for every known parameter, in libpq's order, with its
 * value (NULL when the address has none) and its default from the environment (NULL when there is none). False when it cannot be
 * understood. */
typedef void parameter_fn(void *arg, const char *keyword, const char *value, const char *standard);
bool parameters_parse(const char *address, parameter_fn *each, void *arg, struct fail *f) MUST_CHECK;

struct link;

/* `login` lives as long as the link. */
struct link *link_new(const struct login *login);
void link_free(struct link *l); /* NULL allowed */

/* Connects unless connected. Afterwards the session cannot write, and no statement of it waits or runs for long. */
bool link_open(struct link *l, const struct wait *w, struct fail *f) MUST_CHECK;
/* Ends the session at once; statements that were asked for are forgotten. */
void link_close(struct link *l);
bool link_is_open(const struct link *l);
/* Behind a pooler that hands each transaction to another backend, nothing may be kept in a session. */
bool link_is_pooled(const struct link *l);
int link_version(const struct link *l); /* 150020 */
msec_t link_opened(const struct link *l);

#define LINK_STATEMENTS_MAX 64 /* prepared ones in a session, and those of one run */
#define LINK_UNPREPARED     LINK_STATEMENTS_MAX

/* A statement to be asked for. */
struct request {
  const char *sql;
  const char *parameter; /* its only one; NULL for none */
  const char *what;      /* names in an error what was asked for */
  unsigned tag;          /* handed to the answer */
  unsigned
      slot; /* below LINK_STATEMENTS_MAX: where it is kept prepared; always the same for the same text, which stays where it is */
  bool hot; /* may share a transaction with its hot neighbours: the server then answers them in one packet */
};
void link_ask(struct link *l, const struct request *request);

/* `rows` is NULL when the statement failed, then *why says it. `seconds` is how long the answer took after the one before. */
typedef void answer_fn(void *arg, unsigned tag, const struct rows *rows, const struct fail *why, double seconds);

/* Sends what was asked for and calls `each` once for every answer. False when the connection broke or the deadline passed: the link
 * is closed, and statements without an answer get no call. */
bool link_run(struct link *l, const struct wait *w, answer_fn *each, void *arg, struct fail *f) MUST_CHECK;

#endif
