/* The gate for text from outside: see base/text.h. Scanning for what must change and copying the rest in runs keeps plain text cheap. */
#include "base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The length of the valid UTF-8 character at `s`, 0 when there is none. NUL counts as invalid; so do surrogates and overlong forms. */
static size_t character(const unsigned char *s, size_t left) {
  unsigned char c = s[0];
  if (c < 0x80) return c != 0;
  size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
  if (c < 0xC2 || c > 0xF4 || length > left) return 0;
  for (size_t i = 1; i < length; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  if ((c == 0xE0 && s[1] < 0xA0) || (c == 0xED && s[1] > 0x9F) || (c == 0xF0 && s[1] < 0x90) || (c == 0xF4 && s[1] > 0x8F))
    return 0;
  return length;
}

/* The length of the valid run that `text` begins with. */
static size_t clean_run(const char *text, size_t length) {
  size_t i = 0;
  while (i < length) {
    size_t n = character((const unsigned char *)text + i, length - i);
    if (n == 0) break;
    i += n;
  }
  return i;
}

bool text_is_clean(const char *text, size_t length) {
  return clean_run(text, length) == length;
}

static uint64_t mix(uint64_t h) {
  h ^= h >> 32;
  h *= 0xD6E8FEB86659FD93u;
  h ^= h >> 32;
  return h;
}

static uint64_t hash_with(uint64_t seed, const void *bytes, size_t length) {
  const unsigned char *p = bytes;
  uint64_t h = seed ^ (length * 0x9E3779B97F4A7C15u), word;
  for (; length >= 8; p += 8, length -= 8) {
    memcpy(&word, p, 8);
    h = (h ^ mix(word)) * 0x9E3779B97F4A7C15u;
  }
  word = 0;
  if (length) memcpy(&word, p, length);
  return mix((h ^ mix(word + 1)) * 0x9E3779B97F4A7C15u);
}

static uint64_t process_seed;
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;
static void make_seed(void) {
  if (getrandom(&process_seed, sizeof process_seed, GRND_NONBLOCK) != (ssize_t)sizeof process_seed)
    process_seed = (uint64_t)(uintptr_t)&process_seed;
}

uint64_t text_hash(const void *bytes, size_t length) {
  pthread_once(&seed_once, make_seed);
  return hash_with(process_seed, bytes, length);
}

/* Repairs at most `room` bytes' worth; returns how many input bytes were used. Stops before a character that does not fit. */
static size_t repair(struct buf *out, const char *text, size_t length, size_t room) {
  size_t used = 0;
  while (used < length) {
    size_t run = clean_run(text + used, length - used);
    if (run > room) {
      for (run = room; run > 0 && ((unsigned char)text[used + run] & 0xC0) == 0x80;) run--;
      buf_put(out, text + used, run);
      return used + run;
    }
    buf_put(out, text + used, run);
    used += run;
    room -= run;
    if (used == length || room < 3) return used;
    buf_put(out, REPLACEMENT, 3);
    room -= 3;
    used++;
  }
  return used;
}

void text_clean(struct buf *out, const char *text, size_t length, size_t max) {
  if (length <= max && text_is_clean(text, length)) {
    buf_put(out, text, length);
    return;
  }
  size_t start = out->length;
  if (repair(out, text, length, max) == length || out->overflow) return;
  enum { TAIL = 9 }; /* "~" and 8 digits */
  if (out->length > start) out->length = start;
  repair(out, text, length, max > TAIL ? max - TAIL : 0);
  if (max >= TAIL) buf_printf(out, "~%08x", (unsigned)hash_with(0, text, length)); /* unseeded: the same label after a restart */
}

void text_escape(struct buf *out, const char *text, size_t length) {
  size_t run = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] != '\\' && text[i] != '"' && text[i] != '\n') continue;
    buf_put(out, text + run, i - run);
    buf_puts(out, text[i] == '\n' ? "\\n" : text[i] == '"' ? "\\\"" : "\\\\");
    run = i + 1;
  }
  buf_put(out, text + run, length - run);
}

void text_json(struct buf *out, const char *text, size_t length) {
  size_t i = 0;
  while (i < length) {
    unsigned char c = (unsigned char)text[i];
    size_t n = character((const unsigned char *)text + i, length - i);
    if (c == '"' || c == '\\')
      buf_printf(out, "\\%c", c);
    else if (c == '\n')
      buf_puts(out, "\\n");
    else if (c < 0x20 || c == 0x7F)
      buf_printf(out, "\\u%04x", c);
    else if (n == 0)
      buf_puts(out, REPLACEMENT);
    else
      buf_put(out, text + i, n);
    i += n ? n : 1;
  }
}

static const char *html_entity(char c) {
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return NULL;
  }
}

void text_character(struct buf *out, uint32_t code) {
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
  if (code < 0x80) {
    buf_putc(out, (char)code);
    return;
  }
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const uint32_t leads[] = {0, 0xC0, 0xE0, 0xF0};
  buf_putc(out, (char)(leads[more] | code >> (6 * more)));
  while (more--) buf_putc(out, (char)(0x80 | (code >> (6 * more) & 0x3F)));
}

void text_percent(struct buf *out, const char *text, const char *also) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  for (; *text; text++)
    if (strchr(plain, *text) || strchr(also, *text))
      buf_putc(out, *text);
    else
      buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

void text_html(struct buf *out, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    const char *entity = html_entity(text[i]);
    if (entity)
      buf_puts(out, entity);
    else
      buf_putc(out, text[i]);
  }
}

void text_scrub(char *text, const char *secret) {
  size_t n = secret ? strlen(secret) : 0;
  if (!n) return;
  for (char *p = text; (p = strstr(p, secret));) {
    size_t stars = n < 3 ? n : 3;
    memset(p, '*', stars);
    memmove(p + stars, p + n, strlen(p + n) + 1);
    p += stars;
  }
}

void text_redact_url(struct buf *out, const char *url) {
  const char *scheme = strstr(url, "://");
  const char *authority = scheme ? scheme + 3 : url;
  const char *at = strrchr(authority, '@'); /* the last one: a password may hold unescaped / ? # @ */
  buf_put(out, url, (size_t)(authority - url));
  if (at) {
    const char *colon = memchr(authority, ':', (size_t)(at - authority));
    buf_put(out, authority, (size_t)((colon ? colon : at) - authority));
    if (colon) buf_puts(out, ":***");
    authority = at;
  }
  buf_put(out, authority, strcspn(authority, "?#"));
}
