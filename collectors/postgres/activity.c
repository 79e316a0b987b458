/* Part `activity`: who is connected and what they do, from one pass over pg_stat_activity.
 *
 * pg_stat_activity_count has the seven labels of the newest exporter, and like there every database has a series of 0 for each
 * state that nobody is in. Application names come from outside and often hold a process id: long runs of digits are folded, and
 * past a number of series the rest is counted under "other". What people alert on has names of its own, by database or role alone.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"
#include "collectors/postgres/part.h"

#define GROUPS_MAX 200
#define BY_SESSION "application_name,backend_type,datname,state,usename,wait_event,wait_event_type"

enum { COUNT, TX, USED, ROLES, BLOCKED, LONGEST_QUERY, LONGEST_TX, LONGEST_IDLE, OLDEST_XMIN };
static const struct family families[] = {
    [COUNT] = {"pg_stat_activity_count", "Sessions in this state.", METRIC_GAUGE, BY_SESSION, false},
    [TX] = {"pg_stat_activity_max_tx_duration", "Seconds that the longest transaction among them has been running.", METRIC_GAUGE,
            BY_SESSION, false},
    [USED] = {"pg_connections_used", "Connections of clients, our own included; compare with pg_connections_usable.", METRIC_GAUGE,
              NULL, false},
    [ROLES] = {"pg_roles_connections", "Connections of a role; compare with pg_roles_connection_limit.", METRIC_GAUGE, "rolname",
               false},
    [BLOCKED] = {"pg_sessions_blocked", "Sessions that wait for a lock.", METRIC_GAUGE, "datname", false},
    [LONGEST_QUERY] = {"pg_sessions_longest_query_seconds", "How long the longest statement that runs now has been running.",
                       METRIC_GAUGE, "datname", false},
    [LONGEST_TX] = {"pg_sessions_longest_transaction_seconds", "How long the oldest open transaction of a client is open.",
                    METRIC_GAUGE, "datname", false},
    [LONGEST_IDLE] = {"pg_sessions_longest_idle_in_transaction_seconds", "How long a client has been idle within a transaction.",
                      METRIC_GAUGE, "datname", false},
    [OLDEST_XMIN] = {"pg_sessions_oldest_xmin_transactions",
                     "Transactions since the oldest snapshot that a session holds; vacuum cannot remove rows that died since.",
                     METRIC_GAUGE, "datname", false},
    {0},
};

static const char *const states[] = {
    "active", "idle", "idle in transaction", "idle in transaction (aborted)", "fastpath function call", "disabled"};

enum {
  DATNAME,
  STATE,
  USENAME,
  APPLICATION,
  BACKEND,
  WAIT_TYPE,
  WAIT,
  LABEL_COLUMNS,
  OWN = LABEL_COLUMNS,
  SESSIONS,
  TX_AGE,
  QUERY_AGE,
  IDLE_AGE,
  XMIN_AGE,
  COLUMNS
};
static const char *const column_names[COLUMNS] = {"datname",         "state",      "usename", "application_name", "backend_type",
                                                  "wait_event_type", "wait_event", "own",     "sessions",         "tx_age",
                                                  "query_age",       "idle_age",   "xmin_age"};

struct database {
  const char *name;
  bool seen[COUNTOF(states)];
  double blocked, query, tx, idle, xmin;
  struct database *next;
};
struct group {
  const char *texts[LABEL_COLUMNS];
  double sessions, tx;
  struct group *next;
};
struct role {
  const char *name;
  double sessions;
  struct role *next;
};

/* Everything of one answer. */
struct activity {
  const struct rows *rows;
  size_t columns[COLUMNS];
  struct arena arena;
  struct map database_of, group_of, role_of;
  struct database *databases;
  struct group *groups;
  struct role *roles;
  double used;
};

static const char *text(const struct activity *a, size_t row, size_t column) {
  struct cell c = rows_cell(a->rows, row, a->columns[column]);
  return c.text ? c.text : "";
}

static double number(const struct activity *a, size_t row, size_t column) {
  double value;
  return cell_number(rows_cell(a->rows, row, a->columns[column]), &value) ? value : 0;
}

/* "puma 12345" and "puma 12346" are one application. */
static const char *fold_digits(struct arena *arena, const char *name) {
  char *out = arena_copy(arena, name), *to = out;
  for (const char *p = name; *p;) {
    size_t digits = strspn(p, "0123456789");
    if (digits >= 3) {
      *to++ = 'N';
      p += digits;
    } else {
      memcpy(to, p, MAX(digits, 1));
      to += MAX(digits, 1);
      p += MAX(digits, 1);
    }
  }
  *to = '\0';
  return out;
}

static struct database *database_of(struct activity *a, const char *name) {
  void **slot = map_slot(&a->database_of, name, strlen(name));
  if (!*slot) {
    struct database *d = arena_alloc(&a->arena, sizeof *d);
    *d = (struct database){.name = name, .next = a->databases};
    *slot = a->databases = d;
  }
  return *slot;
}

static int state_index(const char *state) {
  for (size_t i = 0; i < COUNTOF(states); i++)
    if (strcmp(states[i], state) == 0) return (int)i;
  return -1;
}

static struct group *group_of(struct activity *a, const char *const texts[LABEL_COLUMNS]) {
  struct buf key;
  buf_init(&key, 64u << 10);
  for (size_t i = 0; i < LABEL_COLUMNS; i++) buf_put(&key, texts[i], strlen(texts[i]) + 1);
  const char *kept = arena_copy_bytes(&a->arena, key.data, key.length);
  void **slot = map_slot(&a->group_of, kept, key.length);
  buf_done(&key);
  if (!*slot) {
    struct group *g = arena_alloc(&a->arena, sizeof *g);
    memcpy(g->texts, texts, sizeof g->texts);
    g->next = a->groups;
    *slot = a->groups = g;
  }
  return *slot;
}

static void add_to_group(struct activity *a, size_t row) {
  const char *texts[LABEL_COLUMNS];
  for (size_t i = 0; i < LABEL_COLUMNS; i++) texts[i] = text(a, row, i);
  texts[APPLICATION] = fold_digits(&a->arena, texts[APPLICATION]);
  if (a->group_of.count >= GROUPS_MAX) {
    texts[APPLICATION] = "other";
    texts[WAIT_TYPE] = texts[WAIT] = texts[USENAME] = "";
  }
  struct group *g = group_of(a, texts);
  g->sessions += number(a, row, SESSIONS);
  g->tx = MAX(g->tx, number(a, row, TX_AGE));
}

static void add_to_role(struct activity *a, const char *name, double sessions) {
  void **slot = map_slot(&a->role_of, name, strlen(name));
  if (!*slot) {
    struct role *r = arena_alloc(&a->arena, sizeof *r);
    *r = (struct role){.name = name, .next = a->roles};
    *slot = a->roles = r;
  }
  ((struct role *)*slot)->sessions += sessions;
}

static void add_to_database(struct activity *a, struct database *d, size_t row) {
  if (strcmp(text(a, row, WAIT_TYPE), "Lock") == 0) d->blocked += number(a, row, SESSIONS);
  d->query = MAX(d->query, number(a, row, QUERY_AGE));
  d->idle = MAX(d->idle, number(a, row, IDLE_AGE));
  d->xmin = MAX(d->xmin, number(a, row, XMIN_AGE));
  if (strcmp(text(a, row, BACKEND), "client backend") == 0) d->tx = MAX(d->tx, number(a, row, TX_AGE));
}

/* Without pg_read_all_stats a foreign session shows who it is but not what it is: with a database, it is a client. */
static bool is_client(const struct activity *a, size_t row) {
  const char *type = text(a, row, BACKEND);
  return strcmp(type, "client backend") == 0 || (!*type && *text(a, row, DATNAME));
}

static void add_row(struct activity *a, size_t row) {
  double sessions = number(a, row, SESSIONS);
  if (sessions > 0 && is_client(a, row)) {
    a->used += sessions;
    add_to_role(a, text(a, row, USENAME), sessions);
  }
  const char *name = text(a, row, DATNAME);
  if (!*name) return;
  struct database *d = database_of(a, name);
  int state = state_index(text(a, row, STATE));
  if (number(a, row, OWN) != 0 || sessions == 0) return;
  add_to_database(a, d, row);
  if (state < 0) return;
  d->seen[state] = true;
  add_to_group(a, row);
}

static void write_groups(const struct activity *a, struct section *s) {
  for (const struct group *g = a->groups; g; g = g->next) {
    struct label labels[LABEL_COLUMNS];
    for (size_t i = 0; i < LABEL_COLUMNS; i++) labels[i] = (struct label){column_names[i], g->texts[i], LABEL_STRING};
    labels_t set = section_labels(s, labels, LABEL_COLUMNS);
    section_add(s, &families[COUNT], set, g->sessions);
    section_add(s, &families[TX], set, g->tx);
  }
  for (const struct database *d = a->databases; d; d = d->next)
    for (size_t i = 0; i < COUNTOF(states); i++) {
      if (d->seen[i]) continue;
      labels_t set = section_label_pairs(s, "datname", d->name, "state", states[i], NULL);
      section_add(s, &families[COUNT], set, 0);
      section_add(s, &families[TX], set, 0);
    }
}

static void write_totals(const struct activity *a, struct section *s) {
  section_add(s, &families[USED], 0, a->used);
  for (const struct role *r = a->roles; r; r = r->next)
    section_add(s, &families[ROLES], section_label_pairs(s, "rolname", r->name, NULL), r->sessions);
  for (const struct database *d = a->databases; d; d = d->next) {
    labels_t set = section_label_pairs(s, "datname", d->name, NULL);
    section_add(s, &families[BLOCKED], set, d->blocked);
    section_add(s, &families[LONGEST_QUERY], set, d->query);
    section_add(s, &families[LONGEST_TX], set, d->tx);
    section_add(s, &families[LONGEST_IDLE], set, d->idle);
    section_add(s, &families[OLDEST_XMIN], set, d->xmin);
  }
}

static void read_activity(struct memory *m, const struct rows *rows, struct section *s) {
  struct activity a = {.rows = rows};
  arena_init(&a.arena);
  for (size_t i = 0, last = NO_COLUMN; i < COLUMNS; i++) a.columns[i] = last = rows_column_after(rows, last, column_names[i]);
  for (size_t row = 0; row < rows->count; row++) add_row(&a, row);
  write_groups(&a, s);
  write_totals(&a, s);
  m->used = a.used;
  map_done(&a.database_of);
  map_done(&a.group_of);
  map_done(&a.role_of);
  arena_done(&a.arena);
}

static const struct query queries[] = {
    {.sql =
         "SELECT a.datname, a.state, a.usename, a.application_name, a.backend_type, a.wait_event_type, a.wait_event,"
         " a.pid = pg_backend_pid() AS own, count(*) AS sessions, max(extract(epoch FROM now() - a.xact_start))::float8 AS tx_age,"
         " max(CASE WHEN a.state = 'active' AND a.backend_type = 'client backend' THEN extract(epoch FROM now() - a.query_start) "
         "END)::float8"
         "  AS query_age,"
         " max(CASE WHEN a.state LIKE 'idle in transaction%' THEN extract(epoch FROM now() - a.state_change) END)::float8 AS "
         "idle_age,"
         " max(age(a.backend_xmin)) AS xmin_age FROM pg_stat_activity a GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
         " UNION ALL SELECT datname, NULL, NULL, NULL, NULL, NULL, NULL, false, 0, NULL, NULL, NULL, NULL FROM pg_database ORDER "
         "BY 1, 2, 3, 4, 5, 6, 7, 8",
     .read = read_activity},
    {0},
};

const struct pg_part pg_activity = {.queries = queries, .families = families};
