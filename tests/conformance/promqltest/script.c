/* The commands of a .test file: `load`, `clear`, `eval` and what is expected of it. A blank line or a comment ends a command. */
#include "tests/conformance/promqltest/promqltest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

static char *trim(char *line) {
  while (isspace((unsigned char)*line)) line++;
  size_t length = strlen(line);
  while (length > 0 && isspace((unsigned char)line[length - 1])) length--;
  line[length] = 0;
  if (*line == '#') *line = 0;
  return line;
}

bool script_read(const char *path, struct arena *a, struct script *ret, struct fail *f) {
  FILE *file = fopen(path, "r");
  size_t size = 0, capacity = 0;
  char *line = NULL;
  *ret = (struct script){0};
  if (!file) return fail_errno(f, "cannot read %s", path);
  while (getline(&line, &size, file) >= 0) {
    if (ret->count == capacity) {
      char **old = ret->lines;
      capacity = MAX(2 * capacity, (size_t)64);
      ret->lines = arena_alloc(a, capacity * sizeof *ret->lines);
      if (ret->count) memcpy(ret->lines, old, ret->count * sizeof *old);
    }
    ret->lines[ret->count++] = trim(arena_copy(a, line));
  }
  bool good = !ferror(file);
  free(line);
  fclose(file);
  return good || fail_errno(f, "cannot read %s", path);
}

/* The next line of the command, NULL at its end. */
static char *next_line(struct script *s) {
  return s->next < s->count && *s->lines[s->next] ? s->lines[s->next++] : NULL;
}

/* Cuts the first word off; the rest begins without blanks. */
static char *word(char **text) {
  char *start = *text, *end = start + strcspn(start, " \t");
  *text = end + strspn(end, " \t");
  if (*end) *end = 0;
  return start;
}

static bool word_is(char **text, const char *expected, struct fail *f) {
  char *found = word(text);
  return !strcmp(found, expected) || fail(f, FAIL_CONFIG, "'%s' is expected, not '%s'", expected, found);
}

static bool time_of(char **text, msec_t *ret, struct fail *f) {
  char *found = word(text);
  return duration_parse(found, ret) || fail(f, FAIL_CONFIG, "a time like 5m is expected, not '%s'", found);
}

/* from A to B step C */
static bool steps_of(char **text, struct steps *ret, struct fail *f) {
  if (!word_is(text, "from", f) || !time_of(text, &ret->from, f)) return false;
  if (!word_is(text, "to", f) || !time_of(text, &ret->to, f)) return false;
  if (!word_is(text, "step", f) || !time_of(text, &ret->step, f)) return false;
  return ret->to >= ret->from || fail(f, FAIL_CONFIG, "the end is before the start");
}

/* load */

/* "name@st …": the times at which counters began, which is experimental. */
static bool is_start_line(const char *line) {
  size_t length = strcspn(line, " \t");
  return length >= 3 && !strncmp(line + length - 3, "@st", 3);
}

static bool load(struct script *s, char *rest, bool nhcb, struct world *w, struct arena *a, struct fail *f) {
  msec_t step;
  struct sequence sequence;
  if (!time_of(&rest, &step, f)) return false;
  world_begin_load(w);
  for (char *line; (line = next_line(s));) {
    w->has_starts |= is_start_line(line);
    if (is_start_line(line)) continue;
    if (!notation_parse(line, a, &sequence, f)) return false;
    world_load(w, &sequence, step);
    if (nhcb) world_load_nhcb(w, &sequence, step);
  }
  return true;
}

/* eval */

bool test_case_wishes(const struct test_case *c, enum wish wish) {
  for (size_t i = 0; i < c->expectation_count; i++)
    if (c->expectations[i].wish == wish) return true;
  return false;
}

static bool expect(struct test_case *c, const char *name, struct fail *f) {
  static const char *const names[WISH_COUNT] = {"fail", "warn", "info", "no_warn", "no_info", "ordered"};
  if (c->expectation_count == EXPECTATIONS_MAX) return fail(f, FAIL_LIMIT, "at most %d expectations", EXPECTATIONS_MAX);
  for (size_t i = 0; i < WISH_COUNT; i++) {
    if (strcmp(names[i], name) != 0) continue;
    c->expectations[c->expectation_count++] = (struct expectation){.wish = (enum wish)i};
    return true;
  }
  return fail(f, FAIL_CONFIG, "what is expected is fail, warn, info, no_warn, no_info, ordered, string or range, not '%s'", name);
}

static void free_regex(void *r) {
  regex_free(r);
}

static bool with_regex(struct expectation *e, const char *pattern, struct arena *a, struct fail *f) {
  struct regex *r = regex_new_part(pattern, f);
  if (!r) return false;
  arena_defer(a, free_regex, r);
  e->regex = r;
  return true;
}

/* Behind "expect": warn msg: text */
static bool expect_line(struct test_case *c, char *rest, struct arena *a, struct fail *f) {
  char *name = word(&rest);
  if (!strcmp(name, "string")) return notation_unquote(rest, a, &c->string, f);
  if (!strcmp(name, "range")) {
    c->is_matrix = true;
    return word_is(&rest, "vector", f) && steps_of(&rest, &c->steps, f);
  }
  if (!expect(c, name, f)) return false;
  struct expectation *e = &c->expectations[c->expectation_count - 1];
  if (!*rest) return true;
  char *colon = strchr(rest, ':');
  if (colon) *colon = 0;
  const char *text = colon ? colon + 1 + strspn(colon + 1, " \t") : "";
  if (colon && !strcmp(rest, "msg")) e->message = text;
  if (colon && !strcmp(rest, "regex")) return with_regex(e, text, a, f);
  return e->message || fail(f, FAIL_CONFIG, "'msg:' or 'regex:' is expected, not '%s'", rest);
}

static bool add_series(struct test_case *c, const char *line, struct arena *a, struct fail *f) {
  struct sequence sequence;
  if (!notation_parse(line, a, &sequence, f)) return false;
  if (!c->range && !c->is_matrix && sequence.count > 1) return fail(f, FAIL_CONFIG, "an instant has one value a series: %s", line);
  if (c->series_count == c->series_capacity) {
    struct sequence *old = c->series;
    c->series_capacity = MAX(2 * c->series_capacity, (size_t)8);
    c->series = arena_alloc(a, c->series_capacity * sizeof *c->series);
    if (c->series_count) memcpy(c->series, old, c->series_count * sizeof *old);
  }
  c->series[c->series_count++] = sequence;
  return true;
}

/* One line below the command; *last when it is the last one. */
static bool expected_line(struct test_case *c, char *line, struct arena *a, bool *last, struct fail *f) {
  char *rest = line;
  struct expectation *first = &c->expectations[0];
  *last = true;
  if (number_parse(line, strlen(line), &c->scalar)) {
    c->is_scalar = true;
    return true;
  }
  if (!strncmp(line, "expected_fail_message", 21)) {
    first->message = line + 21 + strspn(line + 21, " \t");
    return test_case_wishes(c, WISH_FAIL) || fail(f, FAIL_CONFIG, "expected_fail_message without eval_fail");
  }
  if (!strncmp(line, "expected_fail_regexp", 20)) return with_regex(first, line + 20 + strspn(line + 20, " \t"), a, f);
  *last = false;
  if (!strncmp(line, "expect ", 7) || !strncmp(line, "expect\t", 7)) {
    word(&rest);
    return expect_line(c, rest, a, f);
  }
  return add_series(c, line, a, f);
}

static bool head(struct test_case *c, char *rest, struct fail *f) {
  char *kind = word(&rest);
  if (!strcmp(kind, "instant")) {
    if (!word_is(&rest, "at", f) || !time_of(&rest, &c->steps.from, f)) return false;
    c->steps.to = c->steps.from;
  } else if (!strcmp(kind, "range")) {
    c->range = true;
    if (!steps_of(&rest, &c->steps, f)) return false;
  } else {
    return fail(f, FAIL_CONFIG, "'instant' or 'range' is expected, not '%s'", kind);
  }
  c->expression = rest;
  return *rest || fail(f, FAIL_CONFIG, "there is no expression");
}

static bool eval(struct script *s, const char *modifier, char *rest, struct arena *a, struct test_case *c, struct fail *f) {
  bool last = false;
  *c = (struct test_case){.line = s->next};
  if (*modifier && !expect(c, modifier, f)) return false;
  if (!head(c, rest, f)) return false;
  for (char *line; !last && (line = next_line(s));)
    if (!expected_line(c, line, a, &last, f)) return false;
  return true;
}

static void skip_command(struct script *s) {
  while (next_line(s)) {
  }
}

bool script_next(struct script *s, struct world *w, struct arena *a, enum command *ret, struct test_case *c, struct fail *f) {
  while (s->next < s->count && !*s->lines[s->next]) s->next++;
  *ret = COMMAND_END;
  if (s->next == s->count) return true;
  char *rest = s->lines[s->next++], *name = word(&rest);
  bool good;
  if (!strcmp(name, "clear")) {
    *ret = COMMAND_CLEAR;
    world_clear(w);
    return true;
  }
  if (!strcmp(name, "load") || !strcmp(name, "load_with_nhcb")) {
    *ret = COMMAND_LOAD;
    good = load(s, rest, name[4] != 0, w, a, f);
  } else if (!strncmp(name, "eval", 4) && (!name[4] || name[4] == '_')) {
    *ret = COMMAND_EVAL;
    good = eval(s, name[4] ? name + 5 : "", rest, a, c, f);
  } else {
    good = fail(f, FAIL_CONFIG, "a command is load, clear or eval, not '%s'", name);
  }
  if (!good) skip_command(s);
  return good;
}
