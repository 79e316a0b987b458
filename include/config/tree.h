/* A YAML file as a tree whose nodes know where they stand: the configuration, and the files of rules. */
#ifndef SONDE_CONFIG_TREE_H
#define SONDE_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fail.h"

#define CONFIG_FILE_BYTES_MAX (1u << 20)
#define CONFIG_DEPTH_MAX      16
#define CONFIG_NODES_MAX      100000

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
  enum node_type type;
  unsigned line, column; /* counted from 1, columns in characters */
  const char *text;      /* SCALAR: as parsed, before ${X} is replaced; no NUL in it */
  bool plain;            /* SCALAR: written without quotes */
  bool literal;          /* SCALAR: a `$` in it means itself (what discovery found, defaults) */
  struct node *key;      /* when it is a value in a map */
  struct node *first, *next;
  size_t count;
};

/* What the reading of one file has in common. */
struct reader {
  struct arena *arena; /* for what stays; the tree lies elsewhere */
  const char *file;    /* as messages name it; NULL: there is no file, and messages have no place */
  const char *folder;  /* where relative paths start; NULL: where the program runs */
  bool literal;        /* a `$` in the file means itself: nothing is taken from the environment */
  struct fail *fail;
};

/* Parses a file's text: one document, no duplicate key, nothing above the caps. A literal file is one that other programs read too: aliases, merge keys
 * and tags are understood there, and refused in our own. The result is a map (empty for an empty file). NULL with a sentence. */
struct node *tree_parse(struct arena *tree, const struct reader *r, const char *text, size_t length) MUST_CHECK;

/* The value of a key in a map; NULL when there is none, or when `map` is NULL. */
struct node *node_get(const struct node *map, const char *key);
/* True for `key:` without a value, `~` and `null`: the default stays. */
bool node_is_null(const struct node *n);
/* "a list", "a map", "text", "nothing". */
const char *node_type_name(const struct node *n);
#define KEY_SHOWN_SIZE 48
/* Writes what may be shown of a key, and returns it: its leading word. In `password:x`, where a space is missing, the rest is a secret. */
const char *node_show_key(const struct node *key, char out[KEY_SHOWN_SIZE]);
/* Where the character at `offset` of a scalar's text stands in the file, whose text is `file`: for a mistake within a long value. A node that is good
 * for node_fail() alone. */
struct node node_inside(const char *file, const struct node *scalar, size_t offset);
/* Sets the sentence "file:line:column: …"; returns false. */
bool node_fail(const struct reader *r, const struct node *at, const char *format, ...) PRINTF(3, 4);

#endif
