/* Aliases and merge keys: see alias.h. An alias is a copy, since a node has one place in its list; the copies count as nodes, so that a few lines cannot
 * become millions. */
#include "agent/config/alias.h"

#include <string.h>

struct node *alias_copy(const struct node *n, struct arena *tree, size_t *nodes, unsigned depth) {
  if (!depth || !*nodes) return NULL;
  --*nodes;
  struct node *copy = arena_alloc(tree, sizeof *copy);
  *copy = *n;
  copy->key = copy->next = NULL;
  struct node **tail = &copy->first;
  for (const struct node *item = n->first; item; item = item->next) {
    if (!(*tail = alias_copy(item, tree, nodes, depth - 1))) return NULL;
    (*tail)->key = item->key;
    tail = &(*tail)->next;
  }
  return copy;
}

/* What stands in the map itself wins, and then what was merged first. */
static void merge_map(struct node *map, struct node *from, struct map *seen) {
  struct node **tail = &map->first;
  while (*tail) tail = &(*tail)->next;
  for (struct node *n = from->first, *next; n; n = next) {
    void **slot = map_slot(seen, n->key->text, strlen(n->key->text));
    next = n->next;
    if (*slot) continue;
    *slot = n->key;
    *tail = n;
    n->next = NULL;
    tail = &n->next;
    map->count++;
  }
}

bool alias_merge(const struct reader *r, struct node *map, struct node *from, struct map *seen) {
  bool several = from->type == NODE_LIST;
  for (struct node *n = several ? from->first : from, *next; n; n = next) {
    next = several ? n->next : NULL;
    if (n->type != NODE_MAP) return node_fail(r, n, "<<: a map belongs here, as <<: *name, not %s", node_type_name(n));
    merge_map(map, n, seen);
  }
  return true;
}
