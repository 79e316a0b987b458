/* UTF-8, for printf, escapes and character constants. Text in templates passed base/text or is a file's: broken characters are repaired, not refused. */
#include "agent/template/rune.h"

#include <stdbool.h>

size_t rune_at(const char *text, size_t length, uint32_t *ret) {
  const unsigned char *b = (const unsigned char *)text;
  size_t more = b[0] < 0x80                   ? 0
                : b[0] >= 0xc2 && b[0] < 0xe0 ? 1
                : (b[0] & 0xf0) == 0xe0       ? 2
                : b[0] >= 0xf0 && b[0] < 0xf5 ? 3
                                              : length;
  uint32_t code = more == 0 ? b[0] : more == 1 ? b[0] & 0x1fu : more == 2 ? b[0] & 0xfu : b[0] & 7u;
  bool good = more < length;
  for (size_t i = 1; good && i <= more; i++) {
    good = (b[i] & 0xc0) == 0x80;
    code = code << 6 | (b[i] & 0x3fu);
  }
  *ret = good ? code : 0xfffd;
  return good ? more + 1 : 1;
}
