/* Looking around in the tree of a configuration file. */
#include "config/tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct node *node_get(const struct node *map, const char *key) {
  for (struct node *n = map ? map->first : NULL; n; n = n->next)
    if (n->key && !strcmp(n->key->text, key)) return n;
  return NULL;
}

bool node_is_null(const struct node *n) {
  return n->type == NODE_SCALAR && n->plain && (!*n->text || !strcmp(n->text, "~") || !strcmp(n->text, "null"));
}

const char *node_type_name(const struct node *n) {
  static const char *const names[] = {[NODE_SCALAR] = "text", [NODE_LIST] = "a list", [NODE_MAP] = "a map"};
  return node_is_null(n) ? "nothing" : names[n->type];
}

const char *node_show_key(const struct node *key, char out[KEY_SHOWN_SIZE]) {
  size_t word = strspn(key->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");
  snprintf(out, KEY_SHOWN_SIZE, "%.*s%s", (int)MIN(word, (size_t)40), key->text, key->text[word] || word > 40 ? "..." : "");
  return out;
}

bool node_fail(const struct reader *r, const struct node *at, const char *format, ...) {
  char sentence[sizeof r->fail->text];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  if (!r->file) return fail(r->fail, FAIL_CONFIG, "%s", sentence);
  return fail(r->fail, FAIL_CONFIG, "%s:%u:%u: %s", r->file, at->line, at->column, sentence);
}
