/* The functions that Go's templates have by themselves; and() and or() are evaluated by execute.c, which stops at the first that decides. */
#include <string.h>

#include "agent/template/value.h"

enum { MADE_MAX = 16384 };

static bool same_type(struct calling *c, const struct tvalue *a, const struct tvalue *b) {
  bool comparable = a->kind >= T_BOOL && a->kind <= T_TEXT && a->kind == b->kind;
  return comparable || fail(c->fail, FAIL_CONFIG, "a %s cannot be compared with a %s", t_type(a), t_type(b));
}

static bool is_equal(const struct tvalue *a, const struct tvalue *b) {
  switch (a->kind) {
  case T_BOOL:
    return a->flag == b->flag;
  case T_INT:
    return a->whole == b->whole;
  case T_FLOAT:
    return a->number == b->number;
  default:
    return a->length == b->length && !memcmp(a->text, b->text, a->length);
  }
}

/* The first equals one of the others. */
static bool go_eq(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  *ret = t_bool(false);
  for (size_t i = 1; i < count && !ret->flag; i++) {
    bool none = args[0].kind == T_NONE || args[i].kind == T_NONE;
    if (!none && !same_type(c, &args[0], &args[i])) return false;
    ret->flag = none ? args[0].kind == args[i].kind : is_equal(&args[0], &args[i]);
  }
  return true;
}

static bool go_ne(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  bool good = go_eq(c, args, count, ret);
  ret->flag = !ret->flag;
  return good;
}

static bool is_less(const struct tvalue *a, const struct tvalue *b) {
  if (a->kind == T_INT) return a->whole < b->whole;
  if (a->kind == T_FLOAT) return a->number < b->number;
  int order = memcmp(a->text, b->text, MIN(a->length, b->length));
  return order < 0 || (order == 0 && a->length < b->length);
}

static bool ordered(struct calling *c, const struct tvalue *a, const struct tvalue *b) {
  if (!same_type(c, a, b)) return false;
  return a->kind != T_BOOL || fail(c->fail, FAIL_CONFIG, "true and false are neither less nor greater");
}

static bool go_lt(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  *ret = t_bool(false);
  if (!ordered(c, &args[0], &args[1])) return false;
  *ret = t_bool(is_less(&args[0], &args[1]));
  return true;
}

static bool go_le(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  *ret = t_bool(false);
  if (!ordered(c, &args[0], &args[1])) return false;
  *ret = t_bool(is_less(&args[0], &args[1]) || is_equal(&args[0], &args[1]));
  return true;
}

/* As Go: not less or equal, so that NaN is greater than everything. */
static bool go_gt(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  bool good = go_le(c, args, count, ret);
  ret->flag = !ret->flag;
  return good;
}

static bool go_ge(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  bool good = go_lt(c, args, count, ret);
  ret->flag = !ret->flag;
  return good;
}

static bool go_not(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)c, (void)count;
  *ret = t_bool(!t_truth(&args[0]));
  return true;
}

/* Things with parts */

static bool go_len(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  const struct tvalue *v = &args[0];
  if (v->kind == T_TEXT)
    *ret = t_int((int64_t)v->length);
  else if (v->kind == T_LABELS)
    *ret = t_int((int64_t)v->labels->count);
  else if (v->kind == T_VECTOR || v->kind == T_ARGS)
    *ret = t_int((int64_t)v->count);
  else
    return fail(c->fail, FAIL_CONFIG, "a %s has no length", t_type(v));
  return true;
}

static bool part_of(struct calling *c, const struct tvalue *v, const struct tvalue *at, struct tvalue *ret) {
  if ((v->kind == T_LABELS || v->kind == T_ARGS) && at->kind == T_TEXT) return t_field(c, v, at->text, ret);
  if ((v->kind != T_VECTOR && v->kind != T_TEXT) || at->kind != T_INT)
    return fail(c->fail, FAIL_CONFIG, "a %s has no part by a %s", t_type(v), t_type(at));
  size_t count = v->kind == T_TEXT ? v->length : v->count;
  if (at->whole < 0 || (uint64_t)at->whole >= count)
    return fail(c->fail, FAIL_CONFIG, "there is no item %lld among %zu", (long long)at->whole, count);
  if (v->kind == T_TEXT)
    *ret = t_int((unsigned char)v->text[at->whole]);
  else
    *ret = (struct tvalue){.kind = T_SAMPLE, .samples = &v->samples[at->whole]};
  return true;
}

static bool go_index(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  *ret = args[0];
  for (size_t i = 1; i < count; i++) {
    struct tvalue whole = *ret;
    if (!part_of(c, &whole, &args[i], ret)) return false;
  }
  return true;
}

static bool go_slice(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  const struct tvalue *v = &args[0];
  size_t length = v->kind == T_TEXT ? v->length : v->count;
  if (v->kind != T_TEXT && v->kind != T_VECTOR) return fail(c->fail, FAIL_CONFIG, "a %s cannot be sliced", t_type(v));
  size_t bounds[2] = {0, length};
  for (size_t i = 1; i < count; i++) {
    if (args[i].kind != T_INT || args[i].whole < 0 || (uint64_t)args[i].whole > length)
      return fail(c->fail, FAIL_CONFIG, "the bounds of a slice are numbers from 0 to %zu here", length);
    bounds[i - 1] = (size_t)args[i].whole;
  }
  if (bounds[0] > bounds[1]) return fail(c->fail, FAIL_CONFIG, "a slice ends before it begins");
  *ret = *v;
  if (v->kind == T_TEXT) {
    ret->length = bounds[1] - bounds[0];
    ret->text = arena_copy_bytes(c->arena, v->text + bounds[0], ret->length);
  } else {
    ret->count = bounds[1] - bounds[0];
    ret->samples = v->samples + bounds[0];
  }
  return true;
}

/* Text */

/* print puts a blank between two that are no texts, println between all. */
static struct tvalue printed(struct calling *c, const struct tvalue *args, size_t count, bool line) {
  SCOPED(buf_done) struct buf out;
  buf_init(&out, MADE_MAX);
  for (size_t i = 0; i < count; i++) {
    if (i && (line || (args[i].kind != T_TEXT && args[i - 1].kind != T_TEXT))) buf_putc(&out, ' ');
    if (args[i].kind == T_NONE)
      buf_puts(&out, "<nil>");
    else
      t_print(&out, &args[i]);
  }
  if (line) buf_putc(&out, '\n');
  return t_copy(c->arena, &out);
}

static bool go_print(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  *ret = printed(c, args, count, false);
  return true;
}

static bool go_println(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  *ret = printed(c, args, count, true);
  return true;
}

static bool go_printf(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  SCOPED(buf_done) struct buf out;
  buf_init(&out, MADE_MAX);
  if (args[0].kind != T_TEXT) return fail(c->fail, FAIL_CONFIG, "printf begins with a format, not with a %s", t_type(&args[0]));
  t_format(&out, args[0].text, args + 1, count - 1);
  *ret = t_copy(c->arena, &out);
  return true;
}

typedef void escape_fn(struct buf *out, char c);

static void escape_html(struct buf *out, char c) {
  static const char special[] = "\"'&<>";
  static const char *const escaped[] = {"&#34;", "&#39;", "&amp;", "&lt;", "&gt;"};
  const char *found = c ? strchr(special, c) : NULL;
  if (found)
    buf_puts(out, escaped[found - special]);
  else
    buf_putc(out, c);
}

static void escape_js(struct buf *out, char c) {
  if (c == '\\' || c == '\'' || c == '"')
    buf_printf(out, "\\%c", c);
  else if ((unsigned char)c < 0x20 || strchr("<>&=", c))
    buf_printf(out, "\\u%04X", (unsigned char)c);
  else
    buf_putc(out, c);
}

static void escape_query(struct buf *out, char c) {
  bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-_.~", c));
  if (plain)
    buf_putc(out, c);
  else if (c == ' ')
    buf_putc(out, '+');
  else
    buf_printf(out, "%%%02X", (unsigned char)c);
}

static struct tvalue escaped(struct calling *c, const struct tvalue *args, size_t count, escape_fn *escape) {
  SCOPED(buf_done) struct buf out;
  struct tvalue all = count == 1 && args[0].kind == T_TEXT ? args[0] : printed(c, args, count, false);
  buf_init(&out, MADE_MAX);
  for (size_t i = 0; i < all.length; i++) escape(&out, all.text[i]);
  return t_copy(c->arena, &out);
}

static bool go_html(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  *ret = escaped(c, args, count, escape_html);
  return true;
}

static bool go_js(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  *ret = escaped(c, args, count, escape_js);
  return true;
}

static bool go_urlquery(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  *ret = escaped(c, args, count, escape_query);
  return true;
}

const struct function go_functions[] = {
    {"and", 1, ARGS_MAX, NULL},
    {"or", 1, ARGS_MAX, NULL},
    {"not", 1, 1, go_not},
    {"eq", 2, ARGS_MAX, go_eq},
    {"ne", 2, 2, go_ne},
    {"lt", 2, 2, go_lt},
    {"le", 2, 2, go_le},
    {"gt", 2, 2, go_gt},
    {"ge", 2, 2, go_ge},
    {"len", 1, 1, go_len},
    {"index", 1, ARGS_MAX, go_index},
    {"slice", 1, 3, go_slice},
    {"print", 0, ARGS_MAX, go_print},
    {"println", 0, ARGS_MAX, go_println},
    {"printf", 1, ARGS_MAX, go_printf},
    {"html", 0, ARGS_MAX, go_html},
    {"js", 0, ARGS_MAX, go_js},
    {"urlquery", 0, ARGS_MAX, go_urlquery},
    {0},
};
