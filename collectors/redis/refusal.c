/* Error replies as kinds and sentences. The first word of an error is its code by convention, but ERR covers everything that has no code of
 * its own: there the words decide. */
#include "collectors/redis/refusal.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

enum { QUOTE_MAX = 160 }; /* bytes of the server's words */

static const struct refusal {
  const char *begins; /* compared without regard to case */
  enum fail_kind kind;
  const char *meaning;
} refusals[] = {
    {"NOAUTH", FAIL_AUTH, "wants a login; set password or password_file, and user where it has ACL users"},
    {"WRONGPASS", FAIL_AUTH, "refused the login; check user and password"},
    {"ERR invalid password", FAIL_AUTH, "refused the password"},
    {"ERR operation not permitted", FAIL_AUTH, "wants a login; set password or password_file"},
    {"NOPERM", FAIL_PERMISSION, NULL},
    {"DENIED", FAIL_PERMISSION,
     "is in protected mode and takes clients from its own machine only; give it a password (requirepass) and bind it to an "
     "address"},
    {"LOADING", FAIL_STARTING, "is loading its data"},
    {"MASTERDOWN", FAIL_STARTING, "is a replica without its master, and replica-serve-stale-data is off"},
    {"BUSY ", FAIL_STARTING, "is busy with a script; SCRIPT KILL ends it"},
    {"ERR max number of clients", FAIL_TOO_MANY,
     "has no connection left; raise maxclients, or find who holds them with CLIENT LIST"},
    {"ERR DB index is out of range", FAIL_CONFIG, "has no database of that number"},
    {"ERR invalid DB index", FAIL_CONFIG, "has no database of that number"},
    {"ERR SELECT is not allowed in cluster mode", FAIL_CONFIG, "is a node of a cluster, which has database 0 only"},
    {"ERR unknown command", FAIL_UNSUPPORTED, "does not know this command"},
    {"ERR unknown subcommand", FAIL_UNSUPPORTED, "does not know this command"},
    {"ERR unsupported", FAIL_UNSUPPORTED, "does not know this command"},
    {"NOREPLY", FAIL_TIMEOUT, "did not answer"},
};

static bool begins(const struct reply *r, const char *text) {
  size_t length = strlen(text);
  return r->type == REPLY_ERROR && r->length >= length && strncasecmp(r->text, text, length) == 0;
}

static const struct refusal *find(const struct reply *r) {
  for (size_t i = 0; i < COUNTOF(refusals); i++) {
    if (begins(r, refusals[i].begins)) return &refusals[i];
  }
  return NULL;
}

/* Scrubbed before it is cut: half a password is one too. */
static bool quote(struct fail *f, const char *command, const struct reply *r, const struct redis_options *o) {
  SCOPED(mem_free) char *words = mem_copy_bytes(r->text, r->length);
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, (size_t)QUOTE_MAX * 4);
  text_scrub(words, o->password);
  text_clean(&shown, words, strlen(words), QUOTE_MAX);
  return fail(f, FAIL_PROTOCOL, "%s answered %s with: %s", o->shown, command, shown.data ? shown.data : "");
}

bool redis_refused(struct fail *f, const char *command, const struct reply *r, const struct redis_options *o) {
  static const char *const shapes[] = {"nothing", "a status", "an error", "a number", "a string", "an array"};
  if (r->type != REPLY_ERROR)
    return fail(f, FAIL_PROTOCOL, "%s answered %s with %s, which makes no sense", o->shown, command, shapes[r->type]);
  const struct refusal *known = find(r);
  if (!known) return quote(f, command, r, o);
  if (known->meaning) return fail(f, known->kind, "%s %s (%s)", o->shown, known->meaning, command);
  const char *user = o->user ? o->user : "default", *space = strchr(command, ' ');
  int word = (int)(space ? (size_t)(space - command) : strlen(command));
  return fail(f, known->kind, "%s does not allow user %s to ask %s; ACL SETUSER %s +%.*s allows it", o->shown, user, command, user,
              word, command);
}

bool redis_login_needless(const struct reply *r) {
  return begins(r, "ERR Client sent AUTH, but no password") || begins(r, "ERR AUTH <password> called without any password");
}

bool redis_login_refused(struct fail *f, const struct reply *r, const struct redis_options *o) {
  if (begins(r, "ERR wrong number of arguments")) {
    return fail(f, FAIL_AUTH, "%s is older than Redis 6 and knows no users; leave user out", o->shown);
  }
  if (begins(r, "ERR unknown command")) {
    return fail(f, FAIL_AUTH, "%s does not know AUTH: it was renamed, or a proxy answers", o->shown);
  }
  const struct refusal *known = find(r);
  if (known && known->kind != FAIL_AUTH && known->meaning) return fail(f, known->kind, "%s %s", o->shown, known->meaning);
  if (o->user && !o->password)
    return fail(f, FAIL_AUTH, "%s refused user %s without a password; set password or password_file", o->shown, o->user);
  if (o->user) return fail(f, FAIL_AUTH, "%s refused the password of user %s; check user and password", o->shown, o->user);
  return fail(f, FAIL_AUTH, "%s refused the password; check it, and set user where the server has ACL users", o->shown);
}
