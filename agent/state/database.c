/* The file that keeps the state. One process owns it (the lock is exclusive), so that two agents on one folder cannot both deliver; only its owner
 * may read it. SQLite's own locks are off: the state's is around every call. What is not ours or is damaged is never written to: it is renamed,
 * with what belongs to it, and a new one begins. */
#include "agent/state/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

#define APPLICATION    "0x736e6465" /* "snde" */
#define SCHEMA_VERSION 1
#define BUSY_MSEC      500

static const char schema[] =
    "CREATE TABLE alerts(rule TEXT NOT NULL, fingerprint INTEGER NOT NULL, labels TEXT NOT NULL, annotations TEXT NOT NULL,"
    " state INTEGER NOT NULL, active_at INTEGER NOT NULL, fired_at INTEGER NOT NULL, resolved_at INTEGER NOT NULL,"
    " keep_since INTEGER NOT NULL, value REAL, PRIMARY KEY(rule, fingerprint)) WITHOUT ROWID;"
    "CREATE TABLE notifications(id INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL, body TEXT NOT NULL,"
    " queued_at INTEGER NOT NULL, next_try INTEGER NOT NULL, attempts INTEGER NOT NULL, fingerprint INTEGER NOT NULL);"
    "CREATE INDEX by_receiver ON notifications(receiver, id);"
    "PRAGMA application_id = " APPLICATION "; PRAGMA user_version = 1;";

bool database_fail(sqlite3 *db, struct fail *f) {
  int code = sqlite3_extended_errcode(db), system = sqlite3_system_errno(db);
  const char *cause =
      code == SQLITE_BUSY ? "another process uses it; is a second sonde running on the same state folder?" : sqlite3_errmsg(db);
  if ((code & 0xff) == SQLITE_IOERR && system) return fail(f, FAIL_SYSTEM, "%s (%s)", cause, strerror(system));
  return fail(f, FAIL_SYSTEM, "%s", cause);
}

static bool bind_all(sqlite3_stmt *st, const char *types, va_list args) {
  int status = SQLITE_OK;
  for (int i = 0; types[i] && status == SQLITE_OK; i++) {
    if (types[i] == 'i')
      status = sqlite3_bind_int64(st, i + 1, va_arg(args, int64_t));
    else if (types[i] == 'd')
      status = sqlite3_bind_double(st, i + 1, va_arg(args, double));
    else
      status = sqlite3_bind_text(st, i + 1, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
  }
  return status == SQLITE_OK;
}

static sqlite3_stmt *statement_list(sqlite3 *db, struct fail *f, const char *sql, const char *types, va_list args) {
  sqlite3_stmt *st = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && bind_all(st, types, args)) return st;
  database_fail(db, f);
  sqlite3_finalize(st);
  return NULL;
}

sqlite3_stmt *statement(sqlite3 *db, struct fail *f, const char *sql, const char *types, ...) {
  va_list args;
  va_start(args, types);
  sqlite3_stmt *st = statement_list(db, f, sql, types, args);
  va_end(args);
  return st;
}

static bool finish(sqlite3 *db, sqlite3_stmt *st, struct fail *f) {
  int status;
  while ((status = sqlite3_step(st)) == SQLITE_ROW) continue;
  bool ok = status == SQLITE_DONE || database_fail(db, f);
  sqlite3_finalize(st);
  return ok;
}

bool run(sqlite3 *db, struct fail *f, const char *sql, const char *types, ...) {
  va_list args;
  va_start(args, types);
  sqlite3_stmt *st = statement_list(db, f, sql, types, args);
  va_end(args);
  return st && finish(db, st, f);
}

bool run_number(sqlite3 *db, struct fail *f, int64_t *ret, const char *sql, const char *types, ...) {
  va_list args;
  va_start(args, types);
  sqlite3_stmt *st = statement_list(db, f, sql, types, args);
  va_end(args);
  *ret = 0;
  if (!st) return false;
  int status = sqlite3_step(st);
  if (status == SQLITE_ROW) *ret = sqlite3_column_int64(st, 0);
  bool ok = status == SQLITE_ROW || status == SQLITE_DONE || database_fail(db, f);
  sqlite3_finalize(st);
  return ok;
}

static bool make_tables(sqlite3 *db, struct fail *f) {
  if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
      sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
    return true;
  database_fail(db, f);
  sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
  return false;
}

enum verdict { USABLE, REFUSED, BROKEN };

static enum verdict judge_failure(sqlite3 *db, struct fail *f) {
  int code = sqlite3_errcode(db);
  database_fail(db, f);
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? BROKEN : REFUSED;
}

/* Whether the content is ours and whole; a file without any gets its tables. */
static enum verdict judge_content(sqlite3 *db, struct fail *f) {
  int64_t application, version, tables, damaged;
  if (!run_number(db, f, &application, "PRAGMA application_id", "") || !run_number(db, f, &version, "PRAGMA user_version", "") ||
      !run_number(db, f, &tables, "SELECT count(*) FROM sqlite_master", ""))
    return judge_failure(db, f);
  if (!application && !version && !tables) return make_tables(db, f) ? USABLE : judge_failure(db, f);
  if (application != strtol(APPLICATION, NULL, 16) || version != SCHEMA_VERSION) {
    fail(f, FAIL_PROTOCOL, "it is not a state file of this version of sonde");
    return BROKEN;
  }
  if (!run_number(db, f, &damaged, "SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check <> 'ok'", ""))
    return judge_failure(db, f);
  if (!damaged) return USABLE;
  fail(f, FAIL_PROTOCOL, "it is damaged");
  return BROKEN;
}

static enum verdict try_open(const char *path, sqlite3 **ret, struct fail *f) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600); /* SQLite gives its other files the same permissions */
  if (fd < 0) {
    fail_errno(f, "cannot open it");
    return REFUSED;
  }
  (void)fchmod(fd, 0600);
  close(fd);
  enum verdict verdict = REFUSED;
  if (sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
    if (*ret) database_fail(*ret, f);
  } else {
    sqlite3_busy_timeout(*ret, BUSY_MSEC);
    verdict = sqlite3_exec(*ret, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", NULL,
                           NULL, NULL) == SQLITE_OK
                  ? judge_content(*ret, f)
                  : judge_failure(*ret, f);
  }
  if (verdict != USABLE) {
    sqlite3_close(*ret);
    *ret = NULL;
  }
  return verdict;
}

/* state.db, state.db-wal … get another name: a log that is left behind would be taken for the new file's. */
static bool set_aside(const char *path, const struct fail *why, struct fail *said, struct fail *f) {
  static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
  char from[4096], to[4096];
  long long now = (long long)time(NULL);
  for (size_t i = 0; i < COUNTOF(suffixes); i++) {
    snprintf(from, sizeof from, "%s%s", path, suffixes[i]);
    snprintf(to, sizeof to, "%s.broken-%lld%s", path, now, suffixes[i]);
    if (rename(from, to) && errno != ENOENT) return fail_errno(f, "%s, and cannot be renamed", why->text);
  }
  fail(said, FAIL_PROTOCOL, "%s: %s; it was set aside as %s.broken-%lld and a new one begins", path, why->text, path, now);
  return true;
}

sqlite3 *database_open(const char *path, struct fail *said, struct fail *f) {
  sqlite3 *db = NULL;
  struct fail why = {0};
  *said = (struct fail){0};
  enum verdict verdict = try_open(path, &db, &why);
  if (verdict == BROKEN && !set_aside(path, &why, said, &why)) verdict = REFUSED;
  if (verdict == BROKEN) verdict = try_open(path, &db, &why);
  if (verdict == USABLE) return db;
  fail(f, FAIL_SYSTEM, "%s: %s", path, why.text);
  return NULL;
}

static sqlite3 *open_for_reading(const char *name, int flags) {
  sqlite3 *db = NULL;
  int64_t count;
  if (sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | flags, NULL) == SQLITE_OK &&
      sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK &&
      run_number(db, NULL, &count, "SELECT count(*) FROM alerts", ""))
    return db;
  sqlite3_close(db);
  return NULL;
}

/* Without a log beside it the file is complete, but SQLite would want to make one: it is told that nothing changes. */
sqlite3 *database_open_read_only(const char *path) {
  char log[4096];
  struct stat st;
  snprintf(log, sizeof log, "%s-wal", path);
  if (stat(log, &st) == 0 && st.st_size > 0) return open_for_reading(path, 0);
  SCOPED(buf_done) struct buf uri;
  buf_init(&uri, 3 * sizeof log);
  buf_puts(&uri, "file:");
  for (const char *p = path; *p; p++) buf_printf(&uri, strchr("?#%", *p) ? "%%%02x" : "%c", (unsigned char)*p);
  buf_puts(&uri, "?immutable=1");
  return uri.overflow ? NULL : open_for_reading(uri.data, SQLITE_OPEN_URI);
}

sqlite3 *database_memory(void) {
  sqlite3 *db = NULL;
  struct fail why = {0};
  if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
      make_tables(db, &why))
    return db;
  abort(); /* for want of memory, which ends the program everywhere */
}

bool database_copy(sqlite3 *to, sqlite3 *from, struct fail *f) {
  sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
  if (!copy) return database_fail(to, f);
  sqlite3_backup_step(copy, -1);
  return sqlite3_backup_finish(copy) == SQLITE_OK || database_fail(to, f);
}
