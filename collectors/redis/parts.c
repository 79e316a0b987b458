/* The parts of a Redis target that are a few fixed commands each. A part is a row at the end: what it asks, and who writes the answers. */
#include "collectors/redis/parts.h"

#include <string.h>

#include "collectors/redis/info.h"

/* ---- slowlog ---- */

static const struct family slowlog_length = {"redis_slowlog_length", "Entries in the slow log.", METRIC_GAUGE, NULL, false};
static const struct family slowlog_id = {"redis_slowlog_last_id", "Id of the newest entry in the slow log, 0 when it is empty.",
                                         METRIC_GAUGE, NULL, false};
static const struct family slowlog_duration = {"redis_last_slow_execution_duration_seconds",
                                               "How long the newest entry in the slow log took, 0 when it is empty.", METRIC_GAUGE,
                                               NULL, false};
static const char *const slowlog_commands[] = {"SLOWLOG LEN", "SLOWLOG GET 1"};

static bool write_slowlog(struct section *s, const struct reply *const *replies) {
  int64_t length, id = 0, microseconds = 0;
  if (!reply_integer(replies[0], &length) || replies[1]->type != REPLY_ARRAY) return false;
  const struct reply *newest = reply_item(replies[1], 0);
  if (newest->type == REPLY_ARRAY &&
      !(reply_integer(reply_item(newest, 0), &id) && reply_integer(reply_item(newest, 2), &microseconds))) {
    return false;
  }
  section_add(s, &slowlog_length, 0, (double)length);
  section_add(s, &slowlog_id, 0, (double)id);
  section_add(s, &slowlog_duration, 0, (double)microseconds / 1e6);
  return true;
}

static void list_slowlog(family_fn *each, const char *part, void *arg) {
  each(&slowlog_length, part, arg);
  each(&slowlog_id, part, arg);
  each(&slowlog_duration, part, arg);
}

/* ---- latency ---- */

static const struct family spike_last = {"redis_latency_spike_last", "When the last spike of each event was, seconds since 1970.",
                                         METRIC_GAUGE, "event_name", false};
static const struct family spike_duration = {"redis_latency_spike_duration_seconds", "How long the last spike of each event took.",
                                             METRIC_GAUGE, "event_name", false};
static const char *const latency_commands[] = {"LATENCY LATEST"};

static bool write_latency(struct section *s, const struct reply *const *replies) {
  if (replies[0]->type != REPLY_ARRAY) return false;
  for (size_t i = 0; i < replies[0]->count; i++) {
    const struct reply *event = reply_item(replies[0], i), *name = reply_item(event, 0);
    int64_t when, milliseconds;
    if (name->type != REPLY_STRING || !reply_integer(reply_item(event, 1), &when) ||
        !reply_integer(reply_item(event, 2), &milliseconds)) {
      return false;
    }
    labels_t labels = section_labels(s, &(struct label){"event_name", name->text, name->length}, 1);
    section_add(s, &spike_last, labels, (double)when);
    section_add(s, &spike_duration, labels, (double)milliseconds / 1e3);
  }
  return true;
}

static void list_latency(family_fn *each, const char *part, void *arg) {
  each(&spike_last, part, arg);
  each(&spike_duration, part, arg);
}

/* ---- config ---- */

/* Named settings, never all of them: some are secret. Before Redis 7 a command takes one name. */
static const char *const config_commands[] = {"CONFIG GET maxclients",
                                              "CONFIG GET maxmemory",
                                              "CONFIG GET io-threads",
                                              "CONFIG GET repl-backlog-size",
                                              "CONFIG GET client-output-buffer-limit",
                                              "CONFIG GET databases"};
enum { CONFIG_NUMBERS = 4, CONFIG_LIMITS = CONFIG_NUMBERS, CONFIG_DATABASES };

static const struct family config_numbers[CONFIG_NUMBERS] = {
    {"redis_config_maxclients", "How many clients may be connected.", METRIC_GAUGE, NULL, false},
    {"redis_config_maxmemory", "The memory limit, 0 for none.", METRIC_GAUGE, NULL, false},
    {"redis_config_io_threads", "Threads that read and write sockets.", METRIC_GAUGE, NULL, false},
    {"redis_config_repl_backlog_size", "Size of the replication backlog.", METRIC_GAUGE, NULL, false},
};
static const struct family limit_bytes = {"redis_config_client_output_buffer_limit_bytes",
                                          "Output buffer at which a client of each class is disconnected.", METRIC_GAUGE,
                                          "class,limit", false};
static const struct family limit_seconds = {"redis_config_client_output_buffer_limit_overcome_seconds",
                                            "Seconds a client of each class may stay above the soft limit.", METRIC_GAUGE,
                                            "class,limit", false};

/* CONFIG GET answers name and value, and nothing when it does not know the name. */
static const struct reply *setting(const struct reply *r) {
  return reply_item(r, 1);
}

/* Takes the next word from *rest. */
static struct slice next_word(struct slice *rest) {
  while (rest->length && *rest->text == ' ') *rest = (struct slice){rest->text + 1, rest->length - 1};
  const char *space = memchr(rest->text, ' ', rest->length);
  struct slice word = {rest->text, space ? (size_t)(space - rest->text) : rest->length};
  *rest = (struct slice){rest->text + word.length, rest->length - word.length};
  return word;
}

/* "normal 0 0 0 slave 268435456 67108864 60 …": class, hard limit, soft limit, seconds. */
static void write_limits(struct section *s, const struct reply *value) {
  struct slice rest = {value->text, value->length};
  if (value->type != REPLY_STRING) return;
  for (;;) {
    struct slice class = next_word(&rest), words[3];
    double numbers[3];
    for (int i = 0; i < 3; i++) {
      words[i] = next_word(&rest);
      if (!words[i].length || !info_number(words[i], &numbers[i])) return;
    }
    struct label labels[] = {{"class", class.text, class.length}, {"limit", "hard", LABEL_STRING}};
    section_add(s, &limit_bytes, section_labels(s, labels, 2), numbers[0]);
    labels[1].value = "soft";
    labels_t soft = section_labels(s, labels, 2);
    section_add(s, &limit_bytes, soft, numbers[1]);
    section_add(s, &limit_seconds, soft, numbers[2]);
  }
}

static bool write_config(struct section *s, const struct reply *const *replies) {
  for (size_t i = 0; i < CONFIG_NUMBERS; i++) {
    double number;
    if (replies[i]->type != REPLY_ARRAY) return false;
    if (reply_number(setting(replies[i]), &number)) section_add(s, &config_numbers[i], 0, number);
  }
  write_limits(s, setting(replies[CONFIG_LIMITS]));
  return true;
}

int64_t redis_config_databases(const struct reply *const *replies) {
  int64_t databases;
  return reply_integer(setting(replies[CONFIG_DATABASES]), &databases) ? databases : 0;
}

static void list_config(family_fn *each, const char *part, void *arg) {
  for (size_t i = 0; i < CONFIG_NUMBERS; i++) each(&config_numbers[i], part, arg);
  each(&limit_bytes, part, arg);
  each(&limit_seconds, part, arg);
}

/* ---- cluster ---- */

static const char *const cluster_commands[] = {"CLUSTER INFO"};

static bool write_cluster(struct section *s, const struct reply *const *replies) {
  return replies[0]->type == REPLY_STRING && info_write_cluster(s, replies[0]->text, replies[0]->length, NULL);
}

#define ASKS(array) .commands = array, .count = COUNTOF(array)

static const struct redis_part parts[PART_COUNT] = {
    [PART_SLOWLOG] = {ASKS(slowlog_commands), .write = write_slowlog, .catalogue = list_slowlog},
    [PART_LATENCY] = {ASKS(latency_commands), .write = write_latency, .catalogue = list_latency},
    [PART_CONFIG] = {ASKS(config_commands), .write = write_config, .catalogue = list_config},
    [PART_CLUSTER] = {ASKS(cluster_commands), .write = write_cluster},
};

const struct redis_part *redis_part(unsigned id) {
  return id < PART_COUNT && parts[id].commands ? &parts[id] : NULL;
}
