/* Filters of names, see collectors/host/filter.h. On a machine where devices come and go (containers), the answers are forgotten when there
 * are many, and found anew. */
#include "collectors/host/filter.h"

#include <string.h>

#include "base/buf.h"

#define ANSWERS_MAX 4096

static char excluded, included; /* their addresses are the answers */

/* Regular expressions of the agent match the whole of a text; these are to be found anywhere in it. NULL: finds nothing. */
static struct regex *compile(const char *pattern, struct fail *f) {
  if (!pattern || !*pattern) return NULL;
  SCOPED(buf_done) struct buf anywhere;
  buf_init(&anywhere, 65536);
  buf_printf(&anywhere, "(?s:.*?)(?:%s)(?s:.*)", pattern);
  return regex_new(anywhere.data, f);
}

bool filter_check(const char *pattern, struct fail *f) {
  *f = (struct fail){0};
  regex_free(compile(pattern, f));
  return f->kind == FAIL_NONE;
}

void filter_init(struct filter *f, const char *pattern) {
  *f = (struct filter){.regex = compile(pattern, NULL)};
  arena_init(&f->names);
}

void filter_done(struct filter *f) {
  regex_free(f->regex);
  map_done(&f->answers);
  arena_done(&f->names);
}

static void *judge(struct filter *f, const char *name, size_t length) {
  if (f->answers.count >= ANSWERS_MAX) {
    map_done(&f->answers);
    arena_done(&f->names);
    arena_init(&f->names);
  }
  void **slot = map_slot(&f->answers, arena_copy_bytes(&f->names, name, length), length);
  *slot = regex_match(f->regex, name, length) ? &excluded : &included;
  return *slot;
}

bool filter_excludes(struct filter *f, const char *name, size_t length) {
  if (!f->regex) return false;
  void *answer = map_find(&f->answers, name, length);
  if (!answer) answer = judge(f, name, length);
  return answer == &excluded;
}
