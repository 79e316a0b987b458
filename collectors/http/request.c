/* Who is asked, and how: see request.h. */
#include "collectors/http/request.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

/* Shorter ones are no secrets, and would riddle sentences. */
enum { SECRET_LENGTH_MIN = 8, BEGINNING_MIN = 4 };

const char *const request_ip_choices[] = {"any", "4", "6", NULL};

bool request_is_token(const char *text) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
  return *text && !text[strspn(text, letters)];
}

bool request_check_header(const char *name, const char *text, struct fail *f) {
  if (!request_is_token(name)) return fail(f, FAIL_CONFIG, "the name of a header is one word, without a colon");
  for (; *text; text++)
    if ((unsigned char)*text < ' ' && *text != '\t')
      return fail(f, FAIL_CONFIG, "the value of %s has a control character in it", name);
  return true;
}

bool request_check_server_name(const char *name UNUSED, const char *text, struct fail *f) {
  return address_is_host(text, strlen(text)) || fail(f, FAIL_CONFIG, "a server's name is one word of letters, digits, . - and _");
}

/* The sentence does not repeat the token. */
static bool judge_bearer(const char *bearer, struct fail *f) {
  if (!bearer) return true;
  if (bearer[strcspn(bearer, "\r\n")]) return fail(f, FAIL_CONFIG, "bearer has a line break in it; a token is one line");
  return strncasecmp(bearer, "Bearer ", 7) != 0 ||
         fail(f, FAIL_CONFIG, "bearer is the token alone; leave out the word Bearer, which is sent before it");
}

bool request_judge_certificates(const struct request_options *o, struct fail *f) {
  if (!o->cert_file == !o->key_file) return true;
  return fail(f, FAIL_CONFIG, "%s is given without %s", o->cert_file ? "cert_file" : "key_file",
              o->cert_file ? "key_file" : "cert_file");
}

/* As blackbox_exporter does: who is asked for by another name than its address shows its certificate for that name. */
static const char *name_in_headers(const struct request_options *o, struct arena *a) {
  for (size_t i = 0; i < o->headers.count; i++) {
    size_t length = strcspn(o->headers.values[i], ":");
    if (!strcasecmp(o->headers.names[i], "Host") && address_is_host(o->headers.values[i], length))
      return arena_copy_bytes(a, o->headers.values[i], length);
  }
  return NULL;
}

/* Base64. */
static const char *encode(const char *text, struct arena *a) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t length = strlen(text);
  char *out = arena_alloc(a, length / 3 * 4 + 5), *to = out;
  for (size_t i = 0; i < length; i += 3) {
    unsigned bits = 0;
    for (size_t k = 0; k < 3; k++) bits = bits << 8 | (i + k < length ? (unsigned char)text[i + k] : 0);
    for (size_t k = 0; k < 4; k++) *to++ = i + k > length ? '=' : letters[bits >> (18 - 6 * k) & 63];
  }
  return out;
}

static const char *const *make_lines(const struct request_options *o, struct arena *a) {
  const char **lines = arena_alloc(a, (o->headers.count + 1) * sizeof *lines);
  for (size_t i = 0; i < o->headers.count; i++) lines[i] = arena_printf(a, "%s: %s", o->headers.names[i], o->headers.values[i]);
  return lines;
}

bool request_prepare(struct request_options *o, struct arena *a, const char *example, struct fail *f) {
  if (!o->text || !*o->text) return fail(f, FAIL_CONFIG, "a URL is missing, as in %s", example);
  if (!address_parse_http(o->text, a, &o->address, f)) return false;
  if (!o->user) o->user = o->address.user;
  if (!o->password) o->password = o->address.password;
  if (o->bearer && o->user) return fail(f, FAIL_CONFIG, "bearer and user exclude each other; keep one of the two");
  if (o->password && !o->user) return fail(f, FAIL_CONFIG, "password is given without user");
  if (!judge_bearer(o->bearer, f)) return false;
  o->lines = make_lines(o, a);
  o->expected_name = o->server_name || !o->address.secure ? o->server_name : name_in_headers(o, a);
  if (o->password) o->basic = encode(arena_printf(a, "%s:%s", o->user, o->password), a);
  return request_judge_certificates(o, f);
}

void request_fill(const struct request_options *o, struct net_request *r) {
  r->url = o->address.url;
  r->headers = o->lines;
  r->user = o->user;
  r->password = o->password;
  r->bearer = o->bearer;
  r->redirects_max = (unsigned)o->redirects;
  r->tls = (struct net_tls){o->ca_file, o->cert_file, o->key_file, o->expected_name, o->insecure_skip_verify};
  r->ip = *o->ip == 'a' ? 0 : *o->ip - '0';
}

/* Quotes are cut: the beginning of a secret may stand before the sign for that. */
static void scrub_cut(char *text, const char *secret) {
  static const char sign[] = "…";
  for (char *cut = text; secret && (cut = strstr(cut, sign)); cut += sizeof sign - 1) {
    size_t n = MIN(strlen(secret), (size_t)(cut - text));
    while (n >= BEGINNING_MIN && memcmp(cut - n, secret, n) != 0) n--;
    if (n >= BEGINNING_MIN) memset(cut - n, '*', n);
  }
}

static void scrub(char *text, const char *secret) {
  if (!secret || strlen(secret) < SECRET_LENGTH_MIN) return;
  text_scrub(text, secret);
  scrub_cut(text, secret);
}

void request_scrub(const struct request_options *o, char *text) {
  text_scrub(text, o->password);
  text_scrub(text, o->bearer);
  scrub_cut(text, o->password);
  scrub_cut(text, o->bearer);
  scrub(text, o->basic);
  if (o->text && o->address.shown && strcmp(o->text, o->address.shown) != 0) scrub(text, o->text);
  for (size_t i = 0; i < o->address.hidden.count; i++) scrub(text, o->address.hidden.items[i]);
  for (size_t i = 0; i < o->headers.count; i++) {
    const char *last = strrchr(o->headers.values[i], ' '); /* the token of "Bearer …" */
    scrub(text, o->headers.values[i]);
    if (last) scrub(text, last + 1);
  }
}
