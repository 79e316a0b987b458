/* Redis URLs as people paste them: every client library has its own dialect, and this reads what they share. */
#include "collectors/redis/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#define DEFAULT_PORT "6379"
#define DATABASE_MAX 1000000

/* A part of the URL. */
struct span {
  const char *text;
  size_t length;
};

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static bool decode(struct span from, const char *what, struct arena *a, const char **ret, struct fail *f) {
  char *out = arena_alloc(a, from.length + 1);
  size_t n = 0;
  for (size_t i = 0; i < from.length; i++) {
    out[n++] = from.text[i];
    if (from.text[i] != '%') continue;
    int high = i + 2 < from.length ? hex_digit(from.text[i + 1]) : -1, low = high < 0 ? -1 : hex_digit(from.text[i + 2]);
    if (low < 0)
      return fail(f, FAIL_CONFIG, "the %s in the Redis URL has a %% that no two hexadecimal digits follow; write %%25 for %%",
                  what);
    out[n - 1] = (char)(high * 16 + low);
    if (!out[n - 1]) return fail(f, FAIL_CONFIG, "the %s in the Redis URL holds a zero byte", what);
    i += 2;
  }
  *ret = out;
  return true;
}

/* Cuts `whole` at the first of `marks`: what is before stays, what is behind is returned (empty when there is none). */
static struct span cut(struct span *whole, const char *marks) {
  size_t before = 0;
  while (before < whole->length && !strchr(marks, whole->text[before])) before++;
  struct span behind = {whole->text + before, whole->length - before};
  whole->length = before;
  return behind;
}

static struct span without_first(struct span s) {
  return s.length ? (struct span){s.text + 1, s.length - 1} : s;
}

static bool parse_database(struct span digits, unsigned *ret, struct fail *f) {
  unsigned db = 0;
  for (size_t i = 0; i < digits.length; i++) {
    if (digits.text[i] < '0' || digits.text[i] > '9' || db > DATABASE_MAX) {
      return fail(f, FAIL_CONFIG, "the database in the Redis URL must be a number, as in redis://host:6379/2");
    }
    db = db * 10 + (unsigned)(digits.text[i] - '0');
  }
  if (digits.length) *ret = db;
  return true;
}

static bool parse_query(struct span query, unsigned *db, struct fail *f) {
  while (query.length) {
    struct span parameter = without_first(query);
    query = cut(&parameter, "&");
    if (parameter.length > 3 && memcmp(parameter.text, "db=", 3) == 0) {
      if (!parse_database((struct span){parameter.text + 3, parameter.length - 3}, db, f)) return false;
    }
  }
  return true;
}

static bool parse_login(struct span login, struct redis_address *to, struct arena *a, struct fail *f) {
  struct span password = cut(&login, ":");
  if (login.length && !decode(login, "user", a, &to->user, f)) return false;
  return password.length < 2 || decode(without_first(password), "password", a, &to->password, f);
}

/* Takes "user:password@" off the authority, up to its last @, since a password may well hold one. */
static bool take_login(struct span *authority, struct redis_address *to, struct arena *a, struct fail *f) {
  const char *at = memrchr(authority->text, '@', authority->length);
  if (!at) return true;
  struct span login = {authority->text, (size_t)(at - authority->text)};
  *authority = (struct span){at + 1, authority->length - login.length - 1};
  return parse_login(login, to, a, f);
}

static bool parse_port(struct span port, struct redis_address *to, struct arena *a, struct fail *f) {
  to->port = port.length ? arena_copy_bytes(a, port.text, port.length) : DEFAULT_PORT;
  char *end;
  long number = strtol(to->port, &end, 10);
  if (*end || number < 1 || number > 65535 || to->port[0] == '+' || to->port[0] == ' ') {
    return fail(f, FAIL_CONFIG, "the port in the Redis URL must be a number from 1 to 65535");
  }
  return true;
}

static bool parse_host(struct span rest, struct redis_address *to, struct arena *a, struct fail *f) {
  struct span host = rest, port;
  if (rest.length && rest.text[0] == '[') {
    host = without_first(rest);
    struct span behind = cut(&host, "]");
    if (!behind.length) return fail(f, FAIL_CONFIG, "the Redis URL has a [ without a ]");
    port = without_first(behind);
    if (port.length && port.text[0] != ':')
      return fail(f, FAIL_CONFIG, "the Redis URL has something other than :port behind the ]");
  } else {
    port = cut(&host, ":");
    if (port.length && memchr(port.text + 1, ':', port.length - 1)) {
      return fail(f, FAIL_CONFIG,
                  "the Redis URL has more than one : in its host; put an IPv6 address in brackets, as in redis://[::1]:6379");
    }
  }
  if (!decode(host, "host", a, &to->host, f)) return false;
  if (!host.length) to->host = "localhost";
  return parse_port(without_first(port), to, a, f);
}

static bool parse_tcp(struct span rest, struct redis_address *to, struct arena *a, struct fail *f) {
  struct span authority = rest;
  struct span behind = cut(&authority, "/?#");
  if (!memchr(authority.text, '@', authority.length) && memchr(behind.text, '@', behind.length)) {
    return fail(f, FAIL_CONFIG, "the password in the Redis URL must be percent-encoded: / is %%2F, ? is %%3F, # is %%23");
  }
  struct span path = behind;
  struct span query = cut(&path, "?");
  cut(&query, "#");
  cut(&path, "#");
  return take_login(&authority, to, a, f) && parse_host(authority, to, a, f) && parse_database(without_first(path), &to->db, f) &&
         parse_query(query, &to->db, f);
}

static bool parse_unix(struct span rest, struct redis_address *to, struct arena *a, struct fail *f) {
  struct span path = rest;
  struct span query = cut(&path, "?");
  struct span before = path;
  path = cut(&before, "/");
  if (!path.length) return fail(f, FAIL_CONFIG, "the Redis URL names no socket, as in unix:///run/redis/redis.sock");
  if (before.length && before.text[before.length - 1] != '@') {
    return fail(f, FAIL_CONFIG, "a socket in a Redis URL begins with three slashes, as in unix:///run/redis/redis.sock");
  }
  if (before.length) before.length--;
  if (!parse_login(before, to, a, f) || !decode(path, "path", a, &to->path, f)) return false;
  struct sockaddr_un limit;
  if (strlen(to->path) >= sizeof limit.sun_path) {
    return fail(f, FAIL_CONFIG, "the path of the Redis socket is longer than %zu bytes", sizeof limit.sun_path - 1);
  }
  return parse_query(query, &to->db, f);
}

bool redis_address_parse(struct redis_address *ret, const char *url, struct arena *a, struct fail *f) {
  static const struct {
    const char *scheme;
    bool tls, socket;
  } schemes[] = {
      {"redis", false, false}, {"valkey", false, false}, {"rediss", true, false}, {"valkeys", true, false}, {"unix", false, true}};
  *ret = (struct redis_address){0};
  const char *separator = strstr(url, "://");
  if (!separator) {
    struct span all = {url, strlen(url)};
    return url[0] == '/' ? parse_unix(all, ret, a, f) : parse_tcp(all, ret, a, f);
  }
  size_t length = (size_t)(separator - url);
  struct span rest = {separator + 3, strlen(separator + 3)};
  for (size_t i = 0; i < COUNTOF(schemes); i++) {
    if (length != strlen(schemes[i].scheme) || strncasecmp(url, schemes[i].scheme, length) != 0) continue;
    ret->tls = schemes[i].tls;
    return schemes[i].socket ? parse_unix(rest, ret, a, f) : parse_tcp(rest, ret, a, f);
  }
  return fail(f, FAIL_CONFIG, "the scheme \"%.*s\" is not one of redis, rediss, valkey, valkeys, unix", (int)MIN(length, 20), url);
}

const char *redis_address_show(const struct redis_address *address, struct arena *a) {
  char db[16] = "";
  if (address->db) snprintf(db, sizeof db, "/%u", address->db);
  if (address->path) return arena_printf(a, "%s%s", address->path, address->db ? db : "");
  bool brackets = strchr(address->host, ':') != NULL;
  return arena_printf(a, "%s%s%s:%s%s", brackets ? "[" : "", address->host, brackets ? "]" : "", address->port, db);
}
