/* Walks the text of INFO line by line. A poll of an ordinary server is about 200 lines, of which 150 become a sample: the row of a field is
 * looked for first where it was the last time, and by bisection only when the text has changed its shape. */
#include "collectors/redis/info.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"

bool slice_is(struct slice s, const char *text) {
  return s.text && s.length == strlen(text) && memcmp(s.text, text, s.length) == 0;
}

bool info_number(struct slice value, double *ret) {
  static const struct {
    const char *word;
    double value;
  } words[] = {{"ok", 1}, {"true", 1}, {"err", 0}, {"fail", 0}, {"false", 0}};
  if (!value.text) return false;
  if (number_parse(value.text, value.length, ret)) return true;
  for (size_t i = 0; i < COUNTOF(words); i++) {
    if (slice_is(value, words[i].word)) {
      *ret = words[i].value;
      return true;
    }
  }
  return false;
}

static int compare_field(struct slice field, const char *name) {
  size_t length = strlen(name);
  int order = memcmp(field.text, name, MIN(field.length, length));
  return order ? order : (field.length > length) - (field.length < length);
}

static const struct info_row *bisect(struct slice field) {
  size_t low = 0, high = info_row_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = compare_field(field, info_rows[middle].field);
    if (order == 0) return &info_rows[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

static const struct info_row *find_row(struct info_pass *p, struct slice field) {
  size_t place = p->lookups++;
  if (!p->memory || place >= COUNTOF(p->memory->rows)) return bisect(field);
  const struct info_row *row = &info_rows[p->memory->rows[place]];
  if (compare_field(field, row->field) == 0) return row;
  row = bisect(field);
  if (row) p->memory->rows[place] = (uint16_t)(row - info_rows);
  return row;
}

static void write_row(struct info_pass *p, const struct info_row *row, struct slice value) {
  double number;
  p->known++;
  p->kept[row->keep] = value;
  if (row->family.name && info_number(value, &number)) section_add(p->section, &row->family, 0, number / row->divisor);
}

/* Nodes of a cluster count their messages by type; the types are the server's. */
static void write_cluster_field(struct info_pass *p, struct slice field, struct slice value) {
  char name[128];
  double number;
  if (field.length > 100 || !info_number(value, &number)) return;
  snprintf(name, sizeof name, "redis_%.*s", (int)field.length, field.text);
  section_add(p->section, section_family(p->section, name, METRIC_GAUGE, "A field of CLUSTER INFO."), 0, number);
}

static void read_line(struct info_pass *p, struct slice line) {
  const char *colon = memchr(line.text, ':', line.length);
  if (!colon || colon == line.text || line.text[0] == '#') return;
  struct slice field = {line.text, (size_t)(colon - line.text)};
  struct slice value = {colon + 1, line.length - field.length - 1};
  if (p->arena && info_labelled_line(p, field, value)) return;
  const struct info_row *row = find_row(p, field);
  if (row)
    write_row(p, row, value);
  else if (field.length > 8 && memcmp(field.text, "cluster_", 8) == 0)
    write_cluster_field(p, field, value);
}

static void read_lines(struct info_pass *p, const char *text, size_t length) {
  const char *end = text + length;
  while (text < end) {
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    const char *stop = newline ? newline : end;
    struct slice line = {text, (size_t)(stop - text)};
    if (line.length && line.text[line.length - 1] == '\r') line.length--;
    if (line.length) read_line(p, line);
    text = stop + 1;
  }
}

bool info_write(struct info_pass *p, const char *text, size_t length, struct info_facts *ret, struct fail *f) {
  read_lines(p, text, length);
  info_labelled_end(p);
  if (!p->known) return fail(f, FAIL_PROTOCOL, "the answer to INFO holds no field of INFO");
  info_server(p);
  struct slice id = p->kept[KEEP_RUN_ID];
  ret->cluster = slice_is(p->kept[KEEP_CLUSTER], "1");
  ret->loading = slice_is(p->kept[KEEP_LOADING], "1");
  snprintf(ret->run_id, sizeof ret->run_id, "%.*s", (int)MIN(id.length, sizeof ret->run_id), id.text ? id.text : "");
  return true;
}

bool info_write_cluster(struct section *s, const char *text, size_t length, struct fail *f) {
  struct info_pass p = {.section = s};
  read_lines(&p, text, length);
  return p.known || fail(f, FAIL_PROTOCOL, "the answer to CLUSTER INFO holds no field of it");
}

void info_catalogue(family_fn *each, const char *info_part, const char *cluster_part, void *arg) {
  for (size_t i = 0; i < info_row_count; i++) {
    const struct info_row *row = &info_rows[i];
    bool of_info =
        strncmp(row->field, "cluster_", 8) != 0 || row->keep == KEEP_CLUSTER || !strcmp(row->field, "cluster_connections");
    if (row->family.name) each(&row->family, of_info ? info_part : cluster_part, arg);
  }
  info_labelled_catalogue(each, info_part, arg);
  info_server_catalogue(each, info_part, arg);
}
