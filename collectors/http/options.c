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

static const char *const tls_choices[] = {"required", "forbidden", NULL};
static const char *const starttls_choices[] = {"smtp", "imap", "pop3", NULL};

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
  static const char *const versions[] = {"1.0", "1.1", "2", "2.0"};
  for (size_t i = 0; i < COUNTOF(versions); i++)
    if (!strcmp(text, versions[i])) return true;
  return fail(f, FAIL_CONFIG, "a version of HTTP is 1.0, 1.1 or 2");
}

static bool check_method(const char *name UNUSED, const char *text, struct fail *f) {
  return (*text && !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-")]) ||
         fail(f, FAIL_CONFIG, "a method is one word in capital letters, as GET or POST");
}

/* In YAML only double quotes know escapes. */
static bool check_send(const char *name UNUSED, const char *text, struct fail *f) {
  size_t length = strlen(text);
  return length < 2 || strcmp(text + length - 2, "\\n") != 0 ||
         fail(f, FAIL_CONFIG,
              "it ends in the two characters \\n and not in a line's end; put it into double quotes: \"PING\\r\\n\"");
}

static bool check_header_regex(const char *name, const char *text, struct fail *f) {
  if (!request_is_token(name)) return fail(f, FAIL_CONFIG, "the name of a header is one word, without a colon");
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
             "`$.version =~ \"^2\\.\"`: matched, somewhere, by the regular expression; `$.version`: it is there. Operators: `==` "
             "`!=` `=~` `!~` `<` `<=` `>` `>=`.",
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

const struct option http_option_rows[] = {
    {.name = "http",
     .type = OPTION_SECRET,
     .help = "The URL: `http://localhost:5000/health`, `https://shop.example`.",
     .offset = AT_REQUEST(text)},
    {.name = "method",
     .type = OPTION_STRING,
     .help = "Default: GET, or POST with a body.",
     .check = check_method,
     .offset = AT(method)},
    REQUEST_HTTP_ROWS,
    {.name = "body", .type = OPTION_STRING, .help = "What to send.", .offset = AT(body)},
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
    REQUEST_CONNECTION_ROWS,
    {.name = "expect", .type = OPTION_MAP, .help = "What the answer has to be. All of it must hold.", .sub = expect_rows},
    {.name = "json", .type = OPTION_MAP, .help = "What becomes a metric of an answer that is JSON.", .sub = json_rows},
    {0},
};

const struct option tcp_option_rows[] = {
    {.name = "tcp", .type = OPTION_STRING, .help = "The port: `db-1:5432`, `[::1]:22`.", .offset = AT_REQUEST(text)},
    {.name = "tls", .type = OPTION_BOOL, .fallback = "off", .help = "Speak TLS from the start.", .offset = AT(tls)},
    {.name = "starttls",
     .type = OPTION_STRING,
     .help = "Ask for TLS in the protocol that is spoken there, and begin it.",
     .choices = starttls_choices,
     .offset = AT(starttls)},
    {.name = "send",
     .type = OPTION_STRING,
     .help = "What to send once connected, in double quotes with its line end: `\"PING\\r\\n\"`.",
     .check = check_send,
     .offset = AT(send)},
    {.name = "expect",
     .type = OPTION_STRING,
     .help = "A regular expression that matches, somewhere, the first line that the server says.",
     .check = check_regex,
     .offset = AT(answer)},
    REQUEST_CONNECTION_ROWS,
    {0},
};

bool http_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f) {
  struct probe_options *o = options;
  if (!request_prepare(&o->request, a, "http: http://localhost:5000/health", f)) return false;
  snprintf(name, size, "%s", o->request.address.shown);
  bool body = o->expect.body.count || o->expect.body_not.count || health_wanted(&o->health);
  if (body && o->method && !strcmp(o->method, "HEAD"))
    return fail(f, FAIL_CONFIG, "what answers HEAD has no body, which json and what is expected of it need; use method: GET");
  return health_prepare(&o->health, a, f);
}

bool tcp_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f) {
  struct probe_options *o = options;
  struct probe_address *address = &o->request.address;
  const char *text = o->request.text;
  if (!text || !*text) return fail(f, FAIL_CONFIG, "an address is missing, as in tcp: db-1:5432");
  if (!address_parse_tcp(text, a, address, f)) return false;
  bool tls = o->tls || address->secure;
  if (o->starttls && tls) return fail(f, FAIL_CONFIG, "starttls and tls exclude each other: TLS begins later or at once");
  if (o->starttls && (o->send || o->answer))
    return fail(f, FAIL_CONFIG, "with starttls nothing else is said: leave out send and expect");
  const char *of_tls = o->request.ca_file                ? "ca_file"
                       : o->request.cert_file            ? "cert_file"
                       : o->request.server_name          ? "server_name"
                       : o->request.insecure_skip_verify ? "insecure_skip_verify"
                                                         : NULL;
  if (of_tls && !tls && !o->starttls)
    return fail(f, FAIL_CONFIG, "%s is given, but no TLS is spoken; add tls: on, or starttls", of_tls);
  o->request.expected_name = o->request.server_name;
  const char *scheme = o->starttls ? o->starttls : o->tls ? "tls" : NULL;
  if (scheme && !address->secure) address->url = arena_printf(a, "%s://%s", scheme, address->shown);
  snprintf(name, size, "%s", address->shown);
  return request_judge_certificates(&o->request, f);
}
