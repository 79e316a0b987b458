/* libpq, made to end at a deadline.
 *
 * libpq's own blocking calls have no deadline (connect_timeout is ignored by PQconnectPoll, PQexec waits for ever on a stopped
 * server), so everything here is non-blocking and waits in wait_fd(). Timeouts on the server's side end what we no longer wait for:
 * after a deadline the connection is closed, since PQcancel would block too.
 *
 * The session's guards (time limits, read only) are set by SET, not in the startup packet: poolers refuse startup options, and as
 * startup options they would show as the server's own values in pg_settings. Behind a pooler a SET would stay with a backend that
 * the next transaction of some application gets, so there they are set for each transaction anew. A pooler is known by the process
 * id: it hands out a made-up one. */
#include "collectors/postgres/driver_private.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collectors/postgres/refusal.h"

#define VERSION_LEAST 120000

/* Addresses */

static bool parse_fail(struct fail *f, const char *message) {
  /* libpq quotes what it stumbled over, which may be half a password; only a parameter's name may be shown. */
  static const char *const harmless[] = {"invalid connection option", "invalid URI query parameter"};
  for (size_t i = 0; message && i < COUNTOF(harmless); i++)
    if (strncmp(message, harmless[i], strlen(harmless[i])) == 0)
      return fail(f, FAIL_CONFIG, "%.*s", (int)strcspn(message, "\n"), message);
  return fail(
      f, FAIL_CONFIG,
      "the address is not understood: write postgres://user@host:port/database (special characters of a password as %%40), or "
      "host=… port=… user=… dbname=…");
}

static void free_options(PQconninfoOption **options) {
  PQconninfoFree(*options);
}

bool parameters_parse(const char *address, parameter_fn *each, void *arg, struct fail *f) {
  char *message = NULL;
  SCOPED(free_options) PQconninfoOption *given = PQconninfoParse(address, &message);
  if (!given) {
    parse_fail(f, message);
    PQfreemem(message);
    return false;
  }
  SCOPED(free_options) PQconninfoOption *standard = PQconndefaults();
  for (size_t i = 0; given[i].keyword; i++) each(arg, given[i].keyword, given[i].val, standard ? standard[i].val : NULL);
  return true;
}

/* The connection */

struct link *link_new(const struct login *login) {
  struct link *l = mem_zero(sizeof *l);
  l->login = login;
  return l;
}

void link_free(struct link *l) {
  if (!l) return;
  link_close(l);
  free(l->cells);
  free(l->names);
  free(l);
}

void link_close(struct link *l) {
  PQfinish(l->conn);
  l->conn = NULL;
  l->asked_count = 0;
  l->pooled = l->broken = l->cautious = l->sharing = false;
  memset(l->prepared, 0, sizeof l->prepared);
  memset(l->proven, 0, sizeof l->proven);
}

bool link_is_open(const struct link *l) {
  return l->conn != NULL;
}

bool link_is_pooled(const struct link *l) {
  return l->pooled;
}

int link_version(const struct link *l) {
  return PQserverVersion(l->conn);
}

msec_t link_opened(const struct link *l) {
  return l->opened;
}

/* A server says nothing to an idle session but that it ends it (a restart, pg_terminate_backend), or that its configuration changed. Both are
 * reasons to begin anew, before anything is sent. */
static bool still_quiet(const struct link *l) {
  struct pollfd p = {.fd = PQsocket(l->conn), .events = POLLIN};
  return poll(&p, 1, 0) == 0;
}

bool link_late(struct link *l, struct fail *f) {
  if (f->kind != FAIL_TIMEOUT) return false;
  const char *place = l->login->place;
  if (PQstatus(l->conn) == CONNECTION_STARTED)
    return fail(f, FAIL_TIMEOUT, "%s does not answer: is the host up, and does no firewall drop the packets?", place);
  return fail(f, FAIL_TIMEOUT, "%s took the connection but did not answer in time: the server is stopped or overloaded", place);
}

static bool handshake(struct link *l, const struct wait *w, struct fail *f) {
  PostgresPollingStatusType need = PGRES_POLLING_WRITING;
  while (need != PGRES_POLLING_OK) {
    if (need == PGRES_POLLING_FAILED) return login_fail(l->login, f, PQerrorMessage(l->conn));
    if (!wait_fd(w, PQsocket(l->conn), need == PGRES_POLLING_READING ? POLLIN : POLLOUT, f)) return link_late(l, f);
    need = PQconnectPoll(l->conn);
  }
  return true;
}

static bool connect_to(struct link *l, const struct wait *w, struct fail *f) {
  l->conn = PQconnectStartParams(l->login->keywords, l->login->values, 0);
  if (!l->conn) return fail(f, FAIL_SYSTEM, "no memory for a connection");
  PQsetErrorVerbosity(l->conn, PQERRORS_VERBOSE); /* a refused login says its SQLSTATE nowhere but in the text */
  if (PQstatus(l->conn) == CONNECTION_BAD) return login_fail(l->login, f, PQerrorMessage(l->conn));
  return handshake(l, w, f);
}

static bool acceptable(struct link *l, struct fail *f) {
  const char *version = PQparameterStatus(l->conn, "server_version");
  if (version && strstr(version, "bouncer"))
    return fail(f, FAIL_UNSUPPORTED, "%s is PgBouncer's own console: name a database of the server behind it", l->login->place);
  if (PQserverVersion(l->conn) < VERSION_LEAST)
    return fail(f, FAIL_UNSUPPORTED, "%s is PostgreSQL %s: 12 or newer is needed", l->login->place,
                version ? version : "of unknown version");
  return true;
}

/* The guards, set for the session or for a transaction. The server's limits are below the poll's, so that it ends first. */
static void write_guard(struct link *l, msec_t span) {
  msec_t statement = MAX(span * 9 / 10, 100), lock = MIN(statement / 2, 300);
  snprintf(
      l->guard, sizeof l->guard,
      "SELECT set_config('statement_timeout', '%lld', $1::bool), set_config('lock_timeout', '%lld', $1::bool), "
      "set_config('idle_in_transaction_session_timeout', '10s', $1::bool), set_config('search_path', 'pg_catalog', $1::bool), "
      "set_config('jit', 'off', $1::bool), set_config(CASE WHEN $1::bool THEN '' ELSE 'default_' END || 'transaction_read_only', "
      "'on', $1::bool)",
      (long long)statement, (long long)lock);
}

struct hello {
  bool answered, own;
  struct fail why;
};

static void read_hello(void *arg, unsigned tag, const struct rows *rows, const struct fail *why, double seconds) {
  struct hello *h = arg;
  (void)tag, (void)seconds;
  if (rows)
    h->answered = true, h->own = rows_number(rows, 0, "own", 1) != 0;
  else
    h->why = *why;
}

static void ask(struct link *l, const char *sql, const char *parameter) {
  link_ask(l, &(struct request){.sql = sql, .parameter = parameter, .what = "the session", .slot = LINK_UNPREPARED});
}

static bool ask_and_check(struct link *l, const struct wait *w, struct hello *h, struct fail *f) {
  if (!link_run(l, w, read_hello, h, f)) return false;
  if (h->why.kind == FAIL_NONE) return true;
  *f = h->why;
  return false;
}

static bool settle(struct link *l, const struct wait *w, struct fail *f) {
  char pid[16];
  snprintf(pid, sizeof pid, "%d", PQbackendPID(l->conn));
  struct hello h = {0};
  ask(l, "SELECT pg_backend_pid() = $1::int AS own", pid);
  if (!ask_and_check(l, w, &h, f)) return false;
  if (h.own) ask(l, l->guard, "false");
  /* Bytes come as they are, whatever they are; only an encoding that is not read as UTF-8 is converted. */
  const char *encoding = PQparameterStatus(l->conn, "server_encoding");
  if (encoding && strcmp(encoding, "UTF8") != 0 && strcmp(encoding, "SQL_ASCII") != 0)
    ask(l, "SELECT set_config('client_encoding', 'UTF8', false)", NULL);
  if (l->asked_count > 0 && !ask_and_check(l, w, &h, f)) return false;
  l->pooled = !h.own;
  return true;
}

bool link_open(struct link *l, const struct wait *w, struct fail *f) {
  if (l->conn && !still_quiet(l)) link_close(l);
  if (l->conn) return true;
  write_guard(l, w->deadline - clock_now());
  if (connect_to(l, w, f) && acceptable(l, f) && PQsetnonblocking(l->conn, 1) == 0 && PQenterPipelineMode(l->conn) == 1 &&
      settle(l, w, f)) {
    l->opened = clock_now();
    return true;
  }
  link_close(l);
  return false;
}
