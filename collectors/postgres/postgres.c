/* PostgreSQL: one session, one packet of statements a poll.
 *
 * The statements of all parts that are due are asked for together, hot ones first, and each answer is turned into samples as it
 * comes. Only the statements part may need a second and a third step. A session is ended after a while and begun anew, since a
 * login that was revoked shows in no other way; not when the server is nearly full, where the place that was given up might be
 * gone. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collectors/collector.h"
#include "collectors/postgres/discover.h"
#include "collectors/postgres/driver.h"
#include "collectors/postgres/part.h"
#include "collectors/postgres/statements.h"
#include "collectors/postgres/status.h"

#define SESSION_MAX       ((msec_t)600000)
#define SPARE_CONNECTIONS 3 /* fewer free than this: the session is kept */
#define ROUNDS_MAX        3

enum {
  SERVER,
  ACTIVITY,
  DATABASE,
  LOCKS,
  REPLICATION,
  LONG_QUERIES,
  BGWRITER,
  ARCHIVER,
  SETTINGS,
  WAL,
  LIMITS,
  TABLES,
  SIZES,
  STATEMENTS,
  PARTS
};

#define AT(field) offsetof(struct postgres_options, field)

static const struct option statements_options[] = {
    {.name = "top",
     .type = OPTION_INT,
     .fallback = "20",
     .min = 1,
     .max = 100,
     .help = "How many statements are shown: so many by time spent since the last poll, and so many by mean time.",
     .offset = AT(statements_top)},
    {.name = "query_length",
     .type = OPTION_INT,
     .fallback = "120",
     .min = 20,
     .max = 1000,
     .help = "At how many bytes the text of a statement is cut.",
     .offset = AT(query_length)},
    {0},
};
static const struct option long_queries_options[] = {
    {.name = "threshold",
     .type = OPTION_DURATION,
     .fallback = "5s",
     .min = 100,
     .max = 86400000,
     .help = "From when on a running statement is long.",
     .offset = AT(long_query_threshold)},
    {.name = "top",
     .type = OPTION_INT,
     .fallback = "10",
     .min = 0,
     .max = 100,
     .help = "How many of them are shown, the longest first.",
     .offset = AT(long_queries_top)},
    {0},
};
static const struct option tables_options[] = {
    {.name = "top",
     .type = OPTION_INT,
     .fallback = "100",
     .min = 0,
     .max = 600,
     .help = "How many tables are shown, the largest first.",
     .offset = AT(tables_top)},
    {0},
};
static const struct option options[] = {
    {.name = "postgres",
     .type = OPTION_SECRET,
     .help = "What to watch: postgres://user@host:port/database, or host=… user=…; all that libpq takes, its environment and "
             "service files included.",
     .offset = AT(address)},
    {.name = "password",
     .type = OPTION_SECRET,
     .help = "The password, where it is not in the address or in ~/.pgpass.",
     .offset = AT(password)},
    {0},
};

static const struct part parts[PARTS] = {
    [SERVER] = {"server", "Version, start, role and replication lag.", 0, false, NULL},
    [ACTIVITY] = {"activity", "Sessions by state, use of connections, the longest transaction and statement.", 0, false, NULL},
    [DATABASE] = {"database", "Commits, rows, blocks, temporary files, deadlocks and conflicts of each database.", 0, false, NULL},
    [LOCKS] = {"locks", "Locks by database and mode, and who waits.", 0, false, NULL},
    [BGWRITER] = {"bgwriter", "Checkpoints and buffers written.", 30000, false, NULL},
    [ARCHIVER] = {"archiver", "WAL files archived and failed.", 30000, false, NULL},
    [REPLICATION] = {"replication", "Standbys, replication slots, and what a standby receives.", 0, false, NULL},
    [LONG_QUERIES] = {"long_queries", "What runs now, longer than a threshold.", 0, false, long_queries_options},
    [SETTINGS] = {"settings", "Every numeric setting; asked for again when the configuration was reloaded.", 30000, false, NULL},
    [WAL] = {"wal", "WAL files on disk.", 60000, false, NULL},
    [LIMITS] = {"limits", "Connection limits of roles and databases, age of transaction ids.", 60000, false, NULL},
    [TABLES] = {"tables", "Use, rows, vacuums and block I/O of the largest tables of the connected database.", 60000, false,
                tables_options},
    [SIZES] = {"sizes", "Disk space of each database.", 300000, false, NULL},
    [STATEMENTS] = {"statements", "What the server's time goes into, by pg_stat_statements.", 60000, false, statements_options},
};
static const struct pg_part *const tables[PARTS] = {
    [SERVER] = &pg_server,
    [ACTIVITY] = &pg_activity,
    [DATABASE] = &pg_database,
    [LOCKS] = &pg_locks,
    [BGWRITER] = &pg_bgwriter,
    [ARCHIVER] = &pg_archiver,
    [REPLICATION] = &pg_replication,
    [LONG_QUERIES] = &pg_long_queries,
    [SETTINGS] = &pg_settings,
    [WAL] = &pg_wal,
    [LIMITS] = &pg_limits,
    [TABLES] = &pg_tables,
    [SIZES] = &pg_sizes,
    [STATEMENTS] = &pg_statements,
};

/* A part while it is polled. */
struct collecting {
  struct section *section;
  unsigned waits; /* for so many answers */
};

struct postgres {
  struct arena arena;
  struct login login;
  struct fail unusable; /* the address is wrong */
  struct link *link;
  struct memory memory;
  struct statements *statements;
  struct section *settings; /* as last read, while nothing changed */
  double settings_configured;
  bool settings_replica;
  /* During a poll. */
  struct poll *poll;
  struct collecting collecting[PARTS];
  struct {
    unsigned part;
    const struct query *query; /* NULL: of the statements part */
  } asked[LINK_STATEMENTS_MAX];
  unsigned asked_count;
  bool more; /* the statements part has another step */
};

static void *postgres_open(const void *opaque) {
  struct postgres *p = mem_zero(sizeof *p);
  p->memory.options = opaque;
  arena_init(&p->arena);
  const struct postgres_options *o = opaque;
  if (!login_parse(&p->login, &p->arena, o->address ? o->address : "", o->password, &p->unusable)) return p;
  p->link = link_new(&p->login);
  p->statements = statements_new(o, p->login.database);
  return p;
}

static void postgres_close(void *state) {
  struct postgres *p = state;
  link_free(p->link);
  statements_free(p->statements);
  section_unref(p->settings);
  arena_done(&p->arena);
  free(p);
}

/* Answers */

static void part_failed(struct postgres *p, unsigned part, const struct fail *why) {
  if (!p->collecting[part].section) return; /* of several statements the first that failed says why */
  section_unref(p->collecting[part].section);
  p->collecting[part].section = NULL;
  p->poll->fails[part] = *why;
  if (part == STATEMENTS) statements_session(p->statements, true);
}

static void keep_settings(struct postgres *p) {
  section_unref(p->settings);
  p->settings = section_ref(p->poll->sections[SETTINGS]);
  p->settings_configured = p->memory.configured;
  p->settings_replica = p->memory.replica;
}

static void part_answered(struct postgres *p, unsigned part) {
  struct collecting *c = &p->collecting[part];
  if (--c->waits > 0 || !c->section || (part == STATEMENTS && p->more)) return;
  poll_done(p->poll, part, c->section);
  c->section = NULL;
  if (part == SETTINGS) keep_settings(p);
}

static bool read_statements(struct postgres *p, const struct rows *rows, struct fail *f) {
  if (!statements_answer(p->statements, rows, &p->more, f)) return false;
  if (!p->more) statements_write(p->statements, p->collecting[STATEMENTS].section);
  return true;
}

static void read_rows(struct postgres *p, unsigned part, const struct query *query, const struct rows *rows) {
  struct collecting *c = &p->collecting[part];
  double before = p->memory.started;
  struct fail f;
  if (query)
    query_read(query, &p->memory, rows, c->section);
  else if (!read_statements(p, rows, &f))
    part_failed(p, part, &f);
  if (part != SERVER) return;
  snprintf(p->poll->server, sizeof p->poll->server, "%.6f", p->memory.started);
  if (p->memory.started != before) statements_session(p->statements, false);
}

static void on_answer(void *arg, unsigned tag, const struct rows *rows, const struct fail *why, double seconds) {
  struct postgres *p = arg;
  unsigned part = p->asked[tag].part;
  p->poll->seconds[part] += seconds;
  if (!rows)
    part_failed(p, part, why);
  else if (p->collecting[part].section)
    read_rows(p, part, p->asked[tag].query, rows);
  part_answered(p, part);
}

/* Asking */

static unsigned note_asked(struct postgres *p, unsigned part, const struct query *query) {
  p->collecting[part].waits++;
  p->asked[p->asked_count].part = part;
  p->asked[p->asked_count].query = query;
  return p->asked_count++;
}

/* `slot` numbers the queries of all parts. */
static void ask_query(struct postgres *p, unsigned part, unsigned slot, const struct query *q) {
  char parameter[24];
  int64_t value = 0;
  if (q->parameter) memcpy(&value, (const char *)p->memory.options + q->parameter, sizeof value);
  snprintf(parameter, sizeof parameter, "%" PRId64, value);
  link_ask(p->link, &(struct request){.sql = q->sql,
                                      .parameter = q->parameter ? parameter : NULL,
                                      .what = parts[part].name,
                                      .tag = note_asked(p, part, q),
                                      .slot = slot,
                                      .hot = parts[part].every == 0 && part != SERVER});
}

static void ask_part(struct postgres *p, unsigned part, unsigned slot) {
  p->collecting[part] = (struct collecting){.section = section_new(parts[part].name)};
  for (const struct query *q = tables[part]->queries; q && q->sql; q++, slot++)
    if (query_fits(q, &p->memory)) ask_query(p, part, slot, q);
  if (part == STATEMENTS) statements_ask(p->statements, p->link, note_asked(p, part, NULL));
}

static unsigned query_count(const struct pg_part *table) {
  unsigned count = 0;
  for (const struct query *q = table->queries; q && q->sql; q++) count++;
  return count;
}

static bool settings_unchanged(const struct postgres *p) {
  return p->settings && p->settings_configured == p->memory.configured && p->settings_replica == p->memory.replica;
}

static void ask_due(struct postgres *p) {
  unsigned slot = 0;
  for (unsigned part = 0; part < PARTS; slot += query_count(tables[part++])) {
    if (!poll_due(p->poll, part)) continue;
    if (part == SETTINGS && settings_unchanged(p))
      p->poll->sections[part] = section_ref(p->settings);
    else
      ask_part(p, part, slot);
  }
}

static bool run(struct postgres *p, struct fail *f) {
  ask_due(p);
  for (int round = 0; round < ROUNDS_MAX; round++) {
    p->more = false;
    if (!link_run(p->link, &p->poll->wait, on_answer, p, f)) return false;
    if (!p->more) return true;
    p->asked_count = 0;
    statements_ask(p->statements, p->link, note_asked(p, STATEMENTS, NULL));
  }
  return true;
}

static void begin_session(struct postgres *p) {
  p->memory.version = link_version(p->link);
  p->memory.role_known = false;
  statements_session(p->statements, true);
  section_unref(p->settings);
  p->settings = NULL;
}

static bool session(struct postgres *p, struct fail *f) {
  bool spare = p->memory.usable - p->memory.used >= SPARE_CONNECTIONS;
  if (link_is_open(p->link) && spare && clock_now() - link_opened(p->link) > SESSION_MAX) link_close(p->link);
  msec_t before = link_is_open(p->link) ? link_opened(p->link) : -1;
  if (!link_open(p->link, &p->poll->wait, f)) return false;
  if (link_opened(p->link) != before) begin_session(p);
  return true;
}

static bool postgres_poll(void *state, struct poll *poll, struct fail *f) {
  struct postgres *p = state;
  if (p->unusable.kind != FAIL_NONE) {
    *f = p->unusable;
    return false;
  }
  p->poll = poll;
  p->asked_count = 0;
  memset(p->collecting, 0, sizeof p->collecting);
  struct fail broken = {0};
  if (!session(p, f)) return false;
  bool good = run(p, &broken);
  for (unsigned part = 0; part < PARTS; part++)
    if (p->collecting[part].section) part_failed(p, part, &broken);
  p->poll = NULL;
  if (p->memory.blind && poll->sections[ACTIVITY])
    fail(&poll->fails[ACTIVITY], FAIL_PERMISSION,
         "%s shows user %s only its own sessions' states: GRANT pg_monitor to it; until then they count as 0", p->login.place,
         p->login.user);
  bool up = poll->sections[SERVER] != NULL;
  if (up)
    f->kind = FAIL_NONE;
  else
    *f = good ? poll->fails[SERVER] : broken;
  return up;
}

static void catalogue_families(const struct family *family, const char *part, family_fn *each, void *arg) {
  for (; family && family->name; family++) each(family, part, arg);
}

static void postgres_catalogue(family_fn *each, void *arg) {
  for (unsigned part = 0; part < PARTS; part++) {
    const struct metric *before = NULL;
    for (const struct query *q = tables[part]->queries; q && q->sql; before = q->metrics, q++)
      for (size_t i = 0; q->metrics != before && i < q->metric_count; i++) each(&q->metrics[i].family, parts[part].name, arg);
    catalogue_families(tables[part]->families, parts[part].name, each, arg);
  }
  catalogue_families(postgres_status_families, "", each, arg);
}

static bool postgres_prepare(void *opaque, struct arena *a, char *name, size_t size, struct fail *f) {
  const struct postgres_options *o = opaque;
  struct login login;
  if (!login_parse(&login, a, o->address ? o->address : "", o->password, f)) return false;
  login_name(&login, name, size);
  return true;
}

const struct collector postgres_collector = {
    .kind = {.name = "postgres",
             .job = "postgres",
             .summary = "A PostgreSQL server, 12 or newer.",
             .parts = parts,
             .part_count = PARTS,
             .options = options,
             .options_size = sizeof(struct postgres_options),
             .prepare = postgres_prepare},
    .open = postgres_open,
    .poll = postgres_poll,
    .status = postgres_status,
    .close = postgres_close,
    .catalogue = postgres_catalogue,
    .discover = postgres_discover,
};
