/* Any bytes as the body of a scrape, in every way that one is read, with selectors that are the first line of the bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/scrape/reading.h"
#include "metric/section_reader.h"

static struct section *read_body(const struct scrape_options *o, const char *body, size_t length, struct reading_way way) {
  struct reading r;
  struct fail f;
  return reading_make(o, "fuzz", body, length, way, &r, &f) ? section_finish(r.section) : NULL;
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
  struct section *plain = read_body(&o, body, length, (struct reading_way){EXPOSITION_TEXT, false});
  struct section *strict = read_body(&o, body, length, (struct reading_way){EXPOSITION_OPENMETRICS, true});
  struct section *om = read_body(&o, body, length, (struct reading_way){EXPOSITION_OPENMETRICS, false});
  if (strict && !om) abort();
  if (plain && om) (void)reading_added(plain, om);
  section_unref(plain);
  section_unref(strict);
  section_unref(om);
  arena_done(&a);
  return 0;
}
