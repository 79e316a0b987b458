/* Arbitrary bytes as names, help, labels and values of two targets: the pages must be valid UTF-8 and well-formed line by line.
 * The input is read as a little program: a byte says what to do, texts are a length byte and that many bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "metric/exposition.h"

struct input {
  const uint8_t *data;
  size_t left;
};

static unsigned take(struct input *in) {
  if (!in->left) return 0;
  in->left--;
  return *in->data++;
}

/* NUL-terminated; *ret_length is what the input has, which may hold NULs itself. */
static char *take_text(struct input *in, size_t *ret_length) {
  size_t length = take(in) * (take(in) == 255 ? 300u : 1u);
  if (length > in->left) length = in->left;
  char *text = calloc(1, length + 1);
  if (!text) abort();
  memcpy(text, in->data, length);
  in->data += length;
  in->left -= length;
  *ret_length = length;
  return text;
}

static void require(bool holds) {
  if (!holds) abort();
}

static void add_sample(struct section *s, struct input *in) {
  size_t length, ignored;
  char *name = take_text(in, &ignored), *help = take_text(in, &ignored), *label = take_text(in, &ignored),
       *value = take_text(in, &length);
  const struct family *f = section_family(s, name, (enum metric_type)(take(in) % 5), help);
  struct label labels[] = {
      {label, value, length}, {"le", take(in) % 2 ? "+Inf" : value, LABEL_STRING}, {"target", help, LABEL_STRING}};
  uint64_t bits = (uint64_t)take(in) << 56 | take(in) << 8 | take(in);
  double number;
  memcpy(&number, &bits, sizeof number);
  if (take(in) % 2) number = take(in);
  section_add_suffix(s, f, (enum suffix)(take(in) % 4), section_labels(s, labels, take(in) % 4), number);
  free(name);
  free(help);
  free(label);
  free(value);
}

static const char *skip_name(const char *p) {
  require(strspn(p, "0123456789") == 0);
  size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:");
  require(n > 0);
  return p + n;
}

/* Behind a name: {a="b",c="d"} where values have their escapes, or nothing. */
static const char *skip_labels(const char *p) {
  if (*p != '{') return p;
  do {
    p = skip_name(p + 1);
    require(p[0] == '=' && p[1] == '"');
    for (p += 2; *p != '"'; p++) {
      require(*p && *p != '\n');
      if (*p == '\\') require(*++p == '\\' || *p == '"' || *p == 'n');
    }
    p++;
  } while (*p == ',');
  require(*p == '}');
  return p + 1;
}

static void check_line(const char *line, const char *end) {
  double value;
  if (!strncmp(line, "# HELP ", 7) || !strncmp(line, "# TYPE ", 7)) {
    require(*skip_name(line + 7) == ' ');
    return;
  }
  const char *p = skip_labels(skip_name(line));
  require(*p == ' ' && number_parse(p + 1, (size_t)(end - p - 1), &value));
}

static void check_page(struct batch *const *batches, enum exposition_format format, bool label_target) {
  struct buf page;
  buf_init(&page, EXPOSITION_BYTES_MAX);
  exposition_write(&page, batches, 2, format, label_target);
  const char *p = page.data ? page.data : "", *end = p + page.length;
  require(text_is_clean(p, page.length));
  if (format == EXPOSITION_OPENMETRICS) require(page.length >= 6 && !memcmp(end -= 6, "# EOF\n", 6));
  while (p < end) {
    const char *line_end = memchr(p, '\n', (size_t)(end - p));
    require(line_end != NULL);
    check_line(p, line_end);
    p = line_end + 1;
  }
  buf_done(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct input in = {data, size};
  struct batch *batches[2];
  for (int i = 0; i < 2; i++) {
    size_t ignored;
    char *name = take_text(&in, &ignored);
    struct identity *id = identity_new(name, "fuzz", "fuzz", name);
    batches[i] = batch_new(id, 2);
    identity_unref(id);
    free(name);
    for (int k = 0; k < 2; k++) {
      struct section *s = batches[i]->sections[k] = section_new("fuzz");
      for (unsigned n = take(&in) % 16; n > 0 && in.left; n--) add_sample(s, &in);
      section_finish(s);
    }
  }
  for (int i = 0; i < 4; i++) check_page(batches, i / 2 ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT, i % 2);
  batch_unref(batches[0]);
  batch_unref(batches[1]);
  return 0;
}
