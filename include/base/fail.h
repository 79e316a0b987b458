/* Errors: a kind, on which code decides and which becomes the label `reason`, and a sentence, which people read. A sentence names
 * the thing, what was tried, the cause, and where it helps what to do; it never holds a secret. */
#ifndef SONDE_BASE_FAIL_H
#define SONDE_BASE_FAIL_H

#include <stdbool.h>

#include "base/attr.h"

#define FAIL_KINDS(X)                                                                                                              \
  X(FAIL_NONE, "none")                                                                                                             \
  X(FAIL_CONFIG, "config")           /* what the user wrote is wrong */                                                            \
  X(FAIL_RESOLVE, "resolve")         /* a name has no address */                                                                   \
  X(FAIL_CONNECT, "connect")         /* nobody listens, or the connection broke */                                                 \
  X(FAIL_TLS, "tls")                 /* certificate or handshake */                                                                \
  X(FAIL_AUTH, "auth")               /* the login was refused */                                                                   \
  X(FAIL_PERMISSION, "permission")   /* logged in, but may not do this */                                                          \
  X(FAIL_STARTING, "starting")       /* the server is up but does not serve yet (loading, recovery, shutting down) */              \
  X(FAIL_TOO_MANY, "too_many")       /* the server has no connection left */                                                       \
  X(FAIL_TIMEOUT, "timeout")         /* the deadline passed */                                                                     \
  X(FAIL_PROTOCOL, "protocol")       /* the answer makes no sense */                                                               \
  X(FAIL_UNEXPECTED, "unexpected")   /* it answered, and not as it was told to expect */                                           \
  X(FAIL_LIMIT, "limit")             /* a cap of ours was reached */                                                               \
  X(FAIL_UNSUPPORTED, "unsupported") /* the server does not know this */                                                           \
  X(FAIL_SYSTEM, "system")           /* the operating system refused */                                                            \
  X(FAIL_STOPPED, "stopped")         /* the agent is ending */

#define X(kind, name) kind,
enum fail_kind { FAIL_KINDS(X) FAIL_KIND_COUNT };
#undef X

struct fail {
  enum fail_kind kind;
  char text[512];
};

/* Sets *f and returns false, so that a function can `return fail(f, …)`. A longer sentence is cut at a character. `f` may be NULL. */
bool fail(struct fail *f, enum fail_kind kind, const char *format, ...) PRINTF(3, 4);
/* Puts "<format>: " before the sentence that *f already holds; returns false. */
bool fail_prefix(struct fail *f, const char *format, ...) PRINTF(2, 3);
/* As fail() with kind FAIL_SYSTEM, and ": <the text of errno>" at the end. */
bool fail_errno(struct fail *f, const char *format, ...) PRINTF(2, 3);
/* "auth", "timeout" …: lower case, stable, used as a label value. */
const char *fail_kind_name(enum fail_kind kind);

#endif
