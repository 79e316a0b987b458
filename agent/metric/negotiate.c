/* What a client can read, from its Accept and Accept-Encoding: lists of things, each with parameters, the most liked marked by the highest q.
 * Whatever is malformed counts as absent. */
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "metric/exposition.h"

struct span {
  const char *text;
  size_t length;
};

/* One thing of a list. */
struct item {
  struct span name, version;
  double q;
};

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

static struct span trim(struct span s) {
  while (s.length && is_blank(s.text[0])) s = (struct span){s.text + 1, s.length - 1};
  while (s.length && is_blank(s.text[s.length - 1])) s.length--;
  return s;
}

static bool same(struct span s, const char *text) {
  return s.length == strlen(text) && !strncasecmp(s.text, text, s.length);
}

/* What stands before the next `end` that is not in quotes; moves *rest behind it. */
static struct span until(struct span *rest, char end) {
  size_t i = 0;
  for (bool quoted = false; i < rest->length && (quoted || rest->text[i] != end); i++) {
    if (rest->text[i] == '"') quoted = !quoted;
    if (quoted && rest->text[i] == '\\' && i + 1 < rest->length) i++;
  }
  struct span found = {rest->text, i};
  size_t used = i < rest->length ? i + 1 : i;
  *rest = (struct span){rest->text + used, rest->length - used};
  return trim(found);
}

static struct span unquote(struct span s) {
  return s.length >= 2 && s.text[0] == '"' && s.text[s.length - 1] == '"' ? (struct span){s.text + 1, s.length - 2} : s;
}

/* The next thing of the list whose q makes sense. */
static bool next_item(struct span *list, struct item *ret) {
  while (list->length) {
    struct span item = until(list, ',');
    *ret = (struct item){.name = until(&item, ';'), .q = 1};
    while (item.length) {
      struct span value = until(&item, ';'), key = until(&value, '=');
      value = unquote(trim(value));
      if (same(key, "q") && !number_parse(value.text, value.length, &ret->q)) ret->q = -1;
      if (same(key, "version")) ret->version = value;
    }
    if (ret->name.length && ret->q >= 0 && ret->q <= 1) return true;
  }
  return false;
}

static bool is_version(struct span version, const char *const known[]) {
  if (!version.length) return true;
  for (; *known; known++)
    if (same(version, *known)) return true;
  return false;
}

static bool wants_openmetrics(const char *accept) {
  static const char *const openmetrics[] = {"1.0.0", "0.0.1", NULL}, *const text[] = {"0.0.4", NULL};
  struct span list = {accept, strlen(accept)};
  struct item i;
  double asked = 0, plain[3] = {-1, -1, -1}; /* type, text of any kind, anything: the most specific counts */
  while (next_item(&list, &i)) {
    if (same(i.name, "application/openmetrics-text") && is_version(i.version, openmetrics) && i.q > asked) asked = i.q;
    int which = same(i.name, "text/plain") && is_version(i.version, text) ? 0
                : same(i.name, "text/*")                                  ? 1
                : same(i.name, "*/*")                                     ? 2
                                                                          : 3;
    if (which < 3 && i.q > plain[which]) plain[which] = i.q;
  }
  double other = plain[0] >= 0 ? plain[0] : plain[1] >= 0 ? plain[1] : plain[2];
  return asked > 0 && asked >= other;
}

static bool wants_gzip(const char *accept_encoding) {
  struct span list = {accept_encoding, strlen(accept_encoding)};
  struct item i;
  double gzip = -1, any = -1, identity = 0;
  while (next_item(&list, &i)) {
    double *q = same(i.name, "gzip") || same(i.name, "x-gzip") ? &gzip
                : same(i.name, "*")                            ? &any
                : same(i.name, "identity")                     ? &identity
                                                               : NULL;
    if (q && i.q > *q) *q = i.q;
  }
  if (gzip < 0) gzip = any;
  return gzip > 0 && gzip >= identity;
}

struct negotiation exposition_negotiate(const char *accept, const char *accept_encoding) {
  return (struct negotiation){
      .format = accept && wants_openmetrics(accept) ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT,
      .gzip = accept_encoding && wants_gzip(accept_encoding),
  };
}
