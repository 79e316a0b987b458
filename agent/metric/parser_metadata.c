/* Families: what # HELP, # TYPE and # UNIT say, and which family a sample belongs to.
 *
 * In OpenMetrics that is the family of the lines before, when the sample's name is one that its type may have; else another begins, of type
 * unknown. In text 0.0.4, and where OpenMetrics is not held to its standard, it is the family of that name, or the one of that name without its
 * ending, as Prometheus' own reader has it. */
#include <string.h>

#include "agent/metric/parser.h"

enum { FAMILIES_MAX = 100000, NAME_SHOWN = 80 };

struct ending {
  const char *text;
  enum role role;
};
/* The samples of each type, as OpenMetrics has them. */
static const struct ending endings[][5] = {
    [PARSED_UNKNOWN] = {{"", ROLE_VALUE}},
    [PARSED_GAUGE] = {{"", ROLE_VALUE}},
    [PARSED_COUNTER] = {{"_total", ROLE_TOTAL}, {"_created", ROLE_CREATED}},
    [PARSED_HISTOGRAM] = {{"_bucket", ROLE_BUCKET}, {"_sum", ROLE_SUM}, {"_count", ROLE_COUNT}, {"_created", ROLE_CREATED}},
    [PARSED_SUMMARY] = {{"", ROLE_VALUE}, {"_sum", ROLE_SUM}, {"_count", ROLE_COUNT}, {"_created", ROLE_CREATED}},
    [PARSED_INFO] = {{"_info", ROLE_INFO}},
    [PARSED_STATESET] = {{"", ROLE_VALUE}},
    [PARSED_GAUGEHISTOGRAM] = {{"_bucket", ROLE_BUCKET}, {"_gsum", ROLE_SUM}, {"_gcount", ROLE_COUNT}},
};

static const char *type_name(enum parsed_type type) {
#define X(value, name) [value] = name,
  static const char *const names[] = {PARSED_TYPES(X)};
#undef X
  return names[type];
}

/* The type of that name in the format; false when there is none. */
static bool find_type(enum exposition_format format, const char *name, size_t length, enum parsed_type *ret) {
  bool om = format == EXPOSITION_OPENMETRICS;
  enum parsed_type last = om ? PARSED_GAUGEHISTOGRAM : PARSED_SUMMARY;
  for (enum parsed_type type = PARSED_UNKNOWN; type <= last; type++) {
    const char *written = type == PARSED_UNKNOWN && !om ? "untyped" : type_name(type);
    *ret = type;
    if (strlen(written) == length && !memcmp(written, name, length)) return true;
  }
  return false;
}

/* The family of the name, made when there is none. `at` is where the name stands in the line. NULL after parser_fail(). */
static struct known_family *find_or_make(struct parser *p, const char *name, size_t length, const char *at) {
  struct known_family *f = map_find(&p->names, name, length);
  if (f) return f;
  if (++p->family_count > FAMILIES_MAX) {
    parser_fail(p, at, "more than %d families: that many are not read", FAMILIES_MAX);
    return NULL;
  }
  f = arena_alloc(&p->arena, sizeof *f);
  f->shown = (struct parsed_family){.help = "", .unit = "", .line = p->line_number};
  f->shown.name = arena_copy_bytes(&p->arena, name, length);
  f->name_length = length;
  f->column = (unsigned)(at - p->line) + 1; /* what stands before it is ASCII */
  *map_slot(&p->names, f->shown.name, length) = f;
  return f;
}

/* In OpenMetrics: takes the names of all samples that the family may have. */
static bool claim_names(struct parser *p, struct known_family *f) {
  for (const struct ending *e = endings[f->shown.type]; e->text && e < endings[f->shown.type] + COUNTOF(*endings); e++) {
    char *name = arena_printf(&p->arena, "%s%s", f->shown.name, e->text);
    void **slot = map_slot(&p->names, name, strlen(name));
    const struct known_family *other = *slot;
    if (other && other != f)
      return parser_fail_line(p, f->shown.line, f->column, "the name %.*s clashes with the %s \"%.*s\" of line %u", NAME_SHOWN,
                              name, type_name(other->shown.type), NAME_SHOWN, other->shown.name, other->shown.line);
    *slot = f;
  }
  return true;
}

static bool ends_in_unit(const struct known_family *f) {
  size_t length = strlen(f->shown.unit);
  if (f->name_length < length + 1) return false;
  const char *end = f->shown.name + f->name_length - length;
  return end[-1] == '_' && !strcmp(end, f->shown.unit);
}

/* What is judged when all of a family's metadata is read: its unit, and its names, which no other may have. */
static bool complete(struct parser *p, struct known_family *f) {
  if (p->format != EXPOSITION_OPENMETRICS || !p->strict) return true;
  const struct parsed_family *shown = &f->shown;
  if (*shown->unit && (shown->type == PARSED_INFO || shown->type == PARSED_STATESET))
    return parser_fail_line(p, shown->line, f->column, "a family of type %s has no unit", type_name(shown->type));
  if (*shown->unit && !ends_in_unit(f))
    return parser_fail_line(p, shown->line, f->column, "the name of a family ends in _ and its unit: %.*s does not end in _%.40s",
                            NAME_SHOWN, shown->name, shown->unit);
  return claim_names(p, f);
}

bool metadata_family_ends(struct parser *p) {
  if (!p->family) return true;
  return p->family->has_samples ? rules_family_ends(p) : complete(p, p->family);
}

/* The role of a sample of this name in the family; false when the name is not one of its. */
static bool find_role(const struct parser *p, const struct known_family *f, const char *name, size_t length, enum role *ret) {
  if (length < f->name_length || memcmp(name, f->shown.name, f->name_length) != 0) return false;
  bool distribution = f->shown.type == PARSED_HISTOGRAM || f->shown.type == PARSED_SUMMARY;
  *ret = ROLE_VALUE;
  if (p->format == EXPOSITION_TEXT && length == f->name_length) return true;
  if (p->format == EXPOSITION_TEXT && !distribution) return false;
  for (const struct ending *e = endings[f->shown.type]; e->text && e < endings[f->shown.type] + COUNTOF(*endings); e++) {
    *ret = e->role;
    if (p->format == EXPOSITION_TEXT && e->role == ROLE_CREATED) continue;
    if (!strcmp(name + f->name_length, e->text)) return true;
  }
  return false;
}

static const char *const known_endings[] = {"_bucket", "_sum", "_count", "_total", "_created", "_gsum", "_gcount", "_info"};

/* The family that has samples of this name, where it claims none: in text 0.0.4 a histogram or summary. NULL when there is none. */
static struct known_family *find_by_ending(const struct parser *p, const char *name, size_t length) {
  for (size_t i = 0; i < COUNTOF(known_endings); i++) {
    size_t ending = strlen(known_endings[i]);
    enum role ignored;
    if (length <= ending || strcmp(name + length - ending, known_endings[i]) != 0) continue;
    struct known_family *f = map_find(&p->names, name, length - ending);
    return f && find_role(p, f, name, length, &ignored) ? f : NULL;
  }
  return NULL;
}

/* A line of another name: the family that was open ends before the other is looked for. */
static bool leave_family(struct parser *p) {
  if (!metadata_family_ends(p)) return false;
  p->family = NULL;
  return true;
}

/* The family begins, or in text 0.0.4 goes on. There it may not, by the letter. */
static bool enter_family(struct parser *p, struct known_family *f) {
  bool returns = f != p->family && f->shown.line != p->line_number;
  p->family = f;
  if (!returns || !p->strict) return true;
  return parser_fail(p, p->line, "all lines of a family lie together: %.*s began on line %u, and others came between", NAME_SHOWN,
                     f->shown.name, f->shown.line);
}

/* The family of a sample, or by the letter of text 0.0.4 of metadata, that is not the open one's. */
static struct known_family *family_of(struct parser *p, const char *name, size_t length, const char *at) {
  struct known_family *f = NULL;
  bool claimed = p->format == EXPOSITION_OPENMETRICS && p->strict;
  if (!claimed && !map_find(&p->names, name, length)) f = find_by_ending(p, name, length);
  return f ? f : find_or_make(p, name, length, at);
}

bool metadata_of_sample(struct parser *p, enum role *ret_role) {
  const char *name = p->sample.name;
  size_t length = strlen(name);
  struct known_family *f = p->family;
  if (!f || !find_role(p, f, name, length, ret_role)) {
    if (!leave_family(p)) return false;
    f = family_of(p, name, length, p->sample_at);
    if (!f || !enter_family(p, f)) return false;
    find_role(p, f, name, length, ret_role); /* it was found, or made, for this name */
  }
  p->sample.family = &f->shown;
  if (f->has_samples) return true;
  f->has_samples = true;
  if (!complete(p, f)) return false;
  if (p->events->family && !p->events->family(p->events->context, &f->shown)) p->stopped = true;
  return true;
}

/* The rest of a HELP line. Only a strict reader of text 0.0.4 minds an escape that is none. */
static bool take_help(struct parser *p, struct known_family *f) {
  bool text = p->format == EXPOSITION_TEXT;
  char *help = arena_alloc(&p->arena, (size_t)(p->line_end - p->at) + 1), *out = help;
  for (const char *c = p->at; c < p->line_end; c++) {
    bool pair = *c == '\\' && c + 1 < p->line_end;
    bool known = pair && (c[1] == '\\' || c[1] == 'n' || (c[1] == '"' && !text));
    if (*c == '\\' && !known && p->strict && text)
      return parser_fail(p, c, "an escape in a HELP text is \\\\ or \\n; any other backslash is written twice");
    if (known) c++;
    *out++ = known && *c == 'n' ? '\n' : *c;
  }
  if (p->strict && f->has_help) return parser_fail(p, p->line, "a second HELP of %.*s", NAME_SHOWN, f->shown.name);
  f->has_help = true;
  if (!f->has_samples) f->shown.help = help;
  return true;
}

/* By the letter of text 0.0.4: the TYPE of a histogram or summary stands before its samples. */
static bool samples_follow(struct parser *p, struct known_family *f) {
  enum role ignored;
  for (size_t i = 0; i < COUNTOF(known_endings); i++) {
    const char *name = arena_printf(&p->arena, "%s%s", f->shown.name, known_endings[i]);
    const struct known_family *other = map_find(&p->names, name, strlen(name));
    if (other && find_role(p, f, name, strlen(name), &ignored))
      return parser_fail(p, p->line, "the TYPE comes before the samples: %.*s stands on line %u", NAME_SHOWN, name,
                         other->shown.line);
  }
  return true;
}

static bool fail_type(struct parser *p, size_t length) {
  enum parsed_type ignored;
  if (p->format == EXPOSITION_OPENMETRICS)
    return parser_fail(p, p->at,
                       "\"%.*s\" is no type: gauge, counter, stateset, info, histogram, gaugehistogram, summary and unknown are",
                       (int)MIN(length, (size_t)NAME_SHOWN), p->at);
  return parser_fail(p, p->at, "\"%.*s\" is no type%s: counter, gauge, histogram, summary and untyped are",
                     (int)MIN(length, (size_t)NAME_SHOWN), p->at,
                     find_type(EXPOSITION_OPENMETRICS, p->at, length, &ignored) ? " here, but one of OpenMetrics" : "");
}

static bool take_type(struct parser *p, struct known_family *f) {
  enum parsed_type type;
  size_t length = (size_t)(p->line_end - p->at);
  if (!find_type(p->format, p->at, length, &type)) return fail_type(p, length);
  if (p->strict && f->shown.typed) return parser_fail(p, p->line, "a second TYPE of %.*s", NAME_SHOWN, f->shown.name);
  if (f->has_samples) return true;
  f->shown.typed = true;
  f->shown.type = type;
  return p->format == EXPOSITION_OPENMETRICS || !p->strict || samples_follow(p, f);
}

static bool take_unit(struct parser *p, struct known_family *f) {
  char seen[24];
  if (p->strict && f->has_unit) return parser_fail(p, p->line, "a second UNIT of %.*s", NAME_SHOWN, f->shown.name);
  for (const char *c = p->at; c < p->line_end; c++)
    if (!scan_is_name_byte(*c, true)) return parser_fail(p, c, "%s can be no part of a unit", parser_seen(p, c, seen));
  f->has_unit = true;
  f->shown.unit = arena_copy_bytes(&p->arena, p->at, (size_t)(p->line_end - p->at));
  return true;
}

/* The family of a metadata line whose name stands at p->at. NULL after parser_fail(). */
static struct known_family *metadata_family(struct parser *p, size_t length) {
  const char *name = p->at, *copy = arena_copy_bytes(&p->arena, name, length);
  if (p->family && strcmp(p->family->shown.name, copy) != 0 && !leave_family(p)) return NULL;
  struct known_family *f = p->strict ? family_of(p, copy, length, name) : find_or_make(p, copy, length, name);
  if (!f) return NULL;
  bool own = strcmp(f->shown.name, copy) == 0, late = p->strict && f->has_samples;
  if (!own)
    parser_fail(p, name, "the name %.*s is one of the samples of the %s \"%.*s\" of line %u", NAME_SHOWN, copy,
                type_name(f->shown.type), NAME_SHOWN, f->shown.name, f->shown.line);
  if (!own || !enter_family(p, f)) return NULL;
  if (late) parser_fail(p, p->line, "HELP, TYPE and UNIT of a family come before its first sample");
  return late ? NULL : f;
}

/* The name, in quotes where a later version of text is read without being judged. Returns its length, *ret_end is behind it. */
static size_t metadata_name(struct parser *p, const char **ret_end) {
  size_t length = scan_name(p, p->at, true);
  *ret_end = p->at + length;
  if (length || p->strict || p->at == p->line_end || *p->at != '"') return length;
  const char *closing = memchr(p->at + 1, '"', (size_t)(p->line_end - p->at - 1));
  if (!closing || memchr(p->at, 0, (size_t)(closing - p->at))) return 0;
  *ret_end = closing + 1;
  return (size_t)(closing - ++p->at);
}

/* What stands behind "# HELP ", "# TYPE " or "# UNIT ". */
static bool metadata_rest(struct parser *p, const char *keyword) {
  char seen[24];
  const char *end;
  bool om = p->format == EXPOSITION_OPENMETRICS;
  size_t length = metadata_name(p, &end);
  if (!length)
    return parser_fail(p, p->at, "after # %.4s comes the name of a family, not %s", keyword, parser_seen(p, p->at, seen));
  bool ends = end == p->line_end, separated = ends || *end == ' ' || (!om && *end == '\t');
  if (!separated && (p->strict || om)) return parser_fail(p, end, "%s can be no part of a name", parser_seen(p, end, seen));
  struct known_family *f = metadata_family(p, length);
  if (!f) return false;
  p->at = separated ? end : end + 1; /* Prometheus takes any one character for the blank */
  scan_blanks(p);
  if (om && ends)
    return parser_fail(p, end, "after the name come one blank and the %s, which may be empty", keyword[0] == 'U' ? "unit" : "text");
  if (om) p->at++;
  return keyword[0] == 'H' ? take_help(p, f) : keyword[0] == 'T' ? take_type(p, f) : take_unit(p, f);
}

static bool is_keyword(const struct parser *p, const char *word, size_t length) {
  bool om = p->format == EXPOSITION_OPENMETRICS;
  return length == 4 && (!memcmp(word, "HELP", 4) || !memcmp(word, "TYPE", 4) || (om && !memcmp(word, "UNIT", 4)));
}

/* In text 0.0.4 any other line with a # is a comment. A reader of Prometheus asks for a blank before the keyword, promtool does not. */
static bool text_metadata_line(struct parser *p) {
  char seen[24];
  const char *hash = p->at++;
  scan_blanks(p);
  const char *word = p->at;
  size_t length = scan_name(p, word, false);
  bool ends = word + length == p->line_end;
  if (!is_keyword(p, word, length) || (word == hash + 1 && !p->strict)) return true;
  if (!ends && word[length] != ' ' && word[length] != '\t') return true;
  p->at = word + length;
  scan_blanks(p);
  if (!p->strict && ends) return true;
  if (p->at == p->line_end)
    return parser_fail(p, p->at, "after # %.4s comes the name of a family, not %s", word, parser_seen(p, p->at, seen));
  return metadata_rest(p, word);
}

bool metadata_line(struct parser *p) {
  if (p->format == EXPOSITION_TEXT) return text_metadata_line(p);
  const char *word = p->at + 2;
  size_t length = 0;
  if (p->line_end - p->at > 2 && p->at[1] == ' ') length = scan_name(p, word, false);
  if (!is_keyword(p, word, length) || word + length == p->line_end || word[length] != ' ')
    return parser_fail(p, p->line,
                       "a line with # is # HELP, # TYPE, # UNIT or # EOF, with one blank between words; there are no comments");
  p->at = word + length + 1;
  return metadata_rest(p, word);
}
