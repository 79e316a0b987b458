/* The keys of a probe, and what makes no sense among them. */
#include "collectors/http/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/regex.h"
#include "base/text.h"

#define AT(field) offsetof(struct probe_options, field)

/* Shorter ones are no secrets, and would riddle sentences. */
enum { SECRET_LENGTH_MIN = 8 };

static const char *const ip_choices[] = {"any", "4", "6", NULL};
static const char *const tls_choices[] = {"required", "forbidden", NULL};

static bool check_regex(const char *name UNUSED, const char *text, struct fail *f) {
  struct regex *r = regex_new_search(text, f);
  regex_free(r);
  return r != NULL;
}

static bool check_status(const char *name UNUSED, const char *text, struct fail *f) {
  bool good = strlen(text) == 3 && *text >= '1' && *text <= '5' &&
              (!strcasecmp(text + 1, "xx") || (isdigit((unsigned char)text[1]) && isdigit((unsigned char)text[2])));
  return good || fail(f, FAIL_CONFIG, "a status is written 200, or 2xx for all that begin with 2");
}

static bool check_version(const char *name UNUSED, const char *text, struct fail *f) {
  static const char *const versions[] = {"1.0", "1.1", "2", "2.0", "3", "3.0"};
  for (size_t i = 0; i < COUNTOF(versions); i++)
    if (!strcmp(text, versions[i])) return true;
  return fail(f, FAIL_CONFIG, "a version of HTTP is 1.0, 1.1, 2 or 3");
}

static bool is_token(const char *text) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
  return *text && !text[strspn(text, letters)];
}

static bool check_method(const char *name UNUSED, const char *text, struct fail *f) {
  return is_token(text) || fail(f, FAIL_CONFIG, "a method is one word, as GET or POST");
}

static bool check_header(const char *name, const char *text, struct fail *f) {
  if (!is_token(name)) return fail(f, FAIL_CONFIG, "the name of a header is one word, without a colon");
  for (; *text; text++)
    if ((unsigned char)*text < ' ' && *text != '\t')
      return fail(f, FAIL_CONFIG, "the value of %s has a control character in it", name);
  return true;
}

static bool check_header_regex(const char *name, const char *text, struct fail *f) {
  if (!is_token(name)) return fail(f, FAIL_CONFIG, "the name of a header is one word, without a colon");
  return check_regex(NULL, text, f) || fail_prefix(f, "%s", name);
}

static const struct option expect_rows[] = {
    {.name = "status",
     .type = OPTION_STRINGS,
     .fallback = "[2xx]",
     .help = "The status is one of these: `200`, `2xx`.",
     .check = check_status,
     .offset = AT(expect.status)},
    {.name = "http_version",
     .type = OPTION_STRINGS,
     .help = "The version of HTTP is one of these: `1.0`, `1.1`, `2`. Default: any.",
     .check = check_version,
     .offset = AT(expect.version)},
    {.name = "tls",
     .type = OPTION_STRING,
     .help = "The last connection, behind all redirects, is TLS, or is not.",
     .choices = tls_choices,
     .offset = AT(expect.tls)},
    {.name = "headers",
     .type = OPTION_PAIRS,
     .help = "Each header is there and its value is matched, somewhere, by the regular expression: `{Content-Type: json}`.",
     .check = check_header_regex,
     .offset = AT(expect.headers)},
    {.name = "headers_not",
     .type = OPTION_PAIRS,
     .help = "No header of that name is matched by the regular expression.",
     .check = check_header_regex,
     .offset = AT(expect.headers_not)},
    {.name = "body",
     .type = OPTION_STRINGS,
     .help = "The body is matched, somewhere, by each of these regular expressions.",
     .check = check_regex,
     .offset = AT(expect.body)},
    {.name = "body_not",
     .type = OPTION_STRINGS,
     .help = "The body is matched by none of these regular expressions.",
     .check = check_regex,
     .offset = AT(expect.body_not)},
    {.name = "json",
     .type = OPTION_STRINGS,
     .help = "The body is JSON of which this is true: `$.status == \"ok\"`, `$.queue.depth < 1000`, `$.services.* == \"up\"`; "
             "`$.version`: it is there. Operators: `==` `!=` `<` `<=` `>` `>=`.",
     .check = health_check_condition,
     .offset = AT(health.conditions)},
    {0},
};

static const struct option json_rows[] = {
    {.name = "values",
     .type = OPTION_STRINGS,
     .help =
         "Numbers in the JSON that become `probe_json_value{path=\"pool.active\"}`: `$.pool.active`, or `$.pool.*` for all of the "
         "pool.",
     .check = health_check_path,
     .offset = AT(health.values)},
    {.name = "metrics",
     .type = OPTION_PAIRS,
     .help = "Numbers in the JSON that become metrics with names of their own: `{app_pool_active: $.pool.active}`.",
     .check = health_check_metric,
     .offset = AT(health.metrics)},
    {.name = "states",
     .type = OPTION_STRINGS,
     .help =
         "States in the JSON that become `probe_json_state{path=\"services.database\"}`, 1 for a good one, else 0: `$.services.*`.",
     .check = health_check_path,
     .offset = AT(health.states)},
    {.name = "good",
     .type = OPTION_STRINGS,
     .fallback = "[ok, up, healthy, pass, passing, true, ready, running, connected, available, active, alive, online, operational, "
                 "success, green, good, 1]",
     .help = "The states that are good ones, in small or capital letters.",
     .offset = AT(health.good)},
    {0},
};

#define CONNECTION_ROWS                                                                                                            \
  {.name = "ip",                                                                                                                   \
   .type = OPTION_STRING,                                                                                                          \
   .fallback = "any",                                                                                                              \
   .help = "The version of IP to use.",                                                                                            \
   .choices = ip_choices,                                                                                                          \
   .offset = AT(ip)},                                                                                                              \
      {.name = "ca_file",                                                                                                          \
       .type = OPTION_PATH,                                                                                                        \
       .help = "Certificates that may sign the server's; by default those the system trusts.",                                     \
       .offset = AT(ca_file)},                                                                                                     \
      {.name = "cert_file",                                                                                                        \
       .type = OPTION_PATH,                                                                                                        \
       .help = "Our certificate, for servers that ask for one.",                                                                   \
       .offset = AT(cert_file)},                                                                                                   \
      {.name = "key_file", .type = OPTION_PATH, .help = "The key of cert_file.", .offset = AT(key_file)},                          \
      {.name = "server_name",                                                                                                      \
       .type = OPTION_STRING,                                                                                                      \
       .help = "The name that the server's certificate must have; by default the host.",                                           \
       .offset = AT(server_name)},                                                                                                 \
  {                                                                                                                                \
    .name = "insecure_skip_verify", .type = OPTION_BOOL, .fallback = "false",                                                      \
    .help = "Accept any certificate. Anyone between here and the server can then read what is sent.",                              \
    .offset = AT(insecure_skip_verify)                                                                                             \
  }

const struct option http_option_rows[] = {
    {.name = "http",
     .type = OPTION_SECRET,
     .help = "The URL: `http://localhost:5000/health`, `https://shop.example`.",
     .offset = AT(text)},
    {.name = "method",
     .type = OPTION_STRING,
     .help = "Default: GET, or POST with a body.",
     .check = check_method,
     .offset = AT(method)},
    {.name = "headers",
     .type = OPTION_PAIRS,
     .help = "Headers to send: `{Accept: application/json}`.",
     .check = check_header,
     .offset = AT(headers)},
    {.name = "body", .type = OPTION_STRING, .help = "What to send.", .offset = AT(body)},
    {.name = "user", .type = OPTION_STRING, .help = "For basic authentication; overrides the one in the URL.", .offset = AT(user)},
    {.name = "password",
     .type = OPTION_SECRET,
     .help = "For basic authentication; overrides the one in the URL.",
     .offset = AT(password)},
    {.name = "bearer", .type = OPTION_SECRET, .help = "A token, sent as `Authorization: Bearer …`.", .offset = AT(bearer)},
    {.name = "redirects",
     .type = OPTION_INT,
     .fallback = "10",
     .min = 0,
     .max = 20,
     .help = "How many redirects are followed; with 0 an answer 3xx is the answer. A login goes to no other host.",
     .offset = AT(redirects)},
    {.name = "compressed",
     .type = OPTION_BOOL,
     .fallback = "off",
     .help = "Allow the server to pack its answer with gzip or deflate.",
     .offset = AT(compressed)},
    {.name = "body_max",
     .type = OPTION_BYTES,
     .fallback = "1MB",
     .min = 1024,
     .max = 4 << 20,
     .help = "An answer whose body is longer, unpacked, is a failure.",
     .offset = AT(body_max)},
    CONNECTION_ROWS,
    {.name = "expect", .type = OPTION_MAP, .help = "What the answer has to be. All of it must hold.", .sub = expect_rows},
    {.name = "json", .type = OPTION_MAP, .help = "What becomes a metric of an answer that is JSON.", .sub = json_rows},
    {0},
};

const struct option tcp_option_rows[] = {
    {.name = "tcp", .type = OPTION_STRING, .help = "The port: `db-1:5432`, `[::1]:22`.", .offset = AT(text)},
    {.name = "tls", .type = OPTION_BOOL, .fallback = "off", .help = "Speak TLS from the start.", .offset = AT(tls)},
    {.name = "send",
     .type = OPTION_STRING,
     .help = "What to send once connected, in double quotes with its line end: `\"PING\\r\\n\"`.",
     .offset = AT(send)},
    {.name = "expect",
     .type = OPTION_STRING,
     .help = "A regular expression that matches, somewhere, what the server says.",
     .check = check_regex,
     .offset = AT(answer)},
    CONNECTION_ROWS,
    {0},
};

static bool judge_certificates(const struct probe_options *o, struct fail *f) {
  if (!o->cert_file == !o->key_file) return true;
  return fail(f, FAIL_CONFIG, "%s is given without %s", o->cert_file ? "cert_file" : "key_file",
              o->cert_file ? "key_file" : "cert_file");
}

static const char *const *make_lines(const struct probe_options *o, struct arena *a) {
  const char **lines = arena_alloc(a, (o->headers.count + 1) * sizeof *lines);
  for (size_t i = 0; i < o->headers.count; i++) lines[i] = arena_printf(a, "%s: %s", o->headers.names[i], o->headers.values[i]);
  return lines;
}

bool http_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f) {
  struct probe_options *o = options;
  if (!o->text || !*o->text) return fail(f, FAIL_CONFIG, "a URL is missing, as in http: http://localhost:5000/health");
  if (!address_parse_http(o->text, a, &o->address, f)) return false;
  if (!o->user) o->user = o->address.user;
  if (!o->password) o->password = o->address.password;
  if (o->bearer && o->user) return fail(f, FAIL_CONFIG, "bearer and user exclude each other; keep one of the two");
  if (o->password && !o->user) return fail(f, FAIL_CONFIG, "password is given without user");
  o->lines = make_lines(o, a);
  snprintf(name, size, "%s", o->address.shown);
  return health_prepare(&o->health, a, f) && judge_certificates(o, f);
}

bool tcp_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f) {
  struct probe_options *o = options;
  if (!o->text || !*o->text) return fail(f, FAIL_CONFIG, "an address is missing, as in tcp: db-1:5432");
  if (!address_parse_tcp(o->text, a, &o->address, f)) return false;
  if (o->tls && !o->address.secure) o->address.url = arena_printf(a, "tls://%s", o->address.shown);
  snprintf(name, size, "%s", o->address.shown);
  return judge_certificates(o, f);
}

void options_ask(const struct probe_options *o, struct net_request *r) {
  r->url = o->address.url;
  r->tls = (struct net_tls){o->ca_file, o->cert_file, o->key_file, o->server_name, o->insecure_skip_verify};
  r->ip = *o->ip == 'a' ? 0 : *o->ip - '0';
  r->once = r->certificates = true;
}

static void scrub(char *text, const char *secret) {
  if (secret && strlen(secret) >= SECRET_LENGTH_MIN) text_scrub(text, secret);
}

void options_scrub(const struct probe_options *o, char *text) {
  text_scrub(text, o->password);
  text_scrub(text, o->bearer);
  if (o->text && o->address.shown && strcmp(o->text, o->address.shown) != 0) scrub(text, o->text);
  for (size_t i = 0; i < o->headers.count; i++) scrub(text, o->headers.values[i]);
}
