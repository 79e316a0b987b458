/* Rule files: see alert/rules.h. Patterns become files, files become groups; the YAML is that of the configuration, read by the same walker. */
#include "alert/rules.h"

#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/alert/load.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/file.h"
#include "config/schema.h"

#define INTERVAL_MIN ((msec_t)1000) /* no poll brings anything new sooner */

static const struct option group_rows[] = {
    {.name = "name", .type = OPTION_STRING, .offset = offsetof(struct rule_group, name)},
    {.name = "interval", .type = OPTION_DURATION, .offset = offsetof(struct rule_group, interval)},
    {.name = "query_offset", .type = OPTION_DURATION, .max = 86400000, .offset = offsetof(struct rule_group, query_offset)},
    {.name = "limit", .type = OPTION_INT, .min = INT32_MIN, .max = INT32_MAX, .offset = offsetof(struct rule_group, limit)},
    {.name = "labels", .type = OPTION_LABELS, .max = 64, .offset = offsetof(struct rule_group, labels)},
    {.name = "rules", .type = OPTION_NODE},
    {0},
};
static const struct option file_rows[] = {{.name = "groups", .type = OPTION_NODE}, {0}};

/* The group's labels and the rule's own, which win. */
static struct pairs merged(struct arena *a, const struct pairs *group, const struct pairs *own) {
  size_t room = group->count + own->count;
  struct pairs all = {.names = arena_alloc(a, room * sizeof(char *)), .values = arena_alloc(a, room * sizeof(char *))};
  const struct pairs *from[] = {group, own};
  for (size_t i = 0; i < COUNTOF(from); i++)
    for (size_t k = 0; k < from[i]->count; k++) {
      size_t at = 0;
      while (at < all.count && strcmp(all.names[at], from[i]->names[k]) != 0) at++;
      all.names[at] = from[i]->names[k];
      all.values[at] = from[i]->values[k];
      all.count = MAX(all.count, at + 1);
    }
  return all;
}

/* FNV-1a, since it is kept on disk and must be the same in every run. */
static uint64_t hash_of(const char *text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
  return hash;
}

static bool read_rules(const struct load *l, const struct node *list, struct rule_group *g) {
  struct rule_set *set = l->set;
  if (!list || node_is_null(list)) return true;
  if (list->type != NODE_LIST) return node_fail(&l->reader, list, "rules: a list belongs here, not %s", node_type_name(list));
  g->rules = arena_alloc(&set->arena, list->count * sizeof *g->rules);
  for (const struct node *n = list->first; n; n = n->next) {
    struct rule *r = &g->rules[g->count++];
    if (++set->rule_count > RULES_MAX) return node_fail(&l->reader, n, "too many rules; at most %d are evaluated", RULES_MAX);
    if (!rule_read(l, n, r)) return false;
    r->labels = merged(&set->arena, &g->labels, &r->labels);
    r->identity = arena_printf(&set->arena, "%s/%s/%016" PRIx64, g->name, r->name, hash_of(r->text));
    msec_t span = MAX(promql_span(r->expr), r->recover ? promql_span(r->recover) : 0);
    set->span = MAX(set->span, span + g->query_offset);
  }
  return true;
}

static bool read_group(const struct load *l, const struct node *map, struct rule_group *g) {
  const struct reader *r = &l->reader;
  if (map->type != NODE_MAP) return node_fail(r, map, "a group is a map with name: and rules:, not %s", node_type_name(map));
  if (!schema_read(r, map, "", &(struct schema){group_rows, g}, 1)) return false;
  if (!g->name || !*g->name) return node_fail(r, map, "a group needs a name");
  if (g->interval) g->interval = MAX(g->interval, INTERVAL_MIN);
  g->limit = MAX(g->limit, 0); /* below it there is none in Prometheus either */
  g->file = r->file;
  g->source = l->text;
  return read_rules(l, node_get(map, "rules"), g);
}

static bool check_group_name(const struct load *l, const struct node *n, const struct rule_group *g, struct map *seen) {
  const struct node **first = (const struct node **)map_slot(seen, g->name, strlen(g->name));
  if (*first)
    return node_fail(&l->reader, node_get(n, "name"), "the group \"%.60s\" is there already, in line %u", g->name, (*first)->line);
  *first = n;
  return true;
}

static bool read_groups(const struct load *l, const struct node *root) {
  struct rule_set *set = l->set;
  if (node_get(root, "spec"))
    return node_fail(&l->reader, root, "this is a Kubernetes manifest; the file of rules is what stands below its spec:");
  if (!schema_read(&l->reader, root, "", &(struct schema){file_rows, NULL}, 1)) return false;
  const struct node *list = node_get(root, "groups");
  if (!list || node_is_null(list)) return true;
  if (list->type != NODE_LIST) return node_fail(&l->reader, list, "groups: a list belongs here, not %s", node_type_name(list));
  SCOPED(map_done) struct map seen = {0};
  struct rule_group *groups = arena_alloc(&set->arena, (set->count + list->count) * sizeof *groups);
  if (set->count) memcpy(groups, set->groups, set->count * sizeof *groups);
  set->groups = groups;
  for (const struct node *n = list->first; n; n = n->next) {
    struct rule_group *g = &groups[set->count++];
    if (!read_group(l, n, g) || !check_group_name(l, n, g, &seen)) return false;
  }
  return true;
}

bool rules_parse(struct rule_set *set, const char *file, const char *text, size_t length, struct fail *f) {
  struct load l = {
      .set = set,
      .reader = {.arena = &set->arena, .file = arena_copy(&set->arena, file), .literal = true, .fail = f},
      .text = arena_copy_bytes(&set->arena, text, length),
  };
  struct arena tree;
  arena_init(&tree);
  const struct node *root = tree_parse(&tree, &l.reader, text, length);
  bool ok = root && read_groups(&l, root);
  arena_done(&tree);
  return ok;
}

static bool read_file(struct rule_set *set, const char *path, struct map *seen, struct fail *f) {
  const char *kept = arena_copy(&set->arena, path);
  void **slot = map_slot(seen, kept, strlen(kept));
  if (*slot) return true;
  *slot = set;
  size_t length;
  SCOPED(mem_free) char *text = file_read(path, CONFIG_FILE_BYTES_MAX, &length, f);
  return text && rules_parse(set, path, text, length, f);
}

static bool read_pattern(struct rule_set *set, const char *pattern, struct map *seen, struct fail *f) {
  const char *pack = pack_text(pattern);
  if (pack) return rules_parse(set, pattern, pack, strlen(pack), f);
  glob_t found;
  int status = glob(pattern, 0, NULL, &found);
  if (status == GLOB_NOMATCH) return fail(f, FAIL_CONFIG, "rules: no file matches %s", pattern);
  if (status != 0) return fail(f, FAIL_SYSTEM, "rules: the files of %s cannot be listed", pattern);
  bool ok = true;
  for (size_t i = 0; i < found.gl_pathc && ok; i++) ok = read_file(set, found.gl_pathv[i], seen, f);
  globfree(&found);
  return ok;
}

/* Two rules that are the same in all that makes an identity are told apart by their order. */
static void make_unique(struct rule_set *set) {
  SCOPED(map_done) struct map seen = {0};
  for (size_t g = 0; g < set->count; g++)
    for (size_t i = 0; i < set->groups[g].count; i++) {
      struct rule *r = &set->groups[g].rules[i];
      uintptr_t *times = (uintptr_t *)map_slot(&seen, r->identity, strlen(r->identity));
      if (++*times > 1) r->identity = arena_printf(&set->arena, "%s#%zu", r->identity, (size_t)*times);
    }
}

struct rule_set *rules_new(void) {
  struct rule_set *set = mem_zero(sizeof *set);
  arena_init(&set->arena);
  return set;
}

struct rule_set *rules_load(const struct strings *patterns, struct fail *f) {
  struct rule_set *set = rules_new();
  SCOPED(map_done) struct map seen = {0};
  bool ok = true;
  for (size_t i = 0; i < patterns->count && ok; i++) ok = read_pattern(set, patterns->items[i], &seen, f);
  if (ok) {
    make_unique(set);
    return set;
  }
  rules_free(set);
  return NULL;
}

void rules_free(struct rule_set *r) {
  if (!r) return;
  arena_done(&r->arena);
  free(r);
}
