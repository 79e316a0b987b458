/* A server's refusal as a kind and a sentence that says where, as whom, why, and what to do. The password is scrubbed from it. */
#ifndef SONDE_COLLECTORS_POSTGRES_REFUSAL_H
#define SONDE_COLLECTORS_POSTGRES_REFUSAL_H

#include <stdbool.h>

#include "collectors/postgres/login.h"

/* No session came about, or it broke: `message` is libpq's, with the SQLSTATE in it where the server said one (PQERRORS_VERBOSE).
 * Returns false. */
bool login_fail(const struct login *l, struct fail *f, const char *message);
/* A statement failed in an established session: `what` was asked for, `sqlstate` may be "". Returns false. */
bool statement_fail(const struct login *l, struct fail *f, const char *what, const char *sqlstate, const char *message);

#endif
