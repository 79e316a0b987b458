/* What stands within an action: a | b "c" ($d.e). The value of each command of a pipeline is the last argument of the next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/template/parse.h"
#include "agent/template/rune.h"
#include "base/number.h"
#include "base/text.h"

/* Constants */

/* The character behind a backslash, in double quotes. */
static bool escape(struct parse *p, struct buf *out) {
  static const char letters[] = "abfnrtv\\\"'", meanings[] = "\a\b\f\n\r\t\v\\\"'";
  const char *c = p->cursor;
  const char *known = *c ? strchr(letters, *c) : NULL;
  size_t digits = *c == 'x' ? 2 : *c == 'u' ? 4 : *c == 'U' ? 8 : 0;
  if (known) {
    buf_putc(out, meanings[known - letters]);
    p->cursor++;
    return true;
  }
  if (!digits || strspn(c + 1, "0123456789abcdefABCDEF") < digits)
    return parse_wrong(p, c - 1, "\\%.1s is no escape in a string", c);
  char hex[9] = "";
  memcpy(hex, c + 1, digits);
  unsigned long code = strtoul(hex, NULL, 16);
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return parse_wrong(p, c - 1, "this escape is no character");
  if (digits == 2 || code < 0x80)
    buf_putc(out, (char)code);
  else
    text_character(out, (uint32_t)code);
  p->cursor += 1 + digits;
  return true;
}

bool parse_quoted(struct parse *p, struct tvalue *ret) {
  const char *open = p->cursor++;
  SCOPED(buf_done) struct buf b;
  buf_init(&b, TEXT_MAX);
  while (*p->cursor && *p->cursor != *open && (*p->cursor != '\n' || *open == '`')) {
    char c = *p->cursor++;
    if (c != '\\' || *open == '`')
      buf_putc(&b, c);
    else if (!escape(p, &b))
      return false;
  }
  if (*p->cursor != *open) return parse_wrong(p, open, "the string that begins here does not end");
  if (b.overflow) return parse_wrong(p, open, "a string in a template has at most %d bytes", TEXT_MAX);
  p->cursor++;
  *ret = t_copy(p->arena, &b);
  return true;
}

/* 'x': its code. */
static bool character(struct parse *p, struct tvalue *ret) {
  const char *open = p->cursor;
  struct tvalue text = {.kind = T_NONE};
  uint32_t code = 0;
  if (!parse_quoted(p, &text)) return false;
  size_t n = text.length ? rune_at(text.text, text.length, &code) : 0;
  if (!n || n != text.length) return parse_wrong(p, open, "one character is expected within ' and '");
  *ret = t_int(code);
  return true;
}

static bool number(struct parse *p, struct tvalue *ret) {
  const char *begin = p->cursor;
  char digits[64], *end;
  size_t n = strspn(begin + 1, "0123456789abcdefABCDEFxXoOpP_.") + 1, kept = 0;
  while (strchr("+-", begin[n]) && begin[n] && strchr("eE", begin[n - 1])) n += 1 + strspn(begin + n + 1, "0123456789");
  if (n >= sizeof digits) return parse_wrong(p, begin, "this number is too long");
  for (size_t i = 0; i < n; i++)
    if (begin[i] != '_') digits[kept++] = begin[i];
  digits[kept] = 0;
  p->cursor += n;
  const char *unsigned_part = digits + strspn(digits, "+-");
  bool hex = unsigned_part[0] == '0' && strchr("xX", unsigned_part[1]) && unsigned_part[1];
  *ret = t_int(strtoll(digits, &end, 0));
  if (!*end && kept) return true;
  *ret = t_float(0);
  if (!hex && number_parse(digits, kept, &ret->number)) return true;
  return parse_wrong(p, begin, "\"%.*s\" is no number", (int)n, begin);
}

/* Terms */

/* What people write who know other languages: $value > 1, $value - 1, $labels.pod-name, $labels["x"]. */
static bool wrong_word(struct parse *p) {
  const char *at = p->cursor;
  bool within = at > p->text && parse_word(at - 1) && parse_word(at + 1);
  if (*at == '-' && within)
    return parse_wrong(p, at, "there is no - in a name; write index $labels \"…\" for a label whose name has one");
  if (*at == '[') return parse_wrong(p, at, "there are no [ ] here; write index $labels \"…\" for a label by its name");
  if (strchr("<>=!+-*/%&", *at))
    return parse_wrong(
        p, at, "templates have no %.1s; compare with gt, lt, eq, as in {{ if gt $value 1.0 }}, and compute in the expr", at);
  return parse_wrong(p, at, "\"%.*s\" is neither a value nor a function", (int)MIN(strcspn(at, " \t\n}"), 20), at);
}

static bool is_declared(const struct parse *p, const char *name) {
  for (size_t i = 0; i < p->variable_count; i++)
    if (!strcmp(p->variables[i], name)) return true;
  return false;
}

static const char *variable_name(struct parse *p) {
  size_t n = 1 + parse_word(p->cursor + 1);
  const char *name = arena_copy_bytes(p->arena, p->cursor, n);
  p->cursor += n;
  return name;
}

static bool variable(struct parse *p, struct term *t) {
  const char *at = p->cursor;
  t->kind = TERM_VARIABLE;
  t->name = variable_name(p);
  return is_declared(p, t->name) ||
         parse_wrong(p, at, "%.60s is unknown here; $labels, $value, $externalLabels and $externalURL are known", t->name);
}

static bool word(struct parse *p, struct term *t) {
  const char *at = p->cursor;
  size_t n = parse_word(at);
  const char *name = arena_copy_bytes(p->arena, at, n);
  p->cursor += n;
  t->kind = TERM_CONSTANT;
  if (!strcmp(name, "true") || !strcmp(name, "false")) {
    t->constant = t_bool(*name == 't');
    return true;
  }
  if (!strcmp(name, "nil")) return true;
  t->kind = TERM_FUNCTION;
  t->function = function_of(name);
  return t->function || parse_wrong(p, at, "there is no function %.40s", name);
}

static bool parenthesised(struct parse *p, struct term *t) {
  const char *open = p->cursor++;
  if (++p->depth > DEPTH_MAX) return parse_wrong(p, open, "parentheses are nested more than %d deep", DEPTH_MAX);
  t->kind = TERM_PIPELINE;
  t->pipeline = parse_pipeline(p, 0);
  if (!t->pipeline) return false;
  p->depth--;
  if (*p->cursor != ')') return parse_wrong(p, open, "the parenthesis that opens here does not close");
  p->cursor++;
  return true;
}

static bool begin_term(struct parse *p, struct term *t) {
  char c = *p->cursor;
  if (c == '$') return variable(p, t);
  if (c == '(') return parenthesised(p, t);
  if (c == '.' && !(p->cursor[1] >= '0' && p->cursor[1] <= '9')) {
    t->kind = TERM_DOT;
    p->cursor += !parse_word(p->cursor + 1);
    return true;
  }
  t->kind = TERM_CONSTANT;
  if (c == '"' || c == '`') return parse_quoted(p, &t->constant);
  if (c == '\'') return character(p, &t->constant);
  bool digit = c && strchr("0123456789", p->cursor[c == '+' || c == '-']) && p->cursor[c == '+' || c == '-'];
  if (digit || c == '.') return number(p, &t->constant);
  return parse_word(p->cursor) ? word(p, t) : wrong_word(p);
}

static bool fields(struct parse *p, struct term *t) {
  const char *names[DEPTH_MAX];
  while (*p->cursor == '.' && parse_word(p->cursor + 1)) {
    size_t n = parse_word(p->cursor + 1);
    if (t->field_count == DEPTH_MAX) return parse_wrong(p, p->cursor, "too many fields");
    if (t->kind == TERM_CONSTANT && t->constant.kind != T_TEXT) return parse_wrong(p, p->cursor, "a number has no fields");
    names[t->field_count++] = arena_copy_bytes(p->arena, p->cursor + 1, n);
    p->cursor += 1 + n;
  }
  if (!t->field_count) return true;
  t->fields = arena_alloc(p->arena, t->field_count * sizeof *t->fields);
  memcpy(t->fields, names, t->field_count * sizeof *names);
  return true;
}

static struct term *term(struct parse *p) {
  struct term *t = arena_alloc(p->arena, sizeof *t);
  t->offset = (size_t)(p->cursor - p->text);
  return begin_term(p, t) && fields(p, t) ? t : NULL;
}

/* Commands and pipelines */

static bool takes(struct parse *p, const struct command *c, bool piped, const char *at) {
  const struct term *first = c->terms[0];
  size_t given = c->count - 1 + piped;
  if (first->kind != TERM_FUNCTION) {
    if (piped) return parse_wrong(p, at, "a function is expected behind |");
    bool method = first->field_count && !strcmp(first->fields[first->field_count - 1], "Format");
    return c->count == 1 || (method && c->count == 2) || parse_wrong(p, at, "only a function takes arguments");
  }
  const struct function *f = first->function;
  if (given >= f->least && given <= f->most) return true;
  if (f->least == f->most)
    return parse_wrong(p, at, "%s takes %zu argument%s, not %zu", f->name, f->least, f->least == 1 ? "" : "s", given);
  return parse_wrong(p, at, "%s takes %s%zu arguments, not %zu", f->name, given < f->least ? "at least " : "at most ",
                     given < f->least ? f->least : f->most, given);
}

static struct command *command(struct parse *p, bool piped) {
  struct command *c = arena_alloc(p->arena, sizeof *c);
  const char *at = p->cursor;
  for (parse_blanks(p); !parse_at_end(p) && !strchr("|)", *p->cursor); parse_blanks(p)) {
    if (!c->count) at = p->cursor;
    if (c->count == ARGS_MAX) {
      parse_wrong(p, at, "a function has at most %d arguments", ARGS_MAX - 1);
      return NULL;
    }
    struct term *t = term(p);
    if (!t) return NULL;
    c->terms[c->count++] = t;
  }
  if (!*p->cursor)
    parse_wrong(p, p->open, "the {{ that opens here is not closed by }}");
  else if (!c->count)
    parse_wrong(p, p->cursor, piped ? "a function is expected behind |" : "a value is expected here");
  else if (takes(p, c, piped, at))
    return c;
  return NULL;
}

/* $x := …, $x = …, $i, $x := …: only when an assignment follows. */
static bool variables(struct parse *p, struct pipeline *ret, size_t max) {
  const char *begin = p->cursor, *names[2] = {0};
  size_t count = 0;
  while (count < max && *p->cursor == '$') {
    names[count++] = variable_name(p);
    parse_blanks(p);
    if (*p->cursor != ',' || count == max) break;
    p->cursor++;
    parse_blanks(p);
  }
  bool declares = p->cursor[0] == ':' && p->cursor[1] == '=', assigns = p->cursor[0] == '=';
  if (!count || (!declares && !assigns)) {
    p->cursor = begin;
    return true;
  }
  for (size_t i = 0; i < count && assigns; i++)
    if (!is_declared(p, names[i])) return parse_wrong(p, begin, "%.60s is not declared; use := the first time", names[i]);
  p->cursor += assigns ? 1 : 2;
  ret->assigns = assigns;
  ret->variable_count = count;
  memcpy(ret->variables, names, sizeof names);
  return true;
}

struct pipeline *parse_pipeline(struct parse *p, size_t variables_max) {
  struct pipeline *ret = arena_alloc(p->arena, sizeof *ret);
  parse_blanks(p);
  if (!variables(p, ret, variables_max)) return NULL;
  struct command **at = &ret->first;
  for (bool more = true, piped = false; more; piped = true) {
    *at = command(p, piped);
    if (!*at) return NULL;
    at = &(*at)->next;
    more = *p->cursor == '|';
    p->cursor += more;
  }
  if (p->variable_count + ret->variable_count > VARIABLES_MAX) {
    parse_wrong(p, p->open, "a template has at most %d variables", VARIABLES_MAX);
    return NULL;
  }
  for (size_t i = 0; i < ret->variable_count && !ret->assigns; i++) parse_declare(p, ret->variables[i]);
  return ret;
}
