/* Writing a page: see metric/exposition.h. What is merged and which family is shown how was settled by the page; here a line is put together
 * from three pieces that are ready: what all lines of a run begin with, the labels and the value. */
#include "metric/exposition.h"

#include <string.h>

#include "agent/metric/page.h"
#include "agent/metric/section_private.h"
#include "base/text.h"

#define TARGET_NAME_MAX ((size_t)200)

struct page_writer {
  const struct page *page;
  struct buf *out;
  struct buf targets; /* target="<name>" of each batch, NUL-terminated, at … */
  size_t *target_at;  /* … this offset; in the page's arena */
  struct buf start;   /* a name; what the lines of one run begin with */
};

static char *copy(char *to, const void *bytes, size_t length) {
  memcpy(to, bytes, length);
  return to + length;
}

/* HELP escapes less in text 0.0.4: there \" is an error. */
static char *copy_help(char *to, const char *help, size_t length, bool om) {
  for (const char *end = help + length; help < end; help++) {
    size_t run = strcspn(help, om ? "\\\n\"" : "\\\n");
    to = copy(to, help, run);
    help += run;
    if (help == end) break;
    *to++ = '\\';
    *to++ = *help == '\n' ? 'n' : *help;
  }
  return to;
}

static void put_help_line(struct page_writer *w, const char *name, size_t name_length, const char *help) {
  size_t length = help ? strlen(help) : 0;
  char *room = length ? buf_room(w->out, 9 + name_length + 2 * length) : NULL, *p = room;
  if (!room) return;
  p = copy(p, "# HELP ", 7);
  p = copy(p, name, name_length);
  *p++ = ' ';
  p = copy_help(p, help, length, w->page->format == EXPOSITION_OPENMETRICS);
  *p++ = '\n';
  buf_added(w->out, (size_t)(p - room));
}

static void put_type_line(struct page_writer *w, const char *name, size_t name_length, const char *type) {
  size_t length = strlen(type);
  char *room = buf_room(w->out, 9 + name_length + length), *p = room;
  if (!room) return;
  p = copy(p, "# TYPE ", 7);
  p = copy(p, name, name_length);
  *p++ = ' ';
  p = copy(p, type, length);
  *p++ = '\n';
  buf_added(w->out, (size_t)(p - room));
}

/* What stands before the samples of a family, or of those with one suffix. */
static void put_metadata(struct page_writer *w, const struct page_family *f, enum suffix suffix) {
  bool om = w->page->format == EXPOSITION_OPENMETRICS;
  const char *type = !f->apart ? metric_type_name(f->type) : om ? "unknown" : metric_type_name(METRIC_UNTYPED);
  buf_clear(&w->start);
  buf_put(&w->start, f->name, f->name_length);
  buf_puts(&w->start, suffix_text(suffix));
  size_t length = w->start.length;
  if (om && f->type == METRIC_COUNTER && !f->apart) length -= strlen("_total");
  if (!om) put_help_line(w, w->start.data, length, f->help);
  put_type_line(w, w->start.data, length, type);
  if (om) put_help_line(w, w->start.data, length, f->help);
}

/* name{target="main", or what of it there is. */
static void begin_lines(struct page_writer *w, const struct page_family *f, const struct run *r, unsigned suffix) {
  buf_clear(&w->start);
  buf_put(&w->start, f->name, f->name_length);
  buf_puts(&w->start, suffix_text(suffix));
  if (!w->page->label_target) return;
  buf_putc(&w->start, '{');
  buf_puts(&w->start, w->targets.data + w->target_at[r->batch]);
}

static void put_line(struct page_writer *w, const char *labels, size_t labels_length, const char *value, size_t value_length) {
  char *room = buf_room(w->out, w->start.length + labels_length + value_length + 4), *p = room;
  if (!room) return;
  p = copy(p, w->start.data, w->start.length);
  if (labels_length) {
    *p++ = w->page->label_target ? ',' : '{';
    p = copy(p, labels, labels_length);
  }
  if (labels_length || w->page->label_target) *p++ = '}';
  *p++ = ' ';
  p = copy(p, value, value_length);
  *p++ = '\n';
  buf_added(w->out, (size_t)(p - room));
}

static void put_sample(struct page_writer *w, const struct run *r, const struct sample *s) {
  const char *labels = section_text(r->section, s->labels), *value = section_text(r->section, s->text);
  if (!run_gives_way(w->page, r)) {
    put_line(w, labels, s->labels_length, value, s->text_length);
    return;
  }
  SCOPED(buf_done) struct buf renamed;
  buf_init(&renamed, SECTION_BYTES_MAX);
  run_put_labels(&renamed, labels);
  put_line(w, renamed.data, renamed.length, value, s->text_length);
}

/* The samples of one family whose suffix is among `suffixes` (one bit each). */
static void put_samples(struct page_writer *w, const struct page_family *f, unsigned suffixes) {
  bool counts = w->page->format == EXPOSITION_OPENMETRICS && f->type == METRIC_COUNTER && !f->apart;
  for (const struct run *r = f->first; r; r = r->next) {
    unsigned begun = UINT8_MAX;
    for (const struct sample *s = r->samples, *end = s + r->count; s < end; s++) {
      if (!(suffixes & (1u << s->suffix)) || (counts && !(s->value >= 0))) continue;
      if (s->suffix != begun) begin_lines(w, f, r, begun = s->suffix);
      put_sample(w, r, s);
    }
  }
}

static void put_family(struct page_writer *w, const struct page_family *f) {
  if (!f->apart) {
    put_metadata(w, f, SUFFIX_NONE);
    put_samples(w, f, f->suffixes);
    return;
  }
  for (enum suffix suffix = SUFFIX_NONE; suffix <= SUFFIX_COUNT; suffix++) {
    if (!(f->suffixes & (1u << suffix))) continue;
    put_metadata(w, f, suffix);
    put_samples(w, f, 1u << suffix);
  }
}

static void prepare_targets(struct page_writer *w, struct page *p, struct batch *const *batches, size_t count) {
  SCOPED(buf_done) struct buf clean;
  buf_init(&clean, TARGET_NAME_MAX * 2);
  w->target_at = arena_alloc(&p->arena, count * sizeof *w->target_at);
  for (size_t i = 0; i < count; i++) {
    w->target_at[i] = w->targets.length;
    buf_clear(&clean);
    text_clean(&clean, batches[i]->id->name, strlen(batches[i]->id->name), TARGET_NAME_MAX);
    buf_puts(&w->targets, "target=\"");
    if (clean.length) text_escape(&w->targets, clean.data, clean.length);
    buf_put(&w->targets, "\"", 2);
  }
}

size_t exposition_write(struct buf *out, struct batch *const *batches, size_t count, enum exposition_format format,
                        bool label_target) {
  struct page page;
  page_init(&page, batches, count, format, label_target);
  struct page_writer w = {.page = &page, .out = out};
  buf_init(&w.targets, EXPOSITION_BYTES_MAX);
  buf_init(&w.start, SECTION_BYTES_MAX);
  if (label_target) prepare_targets(&w, &page, batches, count);
  for (const struct page_family *f = page.first; f; f = f->next)
    if (!f->left_out) put_family(&w, f);
  if (format == EXPOSITION_OPENMETRICS) buf_puts(out, "# EOF\n");
  size_t left_out = page.left_out;
  buf_done(&w.targets);
  buf_done(&w.start);
  page_done(&page);
  return left_out;
}

const char *exposition_content_type(enum exposition_format format) {
  return format == EXPOSITION_OPENMETRICS ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                          : "text/plain; version=0.0.4; charset=utf-8";
}
