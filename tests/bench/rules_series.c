/* The series that the bench of rules looks at: about 2000, named and labelled as the exporters do whose metrics the published alerts read, moving with the
 * wall's time alone, so that who asks at one moment is told the same.
 *
 *   rules_series serve PORT             /metrics, for whoever scrapes it; the port is 127.0.0.1's
 *   rules_series past SECONDS STEP      that much of the past in OpenMetrics, for promtool tsdb create-blocks-from
 *   rules_series remember FILE SECONDS STEP
 *                                       the same as the file that an agent leaves when it ends
 *   rules_series evaluate FILE SECONDS STEP
 *                                       the rules of a file over that much of the past: CPU a round, each in the way of the agent's evaluator */
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alert/evaluator.h"
#include "base/attr.h"
#include "base/clock.h"
#include "history/keep.h"
#include "metric/parser.h"
#include "base/number.h"

static const char *const words[][9] = {
    {""},
    {"active", "idle", "idle in transaction", "disabled", "fastpath function call", "idle in transaction (aborted)"},
    {"AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock",
     "ExclusiveLock", "AccessExclusiveLock", "SIReadLock"},
    {"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"},
    {"activating", "active", "deactivating", "failed", "inactive"},
    {"active", "failed", "recovery", "spare"},
};
/* Label sets: a number 0 … numbers - 1 (%1$zu) with each of the words (%2$s). */
enum shape {
  PLAIN,
  SERVER,
  OPTION,
  DATABASE,
  BACKEND,
  LOCK,
  TABLE,
  SLOT,
  CPU,
  DISK_SPACE,
  NIC,
  DISK,
  UNIT,
  CHIP,
  RAID,
  RAID_STATE,
  BOND,
  ROLE
};
static const struct {
  size_t numbers, words, word_count;
  const char *labels;
} shapes[] = {
    [PLAIN] = {1, 0, 1, ""},
    [SERVER] = {1, 0, 1, "server=\"db:5432\""},
    [OPTION] = {100, 0, 1, "server=\"db:5432\""},
    [DATABASE] = {20, 0, 1, "datid=\"16%1$03zu\",datname=\"shop_%1$zu\",server=\"db:5432\""},
    [BACKEND] = {20, 1, 6, "datname=\"shop_%1$zu\",server=\"db:5432\",state=\"%2$s\""},
    [LOCK] = {20, 2, 9, "datname=\"shop_%1$zu\",mode=\"%2$s\",server=\"db:5432\""},
    [TABLE] = {64, 0, 1, "datname=\"shop_0\",relname=\"table_%1$zu\",schemaname=\"public\",server=\"db:5432\""},
    [SLOT] = {2, 0, 1, "server=\"db:5432\",slot_name=\"standby_%1$zu\""},
    [CPU] = {16, 3, 8, "cpu=\"%1$zu\",mode=\"%2$s\""},
    [DISK_SPACE] = {12, 0, 1, "device=\"/dev/vd%1$zu\",fstype=\"ext4\",mountpoint=\"/srv/%1$zu\""},
    [NIC] = {8, 0, 1, "device=\"eth%1$zu\""},
    [DISK] = {12, 0, 1, "device=\"vd%1$zu\""},
    [UNIT] = {48, 4, 5, "name=\"unit_%1$zu.service\",state=\"%2$s\",type=\"simple\""},
    [CHIP] = {10, 0, 1, "chip=\"platform_coretemp_0\",sensor=\"temp%1$zu\""},
    [RAID] = {2, 0, 1, "device=\"md%1$zu\""},
    [RAID_STATE] = {2, 5, 4, "device=\"md%1$zu\",state=\"%2$s\""},
    [BOND] = {1, 0, 1, "master=\"bond0\""},
    [ROLE] = {1, 0, 1, "role=\"master\",redis_version=\"7.0.15\""},
};

/* How a value goes: a counter by `rate` a second, a gauge around `base`, a time at most an hour back. */
enum course { STAYS, COUNTS, MOVES, RECENT };
static const struct row {
  const char *name;
  enum shape shape;
  enum course course;
  double base, rate;
} rows[] = {
    {"pg_up", SERVER, STAYS, 1, 0},
    {"pg_exporter_last_scrape_error", PLAIN, STAYS, 0, 0},
    {"pg_postmaster_start_time_seconds", SERVER, STAYS, 1.7e9, 0},
    {"pg_txid_current", SERVER, COUNTS, 1e6, 20},
    {"pg_replication_is_replica", SERVER, STAYS, 0, 0},
    {"pg_replication_lag", SERVER, STAYS, 0, 0},
    {"pg_replication_lag_seconds", SERVER, STAYS, 0, 0},
    {"pg_replication_slots_active", SLOT, STAYS, 1, 0},
    {"pg_stat_ssl_compression", SERVER, STAYS, 0, 0},
    {"pg_stat_bgwriter_checkpoints_timed_total", SERVER, COUNTS, 100, 0.0033},
    {"pg_stat_bgwriter_checkpoints_req_total", SERVER, COUNTS, 10, 0.0001},
    {"pg_settings_autovacuum_vacuum_threshold", SERVER, STAYS, 50, 0},
    {"pg_settings_autovacuum_analyze_threshold", SERVER, STAYS, 50, 0},
    {"pg_settings_autovacuum_vacuum_scale_factor", SERVER, STAYS, 0.2, 0},
    {"pg_settings_max_connections", SERVER, STAYS, 500, 0},
    {"pg_settings_superuser_reserved_connections", SERVER, STAYS, 3, 0},
    {"pg_settings_max_locks_per_transaction", SERVER, STAYS, 64, 0},
    {"pg_settings_transaction_read_only", SERVER, STAYS, 0, 0},
    {"pg_settings_option_%zu", OPTION, STAYS, 128, 0},
    {"pg_stat_database_deadlocks", DATABASE, STAYS, 3, 0},
    {"pg_stat_database_xact_rollback", DATABASE, COUNTS, 1000, 0.1},
    {"pg_stat_database_xact_commit", DATABASE, COUNTS, 100000, 40},
    {"pg_stat_database_blks_hit", DATABASE, COUNTS, 1e8, 4000},
    {"pg_stat_database_blks_read", DATABASE, COUNTS, 1e6, 20},
    {"pg_stat_database_numbackends", DATABASE, MOVES, 8, 0},
    {"pg_stat_database_tup_fetched", DATABASE, COUNTS, 1e8, 3000},
    {"pg_stat_database_tup_inserted", DATABASE, COUNTS, 1e6, 30},
    {"pg_stat_database_tup_updated", DATABASE, COUNTS, 1e6, 25},
    {"pg_stat_database_tup_deleted", DATABASE, COUNTS, 1e5, 2},
    {"pg_stat_database_temp_bytes", DATABASE, COUNTS, 1e9, 1000},
    {"pg_stat_activity_count", BACKEND, MOVES, 3, 0},
    {"pg_stat_activity_max_tx_duration", BACKEND, MOVES, 0.4, 0},
    {"pg_locks_count", LOCK, MOVES, 4, 0},
    {"pg_stat_user_tables_n_tup_ins", TABLE, COUNTS, 1e6, 5},
    {"pg_stat_user_tables_n_tup_upd", TABLE, COUNTS, 1e6, 4},
    {"pg_stat_user_tables_n_tup_del", TABLE, COUNTS, 1e5, 1},
    {"pg_stat_user_tables_n_tup_hot_upd", TABLE, COUNTS, 1e6, 3},
    {"pg_stat_user_tables_n_live_tup", TABLE, MOVES, 1e6, 0},
    {"pg_stat_user_tables_n_dead_tup", TABLE, MOVES, 2e4, 0},
    {"pg_stat_user_tables_last_autovacuum", TABLE, RECENT, 0, 0},
    {"pg_stat_user_tables_last_autoanalyze", TABLE, RECENT, 0, 0},
    {"redis_up", PLAIN, STAYS, 1, 0},
    {"redis_instance_info", ROLE, STAYS, 1, 0},
    {"redis_connected_slaves", PLAIN, STAYS, 1, 0},
    {"redis_rdb_last_save_timestamp_seconds", PLAIN, RECENT, 0, 0},
    {"redis_memory_used_bytes", PLAIN, MOVES, 4e8, 0},
    {"redis_memory_max_bytes", PLAIN, STAYS, 1073741824, 0},
    {"redis_total_system_memory_bytes", PLAIN, STAYS, 8589934592, 0},
    {"redis_connected_clients", PLAIN, MOVES, 60, 0},
    {"redis_config_maxclients", PLAIN, STAYS, 10000, 0},
    {"redis_rejected_connections_total", PLAIN, STAYS, 0, 0},
    {"redis_cluster_slots_fail", PLAIN, STAYS, 0, 0},
    {"redis_cluster_slots_pfail", PLAIN, STAYS, 0, 0},
    {"redis_cluster_state", PLAIN, STAYS, 1, 0},
    {"node_cpu_seconds_total", CPU, COUNTS, 1e5, 0.1},
    {"node_context_switches_total", PLAIN, COUNTS, 1e9, 9000},
    {"node_load1", PLAIN, MOVES, 3, 0},
    {"node_memory_MemTotal_bytes", PLAIN, STAYS, 16777216000, 0},
    {"node_memory_MemFree_bytes", PLAIN, MOVES, 2e9, 0},
    {"node_memory_MemAvailable_bytes", PLAIN, MOVES, 9e9, 0},
    {"node_memory_SwapTotal_bytes", PLAIN, STAYS, 2147479552, 0},
    {"node_memory_SwapFree_bytes", PLAIN, MOVES, 1.8e9, 0},
    {"node_vmstat_pgmajfault", PLAIN, COUNTS, 1e5, 0.5},
    {"node_vmstat_oom_kill", PLAIN, STAYS, 0, 0},
    {"node_timex_offset_seconds", PLAIN, MOVES, 0.0001, 0},
    {"node_timex_sync_status", PLAIN, STAYS, 1, 0},
    {"node_timex_maxerror_seconds", PLAIN, MOVES, 0.2, 0},
    {"node_nf_conntrack_entries", PLAIN, MOVES, 4000, 0},
    {"node_nf_conntrack_entries_limit", PLAIN, STAYS, 262144, 0},
    {"node_filefd_allocated", PLAIN, MOVES, 9000, 0},
    {"node_filefd_maximum", PLAIN, STAYS, 1e6, 0},
    {"node_textfile_scrape_error", PLAIN, STAYS, 0, 0},
    {"node_uname_info", PLAIN, STAYS, 1, 0},
    {"node_edac_correctable_errors_total", PLAIN, STAYS, 0, 0},
    {"node_edac_uncorrectable_errors_total", PLAIN, STAYS, 0, 0},
    {"node_filesystem_avail_bytes", DISK_SPACE, MOVES, 4e11, 0},
    {"node_filesystem_size_bytes", DISK_SPACE, STAYS, 1e12, 0},
    {"node_filesystem_files", DISK_SPACE, STAYS, 6e7, 0},
    {"node_filesystem_files_free", DISK_SPACE, MOVES, 5e7, 0},
    {"node_filesystem_readonly", DISK_SPACE, STAYS, 0, 0},
    {"node_filesystem_device_error", DISK_SPACE, STAYS, 0, 0},
    {"node_network_receive_bytes_total", NIC, COUNTS, 1e12, 2e6},
    {"node_network_transmit_bytes_total", NIC, COUNTS, 1e12, 3e6},
    {"node_network_receive_packets_total", NIC, COUNTS, 1e9, 2000},
    {"node_network_transmit_packets_total", NIC, COUNTS, 1e9, 2500},
    {"node_network_receive_errs_total", NIC, STAYS, 0, 0},
    {"node_network_transmit_errs_total", NIC, STAYS, 0, 0},
    {"node_network_speed_bytes", NIC, STAYS, 125000000, 0},
    {"node_disk_io_time_seconds_total", DISK, COUNTS, 1e5, 0.2},
    {"node_disk_io_time_weighted_seconds_total", DISK, COUNTS, 1e5, 0.4},
    {"node_disk_read_time_seconds_total", DISK, COUNTS, 1e4, 0.05},
    {"node_disk_write_time_seconds_total", DISK, COUNTS, 1e5, 0.2},
    {"node_disk_reads_completed_total", DISK, COUNTS, 1e7, 30},
    {"node_disk_writes_completed_total", DISK, COUNTS, 1e8, 90},
    {"node_systemd_unit_state", UNIT, STAYS, 0, 0},
    {"node_hwmon_temp_celsius", CHIP, MOVES, 45, 0},
    {"node_hwmon_temp_max_celsius", CHIP, STAYS, 90, 0},
    {"node_hwmon_temp_crit_alarm_celsius", CHIP, STAYS, 0, 0},
    {"node_md_disks_required", RAID, STAYS, 0, 0},
    {"node_md_disks", RAID_STATE, STAYS, 0, 0},
    {"node_bonding_active", BOND, STAYS, 2, 0},
    {"node_bonding_slaves", BOND, STAYS, 2, 0},
};

/* One series, found once. */
struct series_row {
  const struct row *row;
  char name[80], labels[160];
  size_t number;
};

#define SERIES_MAX 4000
static struct series_row all[SERIES_MAX];
static size_t all_count;

static void make_series(void) {
  for (size_t r = 0; r < COUNTOF(rows); r++)
    for (size_t n = 0; n < shapes[rows[r].shape].numbers; n++)
      for (size_t w = 0; w < shapes[rows[r].shape].word_count; w++) {
        struct series_row *s = &all[all_count];
        *s = (struct series_row){.row = &rows[r], .number = all_count++};
        snprintf(s->name, sizeof s->name, rows[r].name, n);
        snprintf(s->labels, sizeof s->labels, shapes[rows[r].shape].labels, n, words[shapes[rows[r].shape].words][w]);
      }
}

/* At `wall` seconds since 1970. Counters have their own speed each, gauges their own wave. */
static double value(const struct series_row *s, double wall) {
  const struct row *r = s->row;
  double since = wall - 1.7e9, own = (double)(s->number % 7 + 1);
  switch (r->course) {
  case COUNTS:
    return floor((r->base + r->rate * own * since + 3 * sin(since / (20 * own))) * 100) / 100;
  case MOVES:
    return nearbyint(r->base * (1 + 0.3 * sin(since / (60 * own))) * (r->base < 2 ? 1e6 : 1)) / (r->base < 2 ? 1e6 : 1);
  case RECENT:
    return floor(wall / 3600) * 3600;
  default:
    return r->base;
  }
}

static void write_page(struct buf *out, double wall) {
  char number[NUMBER_SIZE];
  for (size_t i = 0; i < all_count; i++) {
    if (!i || all[i].row != all[i - 1].row || all[i].row->shape == OPTION)
      buf_printf(out, "# TYPE %s %s\n", all[i].name, all[i].row->course == COUNTS ? "counter" : "gauge");
    number_format(value(&all[i], wall), number);
    buf_printf(out, all[i].labels[0] ? "%s{%s} %s\n" : "%s%s %s\n", all[i].name, all[i].labels, number);
  }
}

/* serve */

static void answer(int client) {
  char request[4096];
  SCOPED(buf_done) struct buf page, head;
  buf_init(&page, 1 << 22);
  buf_init(&head, 1000);
  if (read(client, request, sizeof request) <= 0) return;
  write_page(&page, clock_wall());
  buf_printf(&head,
             "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
             page.length);
  if (write(client, head.data, head.length) < 0) return;
  for (size_t sent = 0; sent < page.length;) {
    ssize_t n = write(client, page.data + sent, page.length - sent);
    if (n <= 0) return;
    sent += (size_t)n;
  }
}

static int serve(unsigned port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1, listening = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 16)) return perror("rules_series"), 1;
  for (;;) {
    int client = accept(listening, NULL, NULL);
    if (client < 0) continue;
    answer(client);
    close(client);
  }
}

/* past */

static int past(double seconds, double step) {
  char number[NUMBER_SIZE];
  double now = floor(clock_wall());
  for (double at = now - seconds; at <= now; at += step)
    for (size_t i = 0; i < all_count; i++) {
      number_format(value(&all[i], at), number);
      printf("%s{%s%sinstance=\"app\",job=\"app\",target=\"app\"} %s %.0f\n", all[i].name, all[i].labels,
             all[i].labels[0] ? "," : "", number, at);
    }
  puts("# EOF");
  return 0;
}

/* evaluate */

static bool add_sample(void *section, const struct parsed_sample *p) {
  struct section *s = section;
  const struct family *family = section_family(s, p->name, METRIC_UNTYPED, "");
  section_add(s, family, section_labels(s, p->labels, p->label_count), p->value);
  return true;
}

/* What a scrape at this time would append. */
static void append(struct shard *shard, struct identity *id, msec_t time, double wall) {
  SCOPED(buf_done) struct buf page;
  struct parser_place where;
  struct fail why;
  struct section *s = section_new("page");
  buf_init(&page, 1 << 22);
  write_page(&page, wall);
  const struct parser_events events = {.context = s, .sample = add_sample};
  if (!exposition_parse(page.data, page.length, EXPOSITION_TEXT, false, &events, &where, &why)) fprintf(stderr, "%s\n", why.text);
  struct batch *b = batch_new(id, 1);
  b->time = time;
  b->up = b->polled = true;
  b->sections[0] = section_finish(s);
  shard_append(shard, b);
  batch_unref(b);
}

/* A history of that much past, from time 0 on, which was at `start`. */
static struct history *filled(struct identity *id, struct shard **ret, double start, double seconds, double step) {
  struct history *h = history_new((msec_t)(seconds * 1000), (size_t)1 << 30);
  *ret = history_add(h, id);
  for (double at = step; at <= seconds; at += step) append(*ret, id, (msec_t)(at * 1000), start + at);
  return h;
}

static int remember(const char *file, double seconds, double step) {
  struct fail why;
  struct identity *id = identity_new("app", "metrics", "app", "app");
  struct shard *shard;
  double start = clock_wall() - seconds;
  struct history *h = filled(id, &shard, start, seconds, step);
  bool good = history_save(h, file, (msec_t)(start * 1000), &why);
  if (!good) fprintf(stderr, "%s\n", why.text);
  history_free(h);
  identity_unref(id);
  return good ? 0 : 1;
}

static size_t resident_kilobytes(void) {
  size_t pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (!f || fscanf(f, "%*u %zu", &pages) != 1) pages = 0;
  if (f) fclose(f);
  return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static void print_rules(struct evaluator *e) {
  struct rules_view *v = evaluator_view(e);
  size_t health[RULE_ERROR + 1] = {0};
  for (size_t i = 0; i < v->count; i++) {
    health[v->rules[i].health]++;
    if (v->rules[i].health == RULE_ERROR) printf("%s: %s\n", v->rules[i].name, v->rules[i].error);
  }
  for (size_t i = 0; i < COUNTOF(health); i++)
    if (health[i]) printf("  %zu rules are %s\n", health[i], rule_health_name((enum rule_health)i));
  rules_view_unref(v);
}

enum { ROUNDS = 30 };
static int evaluate(const char *file, double seconds, double step) {
  struct fail why = {0};
  struct rule_set *rules = rules_load(&(struct strings){.items = &file, .count = 1}, &why);
  if (!rules) return fprintf(stderr, "%s\n", why.text), 1;
  double start = clock_wall() - seconds, best = 1e9, sum = 0, at = floor(seconds / step) * step + step;
  size_t before = resident_kilobytes();
  struct shard *shard;
  struct identity *id = identity_new("app", "metrics", "app", "app");
  struct history *h = filled(id, &shard, start, seconds, step);
  struct evaluator *e = evaluator_new(h, NULL, NULL);
  evaluator_apply(e, config_new(), rules);
  for (int i = 0; i < ROUNDS; i++, at += step) {
    append(shard, id, (msec_t)(at * 1000), start + at);
    double begun = clock_cpu();
    evaluator_step(e, (msec_t)(at * 1000), (int64_t)((start + at) * 1000));
    best = MIN(best, clock_cpu() - begun);
    sum += clock_cpu() - begun;
  }
  struct history_stats stats = history_stats(h);
  printf("%zu series, %.0f s of past at %g s: %zu kB of history; resident %zu kB, before %zu kB\n", stats.series, seconds, step,
         stats.bytes / 1024, resident_kilobytes(), before);
  printf("a round of %zu rules: %.2f ms of CPU, the best %.2f ms\n", rules->rule_count, sum / ROUNDS * 1e3, best * 1e3);
  print_rules(e);
  evaluator_free(e);
  history_free(h);
  identity_unref(id);
  return 0;
}

int main(int argc, char **argv) {
  make_series();
  if (argc == 3 && !strcmp(argv[1], "serve")) return serve((unsigned)atoi(argv[2]));
  if (argc == 4 && !strcmp(argv[1], "past")) return past(atof(argv[2]), atof(argv[3]));
  if (argc == 5 && !strcmp(argv[1], "remember")) return remember(argv[2], atof(argv[3]), atof(argv[4]));
  if (argc == 5 && !strcmp(argv[1], "evaluate")) return evaluate(argv[2], atof(argv[3]), atof(argv[4]));
  fprintf(stderr, "usage: %s serve PORT | past SECONDS STEP | remember FILE SECONDS STEP | evaluate FILE SECONDS STEP\n", argv[0]);
  return 2;
}
