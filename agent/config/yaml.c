/* The one file that knows libyaml: events become our tree. Events and not libyaml's documents, since those resolve aliases silently, and since
 * depth and size are judged here while reading, before a hostile file takes memory. What libyaml says of a syntax error is kept, and
 * for the usual slips a remedy is added. */
#include <yaml.h>

#include <string.h>

#include "agent/config/alias.h"
#include "base/mem.h"

#define STANDARD_TAG    "tag:yaml.org,2002:"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct walk {
  const struct reader *r;
  struct arena *tree;
  const char *text;
  yaml_parser_t parser;
  yaml_event_t event;
  bool has_event;
  size_t nodes;       /* that may still be made */
  struct map anchors; /* nodes by their &name */
};

/* libyaml's words, and what people mostly did. */
static const struct {
  const char *problem, *remedy;
} remedies[] = {
    {"found character that cannot start any token", "put quotes around a value that begins with @, ` or %"},
    {"mapping values are not allowed in this context",
     "indentation that does not fit, a key above without its colon, or a value with \": \" in it that needs quotes"},
    {"could not find expected ':'", "a key is followed by a colon and a space"},
    {"did not find expected <document start>", "the lines of this file are keys, each followed by a colon"},
    {"did not find expected key", "keys of one map begin in the same column"},
    {"did not find expected '-' indicator", "items of one list begin in the same column"},
    {"did not find expected ',' or ']'", "a list [a, b] is not closed, or a comma is missing"},
    {"did not find expected ',' or '}'", "a map {a: 1, b: 2} is not closed, or a comma is missing"},
    {"found unexpected end of stream", "a quote is not closed"},
    {"invalid leading UTF-8 octet", "save the file as UTF-8"},
    {"invalid trailing UTF-8 octet", "save the file as UTF-8"},
    {"found unknown escape character", "a backslash in double quotes begins an escape; single quotes take it as it is"},
};

static const char *remedy_of(const struct walk *w, const struct node *at) {
  const char *line = w->text;
  for (unsigned n = 1; line && n < at->line; n++) line = (line = strchr(line, '\n')) ? line + 1 : NULL;
  if (line && line[strspn(line, " ")] == '\t') return "YAML indents with spaces, not with tabs";
  for (size_t i = 0; i < COUNTOF(remedies); i++)
    if (!strcmp(w->parser.problem, remedies[i].problem)) return remedies[i].remedy;
  return NULL;
}

/* The reader of characters tells a byte offset, all later stages a mark. */
static void place_offset(const struct walk *w, struct node *at) {
  at->line = at->column = 1;
  for (size_t i = 0; i < w->parser.problem_offset && w->text[i]; i++) {
    at->column += ((unsigned char)w->text[i] & 0xC0) != 0x80;
    if (w->text[i] != '\n') continue;
    at->line++;
    at->column = 1;
  }
}

static bool fail_syntax(const struct walk *w) {
  const yaml_parser_t *p = &w->parser;
  struct node at = {0};
  bool key = p->problem && !strcmp(p->problem, "could not find expected ':'"); /* noticed on the line after it */
  yaml_mark_t mark = key ? p->context_mark : p->problem_mark;
  if (p->error == YAML_READER_ERROR)
    place_offset(w, &at);
  else
    at.line = (unsigned)mark.line + 1, at.column = (unsigned)mark.column + 1;
  const char *problem = p->problem ? p->problem : "this cannot be read", *remedy = p->problem ? remedy_of(w, &at) : NULL;
  return node_fail(w->r, &at, "not valid YAML: %s%s%s", problem, remedy ? "; " : "", remedy ? remedy : "");
}

static void drop_event(struct walk *w) {
  if (!w->has_event) return;
  if (w->event.type == YAML_SCALAR_EVENT) mem_wipe(w->event.data.scalar.value, w->event.data.scalar.length);
  yaml_event_delete(&w->event);
  w->has_event = false;
}

static bool next(struct walk *w) {
  drop_event(w);
  if (!yaml_parser_parse(&w->parser, &w->event)) return fail_syntax(w);
  w->has_event = true;
  return true;
}

static const char *tag_of(const yaml_event_t *e) {
  const yaml_char_t *tag = e->type == YAML_SCALAR_EVENT           ? e->data.scalar.tag
                           : e->type == YAML_SEQUENCE_START_EVENT ? e->data.sequence_start.tag
                           : e->type == YAML_MAPPING_START_EVENT  ? e->data.mapping_start.tag
                                                                  : NULL;
  return (const char *)tag;
}

/* !!str 5: the text is what counts here, and of what type it is, its key says. */
static bool is_tag_allowed(const struct walk *w, const char *tag) {
  return w->r->literal && !strncmp(tag, STANDARD_TAG, strlen(STANDARD_TAG)) && strcmp(tag, STANDARD_TAG "binary") != 0;
}

/* What YAML knows and nothing here has a use for: each would only hide what the file means. */
static bool allowed(struct walk *w, const struct node *n, unsigned depth) {
  const yaml_event_t *e = &w->event;
  const char *tag = tag_of(e);
  if (e->type == YAML_ALIAS_EVENT && !w->r->literal)
    return node_fail(w->r, n, "aliases (*name) are not supported; write the value again");
  if (tag && !is_tag_allowed(w, tag)) return node_fail(w->r, n, "tags (!name) are not supported; leave it out");
  if (depth > CONFIG_DEPTH_MAX) return node_fail(w->r, n, "nested too deeply; at most %d levels are read", CONFIG_DEPTH_MAX);
  if (!w->nodes) return node_fail(w->r, n, "too many values; at most %d are read", CONFIG_NODES_MAX);
  if (e->type == YAML_SCALAR_EVENT && memchr(e->data.scalar.value, 0, e->data.scalar.length))
    return node_fail(w->r, n, "there is a NUL character in this value");
  w->nodes--;
  return true;
}

/* Aliases */

/* The name behind & of the event; NULL without one. In the arena: the event goes. */
static const char *anchor_of(const struct walk *w) {
  const yaml_event_t *e = &w->event;
  const yaml_char_t *name = e->type == YAML_SCALAR_EVENT           ? e->data.scalar.anchor
                            : e->type == YAML_SEQUENCE_START_EVENT ? e->data.sequence_start.anchor
                            : e->type == YAML_MAPPING_START_EVENT  ? e->data.mapping_start.anchor
                                                                   : NULL;
  return name ? arena_copy(w->tree, (const char *)name) : NULL;
}

static void note_anchor(struct walk *w, const char *name, struct node *n) {
  if (name) *map_slot(&w->anchors, name, strlen(name)) = n;
}

static struct node *read_alias(struct walk *w, const struct node *at, unsigned depth) {
  const char *name = (const char *)w->event.data.alias.anchor;
  const struct node *meant = map_find(&w->anchors, name, strlen(name));
  if (!meant) {
    node_fail(w->r, at, "no value above is called &%.60s", name);
    return NULL;
  }
  struct node *copy = alias_copy(meant, w->tree, &w->nodes, CONFIG_DEPTH_MAX + 1 - depth);
  if (!copy)
    node_fail(w->r, at, "*%.60s makes this too large: at most %d values in %d levels are read", name, CONFIG_NODES_MAX,
              CONFIG_DEPTH_MAX);
  return copy;
}

static struct node *read_node(struct walk *w, unsigned depth);

static bool read_list(struct walk *w, struct node *list, unsigned depth) {
  struct node **tail = &list->first;
  while (next(w)) {
    if (w->event.type == YAML_SEQUENCE_END_EVENT) return true;
    if (!(*tail = read_node(w, depth + 1))) return false;
    tail = &(*tail)->next;
    list->count++;
  }
  return false;
}

static bool key_is_good(struct walk *w, struct map *seen, struct node *key) {
  if (key->type == NODE_MAP && w->r->literal) return node_fail(w->r, key, "put quotes around a value that begins with {{");
  if (key->type != NODE_SCALAR) return node_fail(w->r, key, "a key is a word, not %s", node_type_name(key));
  struct node **first = (struct node **)map_slot(seen, key->text, strlen(key->text));
  char shown[KEY_SHOWN_SIZE];
  if (*first) return node_fail(w->r, key, "the key \"%s\" is there already, in line %u", node_show_key(key, shown), (*first)->line);
  *first = key;
  return true;
}

static bool is_merge(const struct walk *w, const struct node *key) {
  return w->r->literal && key->plain && !strcmp(key->text, "<<");
}

static bool read_map(struct walk *w, struct node *map, unsigned depth) {
  SCOPED(map_done) struct map seen = {0};
  struct node **tail = &map->first, *merged = NULL;
  while (next(w)) {
    if (w->event.type == YAML_MAPPING_END_EVENT) return !merged || alias_merge(w->r, map, merged, &seen);
    struct node *key = read_node(w, depth + 1), *value;
    if (!key || !key_is_good(w, &seen, key) || !next(w) || !(value = read_node(w, depth + 1))) return false;
    if (is_merge(w, key)) {
      merged = value;
      continue;
    }
    value->key = key;
    *tail = value;
    tail = &value->next;
    map->count++;
  }
  return false;
}

static struct node *read_scalar(struct walk *w, struct node *n) {
  const char *tag = tag_of(&w->event);
  n->type = NODE_SCALAR;
  n->text = arena_copy_bytes(w->tree, w->event.data.scalar.value, w->event.data.scalar.length);
  n->plain = w->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && (!tag || strcmp(tag, STANDARD_TAG "str") != 0);
  n->literal = w->r->literal;
  return n;
}

/* Reads the node that the current event begins; afterwards the current event is the one that ends it. NULL with a sentence. */
static struct node *read_node(struct walk *w, unsigned depth) {
  struct node *n = arena_alloc(w->tree, sizeof *n);
  n->line = (unsigned)w->event.start_mark.line + 1;
  n->column = (unsigned)w->event.start_mark.column + 1;
  if (!allowed(w, n, depth)) return NULL;
  if (w->event.type == YAML_ALIAS_EVENT) return read_alias(w, n, depth);
  const char *anchor = anchor_of(w);
  bool good = true;
  if (w->event.type == YAML_SEQUENCE_START_EVENT) {
    n->type = NODE_LIST;
    good = read_list(w, n, depth);
  } else if (w->event.type == YAML_MAPPING_START_EVENT) {
    n->type = NODE_MAP;
    good = read_map(w, n, depth);
  } else {
    read_scalar(w, n);
  }
  if (!good) return NULL;
  note_anchor(w, anchor, n);
  return n;
}

static struct node *empty_map(struct walk *w) {
  struct node *n = arena_alloc(w->tree, sizeof *n);
  n->type = NODE_MAP;
  n->line = n->column = 1;
  return n;
}

static bool skip(struct walk *w, int events) {
  while (events-- > 0)
    if (!next(w)) return false;
  return true;
}

/* Stream start, then at most one document (its start, its root, its end), then stream end. */
static struct node *read_stream(struct walk *w) {
  if (!skip(w, 2)) return NULL;
  if (w->event.type == YAML_STREAM_END_EVENT) return empty_map(w);
  struct node *root = skip(w, 1) ? read_node(w, 1) : NULL;
  if (!root || !skip(w, 2)) return NULL;
  struct node at = {.line = (unsigned)w->event.start_mark.line + 1, .column = (unsigned)w->event.start_mark.column + 1};
  while (w->event.type != YAML_STREAM_END_EVENT) {
    if (!next(w)) return NULL;
    if (w->event.type != YAML_SCALAR_EVENT || w->event.data.scalar.length) {
      node_fail(w->r, &at, "a second document begins here; the file holds one");
      return NULL;
    }
    if (!skip(w, 2)) return NULL;
  }
  if (node_is_null(root)) return empty_map(w);
  if (root->type == NODE_MAP) return root;
  node_fail(w->r, root, "the file must be a map of keys and values, but this is %s", node_type_name(root));
  return NULL;
}

/* libyaml's own buffers held the file's text, secrets included. */
static void wipe_parser(yaml_parser_t *p) {
  mem_wipe(p->raw_buffer.start, (size_t)(p->raw_buffer.end - p->raw_buffer.start));
  mem_wipe(p->buffer.start, (size_t)(p->buffer.end - p->buffer.start));
}

struct node *tree_parse(struct arena *tree, const struct reader *r, const char *text, size_t length) {
  struct walk w = {.r = r, .tree = tree, .text = text, .nodes = CONFIG_NODES_MAX};
  if (length >= strlen(BYTE_ORDER_MARK) && !memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK))) {
    w.text += strlen(BYTE_ORDER_MARK);
    length -= strlen(BYTE_ORDER_MARK);
  }
  if (!yaml_parser_initialize(&w.parser)) {
    fail(r->fail, FAIL_SYSTEM, "no memory to read YAML");
    return NULL;
  }
  yaml_parser_set_encoding(&w.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&w.parser, (const unsigned char *)w.text, length);
  struct node *root = read_stream(&w);
  drop_event(&w);
  wipe_parser(&w.parser);
  yaml_parser_delete(&w.parser);
  map_done(&w.anchors);
  return root;
}
