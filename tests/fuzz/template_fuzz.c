/* Any text as a template: what the check at load takes can be rendered, or says why not; what it refuses has a place within the text. The first eight
 * bytes are the value. */
#include <stdlib.h>
#include <string.h>

#include "template/template.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  double value;
  if (size < sizeof value || size > 65536) return 0;
  memcpy(&value, data, sizeof value);
  size_t length = size - sizeof value, at = 0;
  char *text = malloc(length + 1);
  memcpy(text, data + sizeof value, length);
  text[length] = 0;
  struct labels *labels = labels_new((struct label_pair[]){{"job", "pg"}, {"n", "12"}}, 2);
  struct buf out;
  struct fail why = {0};
  buf_init(&out, 1 << 20);
  bool good = template_check(text, &at, &why);
  if (!good && (!why.text[0] || at > strlen(text))) abort();
  why = (struct fail){0};
  bool rendered = template_render(&out, text, labels, value, &(struct template_world){0}, &why);
  if (rendered == (why.kind != FAIL_NONE)) abort();
  if (!good && rendered && !memchr(text, '{', strlen(text))) abort(); /* plain text is never refused */
  buf_done(&out);
  labels_unref(labels);
  free(text);
  return 0;
}
