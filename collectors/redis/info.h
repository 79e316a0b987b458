/* INFO as samples. Pure: text in, samples out. A field is a row of info_rows.c; a line that brings labels (cmdstat_get, db0, slave0 …) has
 * a writer in info_lines.c; what follows from several fields (instance_info, ratios) is written last, by info_server.c. */
#ifndef SONDE_COLLECTORS_REDIS_INFO_H
#define SONDE_COLLECTORS_REDIS_INFO_H

#include "base/arena.h"
#include "base/fail.h"
#include "base/map.h"
#include "collectors/collector.h"

/* Fields that later lines or the end of the text need. */
enum keep {
  KEEP_NONE,
  KEEP_BUILD_ID,
  KEEP_CLUSTER,
  KEEP_LAST_IO,
  KEEP_LINK_STATUS,
  KEEP_LOADING,
  KEEP_MASTER_HOST,
  KEEP_MASTER_PORT,
  KEEP_MAXMEMORY,
  KEEP_MODE,
  KEEP_OS,
  KEEP_POLICY,
  KEEP_PROCESS_ID,
  KEEP_READ_ONLY,
  KEEP_ROLE,
  KEEP_RSS,
  KEEP_RUN_ID,
  KEEP_SERVER_TIME,
  KEEP_SLAVE_OFFSET,
  KEEP_SYNC,
  KEEP_TCP_PORT,
  KEEP_UPTIME,
  KEEP_USED_MEMORY,
  KEEP_VALKEY_STAGE,
  KEEP_VALKEY_VERSION,
  KEEP_VERSION,
  KEEP_COUNT
};

struct info_row {
  const char *field;
  double divisor; /* of the value */
  enum keep keep;
  struct family family; /* without a name: the field is kept only */
};
extern const struct info_row info_rows[]; /* sorted by field */
extern const size_t info_row_count;

struct slice {
  const char *text; /* NULL: the field was not there */
  size_t length;
};

/* Where the rows were found the last time: a server sends its fields in the same order at every poll. */
struct info_memory {
  uint16_t rows[320];
};

/* What the collector itself wants to know. */
struct info_facts {
  bool cluster, loading;
  char run_id[48];
};

#define INFO_DATABASES_MAX 1024 /* databases without keys that are shown */

/* One reading of one INFO. */
struct info_pass {
  struct section *section;
  struct arena *arena; /* for what must live until the end of the text */
  struct info_memory *memory;
  double wall;       /* seconds since 1970, for servers that do not tell their time */
  int64_t databases; /* how many the server has */
  size_t lookups, known;
  struct slice kept[KEEP_COUNT];
  struct map commands; /* cmdstat lines by command, for the percentiles of the same command */
  uint8_t seen[INFO_DATABASES_MAX / 8];
};

/* Reads the whole text. The caller sets section, arena, memory, wall and databases, the rest is zero. False with FAIL_PROTOCOL when no line of it
 * is a field of INFO. */
bool info_write(struct info_pass *p, const char *text, size_t length, struct info_facts *ret, struct fail *f) MUST_CHECK;
/* Reads the text of CLUSTER INFO. */
bool info_write_cluster(struct section *s, const char *text, size_t length, struct fail *f) MUST_CHECK;
void info_catalogue(family_fn *each, const char *info_part, const char *cluster_part, void *arg);

/* A number, or 1 for ok and true, 0 for err, fail and false. */
bool info_number(struct slice value, double *ret) MUST_CHECK;
bool slice_is(struct slice s, const char *text);
/* True when the line begins with a labelled field and was dealt with. */
bool info_labelled_line(struct info_pass *p, struct slice field, struct slice value);
/* After the last line: the databases that had none. */
void info_labelled_end(struct info_pass *p);
void info_labelled_catalogue(family_fn *each, const char *part, void *arg);
/* Writes what follows from the kept fields. */
void info_server(struct info_pass *p);
void info_server_catalogue(family_fn *each, const char *part, void *arg);

#endif
