/* UTF-8, for printf, escapes and character constants. Text in templates passed base/text or is a file's: broken characters are repaired, not refused. */
#include "agent/template/rune.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

/* The program runs in the locale C, whose letters are those of English. */
static locale_t unicode;

static void make_unicode(void) {
  unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static locale_t letters(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_unicode);
  return unicode;
}

bool rune_is_letter(uint32_t code) {
  return letters() ? iswalpha_l((wint_t)code, letters()) && !(code >= '0' && code <= '9') : iswalpha((wint_t)code);
}

uint32_t rune_upper(uint32_t code) {
  return letters() ? (uint32_t)towupper_l((wint_t)code, letters()) : (uint32_t)towupper((wint_t)code);
}

uint32_t rune_lower(uint32_t code) {
  return letters() ? (uint32_t)towlower_l((wint_t)code, letters()) : (uint32_t)towlower((wint_t)code);
}

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
