/* Templates of labels and annotations, as Prometheus has them: text with {{ actions }}. An action is a pipeline: the value of each step is the last
 * argument of the next. What Go's templates have and rules in the wild do not use (if, range, query) is refused by its name. */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/alert/humanize.h"
#include "alert/alert.h"
#include "base/number.h"

enum { OUTPUT_MAX = 16384, ARGS_MAX = 8, TEXT_MAX = 4096, DEPTH_MAX = 20 };

struct operand {
  bool is_number;
  double number;
  const char *text;
};

struct template {
  const char *start, *cursor;
  size_t wrong_at; /* the character that the sentence is about */
  bool checking;   /* without an element: what labels hold is not known */
  int depth;
  struct arena arena; /* of the texts that actions make */
  const struct labels *labels;
  const struct pairs *external;
  double value;
  struct fail *fail;
};

PRINTF(3, 4) static bool wrong(struct template *t, const char *at, const char *format, ...) {
  char sentence[300];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  t->wrong_at = (size_t)(at - t->start);
  return fail(t->fail, FAIL_CONFIG, "%s", sentence);
}

static void skip_blanks(struct template *t) {
  while (isspace((unsigned char)*t->cursor)) t->cursor++;
}

static bool at_end(const struct template *t) {
  const char *p = t->cursor;
  return (p[0] == '}' && p[1] == '}') || (p[0] == '-' && p[1] == '}' && p[2] == '}');
}

static size_t word_length(const char *p) {
  return strcspn(p, " \t\r\n|(){}\"`");
}

static const char *as_text(struct template *t, const struct operand *o) {
  if (!o->is_number) return o->text;
  char shown[64];
  return arena_copy(&t->arena, go_float(o->number, shown));
}

static const char *all_labels(struct template *t, const struct labels *l) {
  SCOPED(buf_done) struct buf b;
  buf_init(&b, OUTPUT_MAX);
  buf_puts(&b, "map[");
  for (size_t i = 0; i < l->count; i++) buf_printf(&b, "%s%s:%s", i ? " " : "", l->pairs[i].name, l->pairs[i].value);
  buf_puts(&b, "]");
  return arena_copy(&t->arena, b.data);
}

static const char *external_label(const struct template *t, const char *name, size_t length) {
  for (size_t i = 0; t->external && i < t->external->count; i++)
    if (strlen(t->external->names[i]) == length && !strncmp(t->external->names[i], name, length)) return t->external->values[i];
  return "";
}

/* True when the word begins with `prefix`; *rest is what follows. */
static bool begins(const char *word, size_t length, const char *prefix, const char **rest) {
  size_t n = strlen(prefix);
  *rest = word + n;
  return length >= n && !strncmp(word, prefix, n);
}

static bool variable(struct template *t, const char *word, size_t length, struct operand *ret) {
  const char *rest, *end = word + length;
  *ret = (struct operand){.text = ""};
  if ((begins(word, length, "$value", &rest) || begins(word, length, ".Value", &rest)) && rest == end)
    *ret = (struct operand){.is_number = true, .number = t->value};
  else if ((begins(word, length, "$labels", &rest) || begins(word, length, ".Labels", &rest)) && rest == end)
    ret->text = all_labels(t, t->labels);
  else if (begins(word, length, "$labels.", &rest) || begins(word, length, ".Labels.", &rest))
    ret->text = labels_get(t->labels, arena_copy_bytes(&t->arena, rest, (size_t)(end - rest)));
  else if (begins(word, length, "$externalLabels.", &rest) || begins(word, length, ".ExternalLabels.", &rest))
    ret->text = external_label(t, rest, (size_t)(end - rest));
  else if (!(begins(word, length, "$externalURL", &rest) && rest == end))
    return wrong(t, word, "%.*s is unknown here; $labels.NAME, $value, $externalLabels.NAME and $externalURL are known",
                 (int)MIN(length, (size_t)60), word);
  return true;
}

static bool quoted(struct template *t, struct operand *ret) {
  const char *open = t->cursor++;
  SCOPED(buf_done) struct buf b;
  buf_init(&b, TEXT_MAX);
  while (*t->cursor && *t->cursor != *open) {
    if (*open == '"' && *t->cursor == '\\' && t->cursor[1]) {
      t->cursor++;
      buf_putc(&b, *t->cursor == 'n' ? '\n' : *t->cursor == 't' ? '\t' : *t->cursor);
    } else {
      buf_putc(&b, *t->cursor);
    }
    t->cursor++;
  }
  if (*t->cursor != *open) return wrong(t, open, "the string that begins here does not end");
  if (b.overflow) return wrong(t, open, "a string in a template has at most %d characters", TEXT_MAX);
  t->cursor++;
  *ret = (struct operand){.text = b.data ? arena_copy(&t->arena, b.data) : ""};
  return true;
}

/* Functions */

static bool number_of(struct template *t, const char *at, const struct operand *o, double *ret) {
  if (o->is_number || t->checking) {
    *ret = o->is_number ? o->number : 1;
    return true;
  }
  return number_parse(o->text, strlen(o->text), ret) || wrong(t, at, "\"%.60s\" is not a number", o->text);
}

/* One verb of printf at *format (behind the %) with its argument. A width of text and a number behind %d are what rules do not have: the first is
 * ignored, the second rounded. */
static bool verb(struct template *t, const char *at, const char **format, const struct operand *o, struct buf *out) {
  size_t n = strspn(*format, "+-# 0123456789.");
  const char *flags = *format;
  char letter = flags[n], spec[16], shown[400];
  double number;
  if (n > 8 || !letter || !strchr("sqvdfgeEG", letter)) return wrong(t, at, "printf knows the verbs %%s %%v %%q %%d %%f %%g %%e");
  *format += n + 1;
  if (letter == 's' || letter == 'v' || letter == 'q') {
    buf_printf(out, letter == 'q' ? "\"%s\"" : "%s", as_text(t, o));
    return true;
  }
  if (!number_of(t, at, o, &number)) return false;
  if (!isfinite(number)) {
    buf_puts(out, go_float(number, shown));
    return true;
  }
  snprintf(spec, sizeof spec, letter == 'd' ? "%%%.*s.0f" : "%%%.*s%c", (int)n, flags, letter);
  format_number(shown, sizeof shown, spec, number);
  buf_puts(out, shown);
  return true;
}

static bool print_formatted(struct template *t, const char *at, const struct operand *args, size_t count, struct operand *ret) {
  if (!count || args[0].is_number) return wrong(t, at, "printf takes a format and its values");
  SCOPED(buf_done) struct buf out;
  buf_init(&out, OUTPUT_MAX);
  size_t next = 1;
  for (const char *p = args[0].text; *p;) {
    if (*p != '%') {
      buf_putc(&out, *p++);
    } else if (p[1] == '%') {
      buf_putc(&out, '%');
      p += 2;
    } else {
      p++;
      if (next >= count) return wrong(t, at, "printf has more verbs than values");
      if (!verb(t, at, &p, &args[next++], &out)) return false;
    }
  }
  *ret = (struct operand){.text = out.data ? arena_copy(&t->arena, out.data) : ""};
  return true;
}

static bool change_case(struct template *t, const struct operand *o, int (*change)(int), struct operand *ret) {
  char *copy = arena_copy(&t->arena, as_text(t, o));
  for (char *p = copy; *p; p++) *p = (char)change((unsigned char)*p);
  *ret = (struct operand){.text = copy};
  return true;
}

static bool call(struct template *t, const char *word, size_t length, const struct operand *args, size_t count,
                 struct operand *ret) {
  const char *name = arena_copy_bytes(&t->arena, word, length);
  if (!strcmp(name, "printf")) return print_formatted(t, word, args, count, ret);
  const struct humanizer *h = humanizer_find(name);
  bool upper = !strcmp(name, "toUpper"), lower = !strcmp(name, "toLower");
  if (!h && !upper && !lower)
    return wrong(t, word,
                 "the function %.40s is not supported; printf, humanize, humanize1024, humanizePercentage, humanizeDuration, "
                 "humanizeTimestamp, toUpper and toLower are",
                 name);
  if (count != 1) return wrong(t, word, "%s takes one value", name);
  if (!h) return change_case(t, &args[0], upper ? toupper : tolower, ret);
  double number;
  char shown[64];
  if (!number_of(t, word, &args[0], &number)) return false;
  *ret = (struct operand){.text = arena_copy(&t->arena, h->show(number, shown, sizeof shown))};
  return true;
}

/* Actions */

static bool pipeline(struct template *t, struct operand *ret);

static bool operand(struct template *t, struct operand *ret) {
  char c = *t->cursor;
  if (c == '"' || c == '`') return quoted(t, ret);
  if (c == '(') {
    const char *open = t->cursor++;
    if (++t->depth > DEPTH_MAX) return wrong(t, open, "parentheses are nested more than %d deep", DEPTH_MAX);
    if (!pipeline(t, ret)) return false;
    t->depth--;
    if (*t->cursor != ')') return wrong(t, open, "the parenthesis that opens here does not close");
    t->cursor++;
    return true;
  }
  const char *word = t->cursor;
  size_t length = word_length(word);
  t->cursor += length;
  if (c == '$' || c == '.') return variable(t, word, length, ret);
  ret->is_number = length && number_parse(word, length, &ret->number);
  return ret->is_number || wrong(t, word, "\"%.*s\" is neither a value nor a string", (int)MIN(length, (size_t)60), word);
}

/* A value alone, or a function with its arguments; `piped` (NULL for none) is the last of them. */
static bool command(struct template *t, const struct operand *piped, struct operand *ret) {
  struct operand args[ARGS_MAX] = {0};
  size_t count = 0;
  skip_blanks(t);
  const char *word = t->cursor;
  size_t length = word_length(word);
  bool is_call = isalpha((unsigned char)*word);
  if (!is_call && piped) return wrong(t, word, "a function is expected behind |");
  if (!is_call) return operand(t, ret);
  t->cursor += length;
  for (skip_blanks(t); *t->cursor && *t->cursor != '|' && *t->cursor != ')' && !at_end(t); skip_blanks(t)) {
    if (count + 1 >= ARGS_MAX) return wrong(t, word, "%.*s has too many arguments", (int)MIN(length, (size_t)60), word);
    if (!operand(t, &args[count++])) return false;
  }
  if (piped) args[count++] = *piped;
  return call(t, word, length, args, count, ret);
}

static bool pipeline(struct template *t, struct operand *ret) {
  if (!command(t, NULL, ret)) return false;
  for (skip_blanks(t); *t->cursor == '|'; skip_blanks(t)) {
    struct operand piped = *ret;
    t->cursor++;
    if (!command(t, &piped, ret)) return false;
  }
  return true;
}

/* An action, the cursor behind its "{{". `trim` tells whether it ends in "-}}". */
static bool action(struct template *t, const char *open, struct buf *out, bool *trim) {
  struct operand result = {0};
  skip_blanks(t);
  if (!strncmp(t->cursor, "/*", 2)) return wrong(t, open, "comments in templates are not supported");
  if (!pipeline(t, &result)) return false;
  skip_blanks(t);
  *trim = *t->cursor == '-';
  t->cursor += *trim;
  if (t->cursor[0] != '}' || t->cursor[1] != '}') return wrong(t, open, "the {{ that opens here is not closed by }}");
  t->cursor += 2;
  buf_puts(out, as_text(t, &result));
  return true;
}

static bool render(struct template *t, struct buf *out) {
  for (bool trim = false; *t->cursor;) {
    if (trim) skip_blanks(t);
    trim = false;
    const char *open = strstr(t->cursor, "{{");
    if (!open) {
      buf_puts(out, t->cursor);
      break;
    }
    buf_put(out, t->cursor, (size_t)(open - t->cursor));
    t->cursor = open + 2;
    if (t->cursor[0] == '-' && isspace((unsigned char)t->cursor[1])) {
      while (out->length && isspace((unsigned char)out->data[out->length - 1])) out->data[--out->length] = 0;
      t->cursor++;
    }
    if (!action(t, open, out, &trim)) return false;
  }
  return !out->overflow || fail(t->fail, FAIL_LIMIT, "a template gives more than %d bytes", OUTPUT_MAX);
}

static bool process(struct template *t, const char *text, struct buf *out) {
  t->start = t->cursor = text;
  arena_init(&t->arena);
  bool ok = render(t, out);
  arena_done(&t->arena);
  return ok;
}

bool template_render(struct buf *out, const char *text, const struct labels *labels, double value, const struct pairs *external,
                     struct fail *f) {
  struct template t = {.labels = labels, .external = external, .value = value, .fail = f};
  return process(&t, text, out) || fail_prefix(f, "at character %zu of the template", t.wrong_at + 1);
}

bool template_check(const char *text, size_t *wrong_at, struct fail *f) {
  SCOPED(buf_done) struct buf out;
  buf_init(&out, OUTPUT_MAX);
  struct labels *none = labels_new(NULL, 0);
  struct template t = {.labels = none, .checking = true, .fail = f};
  bool ok = process(&t, text, &out);
  *wrong_at = t.wrong_at;
  labels_unref(none);
  return ok;
}
