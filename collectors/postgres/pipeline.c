/* Statements in a pipeline: asking, and reading the answers.
 *
 * Each statement has a transaction of its own, ended by a sync, so that an error aborts it alone. But the server sends a packet at
 * every sync, and taking ten packets costs more than what is in them: hot statements that were answered well before in the session
 * share a transaction. When one of them fails after all, those behind it are asked again, each on its own. */
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "collectors/postgres/driver_private.h"
#include "collectors/postgres/refusal.h"

#define CELLS_MAX (4u << 20) /* of one answer */

static bool send_statement(struct link *l, unsigned slot, const char *sql, const char *parameter) {
  int count = parameter ? 1 : 0;
  if (slot >= LINK_STATEMENTS_MAX) return PQsendQueryParams(l->conn, sql, count, NULL, &parameter, NULL, NULL, 0);
  char name[16];
  snprintf(name, sizeof name, "sonde_%u", slot);
  if (!l->prepared[slot] && !PQsendPrepare(l->conn, name, sql, 0, NULL)) return false;
  return PQsendQueryPrepared(l->conn, name, count, &parameter, NULL, NULL, 0);
}

static bool send_guarded(struct link *l, const char *sql, const char *parameter) {
  const char *local = "true";
  return PQsendQueryParams(l->conn, l->guard, 1, NULL, &local, NULL, NULL, 0) && send_statement(l, LINK_UNPREPARED, sql, parameter);
}

/* Only what was answered well before shares a transaction: what fails, fails mostly the first time. */
static bool may_share(const struct link *l, const struct request *r) {
  return r->hot && !l->pooled && !l->cautious && r->slot < LINK_STATEMENTS_MAX && l->proven[r->slot];
}

static bool end_transaction(struct link *l) {
  l->sharing = false;
  l->asked[l->asked_count - 1].last = true;
  return PQpipelineSync(l->conn);
}

void link_ask(struct link *l, const struct request *r) {
  if (l->asked_count == LINK_STATEMENTS_MAX) abort(); /* the tables of statements are longer than they may be */
  bool share = may_share(l, r);
  if (l->sharing && !share && !end_transaction(l)) l->broken = true;
  if (!(l->pooled ? send_guarded(l, r->sql, r->parameter) : send_statement(l, r->slot, r->sql, r->parameter))) l->broken = true;
  l->asked[l->asked_count++] = (struct asked){.request = *r};
  l->sharing = share;
  if (!share && !end_transaction(l)) l->broken = true;
}

static bool broke(struct link *l, struct fail *f) {
  return login_fail(l->login, f, PQerrorMessage(l->conn));
}

/* Reads the next result; NULL is the end of a statement's results. */
static bool next_result(struct link *l, const struct wait *w, PGresult **ret, struct fail *f) {
  while (PQisBusy(l->conn)) {
    int unsent = PQflush(l->conn);
    if (unsent < 0) return broke(l, f);
    if (!wait_fd(w, PQsocket(l->conn), (short)(unsent ? POLLIN | POLLOUT : POLLIN), f)) return link_late(l, f);
    if (!PQconsumeInput(l->conn)) return broke(l, f);
  }
  *ret = PQgetResult(l->conn);
  return true;
}

struct reading {
  answer_fn *each;
  void *arg;
  struct request again[LINK_STATEMENTS_MAX];
  size_t again_count;
};

struct answer {
  PGresult *result; /* the rows */
  bool failed;      /* then `why` says it */
  bool aborted;     /* not run, since one before it in its transaction failed */
  struct fail why;
};

static void answer_done(struct answer *a) {
  PQclear(a->result);
}

static void note_error(struct link *l, const struct request *r, struct answer *a, const PGresult *result) {
  const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE), *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  a->failed = true;
  statement_fail(l->login, &a->why, r->what, state ? state : "", text ? text : PQresultErrorMessage(result));
}

/* Sorts one result into the answer. */
static void take(struct link *l, const struct request *r, struct answer *a, PGresult *result, ExecStatusType status) {
  if (status == PGRES_TUPLES_OK) {
    PQclear(a->result);
    a->result = result;
    return;
  }
  if (status == PGRES_FATAL_ERROR && !a->failed) note_error(l, r, a, result);
  if (status == PGRES_PIPELINE_ABORTED) a->aborted = true;
  if (status == PGRES_COMMAND_OK && r->slot < LINK_STATEMENTS_MAX) l->prepared[r->slot] = true;
  PQclear(result);
}

/* An answer ends with the transaction's sync, or with a NULL where more of the transaction follows. After the server has gone
 * PQgetResult() returns NULL for ever: two in a row tell. */
static bool read_answer(struct link *l, const struct wait *w, const struct asked *asked, struct answer *a, struct fail *f) {
  for (unsigned silent = 0; silent < 2 && PQstatus(l->conn) != CONNECTION_BAD;) {
    PGresult *result = NULL;
    if (!next_result(l, w, &result, f)) return false;
    if (!result && !asked->last && (a->result || a->failed || a->aborted)) return true;
    silent = result ? 0 : silent + 1;
    ExecStatusType status = PQresultStatus(result);
    if (result) take(l, &asked->request, a, result, status);
    if (result && status == PGRES_PIPELINE_SYNC) return true;
  }
  if (!a->failed) return broke(l, f);
  *f = a->why;
  return false;
}

static struct rows view(struct link *l, const PGresult *result) {
  size_t count = (size_t)PQntuples(result), columns = (size_t)PQnfields(result);
  count = MIN(count, columns ? CELLS_MAX / columns : 0);
  if (count * columns > l->cell_room) l->cells = mem_resize(l->cells, l->cell_room = count * columns, sizeof *l->cells);
  if (columns > l->name_room) l->names = mem_resize(l->names, l->name_room = columns, sizeof *l->names);
  for (size_t c = 0; c < columns; c++) l->names[c] = PQfname(result, (int)c);
  struct cell *cell = l->cells;
  for (int row = 0; row < (int)count; row++)
    for (int column = 0; column < (int)columns; column++, cell++) {
      cell->length = (size_t)PQgetlength(result, row, column);
      cell->text = cell->length == 0 && PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
    }
  return (struct rows){count, columns, l->names, l->cells};
}

static void deliver(struct link *l, const struct request *r, struct answer *a, answer_fn *each, void *arg, double seconds) {
  if (!a->failed && !a->result) {
    a->failed = true;
    fail(&a->why, FAIL_PROTOCOL, "%s: no rows in the answer of %s", r->what, l->login->place);
  }
  if (a->failed) {
    each(arg, r->tag, NULL, &a->why, seconds);
    return;
  }
  if (r->slot < LINK_STATEMENTS_MAX) l->proven[r->slot] = true;
  struct rows rows = view(l, a->result);
  each(arg, r->tag, &rows, NULL, seconds);
}

/* Reads the answers of the transaction that begins with asked[first]. Those that were not run are put into `again`. The server
 * sends all answers of a transaction at its end: each is said to have taken the same part of the time. */
static bool read_transaction(struct link *l, const struct wait *w, size_t first, size_t last, struct reading *r, struct fail *f) {
  double before = clock_seconds(), share = 0;
  for (size_t i = first; i <= last; i++) {
    SCOPED(answer_done) struct answer a = {0};
    if (!read_answer(l, w, &l->asked[i], &a, f)) return false;
    if (i == first) share = (clock_seconds() - before) / (double)(last - first + 1);
    if (a.aborted && !a.failed)
      r->again[r->again_count++] = l->asked[i].request;
    else
      deliver(l, &l->asked[i].request, &a, r->each, r->arg, share);
  }
  return true;
}

static bool read_all(struct link *l, const struct wait *w, struct reading *r, struct fail *f) {
  size_t count = l->asked_count;
  l->asked_count = 0;
  for (size_t first = 0, last; first < count; first = last + 1) {
    for (last = first; !l->asked[last].last;) last++;
    if (!read_transaction(l, w, first, last, r, f)) return false;
  }
  return true;
}

static bool run_asked(struct link *l, const struct wait *w, struct reading *r, struct fail *f) {
  if (l->sharing && !end_transaction(l)) l->broken = true;
  return l->broken ? broke(l, f) : read_all(l, w, r, f);
}

bool link_run(struct link *l, const struct wait *w, answer_fn *each, void *arg, struct fail *f) {
  struct reading r = {.each = each, .arg = arg};
  bool good = run_asked(l, w, &r, f);
  if (good && r.again_count > 0) {
    l->cautious = true;
    for (size_t i = 0; i < r.again_count; i++) link_ask(l, &r.again[i]);
    r.again_count = 0;
    good = run_asked(l, w, &r, f);
  }
  if (!good) link_close(l);
  return good;
}
