/* URLs that are credentials: see address.h. */
#include "agent/notify/address.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { WORD_MIN = 6 };

/* Where the host begins; NULL for another scheme. */
static const char *authority_of(const char *url) {
  if (!strncmp(url, "https://", 8)) return url + 8;
  if (!strncmp(url, "http://", 7)) return url + 7;
  return NULL;
}

/* A URL has no blank, no control character and nothing but ASCII in it. */
static bool is_plain(const char *url) {
  for (const unsigned char *c = (const unsigned char *)url; *c; c++)
    if (*c <= ' ' || *c >= 0x7F) return false;
  return true;
}

bool address_of(const char *url, char *address, size_t size, struct fail *f) {
  if (!url || !*url)
    return fail(f, FAIL_CONFIG, "there is no URL; give url, or better url_file with the path of a file that holds it");
  const char *authority = authority_of(url);
  if (!authority) return fail(f, FAIL_CONFIG, "the URL must begin with https:// or http://");
  if (strlen(url) > URL_BYTES_MAX) return fail(f, FAIL_CONFIG, "the URL is longer than %d bytes", URL_BYTES_MAX);
  if (!is_plain(url)) return fail(f, FAIL_CONFIG, "there is a blank or another character in the URL that must be written as %%XX");
  int length = (int)strcspn(authority, "/?#");
  const char *at = memrchr(authority, '@', (size_t)length), *host = at ? at + 1 : authority;
  length -= (int)(host - authority);
  if (length == 0 || *host == ':') return fail(f, FAIL_CONFIG, "there is no host in the URL");
  snprintf(address, size, "%.*s%.*s/…", (int)(authority - url), url, MIN(length, 200), host);
  return true;
}

/* Each word by itself: who echoes a URL may have escaped what stands between them. */
static void scrub_words(char *text, const char *from, const char *end) {
  static const char between[] = "/?#&=:@";
  char word[URL_BYTES_MAX + 1];
  while (from < end) {
    size_t length = MIN(strcspn(from, between), (size_t)(end - from));
    if (length >= WORD_MIN && length <= URL_BYTES_MAX) {
      memcpy(word, from, length);
      word[length] = 0;
      text_scrub(text, word);
    }
    from += length + 1;
  }
}

void address_scrub(char *text, const char *url) {
  const char *authority = authority_of(url);
  text_scrub(text, url);
  if (!authority) return;
  const char *path = authority + strcspn(authority, "/?#"), *at = memrchr(authority, '@', (size_t)(path - authority));
  if (at) scrub_words(text, authority, at);
  scrub_words(text, path, path + strlen(path));
}
