/* The state: see state/state.h. All of it is SQL on one database, which is the file, or a copy of it in memory while the disk refuses to be written:
 * the same statements serve both, and going over is a copy of the whole, there and back. */
#include "state/state.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/state/database.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"

struct state {
  pthread_mutex_t lock;
  char *path;    /* of the file; NULL: memory is all there is */
  sqlite3 *db;   /* what counts: the file, or memory */
  bool away;     /* db is in memory and holds all that the file should */
  sqlite3 *disk; /* the file, while away; NULL: it must be opened again */
  bool told_full;
};

static bool is_empty(const char *path) {
  struct stat st;
  return stat(path, &st) || st.st_size == 0;
}

/* The file cannot be written. What can be read of it is taken along; if it holds something that cannot be read, it is left alone for good. */
static void begin_in_memory(struct state *s, const char *path) {
  struct fail why;
  s->db = database_memory();
  sqlite3 *readable = database_open_read_only(path);
  s->away = readable ? database_copy(s->db, readable, &why) : is_empty(path);
  sqlite3_close(readable);
  if (s->away) s->path = mem_copy(path);
}

struct state *state_open(const char *folder, struct fail *f) {
  struct state *s = mem_zero(sizeof *s);
  struct fail said;
  pthread_mutex_init(&s->lock, NULL);
  *f = (struct fail){0};
  if (!folder) {
    s->db = database_memory();
    return s;
  }
  SCOPED(buf_done) struct buf path;
  buf_init(&path, 4096);
  buf_printf(&path, "%s/state.db", folder);
  s->db = path.data ? database_open(path.data, &said, f) : NULL;
  if (s->db && said.kind) log_warn(NULL, "%s", said.text);
  if (s->db)
    s->path = mem_copy(path.data);
  else
    begin_in_memory(s, path.data ? path.data : "");
  return s;
}

void state_close(struct state *s) {
  if (!s) return;
  sqlite3_close(s->db);
  sqlite3_close(s->disk);
  pthread_mutex_destroy(&s->lock);
  free(s->path);
  free(s);
}

/* Going over to memory and back */

static void leave_disk(struct state *s, const struct fail *why) {
  struct fail lost;
  sqlite3 *memory = database_memory();
  log_error(NULL, "%s cannot be written: %s; alerts and notifications are kept in memory until it can", s->path, why->text);
  if (!database_copy(memory, s->db, &lost))
    log_error(NULL, "%s cannot be read either: %s; what it held is lost", s->path, lost.text);
  s->disk = s->db;
  s->db = memory;
  s->away = true;
}

static void return_to_disk(struct state *s) {
  struct fail why, said = {0};
  if (!s->disk) s->disk = database_open(s->path, &said, &why);
  if (said.kind) log_warn(NULL, "%s", said.text);
  if (!s->disk) return;
  if (!database_copy(s->disk, s->db, &why)) {
    sqlite3_close(s->disk); /* opened again, a file that is damaged is set aside */
    s->disk = NULL;
    return;
  }
  sqlite3_close(s->db);
  s->db = s->disk;
  s->disk = NULL;
  s->away = false;
  log_info(NULL, "%s can be written again", s->path);
}

bool state_make_durable(struct state *s) {
  pthread_mutex_lock(&s->lock);
  if (s->away) return_to_disk(s);
  bool durable = s->path && !s->away;
  pthread_mutex_unlock(&s->lock);
  return durable;
}

typedef bool work_fn(struct state *s, void *context, struct fail *f);

static bool try_transaction(struct state *s, work_fn *work, void *context, struct fail *f) {
  if (run(s->db, f, "BEGIN IMMEDIATE", "") && work(s, context, f) && run(s->db, f, "COMMIT", "")) return true;
  sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
  return false;
}

/* One transaction: on disk, and once more in memory when the disk refuses. */
static void transact(struct state *s, work_fn *work, void *context) {
  struct fail why;
  pthread_mutex_lock(&s->lock);
  bool done = try_transaction(s, work, context, &why);
  if (!done && s->path && !s->away) {
    leave_disk(s, &why);
    done = try_transaction(s, work, context, &why);
  }
  if (!done) log_error(NULL, "the state in memory cannot be changed: %s", why.text);
  pthread_mutex_unlock(&s->lock);
}

/* Writing */

struct commit {
  const struct alert_record *alerts;
  size_t alert_count;
  struct notification *notes;
  size_t note_count;
};

static bool write_alert(struct state *s, const struct alert_record *a, struct fail *f) {
  if (a->gone)
    return run(s->db, f, "DELETE FROM alerts WHERE rule = ? AND fingerprint = ?", "ti", a->rule, (int64_t)a->fingerprint);
  return run(s->db, f, "INSERT OR REPLACE INTO alerts VALUES(?,?,?,?,?,?,?,?,?,?)", "tittiiiiid", a->rule, (int64_t)a->fingerprint,
             a->labels, a->annotations, (int64_t)a->state, a->active_at, a->fired_at, a->resolved_at, a->keep_since, a->value);
}

/* A receiver that is dead for days must not fill the disk. */
static bool make_room(struct state *s, const char *receiver, struct fail *f) {
  if (!run(s->db, f,
           "DELETE FROM notifications WHERE receiver = ?1 AND id <= (SELECT id FROM notifications WHERE receiver = ?1"
           " ORDER BY id DESC LIMIT 1 OFFSET ?2)",
           "ti", receiver, (int64_t)STATE_NOTIFICATIONS_MAX))
    return false;
  if (sqlite3_changes(s->db) > 0 && !s->told_full) {
    s->told_full = true;
    log_error(NULL, "%d notifications wait for the receiver %s; the oldest are dropped", STATE_NOTIFICATIONS_MAX, receiver);
  }
  return true;
}

static bool write_note(struct state *s, struct notification *n, struct fail *f) {
  if (!run(s->db, f, "INSERT INTO notifications(receiver, body, queued_at, next_try, attempts, fingerprint) VALUES(?,?,?,?,?,?)",
           "ttiiii", n->receiver, n->body, n->queued_at, n->next_try, n->attempts, (int64_t)n->fingerprint))
    return false;
  n->id = sqlite3_last_insert_rowid(s->db);
  return make_room(s, n->receiver, f);
}

static bool write_commit(struct state *s, void *context, struct fail *f) {
  const struct commit *c = context;
  for (size_t i = 0; i < c->alert_count; i++)
    if (!write_alert(s, &c->alerts[i], f)) return false;
  for (size_t i = 0; i < c->note_count; i++)
    if (!write_note(s, &c->notes[i], f)) return false;
  return true;
}

void state_commit(struct state *s, const struct alert_record *alerts, size_t alert_count, struct notification *notes,
                  size_t note_count) {
  struct commit c = {alerts, alert_count, notes, note_count};
  if (alert_count || note_count) transact(s, write_commit, &c);
}

static bool write_acknowledgement(struct state *s, void *context, struct fail *f) {
  return run(s->db, f, "DELETE FROM notifications WHERE id = ?", "i", *(const int64_t *)context);
}

void state_acknowledge(struct state *s, int64_t id) {
  transact(s, write_acknowledgement, &id);
}

static bool write_retry(struct state *s, void *context, struct fail *f) {
  const struct notification *n = context;
  return run(s->db, f, "UPDATE notifications SET next_try = ?, attempts = ? WHERE id = ?", "iii", n->next_try, n->attempts, n->id);
}

void state_retry(struct state *s, int64_t id, int64_t next_try, int64_t attempts) {
  struct notification n = {.id = id, .next_try = next_try, .attempts = attempts};
  transact(s, write_retry, &n);
}

struct drop {
  const char *kept; /* names, each between two line ends */
  size_t dropped;
};

static bool write_drop(struct state *s, void *context, struct fail *f) {
  struct drop *d = context;
  bool ok = run(s->db, f, "DELETE FROM notifications WHERE instr(?, char(10) || receiver || char(10)) = 0", "t", d->kept);
  d->dropped = ok ? (size_t)sqlite3_changes(s->db) : 0;
  return ok;
}

size_t state_drop_others(struct state *s, const char *const *keep, size_t count) {
  SCOPED(buf_done) struct buf names;
  buf_init(&names, SIZE_MAX);
  buf_puts(&names, "\n");
  for (size_t i = 0; i < count; i++) buf_printf(&names, "%s\n", keep[i]);
  struct drop d = {names.data, 0};
  transact(s, write_drop, &d);
  return d.dropped;
}

/* Reading */

static const char *text_column(sqlite3_stmt *st, int column, struct arena *a) {
  return arena_copy(a, (const char *)sqlite3_column_text(st, column));
}

/* Numbers that are no numbers come back as NULL. */
static double number_column(sqlite3_stmt *st, int column) {
  return sqlite3_column_type(st, column) == SQLITE_NULL ? NAN : sqlite3_column_double(st, column);
}

static void read_alert(sqlite3_stmt *st, struct arena *a, struct alert_record *ret) {
  *ret = (struct alert_record){
      .rule = text_column(st, 0, a),
      .fingerprint = (uint64_t)sqlite3_column_int64(st, 1),
      .labels = text_column(st, 2, a),
      .annotations = text_column(st, 3, a),
      .state = sqlite3_column_int(st, 4),
      .active_at = sqlite3_column_int64(st, 5),
      .fired_at = sqlite3_column_int64(st, 6),
      .resolved_at = sqlite3_column_int64(st, 7),
      .keep_since = sqlite3_column_int64(st, 8),
      .value = number_column(st, 9),
  };
}

size_t state_alerts(struct state *s, struct arena *a, struct alert_record **ret) {
  struct fail why;
  int64_t count = 0;
  size_t used = 0;
  pthread_mutex_lock(&s->lock);
  sqlite3_stmt *st = NULL;
  if (run_number(s->db, &why, &count, "SELECT count(*) FROM alerts", ""))
    st = statement(s->db, &why, "SELECT * FROM alerts ORDER BY rule, active_at, fingerprint", "");
  *ret = arena_alloc(a, (size_t)count * sizeof **ret);
  while (st && used < (size_t)count && sqlite3_step(st) == SQLITE_ROW) read_alert(st, a, &(*ret)[used++]);
  sqlite3_finalize(st);
  pthread_mutex_unlock(&s->lock);
  if (!st) log_error(NULL, "the alerts that were kept cannot be read: %s", why.text);
  return used;
}

static void read_note(sqlite3_stmt *st, struct arena *a, struct notification *ret) {
  *ret = (struct notification){
      .id = sqlite3_column_int64(st, 0),
      .receiver = text_column(st, 1, a),
      .body = text_column(st, 2, a),
      .queued_at = sqlite3_column_int64(st, 3),
      .next_try = sqlite3_column_int64(st, 4),
      .attempts = sqlite3_column_int64(st, 5),
      .fingerprint = (uint64_t)sqlite3_column_int64(st, 6),
  };
}

size_t state_pending(struct state *s, const char *receiver, struct arena *a, struct notification *ret, size_t max) {
  struct fail why;
  size_t used = 0;
  pthread_mutex_lock(&s->lock);
  sqlite3_stmt *st =
      statement(s->db, &why, "SELECT * FROM notifications WHERE receiver = ? ORDER BY id LIMIT ?", "ti", receiver, (int64_t)max);
  while (st && used < max && sqlite3_step(st) == SQLITE_ROW) read_note(st, a, &ret[used++]);
  sqlite3_finalize(st);
  pthread_mutex_unlock(&s->lock);
  if (!st) log_error(NULL, "the notifications for %s cannot be read: %s", receiver, why.text);
  return used;
}

size_t state_waiting(struct state *s) {
  int64_t count;
  pthread_mutex_lock(&s->lock);
  bool ok = run_number(s->db, NULL, &count, "SELECT count(*) FROM notifications", "");
  pthread_mutex_unlock(&s->lock);
  return ok ? (size_t)count : 0;
}
