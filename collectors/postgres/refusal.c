/* Refusals: what a server's words mean for the people who wait for its numbers.
 *
 * The remedies are rows: what was said (a SQLSTATE, or words where libpq has none), which kind of failure that is, and what to do.
 */
#include "collectors/postgres/refusal.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

struct remedy {
  const char *state; /* what the SQLSTATE begins with; NULL for none */
  const char *words; /* or what the text contains; NULL for any */
  enum fail_kind kind;
  const char *advice; /* "" for none */
};

static const struct remedy login_remedies[] = {
    {"28P01", NULL, FAIL_AUTH, "correct the password (in the address, the key password or password_file, or ~/.pgpass)"},
    {"28", "no pg_hba.conf entry", FAIL_AUTH, "add a line for this user and host to pg_hba.conf, then SELECT pg_reload_conf()"},
    {"28", "Peer authentication", FAIL_AUTH, "run as that system user, or log in by TCP with a password"},
    {"28", "does not exist", FAIL_AUTH,
     "name a role that exists (user=, PGUSER); `sonde setup postgres` prints the SQL for one named sonde"},
    {"28", "not permitted to log in", FAIL_AUTH, "ALTER ROLE … LOGIN"},
    {"28", NULL, FAIL_AUTH, "see pg_hba.conf and the role: `sonde setup postgres` prints the SQL"},
    {"3D", NULL, FAIL_CONFIG, "name a database that exists; `postgres` mostly does"},
    {"42501", NULL, FAIL_PERMISSION, "GRANT CONNECT ON DATABASE … to this role"},
    {"53300", NULL, FAIL_TOO_MANY, "raise max_connections or the role's CONNECTION LIMIT, or end sessions that are not needed"},
    {"57P03", NULL, FAIL_STARTING, ""},
    {"57P", NULL, FAIL_CONNECT, ""},
    {NULL, "no such database", FAIL_CONFIG, "name a database that the pooler knows"},
    {NULL, "too many clients", FAIL_TOO_MANY, "raise the limit of the server or the pooler"},
    {NULL, "could not translate host name", FAIL_RESOLVE, "correct the host name, or see whether DNS works here"},
    {NULL, "no password supplied", FAIL_AUTH, "give one (in the address, the key password or password_file, or ~/.pgpass)"},
    {NULL, "expected authentication request", FAIL_PROTOCOL, "this does not look like PostgreSQL: is the port right?"},
    {NULL, "invalid response to SSL negotiation", FAIL_PROTOCOL, "this does not look like PostgreSQL: is the port right?"},
    {NULL, "SSL", FAIL_TLS, "see sslmode, sslrootcert and sslcert of the address"},
    {NULL, "certificate", FAIL_TLS, "see sslmode, sslrootcert and sslcert of the address"},
    {NULL, "authentication", FAIL_AUTH, ""},
    {NULL, "SCRAM", FAIL_AUTH, ""},
    {NULL, "Connection refused", FAIL_CONNECT, "is PostgreSQL running, and listening there (listen_addresses, port)?"},
    {NULL, "No such file or directory", FAIL_CONNECT, "is PostgreSQL running, with this unix_socket_directories and port?"},
    {NULL, "Permission denied", FAIL_CONNECT, "this user may not open the socket or the file"},
    {"08P01", NULL, FAIL_PROTOCOL, ""},
    {NULL, NULL, FAIL_CONNECT, ""},
};

static const struct remedy statement_remedies[] = {
    {"42501", "for schema", FAIL_PERMISSION, "GRANT USAGE ON SCHEMA … to this role"},
    {"42501", NULL, FAIL_PERMISSION,
     "GRANT pg_monitor to this role; where a managed server refuses even that, switch the part off"},
    {"55000", "shared_preload_libraries", FAIL_UNSUPPORTED,
     "add pg_stat_statements to shared_preload_libraries and restart PostgreSQL; `sonde setup postgres` prints the steps"},
    {"57014", "lock timeout", FAIL_TIMEOUT, ""},
    {"57014", NULL, FAIL_TIMEOUT, "the server is busy, or the part needs a longer `every` and the target a longer timeout"},
    {"55P03", NULL, FAIL_TIMEOUT, "a table is locked; it is asked again later"},
    {"42", NULL, FAIL_UNSUPPORTED, ""},
    {"0A", NULL, FAIL_UNSUPPORTED, ""},
    {"53", NULL, FAIL_TOO_MANY, ""},
    {"57P03", NULL, FAIL_STARTING, ""},
    {"57P", NULL, FAIL_CONNECT, ""},
    {NULL, NULL, FAIL_PROTOCOL, ""},
};

static const struct remedy *remedy_for(const struct remedy *r, const char *sqlstate, const char *words) {
  while ((r->state && strncmp(r->state, sqlstate, strlen(r->state)) != 0) || (r->words && !strstr(words, r->words))) r++;
  return r;
}

static bool is_sqlstate(const char *s) {
  for (int i = 0; i < 5; i++)
    if (!isdigit((unsigned char)s[i]) && !(s[i] >= 'A' && s[i] <= 'Z')) return false;
  return s[5] == ':';
}

/* libpq tells of every address and mode it tried, a paragraph each: the last counts. Behind the (translated) severity is the
 * SQLSTATE. */
static const char *essence(const char *message, char sqlstate[6]) {
  for (const char *next; (next = strstr(message, " failed: "));) message = next + strlen(" failed: ");
  const char *colon = strstr(message, ":  ");
  if (colon && is_sqlstate(colon + 3)) {
    memcpy(sqlstate, colon + 3, 5);
    message = colon + 10;
  }
  return message;
}

/* A secret may come back as it was written in a URI. */
static void scrub(const struct login *l, char *text) {
  text_scrub(text, l->password);
  if (!l->password) return;
  SCOPED(buf_done) struct buf encoded;
  buf_init(&encoded, 4096);
  for (const char *p = l->password; *p; p++)
    buf_printf(&encoded, isalnum((unsigned char)*p) || strchr("-._~", *p) ? "%c" : "%%%02X", (unsigned char)*p);
  text_scrub(text, encoded.data);
}

static void first_line(struct buf *out, const char *message) {
  size_t length = strcspn(message, "\n");
  buf_init(out, 512);
  text_clean(out, message, length, 300);
}

bool login_fail(const struct login *l, struct fail *f, const char *message) {
  char state[6] = "";
  const char *words = essence(message, state);
  const struct remedy *r = remedy_for(login_remedies, state, words);
  SCOPED(buf_done) struct buf line;
  first_line(&line, words);
  fail(f, r->kind, "%s, user %s, database %s: %s%s%s", l->place, *l->user ? l->user : "(none)",
       *l->database ? l->database : "(none)", line.length ? line.data : "the connection broke", *r->advice ? "; " : "", r->advice);
  scrub(l, f->text);
  return false;
}

bool statement_fail(const struct login *l, struct fail *f, const char *what, const char *sqlstate, const char *message) {
  const struct remedy *r = remedy_for(statement_remedies, sqlstate, message);
  SCOPED(buf_done) struct buf line;
  first_line(&line, message);
  fail(f, r->kind, "%s of %s, user %s: %s (%s)%s%s", what, l->place, l->user, line.data ? line.data : "", sqlstate,
       *r->advice ? "; " : "", r->advice);
  scrub(l, f->text);
  return false;
}
