/* The configuration as a whole: the root keys, the list of targets, and what is made up when there is no file. */
#include "config/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/receivers.h"
#include "agent/config/root.h"
#include "agent/config/targets.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/file.h"
#include "config/schema.h"

static const struct option web_rows[] = {
    {.name = "listen_address",
     .type = OPTION_STRINGS,
     .fallback = "\"127.0.0.1:10420\"",
     .help =
         "Where to serve: `127.0.0.1:10420`, `[::1]:10420`, `:10420` for every interface, `unix:/run/sonde.sock`. One, or a list.",
     .offset = offsetof(struct config, listen)},
    {.name = "telemetry_path",
     .type = OPTION_STRING,
     .fallback = "/metrics",
     .help = "Where the page of all metrics is.",
     .offset = offsetof(struct config, telemetry_path)},
    {0},
};

static const struct option history_rows[] = {
    {.name = "keep",
     .type = OPTION_DURATION,
     .fallback = "24h",
     .min = 600000,
     .max = 31622400000,
     .help = "How far back queries can look. Rules that look further back are given what they need. It survives a restart.",
     .offset = offsetof(struct config, history_keep)},
    {.name = "memory",
     .type = OPTION_BYTES,
     .fallback = "128MB",
     .min = 1 << 20,
     .max = (int64_t)1 << 40,
     .help =
         "How much memory it may take. Beyond it the oldest is forgotten before its time; when even that is not enough, new series "
         "are refused. Both are said in the log and counted.",
     .offset = offsetof(struct config, history_memory)},
    {0},
};

const struct option root_rows[] = {
    {.name = "web", .type = OPTION_MAP, .help = "How the agent is reached.", .sub = web_rows},
    {.name = "poll_interval",
     .type = OPTION_DURATION,
     .fallback = "10s",
     .min = 1000,
     .max = 3600000,
     .help = "How often each target is polled.",
     .offset = offsetof(struct config, poll_interval)},
    {.name = "poll_timeout",
     .type = OPTION_DURATION,
     .min = 100,
     .max = 3600000,
     .help = "How long one poll may take; shorter than `poll_interval`. Default: 8s, or four fifths of the interval where that is "
             "less.",
     .offset = offsetof(struct config, poll_timeout)},
    {.name = "state_dir",
     .type = OPTION_PATH,
     .help =
         "Where the agent keeps what must survive a restart. Default: `$STATE_DIRECTORY`, else `/var/lib/sonde` where that can be "
         "written, else `$XDG_STATE_HOME/sonde` (`~/.local/state/sonde`).",
     .offset = offsetof(struct config, state_dir)},
    {.name = "history", .type = OPTION_MAP, .help = "What is remembered of every series.", .sub = history_rows},
    {.name = "external_labels",
     .type = OPTION_LABELS,
     .help = "Labels that name this agent to others: `{site: eu}`. At most 16.",
     .offset = offsetof(struct config, external_labels)},
    {.name = "external_url",
     .type = OPTION_STRING,
     .fallback = "",
     .help = "Where people reach this agent, `https://ops.example.com/sonde`: for links in messages. Default: no links.",
     .offset = offsetof(struct config, external_url)},
    {.name = "targets", .type = OPTION_NODE, .help = "What is watched: a list of maps, at most 5000. See below."},
    {.name = "rules",
     .type = OPTION_STRINGS,
     .fallback = "[web-stack, web-app]",
     .help = "Files of Prometheus rules: paths, which may have `*` in them, and `web-stack` and `web-app` for the rules that sonde "
             "brings along. `[]` for none.",
     .offset = offsetof(struct config, rules)},
    {.name = "receivers",
     .type = OPTION_NODE,
     .help = "Where messages about alerts go: a list of maps, at most 100. Without one they go to the log. See below."},
    {0},
};

static bool check_timeout(const struct reader *r, const struct node *root, struct config *c) {
  if (!c->poll_timeout) c->poll_timeout = target_default_timeout(c->poll_interval);
  if (c->poll_timeout < c->poll_interval) return true;
  char timeout[40], interval[40];
  return node_fail(r, node_get(root, "poll_timeout"), "poll_timeout: %s is not shorter than the poll_interval of %s",
                   duration_format(c->poll_timeout, timeout, sizeof timeout),
                   duration_format(c->poll_interval, interval, sizeof interval));
}

/* Paths are appended to it. */
static bool check_external_url(const struct reader *r, const struct node *root, struct config *c) {
  const char *url = c->external_url;
  size_t length = strlen(url);
  if (length && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
    return node_fail(r, node_get(root, "external_url"),
                     "external_url: \"%.100s\" is not a URL; write it like https://ops.example.com", url);
  while (length && url[length - 1] == '/') length--;
  c->external_url = arena_copy_bytes(&c->arena, url, length);
  return true;
}

static bool check_web(const struct reader *r, const struct node *root, const struct config *c) {
  const struct node *web = node_get(root, "web"), *listen = node_get(web, "listen_address"),
                    *path = node_get(web, "telemetry_path");
  struct fail why;
  const struct node *at = listen && listen->type == NODE_LIST && listen->first ? listen->first : listen;
  for (size_t i = 0; i < c->listen.count; i++, at = at ? at->next : NULL)
    if (!config_check_listen(c->listen.items[i], &why)) return node_fail(r, at, "web.listen_address: %s", why.text);
  if (c->listen.count == 0) return node_fail(r, listen, "web.listen_address: at least one address is needed");
  if (!config_check_path(c->telemetry_path, &why)) return node_fail(r, path, "web.telemetry_path: %s", why.text);
  return true;
}

/* Names are unique. A default name may clash with a given one, so all are compared when all are known. `name_of` gives that of the i-th. */
static bool check_names(const struct reader *r, const struct config *c, const struct node *list, const char *what,
                        const char *(*name_of)(const struct config *c, size_t i)) {
  SCOPED(map_done) struct map seen = {0};
  size_t i = 0;
  for (const struct node *n = list->first; n; n = n->next) {
    const char *name = name_of(c, i++);
    const struct node **first = (const struct node **)map_slot(&seen, name, strlen(name)), *given = node_get(n, "name");
    if (*first)
      return node_fail(r, given ? given : n, "the name \"%s\" is taken by the %s in line %u; give this one a name of its own", name,
                       what, (*first)->line);
    *first = n;
  }
  return true;
}

static const char *target_name(const struct config *c, size_t i) {
  return c->targets[i].name;
}

static const char *receiver_name(const struct config *c, size_t i) {
  return c->receivers[i].name;
}

/* False with a sentence when it is something else than a list of at most `max`. */
static bool check_list(const struct reader *r, const struct node *list, const char *key, size_t max) {
  if (list->type != NODE_LIST) return node_fail(r, list, "%s: a list belongs here, not %s", key, node_type_name(list));
  return list->count <= max || node_fail(r, list, "%s: at most %zu are allowed", key, max);
}

static bool read_targets(const struct reader *r, const struct kinds *kinds, const struct node *list, struct config *c) {
  if (!list || node_is_null(list)) return true;
  if (!check_list(r, list, "targets", CONFIG_TARGETS_MAX)) return false;
  c->targets = arena_alloc(&c->arena, list->count * sizeof *c->targets);
  for (const struct node *n = list->first; n; n = n->next)
    if (!target_read(r, c, kinds, n, &c->targets[c->target_count++])) return false;
  return check_names(r, c, list, "target", target_name);
}

static bool read_receivers(const struct reader *r, const struct kinds *kinds, const struct node *list, struct config *c) {
  if (!list || node_is_null(list)) return true;
  if (!check_list(r, list, "receivers", CONFIG_RECEIVERS_MAX)) return false;
  c->receivers = arena_alloc(&c->arena, list->count * sizeof *c->receivers);
  for (const struct node *n = list->first; n; n = n->next)
    if (!receiver_read(r, kinds, n, &c->receivers[c->receiver_count++])) return false;
  return check_names(r, c, list, "receiver", receiver_name);
}

static bool is_pack(const char *name) {
#define X(id, name) name,
  static const char *const packs[] = {CONFIG_PACKS(X)};
#undef X
  for (size_t i = 0; i < COUNTOF(packs); i++)
    if (!strcmp(packs[i], name)) return true;
  return false;
}

/* Patterns begin where the file lies. */
static bool place_rules(const struct reader *r, struct config *c) {
  for (size_t i = 0; i < c->rules.count; i++)
    if (!is_pack(c->rules.items[i])) c->rules.items[i] = file_resolve(r->arena, r->folder, c->rules.items[i]);
  return true;
}

static bool read_root(const struct reader *r, const struct kinds *kinds, const struct node *root, struct config *c) {
  struct schema schema = {root_rows, c};
  return schema_read(r, root, "", &schema, 1) && check_timeout(r, root, c) && check_web(r, root, c) &&
         check_external_url(r, root, c) && place_rules(r, c) && read_targets(r, kinds, node_get(root, "targets"), c) &&
         read_receivers(r, kinds, node_get(root, "receivers"), c);
}

struct config *config_new(void) {
  struct config *c = mem_zero(sizeof *c);
  arena_init(&c->arena);
  atomic_init(&c->references, 1);
  struct fail why;
  struct reader r = {.arena = &c->arena, .fail = &why};
  if (!schema_defaults(&r, root_rows, c)) abort(); /* the table above is wrong: no input can cause it, and the tests would see it */
  c->poll_timeout = target_default_timeout(c->poll_interval);
  return c;
}

struct config *config_ref(struct config *c) {
  atomic_fetch_add(&c->references, 1);
  return c;
}

void config_unref(struct config *c) {
  if (!c || atomic_fetch_sub(&c->references, 1) != 1) return;
  arena_wipe(&c->arena);
  arena_done(&c->arena);
  free(c);
}

uint64_t config_digest(const struct config *c) {
  uint64_t digest = schema_digest_text(0, "targets");
  for (size_t i = 0; i < c->target_count; i++) {
    char own[20];
    snprintf(own, sizeof own, "%016" PRIx64, c->targets[i].digest);
    digest = schema_digest_text(schema_digest_text(digest, c->targets[i].name), own);
  }
  return digest;
}

/* The folder that relative paths in the file start at; NULL for the one the program runs in. */
static const char *folder_of(struct arena *a, const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? arena_copy_bytes(a, path, slash == path ? 1 : (size_t)(slash - path)) : NULL;
}

struct config *config_parse(const char *path, const char *text, size_t length, const struct kinds *kinds, struct fail *f) {
  struct config *c = config_new();
  c->poll_timeout = 0; /* follows from the interval, which is not known yet */
  c->path = arena_copy(&c->arena, path);
  struct reader r = {.arena = &c->arena, .file = c->path, .folder = folder_of(&c->arena, path), .fail = f};
  struct arena tree;
  arena_init(&tree);
  struct node *root = tree_parse(&tree, &r, text, length);
  bool good = root && read_root(&r, kinds, root, c);
  arena_wipe(&tree);
  arena_done(&tree);
  if (good) return c;
  config_unref(c);
  return NULL;
}

struct config *config_load(const char *path, const struct kinds *kinds, struct fail *f) {
  size_t length;
  char *text = file_read(path, CONFIG_FILE_BYTES_MAX, &length, f);
  if (!text) return NULL;
  struct config *c = config_parse(path, text, length, kinds, f);
  mem_wipe(text, length);
  free(text);
  return c;
}

static const struct target_config *find_name(const struct config *c, const char *name) {
  for (size_t i = 0; i < c->target_count; i++)
    if (!strcmp(c->targets[i].name, name)) return &c->targets[i];
  return NULL;
}

/* The target is read as if the file said {<kind>: <address>}. */
bool config_add_target(struct config *c, const struct kind *kind, const char *address, struct fail *f) {
  struct node key = {.type = NODE_SCALAR, .text = kind->name};
  struct node value = {.type = NODE_SCALAR, .text = address, .plain = !*address, .literal = true, .key = &key};
  struct node map = {.type = NODE_MAP, .first = &value, .count = 1};
  struct reader r = {.arena = &c->arena, .fail = f};
  struct target_config t = {0};
  if (!target_read(&r, c, &(struct kinds){.targets = &kind, .target_count = 1}, &map, &t)) return false;
  const struct target_config *same = find_name(c, t.name);
  if (same && same->kind != kind) return fail(f, FAIL_CONFIG, "%s is already the name of a %s target", t.name, same->kind->name);
  if (same) return true;
  if (c->target_count == CONFIG_TARGETS_MAX) return fail(f, FAIL_LIMIT, "at most %d targets are watched", CONFIG_TARGETS_MAX);
  struct target_config *grown = arena_alloc(&c->arena, (c->target_count + 1) * sizeof *grown);
  if (c->target_count) memcpy(grown, c->targets, c->target_count * sizeof *grown);
  grown[c->target_count++] = t;
  c->targets = grown;
  return true;
}
