/* Addresses of probes: see address.h. */
#include "collectors/http/address.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

enum { URL_MAX = 2000, SECRET_LENGTH = 32 };

static int hex_digit(char c) {
  static const char digits[] = "0123456789abcdef";
  const char *at = c ? strchr(digits, c | 0x20) : NULL;
  return at ? (int)(at - digits) : -1;
}

/* Undoes percent-encoding. NULL when a % is followed by something else than two digits, or for a NUL. */
static const char *decode(const char *text, size_t length, struct arena *a) {
  char *out = arena_alloc(a, length + 1), *to = out;
  for (size_t i = 0; i < length; i++) {
    *to = text[i];
    if (text[i] == '%') {
      int high = i + 2 < length ? hex_digit(text[i + 1]) : -1, low = high < 0 ? -1 : hex_digit(text[i + 2]);
      if (low < 0 || high + low == 0) return NULL;
      *to = (char)(high * 16 + low);
      i += 2;
    }
    to++;
  }
  return out;
}

static bool parse_login(const char *text, size_t length, struct arena *a, struct probe_address *ret, struct fail *f) {
  const char *colon = memchr(text, ':', length);
  size_t user = colon ? (size_t)(colon - text) : length;
  ret->user = decode(text, user, a);
  ret->password = colon ? decode(colon + 1, length - user - 1, a) : "";
  return (ret->user && ret->password) ||
         fail(f, FAIL_CONFIG, "in the login of the URL a %% is not followed by two hexadecimal digits; write %%25 for %%");
}

static bool check_port(const char *port, struct fail *f) {
  size_t digits = strspn(port, "0123456789");
  unsigned long number = digits && digits <= 5 ? strtoul(port, NULL, 10) : 0;
  return (!port[digits] && number >= 1 && number <= 65535) || fail(f, FAIL_CONFIG, "the port must be a number from 1 to 65535");
}

bool address_is_host(const char *text, size_t length) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
  return length > 0 && strspn(text, letters) >= length;
}

/* host, host:port, [::1]:port. */
static bool check_host(const char *authority, bool port_needed, struct fail *f) {
  const char *end = authority + strcspn(authority, ":");
  if (*authority == '[') {
    end = strchr(authority, ']');
    if (!end) return fail(f, FAIL_CONFIG, "there is a [ without a ] in the address");
    end++;
  }
  if (*end == ':' && strchr(end + 1, ':'))
    return fail(f, FAIL_CONFIG, "there is more than one : in the host; an IPv6 address stands in brackets, as in [::1]:80");
  if (end == authority)
    return fail(f, FAIL_CONFIG, "the address has no host; write it like %s", port_needed ? "db-1:5432" : "http://host/");
  if (*authority != '[' && !address_is_host(authority, (size_t)(end - authority)))
    return fail(f, FAIL_CONFIG,
                "a host consists of letters, digits, . - and _; a name with other letters is written in its form with xn--");
  if (*end && *end != ':') return fail(f, FAIL_CONFIG, "something other than :port follows the ] in the address");
  if (!*end && port_needed) return fail(f, FAIL_CONFIG, "the address has no port; write it like db-1:5432");
  return !*end || check_port(end + 1, f);
}

static bool check_letters(const char *text, struct fail *f) {
  if (strlen(text) > URL_MAX) return fail(f, FAIL_LIMIT, "the address is longer than %d bytes", URL_MAX);
  for (const char *c = text; *c; c++)
    if ((unsigned char)*c <= ' ' || *c == 0x7F)
      return fail(f, FAIL_CONFIG, "there is a blank or a control character in the address; in a URL write %%20 for a blank");
  return true;
}

/* Whether the value of such a parameter may not be shown. */
static bool is_secret(const char *name, size_t length, size_t value_length) {
  static const char *const words[] = {"token", "key", "secret", "pass", "pwd", "auth", "sig", "cred", "session", "jwt", "code"};
  char copy[64] = "";
  memcpy(copy, name, MIN(length, sizeof copy - 1));
  for (size_t i = 0; i < COUNTOF(words); i++)
    if (strcasestr(copy, words[i])) return true;
  return value_length >= SECRET_LENGTH;
}

static void hide(struct strings *hidden, const char *value, size_t length, struct arena *a) {
  const char **longer = arena_alloc(a, (hidden->count + 2) * sizeof *longer), *meant = decode(value, length, a);
  if (hidden->count) memcpy(longer, hidden->items, hidden->count * sizeof *longer);
  longer[hidden->count++] = arena_copy_bytes(a, value, length);
  if (meant) longer[hidden->count++] = meant;
  hidden->items = longer;
}

static void show_query(struct buf *out, const char *query, struct strings *hidden_values, struct arena *a) {
  while (*query) {
    size_t length = strcspn(query + 1, "&") + 1, name = strcspn(query + 1, "=&") + 1; /* with the ? or & before them */
    bool hidden = query[name] == '=' && is_secret(query + 1, name - 1, length - name - 1);
    buf_put(out, query, hidden ? name + 1 : length);
    if (hidden) {
      buf_puts(out, "***");
      hide(hidden_values, query + name + 1, length - name - 1, a);
    }
    query += length;
  }
}

/* Takes the login off `authority`, whose path, query and fragment are `rest`. */
static bool parse_url(const char *scheme, const char *authority, struct arena *a, struct probe_address *ret, struct fail *f) {
  size_t length = strcspn(authority, "/?#");
  const char *rest = authority + length, *at = memrchr(authority, '@', length);
  if (at && !parse_login(authority, (size_t)(at - authority), a, ret, f)) return false;
  if (at) authority = at + 1;
  const char *host = arena_copy_bytes(a, authority, (size_t)(rest - authority));
  size_t path = strcspn(rest, "?#"), query = strcspn(rest + path, "#");
  if (!check_host(host, false, f)) return false;
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, (size_t)URL_MAX * 2);
  buf_printf(&shown, "%s%s%.*s", scheme, host, (int)path, rest);
  show_query(&shown, arena_copy_bytes(a, rest + path, query), &ret->hidden, a);
  ret->url = arena_printf(a, "%s%s%.*s", scheme, host, (int)(path + query), rest);
  ret->shown = arena_copy(a, shown.data);
  return true;
}

bool address_parse_http(const char *text, struct arena *a, struct probe_address *ret, struct fail *f) {
  const char *scheme = strstr(text, "://");
  *ret = (struct probe_address){.secure = !strncasecmp(text, "https://", 8)};
  if (!check_letters(text, f)) return false;
  if (scheme && !ret->secure && strncasecmp(text, "http://", 7) != 0)
    return fail(f, FAIL_CONFIG, "the URL begins with http:// or https://; ports of other services are probed with the key tcp");
  return parse_url(ret->secure ? "https://" : "http://", scheme ? scheme + 3 : text, a, ret, f);
}

bool address_parse_tcp(const char *text, struct arena *a, struct probe_address *ret, struct fail *f) {
  const char *scheme = strstr(text, "://"), *host = scheme ? scheme + 3 : text;
  *ret = (struct probe_address){.secure = !strncasecmp(text, "tls://", 6)};
  if (!check_letters(text, f)) return false;
  if (scheme && !ret->secure && strncasecmp(text, "tcp://", 6) != 0)
    return fail(f, FAIL_CONFIG, "the address is host:port, or begins with tcp:// or tls://");
  if (strpbrk(host, "/?#@")) return fail(f, FAIL_CONFIG, "the address is host:port and nothing else");
  ret->shown = arena_copy(a, host);
  ret->url = arena_printf(a, "%s%s", ret->secure ? "tls://" : "tcp://", host);
  return check_host(host, true, f);
}
