/* Any bytes as a page, by each of the three readers. What comes out must be sound: text that ends, labels of names that differ, a place within the page.
 * The letter of text is stricter than its reader, and takes no page that the reader refuses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "metric/lint.h"

static void require(bool holds) {
  if (!holds) abort();
}

static bool check_family(void *context, const struct parsed_family *f) {
  (void)context;
  require(f->name[0] && f->help && f->unit && f->line > 0);
  return true;
}

static bool check_sample(void *context, const struct parsed_sample *s) {
  size_t *left = context;
  require(s->name[0] && s->family && s->line >= s->family->line);
  require(!strncmp(s->name, s->family->name, strlen(s->family->name)));
  for (size_t i = 0; i < s->label_count; i++) {
    require(s->labels[i].value[s->labels[i].length] == 0);
    for (size_t k = 0; k < i && i < 20; k++) require(strcmp(s->labels[i].name, s->labels[k].name) != 0);
  }
  return (*left)-- > 0;
}

static void check_place(const struct parser_place *where, const struct fail *why, const char *text, size_t length) {
  unsigned lines = 2;
  for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
  require(where->line >= 1 && where->line <= lines && where->column >= 1 && where->column <= length + 1);
  require(why->text[0] && text_is_clean(why->text, strlen(why->text)));
}

static bool reads(const char *text, size_t length, enum exposition_format format, bool strict, size_t samples) {
  struct fail why = {0};
  struct parser_place where = {0};
  const struct parser_events events = {.context = &samples, .sample = check_sample, .family = check_family};
  bool good = exposition_parse(text, length, format, strict, &events, &where, &why);
  if (!good) check_place(&where, &why, text, length);
  return good;
}

static void ignore(void *context, unsigned line, const char *name, const char *finding) {
  (void)context;
  require(line > 0 && name[0] && finding[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  struct lint lint = {.found = ignore};
  bool openmetrics = reads(text, size, EXPOSITION_OPENMETRICS, true, SIZE_MAX);
  bool letter = reads(text, size, EXPOSITION_TEXT, true, SIZE_MAX);
  bool reader = reads(text, size, EXPOSITION_TEXT, false, SIZE_MAX);
  require(!letter || reader);
  require(!openmetrics || reads(text, size, EXPOSITION_OPENMETRICS, false, SIZE_MAX));
  reads(text, size, EXPOSITION_TEXT, false, size % 7);
  require(lint_exposition(&lint, text, size, EXPOSITION_TEXT, NULL, NULL) == letter);
  require(lint_exposition(&lint, text, size, EXPOSITION_OPENMETRICS, NULL, NULL) == openmetrics);
  return 0;
}
