/* What several fields of INFO say together: who the server is, its role, its link to a master, and the ratios people alert on. */
#include <math.h>

#include "collectors/redis/info.h"

static const struct family instance_info = {
    "redis_instance_info", "Who this server is; always 1.", METRIC_GAUGE,
    "maxmemory_policy,os,process_id,redis_build_id,redis_mode,redis_version,role,run_id,tcp_port,"
    "valkey_release_stage,valkey_version",
    false};
static const struct family role_family = {"redis_role", "1 for the role that this server has, 0 for the others.", METRIC_GAUGE,
                                          "role", false};
static const struct family start_time = {"redis_start_time_seconds", "When the server started, seconds since 1970.", METRIC_GAUGE,
                                         NULL, false};
static const struct family used_ratio = {
    "redis_memory_used_ratio", "Allocated bytes as a share of the memory limit, where there is one.", METRIC_GAUGE, NULL, false};
static const struct family fragmentation = {"redis_memory_fragmentation_ratio", "Resident to allocated bytes.", METRIC_GAUGE, NULL,
                                            false};

#define LINK_LABELS "master_host,master_port"
static const struct family slave_info = {"redis_slave_info", "Which master this replica follows; always 1.", METRIC_GAUGE,
                                         "master_host,master_port,read_only", false};
static const struct family link_up = {"redis_master_link_up", "Whether the link to the master is up.", METRIC_GAUGE, LINK_LABELS,
                                      false};
/* Fields of a replica that are shown with the address of its master. */
static const struct {
  enum keep keep;
  struct family family;
} link_rows[] = {
    {KEEP_LAST_IO,
     {"redis_master_last_io_seconds_ago", "Seconds since the master was heard of, -1 when the link is down.", METRIC_GAUGE,
      LINK_LABELS, false}},
    {KEEP_SYNC,
     {"redis_master_sync_in_progress", "Whether the master is sending its whole data.", METRIC_GAUGE, LINK_LABELS, false}},
    {KEEP_SLAVE_OFFSET, {"redis_slave_repl_offset", "Replication offset of this replica.", METRIC_GAUGE, LINK_LABELS, false}},
};

static struct label kept_label(const struct info_pass *p, const char *name, enum keep keep) {
  struct slice value = p->kept[keep];
  return (struct label){name, value.text ? value.text : "", value.text ? value.length : 0};
}

static bool kept_number(const struct info_pass *p, enum keep keep, double *ret) {
  return info_number(p->kept[keep], ret);
}

static void write_instance(struct info_pass *p) {
  struct label labels[] = {
      kept_label(p, "maxmemory_policy", KEEP_POLICY),
      kept_label(p, "os", KEEP_OS),
      kept_label(p, "process_id", KEEP_PROCESS_ID),
      kept_label(p, "redis_build_id", KEEP_BUILD_ID),
      kept_label(p, "redis_mode", KEEP_MODE),
      kept_label(p, "redis_version", KEEP_VERSION),
      kept_label(p, "role", KEEP_ROLE),
      kept_label(p, "run_id", KEEP_RUN_ID),
      kept_label(p, "tcp_port", KEEP_TCP_PORT),
      kept_label(p, "valkey_release_stage", KEEP_VALKEY_STAGE),
      kept_label(p, "valkey_version", KEEP_VALKEY_VERSION),
  };
  section_add(p->section, &instance_info, section_labels(p->section, labels, COUNTOF(labels)), 1);
}

static void write_role(struct info_pass *p) {
  static const char *const roles[] = {"master", "slave", "sentinel"};
  struct slice role = p->kept[KEEP_ROLE];
  if (!role.text) role = p->kept[KEEP_MODE]; /* a sentinel tells no role */
  for (size_t i = 0; i < COUNTOF(roles); i++) {
    labels_t labels = section_label_pairs(p->section, "role", roles[i], NULL);
    section_add(p->section, &role_family, labels, slice_is(role, roles[i]));
  }
}

static void write_link(struct info_pass *p) {
  struct label labels[] = {
      kept_label(p, "master_host", KEEP_MASTER_HOST),
      kept_label(p, "master_port", KEEP_MASTER_PORT),
      kept_label(p, "read_only", KEEP_READ_ONLY),
  };
  section_add(p->section, &slave_info, section_labels(p->section, labels, 3), 1);
  labels_t link = section_labels(p->section, labels, 2);
  section_add(p->section, &link_up, link, slice_is(p->kept[KEEP_LINK_STATUS], "up"));
  for (size_t i = 0; i < COUNTOF(link_rows); i++) {
    double number;
    if (kept_number(p, link_rows[i].keep, &number)) section_add(p->section, &link_rows[i].family, link, number);
  }
}

/* Both times are from the server's cached clock, so that the difference does not move from poll to poll. */
static void write_start(struct info_pass *p) {
  double uptime, server_usec;
  if (!kept_number(p, KEEP_UPTIME, &uptime)) return;
  double now = kept_number(p, KEEP_SERVER_TIME, &server_usec) ? server_usec / 1e6 : p->wall;
  section_add(p->section, &start_time, 0, floor(now) - uptime);
}

static void write_ratios(struct info_pass *p) {
  double used, limit, resident;
  if (!kept_number(p, KEEP_USED_MEMORY, &used)) return;
  if (kept_number(p, KEEP_MAXMEMORY, &limit) && limit > 0) section_add(p->section, &used_ratio, 0, used / limit);
  if (kept_number(p, KEEP_RSS, &resident) && used > 0) section_add(p->section, &fragmentation, 0, resident / used);
}

void info_server(struct info_pass *p) {
  write_instance(p);
  write_role(p);
  if (slice_is(p->kept[KEEP_ROLE], "slave")) write_link(p);
  write_start(p);
  write_ratios(p);
}

void info_server_catalogue(family_fn *each, const char *part, void *arg) {
  static const struct family *const families[] = {&instance_info, &role_family, &slave_info,   &link_up,
                                                  &start_time,    &used_ratio,  &fragmentation};
  for (size_t i = 0; i < COUNTOF(families); i++) each(families[i], part, arg);
  for (size_t i = 0; i < COUNTOF(link_rows); i++) each(&link_rows[i].family, part, arg);
}
