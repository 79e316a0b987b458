/* ${X} is replaced in values after YAML has been parsed: whatever a variable holds stays one value and cannot become structure.
 * Two walks, the first measures and the second writes, so that secrets are not left behind by a buffer that grows. */
#include "agent/config/expand.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct output {
  char *text; /* NULL while measuring */
  size_t length;
};

static void put(struct output *out, const char *bytes, size_t length) {
  if (out->text && length) memcpy(out->text + out->length, bytes, length);
  out->length += length;
}

static bool is_name(const char *text, size_t length) {
  if (length == 0 || length > 128 || isdigit((unsigned char)*text)) return false;
  for (size_t i = 0; i < length; i++)
    if (text[i] != '_' && (!isalnum((unsigned char)text[i]) || (unsigned char)text[i] > 127)) return false;
  return true;
}

/* `body` is what stands between ${ and }. */
static bool put_variable(const struct reader *r, const struct node *n, struct output *out, const char *body, size_t length) {
  const char *fallback = memmem(body, length, ":-", 2);
  size_t name_length = fallback ? (size_t)(fallback - body) : length;
  if (!is_name(body, name_length))
    return node_fail(r, n, "after ${ comes the name of a variable: ${NAME} or ${NAME:-default}; a plain $ is written $$");
  char name[129];
  memcpy(name, body, name_length);
  name[name_length] = 0;
  const char *value = getenv(name);
  if (fallback && (!value || !*value)) {
    put(out, fallback + 2, length - name_length - 2);
    return true;
  }
  if (!value) return node_fail(r, n, "the environment variable %s is not set; set it, or write ${%s:-default}", name, name);
  put(out, value, strlen(value));
  return true;
}

static bool walk(const struct reader *r, const struct node *n, struct output *out) {
  const char *p = n->text;
  for (;;) {
    size_t plain = n->literal ? strlen(p) : strcspn(p, "$");
    put(out, p, plain);
    p += plain;
    if (!*p) return true;
    if (p[1] == '{') {
      const char *end = strchr(p, '}');
      if (!end) return node_fail(r, n, "a ${ is not closed by }; a plain $ is written $$");
      if (!put_variable(r, n, out, p + 2, (size_t)(end - p) - 2)) return false;
      p = end + 1;
    } else {
      put(out, "$", 1);
      p += p[1] == '$' ? 2 : 1;
    }
  }
}

const char *expand(const struct reader *r, const struct node *scalar) {
  struct output out = {0};
  if (!walk(r, scalar, &out)) return NULL;
  if (out.length > CONFIG_VALUE_BYTES_MAX) {
    node_fail(r, scalar, "this value is too long; at most %d bytes are read", CONFIG_VALUE_BYTES_MAX);
    return NULL;
  }
  out.text = arena_alloc(r->arena, out.length + 1);
  out.length = 0;
  return walk(r, scalar, &out) ? out.text : NULL;
}

bool expand_needed(const struct node *scalar) {
  return !scalar->literal && strstr(scalar->text, "${");
}
