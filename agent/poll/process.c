/* The agent's own metrics. Those of the process have the names, types and help that every exporter gives them, so that existing dashboards
 * and alerts find them; reading them costs five cheap system calls. */
#include "agent/poll/process.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/poll/facts.h"
#include "base/number.h"
#include "base/version.h"
#include "poll/self.h"

enum { CPU, RESIDENT, VIRTUAL, VIRTUAL_MAX, OPEN_FDS, MAX_FDS, START };

static const struct family process_families[] = {
    [CPU] = {"process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", METRIC_COUNTER, NULL, false},
    [RESIDENT] = {"process_resident_memory_bytes", "Resident memory size in bytes.", METRIC_GAUGE, NULL, false},
    [VIRTUAL] = {"process_virtual_memory_bytes", "Virtual memory size in bytes.", METRIC_GAUGE, NULL, false},
    [VIRTUAL_MAX] = {"process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", METRIC_GAUGE, NULL,
                     false},
    [OPEN_FDS] = {"process_open_fds", "Number of open file descriptors.", METRIC_GAUGE, NULL, false},
    [MAX_FDS] = {"process_max_fds", "Maximum number of open file descriptors.", METRIC_GAUGE, NULL, false},
    [START] = {"process_start_time_seconds", "Start time of the process since unix epoch in seconds.", METRIC_GAUGE, NULL, false},
};

enum { BUILD_INFO, TARGETS, SERIES, DROPPED, RELOAD_SUCCESSFUL, RELOAD_TIME };

static const struct family agent_families[] = {
    [BUILD_INFO] = {"sonde_build_info", "Always 1; the labels say which build this is.", METRIC_GAUGE, "revision,version", false},
    [TARGETS] = {"sonde_targets", "Targets that are watched.", METRIC_GAUGE, NULL, false},
    [SERIES] = {"sonde_series", "Series that all targets show together.", METRIC_GAUGE, NULL, false},
    [DROPPED] = {"sonde_dropped_samples_total",
                 "Samples of all targets left out because they were there twice or above a limit on samples or bytes.",
                 METRIC_COUNTER, NULL, false},
    [RELOAD_SUCCESSFUL] = {"sonde_config_last_reload_successful", "Whether the last attempt to load the configuration succeeded.",
                           METRIC_GAUGE, NULL, false},
    [RELOAD_TIME] = {"sonde_config_last_reload_success_timestamp_seconds", "When the configuration was last loaded successfully.",
                     METRIC_GAUGE, NULL, false},
};

void agent_catalogue(family_fn *each, void *arg) {
  status_catalogue(each, arg);
  for (size_t i = 0; i < COUNTOF(agent_families); i++) each(&agent_families[i], "agent", arg);
  for (size_t i = 0; i < COUNTOF(process_families); i++) each(&process_families[i], "process", arg);
}

/* The beginning of a file, NUL-terminated; its length, 0 when it cannot be read. */
static size_t read_start(int fd, char *out, size_t size) {
  ssize_t n = fd < 0 ? 0 : pread(fd, out, size - 1, 0);
  out[MAX(n, 0)] = 0;
  return (size_t)MAX(n, 0);
}

static double start_time(void) {
  char text[1024];
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  const char *end = text + read_start(fd, text, sizeof text), *at = strrchr(text, ')'); /* the name before it may hold anything */
  uint64_t ticks;
  if (fd >= 0) close(fd);
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  if (!at || !number_scan(&at, end, &ticks)) return 0;
  double start = clock_wall() - clock_seconds() + (double)ticks / (double)sysconf(_SC_CLK_TCK);
  return nearbyint(start * 100) / 100; /* no better than that is known */
}

void process_init(struct process *p) {
  p->start = start_time();
  p->memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  p->files = opendir("/proc/self/fd");
}

void process_done(struct process *p) {
  if (p->memory >= 0) close(p->memory);
  if (p->files) closedir(p->files);
}

static void add_memory(struct section *s, int fd) {
  char text[128];
  const char *at = text, *end = text + read_start(fd, text, sizeof text);
  uint64_t size, resident;
  if (!number_scan(&at, end, &size) || !number_scan(&at, end, &resident)) return;
  double page = (double)sysconf(_SC_PAGESIZE);
  section_add(s, &process_families[VIRTUAL], 0, (double)size * page);
  section_add(s, &process_families[RESIDENT], 0, (double)resident * page);
}

/* Since Linux 6.2 the size of the folder is the number of its entries; before, they are counted. */
static double count_files(DIR *folder) {
  struct stat status;
  if (fstat(dirfd(folder), &status) == 0 && status.st_size > 0) return (double)status.st_size;
  double count = -2; /* "." and ".." */
  rewinddir(folder);
  while (readdir(folder)) count++;
  return count;
}

/* Unlimited is shown as exporters show it, the largest 64-bit number. */
static void add_limits(struct section *s) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) == 0) section_add(s, &process_families[VIRTUAL_MAX], 0, (double)limit.rlim_cur);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) section_add(s, &process_families[MAX_FDS], 0, (double)limit.rlim_cur);
}

struct section *process_section(const struct process *p) {
  struct section *s = section_new("process");
  struct timespec cpu;
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
    section_add(s, &process_families[CPU], 0, (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
  add_memory(s, p->memory);
  add_limits(s);
  if (p->files) section_add(s, &process_families[OPEN_FDS], 0, count_files(p->files));
  if (p->start > 0) section_add(s, &process_families[START], 0, p->start);
  return section_finish(s);
}

struct section *agent_section(const struct agent_facts *f) {
  struct section *s = section_new("agent");
  labels_t build = section_label_pairs(s, "revision", version_revision(), "version", version_number(), NULL);
  section_add(s, &agent_families[BUILD_INFO], build, 1);
  section_add(s, &agent_families[TARGETS], 0, (double)f->targets);
  section_add(s, &agent_families[SERIES], 0, (double)f->series);
  section_add(s, &agent_families[DROPPED], 0, (double)f->dropped);
  section_add(s, &agent_families[RELOAD_SUCCESSFUL], 0, f->reload_successful);
  section_add(s, &agent_families[RELOAD_TIME], 0, f->reload_wall);
  return section_finish(s);
}
