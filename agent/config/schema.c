/* The walker over the rows. All that is known of a key stands in its row; what a row cannot say (one kind a target, a timeout below the interval)
 * is judged by whoever owns the rows, afterwards. */
#include "config/schema.h"

#include <stdio.h>
#include <string.h>

#include "agent/config/value.h"
#include "base/text.h"
#include "config/suggest.h"

enum { NAMES_MAX = 128 };

/* What is written as a list or a map is parsed as the file would be; the tree is let go. */
static bool read_default_items(const struct reader *r, const struct option *row, void *into) {
  struct arena tree;
  arena_init(&tree);
  const char *text = arena_printf(&tree, "x: %s", row->fallback);
  const struct node *map = tree_parse(&tree, r, text, strlen(text)), *n = node_get(map, "x");
  bool good = n && value_read(r, row, n, row->name, into);
  arena_done(&tree);
  return good;
}

static bool read_default(const struct reader *r, const struct option *row, void *into) {
  struct node text = {.type = NODE_SCALAR, .text = row->fallback, .literal = true};
  bool items = row->type == OPTION_STRINGS || row->type == OPTION_LABELS || row->type == OPTION_PAIRS;
  return items ? read_default_items(r, row, into) : value_read(r, row, &text, row->name, into);
}

bool schema_defaults(const struct reader *r, const struct option *rows, void *into) {
  for (const struct option *row = rows; row && row->name; row++) {
    if (row->type == OPTION_MAP && !schema_defaults(r, row->sub, into)) return false;
    if (row->fallback && row->type != OPTION_MAP && !read_default(r, row, into)) return false;
  }
  return true;
}

/* True when `key` is <name>_file of a secret. */
static bool is_file_key(const struct option *row, const char *key) {
  size_t length = strlen(row->name);
  return row->type == OPTION_SECRET && !strncmp(key, row->name, length) && !strcmp(key + length, "_file");
}

static const struct option *find_row(const struct option *rows, const char *key) {
  for (const struct option *row = rows; row && row->name; row++)
    if (!strcmp(row->name, key) || is_file_key(row, key)) return row;
  return NULL;
}

static bool read_entry(const struct reader *r, const struct node *map, const struct node *n, const char *name,
                       const struct option *row, void *into) {
  bool file = strcmp(row->name, n->key->text) != 0;
  if (file && node_get(map, row->name))
    return node_fail(r, n->key, "%s: %s is there already; keep one of the two", name, row->name);
  if (row->type == OPTION_NODE || node_is_null(n)) return true;
  if (file) return value_read_file(r, row, n, name, into);
  if (row->type != OPTION_MAP) return value_read(r, row, n, name, into);
  if (n->type != NODE_MAP) return node_fail(r, n, "%s: a map belongs here, not %s", name, node_type_name(n));
  return schema_read(r, n, arena_printf(r->arena, "%s.", name), &(struct schema){row->sub, into}, 1);
}

bool schema_read(const struct reader *r, const struct node *map, const char *prefix, const struct schema *schemas, size_t count) {
  for (const struct node *n = map->first; n; n = n->next) {
    const struct option *row = NULL;
    size_t i = 0;
    while (i < count && !(row = find_row(schemas[i].rows, n->key->text))) i++;
    if (!row) return schema_fail_unknown(r, n->key, schemas, count, NULL);
    const char *name = arena_printf(r->arena, "%s%s", prefix, n->key->text);
    if (!read_entry(r, map, n, name, row, schemas[i].into)) return false;
  }
  return true;
}

/* The allowed keys; each secret once more as <name>_file. */
static size_t list_names(const struct reader *r, const struct schema *schemas, size_t count, const char *const *more,
                         const char **names) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++)
    for (const struct option *row = schemas[i].rows; row && row->name && n + 2 < NAMES_MAX; row++) {
      names[n++] = row->name;
      if (row->type == OPTION_SECRET) names[n++] = arena_printf(r->arena, "%s_file", row->name);
    }
  for (; more && *more && n < NAMES_MAX; more++) names[n++] = *more;
  return n;
}

bool schema_fail_unknown(const struct reader *r, const struct node *key, const struct schema *schemas, size_t count,
                         const char *const *more) {
  char word[KEY_SHOWN_SIZE], list[400] = "";
  const char *names[NAMES_MAX];
  size_t n = list_names(r, schemas, count, more, names), used = 0;
  for (size_t i = 0; i < n && used < sizeof list; i++)
    used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
  node_show_key(key, word);
  if (strchr(key->text, ':')) return node_fail(r, key, "unknown key \"%s\"; a key is followed by a colon and a space", word);
  const char *meant = suggest(key->text, names, n);
  if (meant) return node_fail(r, key, "unknown key \"%s\"; did you mean \"%s\"? Allowed here: %s", word, meant, list);
  return node_fail(r, key, "unknown key \"%s\"; allowed here: %s", word, list);
}

void schema_scrub(struct fail *f, const struct option *rows, const void *options) {
  for (const struct option *row = rows; row->name; row++) {
    const char *secret;
    if (row->type == OPTION_MAP) schema_scrub(f, row->sub, options);
    if (row->type != OPTION_SECRET) continue;
    memcpy(&secret, (const char *)options + row->offset, sizeof secret);
    text_scrub(f->text, secret);
  }
}

/* FNV-1a: the same in every process, so that two of them can tell whether they run the same configuration. */
static uint64_t fold(uint64_t digest, const void *bytes, size_t length) {
  const unsigned char *at = bytes;
  if (!digest) digest = 0xCBF29CE484222325u;
  for (size_t i = 0; i < length; i++) digest = (digest ^ at[i]) * 0x100000001B3u;
  return (digest ^ length) * 0x100000001B3u;
}

uint64_t schema_digest_text(uint64_t digest, const char *text) {
  return text ? fold(digest, text, strlen(text)) : fold(digest, "\0", 2); /* absent is not empty */
}

static uint64_t fold_strings(uint64_t digest, const char *const *items, size_t count) {
  digest = fold(digest, &count, sizeof count);
  for (size_t i = 0; i < count; i++) digest = schema_digest_text(digest, items[i]);
  return digest;
}

static uint64_t fold_value(uint64_t digest, const struct option *row, const char *field) {
  const struct strings *list = (const void *)field;
  const struct pairs *pairs = (const void *)field;
  const char *text;
  switch (row->type) {
  case OPTION_BOOL:
    return fold(digest, field, sizeof(bool));
  case OPTION_INT:
  case OPTION_BYTES:
  case OPTION_DURATION:
    return fold(digest, field, sizeof(int64_t));
  case OPTION_NUMBER:
    return fold(digest, field, sizeof(double));
  case OPTION_STRINGS:
    return fold_strings(digest, list->items, list->count);
  case OPTION_LABELS:
  case OPTION_PAIRS:
    return fold_strings(fold_strings(digest, pairs->names, pairs->count), pairs->values, pairs->count);
  case OPTION_NODE:
  case OPTION_MAP:
    return digest;
  default:
    memcpy(&text, field, sizeof text);
    return schema_digest_text(digest, text);
  }
}

uint64_t schema_digest(uint64_t digest, const struct option *rows, const void *into) {
  for (const struct option *row = rows; row && row->name; row++)
    digest =
        row->type == OPTION_MAP ? schema_digest(digest, row->sub, into) : fold_value(digest, row, (const char *)into + row->offset);
  return digest;
}
