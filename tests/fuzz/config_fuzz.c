/* Any bytes as a configuration file: read or refused with a sentence, never a crash, a leak or a secret left out of its arena. */
#include <stdlib.h>

#include "agent/config/root.h"
#include "tests/unit/config/example_kind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fail why = {0};
  if (size > 65536) return 0;
  char *text = malloc(size + 1); /* the text of a file ends in a NUL */
  memcpy(text, data, size);
  text[size] = 0;
  struct config *c = config_parse("x.yml", text, size, &example_kinds, &why);
  if (!c && (why.kind == FAIL_NONE || !why.text[0])) abort();
  if (c && (c->poll_timeout >= c->poll_interval || c->listen.count == 0)) abort();
  for (size_t i = 0; c && i < c->target_count; i++)
    if (!c->targets[i].name[0] || c->targets[i].timeout >= c->targets[i].every) abort();
  config_unref(c);
  free(text);
  return 0;
}
