/* The lines of INFO that bring labels: cmdstat_get:calls=3,usec=16 and their like. What is between the commas is read by name, never by
 * place: Redis 7.4 and Valkey put new things where others used to be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/redis/info.h"

/* A piece name=value of a line as a sample. */
struct piece {
  const char *name, *alias; /* alias: how another server calls it; or NULL */
  double divisor;
  struct family family;
};

static const struct piece command_pieces[] = {
    {"calls", NULL, 1, {"redis_commands_total", "Calls of each command.", METRIC_COUNTER, "cmd", false}},
    {"usec",
     NULL,
     1e6,
     {"redis_commands_duration_seconds_total", "CPU seconds spent in each command.", METRIC_COUNTER, "cmd", false}},
    {"rejected_calls",
     NULL,
     1,
     {"redis_commands_rejected_calls_total", "Calls refused before they ran.", METRIC_COUNTER, "cmd", false}},
    {"failed_calls",
     NULL,
     1,
     {"redis_commands_failed_calls_total", "Calls that failed while they ran.", METRIC_COUNTER, "cmd", false}},
};
static const struct piece error_pieces[] = {
    {"count", NULL, 1, {"redis_errors_total", "Error replies by their first word.", METRIC_COUNTER, "err", false}},
};
static const struct piece database_pieces[] = {
    {"keys", NULL, 1, {"redis_db_keys", "Keys of each database.", METRIC_GAUGE, "db", false}},
    {"expires", NULL, 1, {"redis_db_keys_expiring", "Keys of each database that will expire.", METRIC_GAUGE, "db", false}},
    {"avg_ttl",
     NULL,
     1e3,
     {"redis_db_avg_ttl_seconds", "Mean time to live of the keys that will expire.", METRIC_GAUGE, "db", false}},
    {"cached_keys", NULL, 1, {"redis_db_keys_cached", "Keys held in memory in front of storage.", METRIC_GAUGE, "db", false}},
    {"subexpiry",
     "keys_with_volatile_items",
     1,
     {"redis_db_keys_with_expiring_items", "Keys with items that will expire.", METRIC_GAUGE, "db", false}},
};
#define REPLICA_LABELS "slave_ip,slave_port,slave_state"
static const struct piece replica_pieces[] = {
    {"offset",
     NULL,
     1,
     {"redis_connected_slave_offset_bytes", "Replication offset of each replica.", METRIC_GAUGE, REPLICA_LABELS, false}},
    {"lag",
     NULL,
     1,
     {"redis_connected_slave_lag_seconds", "Seconds since each replica was heard of.", METRIC_GAUGE, REPLICA_LABELS, false}},
};
#define MASTER_LABELS "master_address,master_name"
static const struct piece master_pieces[] = {
    {"slaves", NULL, 1, {"redis_sentinel_master_slaves", "Replicas of each watched master.", METRIC_GAUGE, MASTER_LABELS, false}},
    {"sentinels",
     NULL,
     1,
     {"redis_sentinel_master_sentinels", "Sentinels that watch each master.", METRIC_GAUGE, MASTER_LABELS, false}},
};
static const struct family master_status = {"redis_sentinel_master_status", "State of each watched master.", METRIC_GAUGE,
                                            "master_address,master_name,master_status", false};
/* Its quantiles are percentages, which OpenMetrics forbids. */
static const struct family percentiles = {"redis_latency_percentiles_usec", "Microseconds a command took, at percentiles.",
                                          METRIC_SUMMARY, "cmd,quantile", true};
static const struct family thread_time = {"redis_active_time_io_thread_seconds_total", "Seconds in which each I/O thread worked.",
                                          METRIC_COUNTER, "thread", false};

enum { COMMANDS_MAX = 4096 }; /* Redis has about 400, modules bring more */

struct command {
  labels_t labels;
  double calls, usec;
};

/* ---- pieces ---- */

/* Takes the next name=value from *rest. */
static bool next_pair(struct slice *rest, struct slice *name, struct slice *value) {
  if (!rest->length) return false;
  const char *comma = memchr(rest->text, ',', rest->length);
  size_t length = comma ? (size_t)(comma - rest->text) : rest->length, taken = comma ? length + 1 : length;
  const char *equals = memchr(rest->text, '=', length);
  size_t name_length = equals ? (size_t)(equals - rest->text) : length;
  *name = (struct slice){rest->text, name_length};
  *value = (struct slice){rest->text + name_length + (equals != NULL), length - name_length - (equals != NULL)};
  *rest = (struct slice){rest->text + taken, rest->length - taken};
  return true;
}

static struct slice find_pair(struct slice rest, const char *wanted) {
  struct slice name, value;
  while (next_pair(&rest, &name, &value)) {
    if (slice_is(name, wanted)) return value;
  }
  return (struct slice){NULL, 0};
}

static double pair_number(struct slice rest, const char *wanted) {
  double number;
  return info_number(find_pair(rest, wanted), &number) ? number : 0;
}

static struct label label_of(const char *name, struct slice value) {
  return (struct label){name, value.text ? value.text : "", value.text ? value.length : 0};
}

static bool is_piece(const struct piece *piece, struct slice name) {
  return slice_is(name, piece->name) || (piece->alias && slice_is(name, piece->alias));
}

static void write_pieces(struct info_pass *p, const struct piece *pieces, size_t count, labels_t labels, struct slice rest) {
  struct slice name, value;
  double number;
  while (next_pair(&rest, &name, &value)) {
    size_t i = 0;
    while (i < count && !is_piece(&pieces[i], name)) i++;
    if (i < count && info_number(value, &number)) section_add(p->section, &pieces[i].family, labels, number / pieces[i].divisor);
  }
}

/* ---- lines ---- */

static bool all_digits(struct slice s) {
  for (size_t i = 0; i < s.length; i++) {
    if (s.text[i] < '0' || s.text[i] > '9') return false;
  }
  return s.length > 0;
}

static bool write_command(struct info_pass *p, struct slice name, struct slice value) {
  if (p->commands.count == COMMANDS_MAX) return true;
  struct command *c = arena_alloc(p->arena, sizeof *c);
  struct label label = label_of("cmd", name);
  c->labels = section_labels(p->section, &label, 1);
  c->calls = pair_number(value, "calls");
  c->usec = pair_number(value, "usec");
  *map_slot(&p->commands, name.text, name.length) = c;
  write_pieces(p, command_pieces, COUNTOF(command_pieces), c->labels, value);
  return true;
}

static bool write_percentiles(struct info_pass *p, struct slice name, struct slice value) {
  struct slice quantile, duration;
  double number;
  while (next_pair(&value, &quantile, &duration)) {
    if (quantile.length < 2 || quantile.text[0] != 'p' || !info_number(duration, &number)) continue;
    struct label labels[] = {label_of("cmd", name), {"quantile", quantile.text + 1, quantile.length - 1}};
    section_add(p->section, &percentiles, section_labels(p->section, labels, 2), number);
  }
  const struct command *c = map_find(&p->commands, name.text, name.length);
  if (!c) return true;
  section_add_suffix(p->section, &percentiles, SUFFIX_SUM, c->labels, c->usec);
  section_add_suffix(p->section, &percentiles, SUFFIX_COUNT, c->labels, c->calls);
  return true;
}

static bool write_error(struct info_pass *p, struct slice name, struct slice value) {
  struct label label = label_of("err", name);
  write_pieces(p, error_pieces, COUNTOF(error_pieces), section_labels(p->section, &label, 1), value);
  return true;
}

static bool write_database(struct info_pass *p, struct slice number, struct slice value) {
  if (!all_digits(number)) return false;
  unsigned long index = strtoul(number.text, NULL, 10);
  if (index < INFO_DATABASES_MAX) p->seen[index / 8] |= (uint8_t)(1u << index % 8);
  struct label label = {"db", number.text - 2, number.length + 2};
  write_pieces(p, database_pieces, COUNTOF(database_pieces), section_labels(p->section, &label, 1), value);
  return true;
}

static bool write_replica(struct info_pass *p, struct slice number, struct slice value) {
  if (!all_digits(number)) return false;
  struct label labels[] = {
      label_of("slave_ip", find_pair(value, "ip")),
      label_of("slave_port", find_pair(value, "port")),
      label_of("slave_state", find_pair(value, "state")),
  };
  labels_t set = section_labels(p->section, labels, COUNTOF(labels));
  write_pieces(p, replica_pieces, COUNTOF(replica_pieces), set, value);
  return true;
}

static bool write_master(struct info_pass *p, struct slice number, struct slice value) {
  if (!all_digits(number)) return false;
  struct label labels[] = {
      label_of("master_address", find_pair(value, "address")),
      label_of("master_name", find_pair(value, "name")),
      label_of("master_status", find_pair(value, "status")),
  };
  section_add(p->section, &master_status, section_labels(p->section, labels, 3), 1);
  write_pieces(p, master_pieces, COUNTOF(master_pieces), section_labels(p->section, labels, 2), value);
  return true;
}

static bool write_thread(struct info_pass *p, struct slice number, struct slice value) {
  double seconds;
  struct label label = label_of("thread", number);
  if (all_digits(number) && info_number(value, &seconds)) {
    section_add(p->section, &thread_time, section_labels(p->section, &label, 1), seconds);
  }
  return true;
}

static const struct line {
  const char *prefix;
  size_t length;
  bool (*write)(struct info_pass *p, struct slice rest, struct slice value); /* false when it is not such a line after all */
} lines[] = {
#define LINE(prefix, write)                                                                                                        \
  { prefix, sizeof prefix - 1, write }
    LINE("cmdstat_", write_command),
    LINE("latency_percentiles_usec_", write_percentiles),
    LINE("errorstat_", write_error),
    LINE("db", write_database),
    LINE("slave", write_replica),
    LINE("master", write_master),
    LINE("used_active_time_io_thread_", write_thread),
};

bool info_labelled_line(struct info_pass *p, struct slice field, struct slice value) {
  for (size_t i = 0; i < COUNTOF(lines); i++) {
    const struct line *line = &lines[i];
    if (field.text[0] != line->prefix[0] || field.length <= line->length || memcmp(field.text, line->prefix, line->length) != 0)
      continue;
    struct slice rest = {field.text + line->length, field.length - line->length};
    if (!line->write(p, rest, value)) return false;
    p->known++;
    return true;
  }
  return false;
}

/* Databases without keys are not in INFO; a dashboard that sums or divides wants their zero. */
static void write_empty_databases(struct info_pass *p) {
  for (int64_t i = 0; i < MIN(p->databases, INFO_DATABASES_MAX); i++) {
    if (p->seen[i / 8] >> i % 8 & 1) continue;
    char name[24];
    snprintf(name, sizeof name, "db%d", (int)i);
    labels_t labels = section_label_pairs(p->section, "db", name, NULL);
    section_add(p->section, &database_pieces[0].family, labels, 0);
    section_add(p->section, &database_pieces[1].family, labels, 0);
  }
}

void info_labelled_end(struct info_pass *p) {
  map_done(&p->commands);
  if (!slice_is(p->kept[KEEP_MODE], "sentinel")) write_empty_databases(p);
}

static void list_pieces(const struct piece *pieces, size_t count, family_fn *each, const char *part, void *arg) {
  for (size_t i = 0; i < count; i++) each(&pieces[i].family, part, arg);
}

void info_labelled_catalogue(family_fn *each, const char *part, void *arg) {
  list_pieces(command_pieces, COUNTOF(command_pieces), each, part, arg);
  each(&percentiles, part, arg);
  list_pieces(error_pieces, COUNTOF(error_pieces), each, part, arg);
  list_pieces(database_pieces, COUNTOF(database_pieces), each, part, arg);
  list_pieces(replica_pieces, COUNTOF(replica_pieces), each, part, arg);
  each(&master_status, part, arg);
  list_pieces(master_pieces, COUNTOF(master_pieces), each, part, arg);
  each(&thread_time, part, arg);
}
