/* Any text as an expression: parsed, inspected, and evaluated over a few series. */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/promql/fake.h"

static void load(struct fake *f) {
  static const char *const series[][2] = {
      {"up{job=\"a\",k=\"1\"}", "1 0 1 stale 1x20"}, {"up{job=\"b\",k=\"2\"}", "0+1x30"}, {"x{k=\"1\"}", "5 NaN Inf -Inf 3-1x20"}};
  struct fail why;
  for (size_t i = 0; i < COUNTOF(series); i++)
    if (!fake_load(f, 10 * S, series[i][0], series[i][1], &why)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct fake f;
  if (!f.count) load(&f);
  struct buf out;
  struct arena a;
  struct fail why;
  arena_init(&a);
  buf_init(&out, (size_t)1 << 20);
  const char *text = arena_copy_bytes(&a, data, size);
  const struct expr *e = promql_parse(text, &a, &why);
  struct comparison c;
  if (e && (promql_span(e) < 0 || (promql_comparison(e, &c) && !c.value))) abort();
  if (!e && !strchr(why.text, ':')) abort(); /* an error says where it is */
  fake_eval(&f, text, 150 * S, &out);
  buf_done(&out);
  arena_done(&a);
  return 0;
}
