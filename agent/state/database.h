/* SQLite, as much of it as this room needs: statements in one line each, and the file on disk. */
#ifndef SONDE_AGENT_STATE_DATABASE_H
#define SONDE_AGENT_STATE_DATABASE_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/fail.h"

/* Opens the file, made when missing and set aside when it is torn or foreign; *said tells then what became of it (kind NONE: nothing).
 * NULL with a sentence. */
sqlite3 *database_open(const char *path, struct fail *said, struct fail *f) MUST_CHECK;
/* The file as it is, for reading alone: on a disk that is read-only. NULL when that fails, too. */
sqlite3 *database_open_read_only(const char *path);
/* An empty one in memory, with the same tables. */
sqlite3 *database_memory(void);
/* Makes `to` what `from` is, all or nothing. */
bool database_copy(sqlite3 *to, sqlite3 *from, struct fail *f) MUST_CHECK;

/* A statement with its values bound in order: i int64_t, d double, t text. NULL with a sentence; free with sqlite3_finalize(). */
sqlite3_stmt *statement(sqlite3 *db, struct fail *f, const char *sql, const char *types, ...) MUST_CHECK;
/* The same, run to its end. */
bool run(sqlite3 *db, struct fail *f, const char *sql, const char *types, ...) MUST_CHECK;
/* The first column of the only row; 0 without a row. */
bool run_number(sqlite3 *db, struct fail *f, int64_t *ret, const char *sql, const char *types, ...) MUST_CHECK;
/* Sets the sentence of the latest error; false. */
bool database_fail(sqlite3 *db, struct fail *f);

#endif
