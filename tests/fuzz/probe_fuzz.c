/* What an endpoint answers (body, headers), and what a configuration expects of it, as any text: the first line is a condition, then the headers up to an
 * empty line, then the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "collectors/http/address.h"
#include "collectors/http/header.h"
#include "collectors/http/health.h"
#include "collectors/http/quote.h"

static void check_sentence(const struct fail *f) {
  if (!text_is_clean(f->text, strlen(f->text))) abort();
}

static void check_address(const char *text) {
  struct arena a;
  struct fail f = {0};
  struct probe_address address;
  arena_init(&a);
  if (!address_parse_http(text, &a, &address, &f) && f.kind == FAIL_NONE) abort();
  if (!address_parse_tcp(text, &a, &address, &f) && f.kind == FAIL_NONE) abort();
  arena_done(&a);
}

static void check_quote(const char *body, size_t length) {
  SCOPED(buf_done) struct buf out;
  buf_init(&out, 4096);
  quote(&out, body, length);
  if (out.overflow || (out.length && !text_is_clean(out.data, out.length))) abort();
  for (size_t i = 0; i < out.length; i++)
    if ((unsigned char)out.data[i] < ' ') abort();
}

static void check_headers(const char *headers) {
  const char *cursor = headers, *value;
  size_t length;
  double date;
  while (header_next(&cursor, "a", &value, &length))
    if (value < headers || value + length > cursor || memchr(value, '\n', length)) abort();
  (void)!header_date(headers, "Last-Modified", &date);
}

/* The condition's path also as one of values, of states and of a metric. */
static void check_body(const char *condition, const char *body, size_t length) {
  struct fail f = {0}, lacks = {0};
  struct condition parsed;
  struct arena a;
  if (!text_is_clean(condition, strlen(condition))) return; /* the configuration is */
  arena_init(&a);
  json_t *document = health_parse(body, length, &f);
  if (!document) check_sentence(&f);
  if (document && condition_parse(&a, condition, &parsed, &f)) {
    const char *path = parsed.path.text, *name = "metric", *ok = "ok";
    struct health_options o = {.conditions = {&condition, 1}, .values = {&path, 1}, .states = {&path, 1}, .good = {&ok, 1}};
    o.metrics = (struct pairs){&name, &path, 1};
    struct section *s = section_new("probe");
    if (!health_prepare(&o, &a, &f)) abort();
    if (!health_judge(&o, document, &f)) check_sentence(&f);
    health_write(&o, document, s, &lacks);
    check_sentence(&lacks);
    section_unref(section_finish(s));
  }
  json_decref(document);
  arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SCOPED(mem_free) char *text = mem_copy_bytes(data, size);
  size_t line = strcspn(text, "\n");
  check_address(text);
  check_quote((const char *)data, size);
  if (line == strlen(text)) return 0;
  text[line] = 0;
  char *headers = text + line + 1, *end = strstr(headers, "\n\n");
  if (!end) return 0;
  *end = 0;
  check_headers(headers);
  check_body(text, end + 2, size - (size_t)(end + 2 - text));
  return 0;
}
