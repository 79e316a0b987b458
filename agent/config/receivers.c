/* A receiver: a name, and the keys of exactly one service below the service's own: {name: ops, slack: {url_file: …}}. */
#include "agent/config/receivers.h"

#include <stdio.h>
#include <string.h>

#include "config/schema.h"
#include "agent/config/value.h"

const struct option receiver_rows[] = {
    {.name = "name",
     .type = OPTION_STRING,
     .help = "What the receiver is called in the log, in metrics and on the command line: letters, digits and `. _ : / -`, at most "
             "128, unique. Default: the service.",
     .offset = offsetof(struct receiver_config, name)},
    {0},
};

static const struct service *find_service(const struct kinds *kinds, const char *name) {
  for (size_t i = 0; i < kinds->service_count; i++)
    if (!strcmp(kinds->services[i]->name, name)) return kinds->services[i];
  return NULL;
}

static bool fail_no_service(const struct reader *r, const struct kinds *kinds, const struct node *map) {
  const char **names = arena_alloc(r->arena, (kinds->service_count + 1) * sizeof *names);
  char list[256] = "";
  size_t used = 0;
  for (size_t i = 0; i < kinds->service_count; i++) {
    names[i] = kinds->services[i]->name;
    if (used < sizeof list) used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
  }
  for (const struct node *n = map->first; n; n = n->next)
    if (strcmp(n->key->text, "name") != 0) return schema_fail_unknown(r, n->key, &(struct schema){receiver_rows, NULL}, 1, names);
  return node_fail(r, map, "this receiver does not say what it is; add one of these keys: %s", list);
}

/* What is below the key of the service; NULL with a sentence. */
static const struct node *choose_service(const struct reader *r, const struct kinds *kinds, const struct node *map,
                                         struct receiver_config *ret) {
  const struct node *keys = NULL;
  for (const struct node *n = map->first; n; n = n->next) {
    const struct service *service = find_service(kinds, n->key->text);
    if (service && keys) {
      node_fail(r, n->key, "one receiver is one service, and \"%s\" is there already; make \"%s\" a receiver of its own",
                ret->service->name, service->name);
      return NULL;
    }
    if (!service) continue;
    ret->service = service;
    keys = n;
  }
  if (!keys) fail_no_service(r, kinds, map);
  return keys;
}

static bool read_options(const struct reader *r, const struct node *keys, struct receiver_config *ret) {
  const struct service *service = ret->service;
  char address[256] = "";
  struct fail why = {0};
  ret->options = arena_alloc(r->arena, service->options_size);
  if (!schema_defaults(r, service->options, ret->options)) return false;
  if (keys->type != NODE_MAP && !node_is_null(keys))
    return node_fail(r, keys, "%s: a map belongs here, as in %s: {url_file: FILE}", service->name, service->name);
  const char *prefix = arena_printf(r->arena, "%s.", service->name);
  if (!schema_read(r, keys, prefix, &(struct schema){service->options, ret->options}, 1)) return false;
  if (!service->prepare(ret->options, r->arena, address, sizeof address, &why)) {
    schema_scrub(&why, service->options, ret->options);
    return node_fail(r, keys->first ? keys->first : keys, "%s: %s", service->name, why.text);
  }
  ret->address = arena_copy(r->arena, address);
  return true;
}

bool receiver_read(const struct reader *r, const struct kinds *kinds, const struct node *map, struct receiver_config *ret) {
  const struct node *name = node_get(map, "name"), *keys;
  if (map->type != NODE_MAP)
    return node_fail(r, map, "a receiver is a map like {name: ops, slack: {...}}, not %s", node_type_name(map));
  if (!(keys = choose_service(r, kinds, map, ret))) return false;
  struct option rows[] = {receiver_rows[0], {.name = ret->service->name, .type = OPTION_NODE}, {0}};
  if (!schema_read(r, map, "", &(struct schema){rows, ret}, 1) || !read_options(r, keys, ret)) return false;
  if (!ret->name) ret->name = ret->service->name;
  return value_check_name(r, name ? name : map, "receiver", ret->name);
}
