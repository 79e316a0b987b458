/* Any bytes as the body of a scrape, in both formats, with selectors that are the first line of the bytes. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "collectors/scrape/reading.h"
#include "metric/section_reader.h"

static struct section *read_body(const struct scrape_options *o, const char *body, size_t length, enum exposition_format format) {
  struct reading r;
  struct fail f;
  return reading_make(o, "fuzz", body, length, format, &r, &f) ? section_finish(r.section) : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct arena a;
  struct fail f;
  arena_init(&a);
  const char *text = arena_copy_bytes(&a, data, size);
  size_t line = strcspn(text, "\n");
  struct selector selector;
  bool selects = selector_parse(arena_copy_bytes(&a, text, line), &a, &selector, &f);
  struct scrape_options o = {.sample_limit = 1000, .expose = size % 2, .dropped = {&selector, selects}};
  const char *body = text + line + (text[line] != 0);
  size_t length = size - (size_t)(body - text);
  struct section *plain = read_body(&o, body, length, EXPOSITION_TEXT), *om = read_body(&o, body, length, EXPOSITION_OPENMETRICS);
  if (plain && om) (void)reading_added(plain, om);
  section_unref(plain);
  section_unref(om);
  arena_done(&a);
  return 0;
}
