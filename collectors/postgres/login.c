/* Addresses: what people write to name a server. See login.h. */
#include "collectors/postgres/login.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "collectors/postgres/driver.h"

/* Query parameters that frameworks put into a DATABASE_URL for themselves. An unknown one is refused, since a misspelt sslmode
 * matters. */
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
  const char *service, *hostaddr, *sslmode;
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
  } shown[] = {{"host", &l->host},         {"port", &l->port},       {"dbname", &l->database},   {"user", &l->user},
               {"password", &l->password}, {"service", &r->service}, {"hostaddr", &r->hostaddr}, {"sslmode", &r->sslmode}};
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

/* One port, or one for each host of a list; an empty one is the default. */
static bool are_ports(const char *list) {
  for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
    size_t length = strcspn(p, ","), digits = strspn(p, "0123456789");
    long port = digits && digits < 6 ? strtol(p, NULL, 10) : 0;
    if (length > 0 && (digits != length || port < 1 || port > 65535)) return false;
  }
  return true;
}

/* libpq looks at values only when it connects: what is wrong however the server fares is said before. */
static bool values_check(const struct reading *r, struct fail *f) {
  static const char *const modes[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};
  bool known = !r->sslmode;
  for (size_t i = 0; i < COUNTOF(modes) && !known; i++) known = !strcmp(r->sslmode, modes[i]);
  if (!known) return fail(f, FAIL_CONFIG, "sslmode is disable, allow, prefer, require, verify-ca or verify-full");
  if (r->login->port && !are_ports(r->login->port)) return fail(f, FAIL_CONFIG, "the port must be a number from 1 to 65535");
  return true;
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
  if (!tidy || !parameters_parse(tidy, read_parameter, &r, f) || !values_check(&r, f)) return false;
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
