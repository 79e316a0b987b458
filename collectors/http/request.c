/* Who is asked, and how: see request.h. */
#include "collectors/http/request.h"

#include <string.h>

#include "base/text.h"

/* Shorter ones are no secrets, and would riddle sentences. */
enum { SECRET_LENGTH_MIN = 8 };

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

bool request_judge_certificates(const struct request_options *o, struct fail *f) {
  if (!o->cert_file == !o->key_file) return true;
  return fail(f, FAIL_CONFIG, "%s is given without %s", o->cert_file ? "cert_file" : "key_file",
              o->cert_file ? "key_file" : "cert_file");
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
  o->lines = make_lines(o, a);
  return request_judge_certificates(o, f);
}

void request_fill(const struct request_options *o, struct net_request *r) {
  r->url = o->address.url;
  r->headers = o->lines;
  r->user = o->user;
  r->password = o->password;
  r->bearer = o->bearer;
  r->redirects_max = (unsigned)o->redirects;
  r->tls = (struct net_tls){o->ca_file, o->cert_file, o->key_file, o->server_name, o->insecure_skip_verify};
  r->ip = *o->ip == 'a' ? 0 : *o->ip - '0';
}

static void scrub(char *text, const char *secret) {
  if (secret && strlen(secret) >= SECRET_LENGTH_MIN) text_scrub(text, secret);
}

void request_scrub(const struct request_options *o, char *text) {
  text_scrub(text, o->password);
  text_scrub(text, o->bearer);
  if (o->text && o->address.shown && strcmp(o->text, o->address.shown) != 0) scrub(text, o->text);
  for (size_t i = 0; i < o->headers.count; i++) scrub(text, o->headers.values[i]);
}
