/* Addresses and refusals: what people write to name a server, and what a server's refusal means for them.
 *
 * The remedies are rows: what the server said (a SQLSTATE, or words where libpq has none), which kind of failure that is, and what to do. */
#include "collectors/postgres/login.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "collectors/postgres/driver.h"

/* Addresses */

/* Query parameters that frameworks put into a DATABASE_URL for themselves. An unknown one is refused, since a misspelt sslmode matters. */
static const char *const foreign_parameters[] = {
    "schema",
    "connection_limit",
    "pool_timeout",
    "pool",
    "pool_size",
    "max_overflow",
    "pgbouncer",
    "sslaccept",
    "socket_timeout",
    "serverVersion",
    "charset",
    "encoding",
    "statement_cache_size",
    "prepared_statements",
    "reconnect",
    "timeout",
    "currentSchema",
    "search_path",
    "uselibpqcompat",
    "prepareThreshold",
    "statement_timeout",
};

static bool foreign(const char *parameter, size_t length) {
  size_t name = strcspn(parameter, "=&");
  for (size_t i = 0; i < COUNTOF(foreign_parameters); i++)
    if (name <= length && strlen(foreign_parameters[i]) == name && strncmp(parameter, foreign_parameters[i], name) == 0)
      return true;
  return false;
}

/* A password with @ / or ? in it that is not encoded would be taken for a part of the host or database, and shown. */
static bool is_ambiguous(const char *rest) {
  const char *at = strchr(rest, '@');
  return at && (strchr(at + 1, '@') || strcspn(rest, "/?") < (size_t)(at - rest));
}

/* "?a=1&schema=public&b=2" becomes "?a=1&b=2". */
static void keep_parameters(struct buf *out, const char *query) {
  char separator = '?';
  for (const char *p = query + 1; *p;) {
    size_t length = strcspn(p, "&");
    if (!foreign(p, length)) {
      buf_putc(out, separator);
      buf_put(out, p, length);
      separator = '&';
    }
    p += length + (p[length] == '&');
  }
}

const char *login_tidy(struct arena *a, const char *address, struct fail *f) {
  const char *rest = strstr(address, "://");
  size_t scheme = rest ? strcspn(address, "+:") : 0;
  if (!rest || memchr(address, '=', (size_t)(rest - address))) return address; /* key=value */
  bool postgres =
      (scheme == 8 && strncmp(address, "postgres", 8) == 0) || (scheme == 10 && strncmp(address, "postgresql", 10) == 0);
  if (!postgres) {
    fail(f, FAIL_CONFIG, "the scheme %.*s:// is not PostgreSQL's: write postgres://user@host:port/database",
         (int)MIN(strcspn(address, ":"), 32), address);
    return NULL;
  }
  if (is_ambiguous(rest + 3)) {
    fail(f, FAIL_CONFIG, "the address is not understood: write @ / ? # in a user name or password as %%40 %%2F %%3F %%23");
    return NULL;
  }
  size_t before = strcspn(rest, "?");
  SCOPED(buf_done) struct buf out;
  buf_init(&out, strlen(address) + 16);
  buf_puts(&out, "postgresql");
  buf_put(&out, rest, before);
  if (rest[before]) keep_parameters(&out, rest + before);
  return arena_copy_bytes(a, out.data, out.length);
}

struct reading {
  struct login *login;
  struct arena *arena;
  const char *override; /* the password given apart */
  size_t count;
  const char *service, *hostaddr;
};

static void set(struct reading *r, const char *keyword, const char *value) {
  if (r->count + 1 >= LOGIN_SETTINGS_MAX) return; /* libpq knows 41 */
  r->login->keywords[r->count] = arena_copy(r->arena, keyword);
  r->login->values[r->count++] = arena_copy(r->arena, value);
}

/* What is shown comes from the address or else from the environment, as the connection will. */
static void note(struct reading *r, const char *keyword, const char *value) {
  struct login *l = r->login;
  const struct {
    const char *keyword, **place;
  } shown[] = {{"host", &l->host},         {"port", &l->port},       {"dbname", &l->database},  {"user", &l->user},
               {"password", &l->password}, {"service", &r->service}, {"hostaddr", &r->hostaddr}};
  for (size_t i = 0; i < COUNTOF(shown); i++)
    if (strcmp(keyword, shown[i].keyword) == 0) *shown[i].place = arena_copy(r->arena, value);
}

static void read_parameter(void *arg, const char *keyword, const char *value, const char *standard) {
  struct reading *r = arg;
  if (strcmp(keyword, "password") == 0 && r->override) value = r->override;
  if (strcmp(keyword, "fallback_application_name") == 0 && !value) value = "sonde";
  if (strcmp(keyword, "client_encoding") == 0)
    value = "SQL_ASCII"; /* no conversion: a byte that is invalid somewhere must not fail a statement */
  if (strcmp(keyword, "gssencmode") == 0 && !value && (!standard || strcmp(standard, "prefer") == 0))
    value = "disable"; /* trying costs a round trip and, with Kerberos set up, files and DNS */
  if (value && *value) set(r, keyword, value);
  note(r, keyword, value && *value ? value : standard);
}

static const char *first_of(struct arena *a, const char *list) {
  return arena_copy_bytes(a, list, strcspn(list, ","));
}

static const char *place_of(struct arena *a, const struct login *l, const char *service) {
  if (service && !*l->host) return arena_printf(a, "service %s", service);
  if (!*l->host) return arena_printf(a, "the local socket of port %s", l->port);
  if (*l->host == '/' || *l->host == '@') return arena_printf(a, "the socket %s/.s.PGSQL.%s", l->host, l->port);
  return arena_printf(a, strchr(l->host, ':') ? "[%s]:%s" : "%s:%s", l->host, l->port);
}

bool login_parse(struct login *ret, struct arena *a, const char *address, const char *password, struct fail *f) {
  *ret = (struct login){0};
  const char *tidy = login_tidy(a, address, f);
  struct reading r = {.login = ret, .arena = a, .override = password};
  if (!tidy || !parameters_parse(tidy, read_parameter, &r, f)) return false;
  ret->host = first_of(a, ret->host ? ret->host : r.hostaddr ? r.hostaddr : "");
  ret->port = first_of(a, ret->port && *ret->port ? ret->port : "5432");
  ret->user = ret->user ? ret->user : "";
  ret->database = ret->database ? ret->database : ret->user;
  ret->place = place_of(a, ret, r.service);
  if (!*ret->host && r.service) ret->host = r.service;
  return true;
}

void login_name(const struct login *l, char *name, size_t size) {
  bool local = !*l->host || *l->host == '/' || *l->host == '@';
  snprintf(name, size, "%s:%s", local ? "localhost" : l->host, l->port);
  for (char *p = name; *p; p++)
    if (!isalnum((unsigned char)*p) && !strchr("._:/-", *p)) *p = '-';
}

/* Refusals */

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
    {"28", "does not exist", FAIL_AUTH, "create the role: `sonde setup postgres` prints the SQL"},
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
    {NULL, "SSL", FAIL_TLS, "see sslmode, sslrootcert and sslcert of the address"},
    {NULL, "certificate", FAIL_TLS, "see sslmode, sslrootcert and sslcert of the address"},
    {NULL, "authentication", FAIL_AUTH, ""},
    {NULL, "SCRAM", FAIL_AUTH, ""},
    {NULL, "Connection refused", FAIL_CONNECT, "is PostgreSQL running, and listening there (listen_addresses, port)?"},
    {NULL, "No such file or directory", FAIL_CONNECT, "is PostgreSQL running, with this unix_socket_directories and port?"},
    {NULL, "expected authentication request", FAIL_PROTOCOL, "this does not look like PostgreSQL: is the port right?"},
    {NULL, "Permission denied", FAIL_CONNECT, "this user may not open the socket or the file"},
    {"08P01", NULL, FAIL_PROTOCOL, ""},
    {NULL, NULL, FAIL_CONNECT, ""},
};

static const struct remedy statement_remedies[] = {
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

/* libpq tells of every address and mode it tried, a paragraph each: the last counts. Behind the (translated) severity is the SQLSTATE. */
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

bool login_fail(const struct login *l, struct fail *f, const char *sqlstate, const char *message) {
  char state[6] = "";
  const char *words = essence(message, state);
  const struct remedy *r = remedy_for(login_remedies, *sqlstate ? sqlstate : state, words);
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
