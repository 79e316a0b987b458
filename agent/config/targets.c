/* A target: the keys that all have, the keys of exactly one kind, and its parts. What the kind makes of its keys (prepare) gives the target its
 * default name. */
#include "agent/config/targets.h"

#include <stdio.h>
#include <string.h>

#include "config/schema.h"
#include "agent/config/value.h"
#include "config/suggest.h"

const struct option target_rows[] = {
    {.name = "name",
     .type = OPTION_STRING,
     .help = "What the target is called everywhere: letters, digits and `. _ : / -`, at most 128, unique. Default: host:port, for "
             "a host its hostname.",
     .offset = offsetof(struct target_config, name)},
    {.name = "job",
     .type = OPTION_STRING,
     .help = "The label `job` that service discovery gives to its series. Default: what dashboards expect of its kind; of "
             "`metrics`, the name.",
     .offset = offsetof(struct target_config, job)},
    {.name = "instance",
     .type = OPTION_STRING,
     .help = "The label `instance`. Default: the name; of a probe, its URL; of `metrics`, host:port.",
     .offset = offsetof(struct target_config, instance)},
    {.name = "every",
     .type = OPTION_DURATION,
     .min = 1000,
     .max = 3600000,
     .help = "How often it is polled. Default: `poll_interval`.",
     .offset = offsetof(struct target_config, every)},
    {.name = "timeout",
     .type = OPTION_DURATION,
     .min = 100,
     .max = 3600000,
     .help =
         "How long one poll may take; shorter than `every`. Default: `poll_timeout`, or four fifths of `every` where that is less.",
     .offset = offsetof(struct target_config, timeout)},
    {.name = "parts",
     .type = OPTION_NODE,
     .help = "Switches and cadences of what is collected: `{statements: {every: 60s}, sizes: off}`."},
    {0},
};

const struct option part_rows[] = {
    {.name = "every",
     .type = OPTION_DURATION,
     .min = 1000,
     .max = 86400000,
     .help = "How often the part is collected; at every poll of the target where that is rarer.",
     .offset = offsetof(struct part_config, every)},
    {0},
};

msec_t target_default_timeout(msec_t every) {
  return MIN((msec_t)8000, every * 8 / 10);
}

static const struct kind *kind_of_key(const struct kinds *kinds, const char *key) {
  for (size_t i = 0; i < kinds->target_count; i++) {
    const struct kind *kind = kinds->targets[i];
    size_t length = strlen(kind->name);
    if (strncmp(key, kind->name, length) != 0) continue;
    if (!key[length] || (kind->options[0].type == OPTION_SECRET && !strcmp(key + length, "_file"))) return kind;
  }
  return NULL;
}

static bool is_common_key(const char *key) {
  for (const struct option *row = target_rows; row->name; row++)
    if (!strcmp(row->name, key)) return true;
  return false;
}

/* Nothing says what is watched: either a key is misspelt, or it is missing. */
static bool fail_no_kind(const struct reader *r, const struct kinds *kinds, const struct node *map) {
  const char **names = arena_alloc(r->arena, (kinds->target_count + 1) * sizeof *names);
  char list[256] = "";
  size_t used = 0;
  for (size_t i = 0; i < kinds->target_count; i++) {
    names[i] = kinds->targets[i]->name;
    if (used < sizeof list) used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
  }
  for (const struct node *n = map->first; n; n = n->next)
    if (!is_common_key(n->key->text)) return schema_fail_unknown(r, n->key, &(struct schema){target_rows, NULL}, 1, names);
  return node_fail(r, map, "this target does not say what to watch; add one of these keys: %s", list);
}

static bool find_kind(const struct reader *r, const struct kinds *kinds, const struct node *map, struct target_config *t) {
  for (const struct node *n = map->first; n; n = n->next) {
    const struct kind *kind = kind_of_key(kinds, n->key->text);
    if (kind && t->kind && kind != t->kind)
      return node_fail(r, n->key, "one target watches one thing, and \"%s\" is there already; make \"%s\" a target of its own",
                       t->kind->name, kind->name);
    if (kind) t->kind = kind;
  }
  return t->kind || fail_no_kind(r, kinds, map);
}

static bool fail_part(const struct reader *r, const struct kind *kind, const struct node *key) {
  const char *names[PARTS_MAX];
  char list[400] = "", word[KEY_SHOWN_SIZE];
  size_t used = 0;
  for (size_t i = 0; i < kind->part_count; i++) {
    names[i] = kind->parts[i].name;
    if (used < sizeof list) used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
  }
  const char *meant = suggest(key->text, names, kind->part_count);
  return node_fail(r, key, "%s has no part \"%s\"; %s%s%sits parts are %s", kind->name, node_show_key(key, word),
                   meant ? "did you mean \"" : "", meant ? meant : "", meant ? "\"? " : "", list);
}

static bool read_part(const struct reader *r, const struct node *n, size_t i, struct target_config *t) {
  const struct part *part = &t->kind->parts[i];
  const char *name = arena_printf(r->arena, "parts.%s", part->name);
  if (node_is_null(n)) return true;
  t->parts[i].on = true;
  if (n->type == NODE_MAP) {
    struct schema schemas[] = {{part_rows, &t->parts[i]}, {part->options, t->options}};
    return schema_read(r, n, arena_printf(r->arena, "%s.", name), schemas, COUNTOF(schemas));
  }
  struct option row = {.name = part->name, .type = OPTION_BOOL};
  if (!value_read(r, &row, n, name, &t->parts[i].on)) return false;
  if (i == 0 && !t->parts[i].on)
    return node_fail(r, n, "%s: this part cannot be off: it tells whether the %s target is up", name, t->kind->name);
  return true;
}

static bool read_parts(const struct reader *r, const struct node *map, struct target_config *t) {
  if (!map || node_is_null(map)) return true;
  if (map->type != NODE_MAP) return node_fail(r, map, "parts: a map belongs here, not %s", node_type_name(map));
  for (const struct node *n = map->first; n; n = n->next) {
    size_t i = 0;
    while (i < t->kind->part_count && strcmp(t->kind->parts[i].name, n->key->text) != 0) i++;
    if (i == t->kind->part_count) return fail_part(r, t->kind, n->key);
    if (!read_part(r, n, i, t)) return false;
  }
  return true;
}

static bool set_defaults(const struct reader *r, struct target_config *t) {
  const struct kind *kind = t->kind;
  t->options = arena_alloc(r->arena, kind->options_size);
  if (!schema_defaults(r, kind->options, t->options)) return false;
  for (size_t i = 0; i < kind->part_count; i++) {
    t->parts[i] = (struct part_config){.on = !kind->parts[i].off, .every = kind->parts[i].every};
    if (!schema_defaults(r, kind->parts[i].options, t->options)) return false;
  }
  return true;
}

/* What the kind calls the target is its address for people, and its name unless another is given; then it must be a legal name. */
static bool prepare(const struct reader *r, const struct node *map, struct target_config *t) {
  char address[512] = "";
  struct fail why = {0};
  if (t->kind->prepare && !t->kind->prepare(t->options, r->arena, address, sizeof address, &why)) {
    schema_scrub(&why, t->kind->options, t->options);
    const struct node *at = node_get(map, t->kind->name);
    return node_fail(r, at ? at : map, "%s: %s", t->kind->name, why.text);
  }
  t->address = arena_copy(r->arena, *address ? address : t->kind->name);
  return true;
}

/* An address that is an URL names its target without scheme and query. */
static const char *default_name(const struct reader *r, const struct target_config *t) {
  if (!strcmp(t->address, "sonde")) return arena_printf(r->arena, "sonde-%s", t->kind->name); /* a machine may be called so */
  const char *scheme = strstr(t->address, "://"), *shown = scheme ? scheme + 3 : t->address;
  char *name = arena_copy_bytes(r->arena, shown, MIN(strcspn(shown, scheme ? "?" : ""), CONFIG_NAME_MAX));
  for (char *c = name + strspn(name, NAME_LETTERS); *c; c += strspn(c, NAME_LETTERS)) *c = '-';
  return name;
}

static bool set_identity(const struct reader *r, const struct node *map, struct target_config *t) {
  const struct node *at = node_get(map, "name");
  if (!t->name)
    t->name = default_name(r, t);
  else if (!value_check_name(r, at, "target", t->name))
    return false;
  else if (!strcmp(t->name, "sonde"))
    return node_fail(r, at, "name: \"sonde\" is what the agent calls itself; choose another name");
  if (!t->instance) t->instance = t->kind->by_address || !t->kind->job ? t->address : t->name;
  if (!t->job) t->job = t->kind->job ? t->kind->job : t->name;
  return true;
}

static bool set_timing(const struct reader *r, const struct config *c, const struct node *map, struct target_config *t) {
  if (!t->every) t->every = c->poll_interval;
  if (!t->timeout) t->timeout = MIN(c->poll_timeout, t->every * 8 / 10);
  if (t->timeout < t->every) return true;
  char timeout[40], every[40];
  return node_fail(r, node_get(map, "timeout"), "timeout: %s is not shorter than the %s between two polls",
                   duration_format(t->timeout, timeout, sizeof timeout), duration_format(t->every, every, sizeof every));
}

static uint64_t digest_of(const struct target_config *t) {
  uint64_t digest = schema_digest_text(0, t->kind->name);
  digest = schema_digest(digest, target_rows, t);
  digest = schema_digest(digest, t->kind->options, t->options);
  for (size_t i = 0; i < t->kind->part_count; i++) {
    digest = schema_digest_text(digest, t->parts[i].on ? "on" : "off");
    digest = schema_digest(digest, part_rows, &t->parts[i]);
    digest = schema_digest(digest, t->kind->parts[i].options, t->options);
  }
  return digest;
}

bool target_read(const struct reader *r, const struct config *c, const struct kinds *kinds, const struct node *map,
                 struct target_config *t) {
  if (map->type != NODE_MAP) return node_fail(r, map, "a target is a map like {name: main, ...}, not %s", node_type_name(map));
  if (!find_kind(r, kinds, map, t) || !set_defaults(r, t)) return false;
  struct schema schemas[] = {{target_rows, t}, {t->kind->options, t->options}};
  if (!schema_read(r, map, "", schemas, COUNTOF(schemas))) return false;
  if (!read_parts(r, node_get(map, "parts"), t) || !prepare(r, map, t)) return false;
  if (!set_identity(r, map, t) || !set_timing(r, c, map, t)) return false;
  t->digest = digest_of(t);
  return true;
}
