/* Where and as whom to log in: an address as people write it (a URI or key=value), judged and named, without any I/O. */
#ifndef SONDE_COLLECTORS_POSTGRES_LOGIN_H
#define SONDE_COLLECTORS_POSTGRES_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/fail.h"

#define LOGIN_SETTINGS_MAX 64

struct login {
  /* What libpq is given; ended by NULL. */
  const char *keywords[LOGIN_SETTINGS_MAX], *values[LOGIN_SETTINGS_MAX];
  /* What people are shown; never NULL. */
  const char *host, *port, *database, *user;
  const char *place;    /* "host:port", "the socket /run/postgresql/.s.PGSQL.5432" */
  const char *password; /* NULL when none is written here */
};

/* Reads an address; `password` (NULL for none) overrides the one in it. Strings are made in `a`. The sentence of a failure echoes
 * nothing that may be a secret. */
bool login_parse(struct login *ret, struct arena *a, const char *address, const char *password, struct fail *f) MUST_CHECK;

/* The address as libpq wants it: what application frameworks add to a DATABASE_URL and libpq refuses is taken away, "+driver"
 * behind the scheme and query parameters such as Prisma's `schema`. NULL with a sentence when it is not PostgreSQL's. */
const char *login_tidy(struct arena *a, const char *address, struct fail *f) MUST_CHECK;

/* Writes the default name of the target: host:port, only of characters that a name may have. */
void login_name(const struct login *l, char *name, size_t size);

#endif
