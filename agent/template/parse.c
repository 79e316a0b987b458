/* From the text of a template to its tree: steps, pipelines, terms. What can be wrong without an element is found here, with its place: names of
 * functions and variables, what does not close. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/template/parse.h"

bool parse_wrong(struct parse *p, const char *at, const char *format, ...) {
  char sentence[300];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  p->wrong_at = (size_t)(at - p->text);
  return fail(p->fail, FAIL_CONFIG, "%s", sentence);
}

void parse_blanks(struct parse *p) {
  while (isspace((unsigned char)*p->cursor)) p->cursor++;
}

bool parse_at_end(const struct parse *p) {
  const char *c = p->cursor;
  return !*c || (c[0] == '}' && c[1] == '}') || (c[0] == '-' && c[1] == '}' && c[2] == '}');
}

size_t parse_word(const char *c) {
  size_t n = 0;
  while (isalnum((unsigned char)c[n]) || c[n] == '_' || (unsigned char)c[n] >= 0x80) n++;
  return n;
}

static bool is_word(const struct parse *p, const char *word) {
  size_t n = parse_word(p->cursor);
  return n == strlen(word) && !strncmp(p->cursor, word, n);
}

void parse_declare(struct parse *p, const char *name) {
  if (p->variable_count < VARIABLES_MAX) p->variables[p->variable_count++] = name;
}

/* Steps */

static struct step *new_step(struct parse *p, enum step_kind kind, const char *at) {
  struct step *s = arena_alloc(p->arena, sizeof *s);
  s->kind = kind;
  s->offset = (size_t)(at - p->text);
  return s;
}

/* The end of an action: "}}" or "-}}", which takes the white space behind it. */
static bool close_action(struct parse *p) {
  parse_blanks(p);
  bool trim = *p->cursor == '-' && isspace((unsigned char)p->cursor[-1]);
  const char *c = p->cursor + trim;
  if (c[0] != '}' || c[1] != '}') {
    if (*p->cursor) return parse_wrong(p, p->cursor, "\"%.20s\" is not expected here; the {{ needs its }}", p->cursor);
    return parse_wrong(p, p->open, "the {{ that opens here is not closed by }}");
  }
  p->cursor = c + 2;
  if (trim) parse_blanks(p);
  return true;
}

/* The steps up to what ends them: the end of the text, or {{ end }} and {{ else }}, behind whose word the cursor then is. */
enum stop { STOP_END_OF_TEXT, STOP_END, STOP_ELSE };
static bool steps(struct parse *p, struct step **ret, enum stop *stop);

/* The body of {{ if }}, {{ range }}, {{ with }} and what follows {{ else }}; `else if` and `else with` open another of the kind. */
static bool branches(struct parse *p, struct step *s);

static bool otherwise(struct parse *p, struct step *s) {
  enum stop stop;
  const char *open = p->open;
  parse_blanks(p);
  bool chained = s->kind != STEP_RANGE && is_word(p, s->kind == STEP_IF ? "if" : "with");
  if (chained) {
    p->cursor += parse_word(p->cursor);
    s->otherwise = new_step(p, s->kind, open);
    if (++p->depth > DEPTH_MAX) return parse_wrong(p, open, "actions are nested more than %d deep", DEPTH_MAX);
    bool good = branches(p, s->otherwise);
    p->depth--;
    return good;
  }
  if (!close_action(p) || !steps(p, &s->otherwise, &stop)) return false;
  if (stop == STOP_ELSE) return parse_wrong(p, p->open, "a second {{ else }}");
  if (stop == STOP_END_OF_TEXT) return parse_wrong(p, p->text + s->offset, "what opens here has no {{ end }}");
  return close_action(p);
}

static bool branches(struct parse *p, struct step *s) {
  enum stop stop;
  size_t known = p->variable_count;
  int loops = p->loops;
  s->pipeline = parse_pipeline(p, s->kind == STEP_RANGE ? 2 : 1);
  if (!s->pipeline || !close_action(p)) return false;
  size_t declared = p->variable_count;
  p->loops += s->kind == STEP_RANGE;
  if (!steps(p, &s->body, &stop)) return false;
  p->loops = loops;
  p->variable_count = declared;
  if (stop == STOP_END_OF_TEXT) return parse_wrong(p, p->text + s->offset, "what opens here has no {{ end }}");
  bool good = stop == STOP_ELSE ? otherwise(p, s) : close_action(p);
  p->variable_count = known;
  return good;
}

static bool branching(struct parse *p, enum step_kind kind, struct step **ret) {
  const char *open = p->open;
  p->cursor += parse_word(p->cursor);
  if (++p->depth > DEPTH_MAX) return parse_wrong(p, open, "actions are nested more than %d deep", DEPTH_MAX);
  *ret = new_step(p, kind, open);
  bool good = branches(p, *ret);
  p->depth--;
  return good;
}

static bool template_name(struct parse *p, const char **ret) {
  struct tvalue name;
  parse_blanks(p);
  if (*p->cursor != '"' && *p->cursor != '`') return parse_wrong(p, p->cursor, "the name of a template is expected, in quotes");
  if (!parse_quoted(p, &name)) return false;
  *ret = name.text;
  return true;
}

/* The body of a {{ define }} or {{ block }} up to its {{ end }}; it knows no variables from outside. */
static bool definition(struct parse *p, const char *name, const char *open) {
  enum stop stop;
  struct definition *d = arena_alloc(p->arena, sizeof *d);
  size_t known = p->variable_count;
  int loops = p->loops;
  if (++p->depth > DEPTH_MAX) return parse_wrong(p, open, "actions are nested more than %d deep", DEPTH_MAX);
  p->variable_count = 0;
  p->loops = 0;
  parse_declare(p, "$");
  if (!close_action(p) || !steps(p, &d->body, &stop)) return false;
  if (stop != STOP_END) return parse_wrong(p, open, "what opens here has no {{ end }}");
  p->variable_count = known;
  p->loops = loops;
  p->depth--;
  d->name = name;
  d->next = p->definitions;
  p->definitions = d;
  return close_action(p);
}

static bool define(struct parse *p) {
  const char *open = p->open, *name = NULL;
  p->cursor += parse_word(p->cursor);
  if (p->depth) return parse_wrong(p, open, "{{ define }} stands at the top alone");
  return template_name(p, &name) && definition(p, name, open);
}

/* {{ template "name" data }}. */
static bool invocation(struct parse *p, struct step **ret) {
  *ret = new_step(p, STEP_TEMPLATE, p->open);
  p->cursor += parse_word(p->cursor);
  if (!template_name(p, &(*ret)->text)) return false;
  parse_blanks(p);
  if (!parse_at_end(p) && !((*ret)->pipeline = parse_pipeline(p, 0))) return false;
  return close_action(p);
}

/* {{ block "name" data }} … {{ end }}: defines and invokes. */
static bool block(struct parse *p, struct step **ret) {
  const char *open = p->open;
  *ret = new_step(p, STEP_TEMPLATE, open);
  p->cursor += parse_word(p->cursor);
  if (!template_name(p, &(*ret)->text)) return false;
  (*ret)->pipeline = parse_pipeline(p, 0);
  return (*ret)->pipeline && definition(p, (*ret)->text, open);
}

static bool leave(struct parse *p, enum step_kind kind, struct step **ret) {
  if (!p->loops) return parse_wrong(p, p->open, "{{ break }} and {{ continue }} stand within {{ range }}");
  *ret = new_step(p, kind, p->open);
  p->cursor += parse_word(p->cursor);
  return close_action(p);
}

static bool comment(struct parse *p) {
  const char *end = strstr(p->cursor, "*/");
  if (!end) return parse_wrong(p, p->open, "the comment that begins here does not end");
  p->cursor = end + 2;
  return close_action(p);
}

/* An action, the cursor behind its "{{" and blanks. */
static bool action(struct parse *p, struct step **ret) {
  if (!strncmp(p->cursor, "/*", 2)) return comment(p);
  if (is_word(p, "if")) return branching(p, STEP_IF, ret);
  if (is_word(p, "range")) return branching(p, STEP_RANGE, ret);
  if (is_word(p, "with")) return branching(p, STEP_WITH, ret);
  if (is_word(p, "template")) return invocation(p, ret);
  if (is_word(p, "block")) return block(p, ret);
  if (is_word(p, "break")) return leave(p, STEP_BREAK, ret);
  if (is_word(p, "continue")) return leave(p, STEP_CONTINUE, ret);
  if (is_word(p, "define")) return define(p);
  *ret = new_step(p, STEP_PRINT, p->open);
  (*ret)->pipeline = parse_pipeline(p, 1);
  return (*ret)->pipeline && close_action(p);
}

/* The text up to the next action, the cursor then behind its "{{" and blanks; "{{-" takes the white space before it. */
static struct step *plain(struct parse *p) {
  const char *begin = p->cursor, *open = strstr(begin, "{{");
  const char *end = open ? open : begin + strlen(begin);
  struct step *s = new_step(p, STEP_TEXT, begin);
  p->cursor = end;
  p->open = open;
  if (open) {
    p->cursor += 2;
    bool trim = *p->cursor == '-' && isspace((unsigned char)p->cursor[1]);
    p->cursor += trim;
    while (trim && end > begin && isspace((unsigned char)end[-1])) end--;
    parse_blanks(p);
  }
  s->text = begin;
  s->length = (size_t)(end - begin);
  return s;
}

static bool steps(struct parse *p, struct step **ret, enum stop *stop) {
  struct step **at = ret;
  for (;;) {
    *at = plain(p);
    at = &(*at)->next;
    *stop = STOP_END_OF_TEXT;
    if (!p->open) return true;
    *stop = is_word(p, "end") ? STOP_END : is_word(p, "else") ? STOP_ELSE : STOP_END_OF_TEXT;
    if (*stop != STOP_END_OF_TEXT) {
      p->cursor += parse_word(p->cursor);
      return true;
    }
    if (!action(p, at)) return false;
    if (*at) at = &(*at)->next;
  }
}

struct tree *tree_of(const char *text, struct arena *a, size_t *wrong_at, struct fail *f) {
  struct parse p = {.text = text, .cursor = text, .arena = a, .fail = f};
  struct tree *t = arena_alloc(a, sizeof *t);
  enum stop stop;
  static const char *const known[] = {"$", "$labels", "$externalLabels", "$externalURL", "$value"};
  for (size_t i = 0; i < COUNTOF(known); i++) parse_declare(&p, known[i]);
  bool good = steps(&p, &t->body, &stop) &&
              (stop == STOP_END_OF_TEXT || parse_wrong(&p, p.open, "{{ %s }} ends nothing", stop == STOP_END ? "end" : "else"));
  t->text = text;
  t->definitions = p.definitions;
  *wrong_at = p.wrong_at;
  return good ? t : NULL;
}
