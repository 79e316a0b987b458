/* Addresses of probes as people write them: what is asked, what is shown, and what is never shown. */
#include "tests/unit/probe/fixture.h"

#include "collectors/http/options.h"

static void what_is_asked_has_no_login_and_what_is_shown_no_secret(void **state) {
  (void)state;
  static const struct {
    const char *text, *url, *shown, *user, *password;
  } table[] = {
      {"http://localhost:5000/health", "http://localhost:5000/health", "http://localhost:5000/health", NULL, NULL},
      {"localhost:5000/health", "http://localhost:5000/health", "http://localhost:5000/health", NULL, NULL},
      {"HTTPS://Shop.example", "https://Shop.example", "https://Shop.example", NULL, NULL},
      {"https://[::1]:8443/a?b=c&d", "https://[::1]:8443/a?b=c&d", "https://[::1]:8443/a?b=c&d", NULL, NULL},
      {"http://me:p%40s%3As@h/x", "http://h/x", "http://h/x", "me", "p@s:s"},
      {"http://me@h", "http://h", "http://h", "me", ""},
      {"http://h/x?token=hunter2&check=db#top", "http://h/x?token=hunter2&check=db", "http://h/x?token=***&check=db", NULL, NULL},
      {"http://h?API_KEY=hunter2", "http://h?API_KEY=hunter2", "http://h?API_KEY=***", NULL, NULL},
      {"http://h?x=0123456789abcdef0123456789abcdef", "http://h?x=0123456789abcdef0123456789abcdef", "http://h?x=***", NULL, NULL},
      {"http://h/a@b?c@d", "http://h/a@b?c@d", "http://h/a@b?c@d", NULL, NULL},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct arena a;
    struct fail why = {0};
    struct probe_address address;
    arena_init(&a);
    if (!address_parse_http(table[i].text, &a, &address, &why)) fail_msg("%s: %s", table[i].text, why.text);
    assert_string_equal(address.url, table[i].url);
    assert_string_equal(address.shown, table[i].shown);
    if (table[i].user) assert_string_equal(address.user, table[i].user);
    if (table[i].user) assert_string_equal(address.password, table[i].password);
    if (!table[i].user) assert_null(address.user);
    arena_done(&a);
  }
}

static void a_target_is_called_by_its_place_and_its_instance_is_the_url(void **state) {
  (void)state;
  static const struct {
    const char *target, *name, *instance;
  } table[] = {
      {"http: http://localhost:5000/health", "localhost:5000/health", "http://localhost:5000/health"},
      {"http: https://u:hunter2@shop.example/a?token=hunter2&b=1", "shop.example/a", "https://shop.example/a?token=***&b=1"},
      {"{http: shop.example, name: shop}", "shop", "http://shop.example"},
      {"{http: shop.example, instance: here}", "shop.example", "here"},
      {"tcp: db-1:5432", "db-1:5432", "db-1:5432"},
      {"{tcp: 'db-1:5432', name: main}", "main", "db-1:5432"},
      {"tcp: tls://db-1:5432", "db-1:5432", "db-1:5432"},
      {"tcp: '[::1]:22'", "-::1-:22", "[::1]:22"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct trial t = trial_begin(table[i].target);
    assert_string_equal(t.config->targets[0].name, table[i].name);
    assert_string_equal(t.config->targets[0].instance, table[i].instance);
    assert_string_equal(t.config->targets[0].job, "blackbox");
    trial_end(&t);
  }
}

static void a_wrong_address_is_refused_without_being_repeated(void **state) {
  (void)state;
  static const struct {
    const char *target, *sentence;
  } table[] = {
      {"http: ''", "http: a URL is missing, as in http: http://localhost:5000/health"},
      {"http: ftp://hunter2/",
       "http: the URL begins with http:// or https://; ports of other services are probed with the key tcp"},
      {"http: 'http:///x'", "http: the address has no host; write it like http://host/"},
      {"http: 'http://h hunter2'", "http: there is a blank or a control character in the address; in a URL write %20 for a blank"},
      {"http: http://h:hunter2/", "http: the port must be a number from 1 to 65535"},
      {"http: http://h:70000/", "http: the port must be a number from 1 to 65535"},
      {"http: http://::1/", "http: there is more than one : in the host; an IPv6 address stands in brackets, as in [::1]:80"},
      {"http: 'http://[::1'", "http: there is a [ without a ] in the address"},
      {"http: 'http://[::1]x'", "http: something other than :port follows the ] in the address"},
      {"http: http://u:hun%zz@h/", "http: in the login of the URL a % is not followed by two hexadecimal digits; write %25 for %"},
      {"http: http://m\xC3\xBCller.example/",
       "http: a host consists of letters, digits, . - and _; a name with other letters is written in its form with xn--"},
      {"http: 'http://<hunter2>/'",
       "http: a host consists of letters, digits, . - and _; a name with other letters is written in its form with xn--"},
      {"tcp: db-1", "tcp: the address has no port; write it like db-1:5432"},
      {"tcp: udp://db-1:1", "tcp: the address is host:port, or begins with tcp:// or tls://"},
      {"tcp: db-1:1/x", "tcp: the address is host:port and nothing else"},
      {"tcp: ':1'", "tcp: the address has no host; write it like db-1:5432"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    const char *said = refusal(table[i].target);
    assert_non_null(strstr(said, "t.yml:2:"));
    assert_string_equal(strstr(said, ": ") + 2, table[i].sentence);
  }
}

static void keys_that_make_no_sense_are_refused_with_their_place(void **state) {
  (void)state;
  static const struct {
    const char *target, *sentence;
  } table[] = {
      {"{http: shop.example, user: a, bearer: hunter2}",
       "t.yml:2:10: http: bearer and user exclude each other; keep one of the two"},
      {"{http: shop.example, password: hunter2}", "t.yml:2:10: http: password is given without user"},
      {"{http: shop.example, cert_file: a}", "t.yml:2:10: http: cert_file is given without key_file"},
      {"{http: h, method: 'GET /'}", "t.yml:2:21: method: a method is one word in capital letters, as GET or POST"},
      {"{http: h, method: get}", "t.yml:2:21: method: a method is one word in capital letters, as GET or POST"},
      {"{http: shop.example, method: HEAD, expect: {body: x}}",
       "t.yml:2:10: http: what answers HEAD has no body, which json and what is expected of it need; use method: GET"},
      {"{http: shop.example, bearer: Bearer hunter2}",
       "t.yml:2:10: http: bearer is the token alone; leave out the word Bearer, which is sent before it"},
      {"{http: shop.example, bearer: \"hunter2\\nx\"}", "t.yml:2:10: http: bearer has a line break in it; a token is one line"},
      {"{http: h, server_name: 'https://a/'}",
       "t.yml:2:26: server_name: a server's name is one word of letters, digits, . - and _"},
      {"{tcp: 'h:1', server_name: a}", "t.yml:2:9: tcp: server_name is given, but no TLS is spoken; add tls: on, or starttls"},
      {"{tcp: 'h:25', starttls: smtp, tls: on}",
       "t.yml:2:9: tcp: starttls and tls exclude each other: TLS begins later or at once"},
      {"{tcp: 'tls://h:25', starttls: smtp}", "t.yml:2:9: tcp: starttls and tls exclude each other: TLS begins later or at once"},
      {"{tcp: 'h:25', starttls: smtp, expect: '^220'}",
       "t.yml:2:9: tcp: with starttls nothing else is said: leave out send and expect"},
      {"{tcp: 'h:1', send: 'PING\\r\\n'}",
       "t.yml:2:22: send: it ends in the two characters \\n and not in a line's end; put it into double quotes: \"PING\\r\\n\""},
      {"{http: h, headers: {'A: b': c}}", "t.yml:2:31: headers: the name of a header is one word, without a colon"},
      {"{http: h, headers: {A: \"b\\r\\nC: d\"}}", "t.yml:2:26: headers: the value of A has a control character in it"},
      {"{http: h, expect: {status: [200, 2x]}}",
       "t.yml:2:36: expect.status: a status is written 200, or 2xx for all that begin with 2"},
      {"{http: h, expect: {http_version: 1.2}}", "t.yml:2:36: expect.http_version: a version of HTTP is 1.0, 1.1 or 2"},
      {"{http: h, expect: {body: 'a('}}",
       "t.yml:2:28: expect.body: the regular expression is wrong at character 3: missing closing parenthesis"},
      {"{http: h, expect: {headers: {A: 'a('}}}",
       "t.yml:2:35: expect.headers: A: the regular expression is wrong at character 3: missing closing parenthesis"},
      {"{http: h, expect: {json: ['$.a', '$.b = 1']}}",
       "t.yml:2:36: expect.json: one of == != =~ !~ < <= > >= is missing at character 5 of $.b = 1"},
      {"{http: h, json: {metrics: {probe_x: a}}}",
       "t.yml:2:39: json.metrics: names that begin with probe_ are taken; choose another one for probe_x"},
      {"{http: h, json: {metrics: {a b: a}}}",
       "t.yml:2:35: json.metrics: the name of a metric consists of at most 100 letters, digits and _, no digit first"},
      {"{tcp: 'h:1', expect: '('}",
       "t.yml:2:24: expect: the regular expression is wrong at character 2: missing closing parenthesis"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) assert_string_equal(refusal(table[i].target), table[i].sentence);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_asked_has_no_login_and_what_is_shown_no_secret),
      cmocka_unit_test(a_target_is_called_by_its_place_and_its_instance_is_the_url),
      cmocka_unit_test(a_wrong_address_is_refused_without_being_repeated),
      cmocka_unit_test(keys_that_make_no_sense_are_refused_with_their_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
