/* Error replies as kinds and sentences. Pure. */
#ifndef SONDE_COLLECTORS_REDIS_REFUSAL_H
#define SONDE_COLLECTORS_REDIS_REFUSAL_H

#include "base/fail.h"
#include "collectors/redis/options.h"
#include "collectors/redis_link.h"

/* Says what the server meant by answering `command` with something else than what it is for, and what to do about it. Returns false. */
bool redis_refused(struct fail *f, const char *command, const struct reply *r, const struct redis_options *o);
/* The same for AUTH. The server's own words are left out: they may repeat the password. */
bool redis_login_refused(struct fail *f, const struct reply *r, const struct redis_options *o);
/* True for an answer to AUTH that says that no password is needed. */
bool redis_login_needless(const struct reply *r);

#endif
