/* What services get: compared with what they are known to want, and driven by labels that want to break out. The golden messages are in
 * tests/fixtures/notify/; SONDE_WRITE_GOLDEN=1 writes them anew. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "agent/notify/address.h"
#include "tests/unit/notify/examples.h"

static const struct format *format_named(const char *name) {
  for (size_t i = 0; formats[i]; i++)
    if (!strcmp(formats[i]->service.name, name)) return formats[i];
  fail_msg("no format %s", name);
  return NULL;
}

/* The message as its service gets it, parsed; the test fails when it is no JSON. */
static json_t *rendered(const char *format, const struct message *m, size_t *ret_bytes) {
  SCOPED(buf_done) struct buf out;
  json_error_t error;
  buf_init(&out, 1 << 20);
  format_named(format)->render(&out, m, NULL);
  assert_false(out.overflow);
  json_t *json = json_loadb(out.data, out.length, 0, &error);
  if (!json) fail_msg("%s: not JSON at %d: %s", format, error.position, out.data);
  if (ret_bytes) *ret_bytes = out.length;
  return json;
}

static void compare_with(const char *file, const char *format, const struct message *m) {
  char path[128];
  json_error_t error;
  snprintf(path, sizeof path, "tests/fixtures/notify/%s.json", file);
  json_t *got = rendered(format, m, NULL);
  if (getenv("SONDE_WRITE_GOLDEN")) assert_int_equal(json_dump_file(got, path, JSON_INDENT(2)), 0);
  json_t *want = json_load_file(path, 0, &error);
  if (!want) fail_msg("%s: %s", path, error.text);
  char *text = json_dumps(got, JSON_INDENT(2));
  if (!json_equal(want, got)) fail_msg("%s wants something else than\n%s", path, text);
  free(text);
  json_decref(want);
  json_decref(got);
}

static void each_service_gets_what_it_knows(void **state) {
  (void)state;
  static const char *const names[] = {"slack", "webhook"};
  for (size_t i = 0; i < 2 * COUNTOF(names); i++) {
    char file[64];
    struct message m = example_message(i % 2 == 0);
    snprintf(file, sizeof file, "%s_%s", names[i / 2], m.firing ? "firing" : "resolved");
    compare_with(file, names[i / 2], &m);
    example_done(&m);
  }
}

static void a_test_is_marked_in_the_chat(void **state) {
  (void)state;
  struct message m = example_message(true);
  m.test = true;
  json_t *json = rendered("slack", &m, NULL);
  assert_string_equal(json_string_value(json_object_get(json, "text")), "[TEST] [FIRING] PostgresConnectionsHigh: main");
  json_decref(json);
  example_done(&m);
}

static void an_alert_with_nothing_but_its_name_is_a_message(void **state) {
  (void)state;
  static const char *const labels[] = {"alertname", "Alone", NULL}, *const none[] = {NULL};
  struct message m = {.receiver = "r",
                      .firing = true,
                      .labels = labels_of(labels),
                      .annotations = labels_of(none),
                      .value = NAN,
                      .external_url = ""};
  compare_with("slack_bare", "slack", &m);
  compare_with("webhook_bare", "webhook", &m);
  example_done(&m);
}

/* Every string in a tree of JSON. */
static void each_string(const json_t *json, void (*each)(const char *text)) {
  const char *key;
  json_t *value;
  size_t i;
  if (json_is_string(json)) each(json_string_value(json));
  json_object_foreach((json_t *)json, key, value) each_string(value, each);
  json_array_foreach(json, i, value) each_string(value, each);
}

static void has_no_markup(const char *text) {
  for (const char *c = text; (c = strpbrk(c, "<>")); c++)
    if (strncmp(c, "<https://ok.example", 19) != 0 && strncmp(c, ">", 2) != 0) fail_msg("markup in %s", text);
  for (const char *c = text; (c = strchr(c, '&')); c++)
    if (strncmp(c, "&amp;", 5) && strncmp(c, "&lt;", 4) && strncmp(c, "&gt;", 4)) fail_msg("a cut entity in %s", text);
}

static const char *const hostile[] = {
    "<!channel> <!here> <@U123> <https://evil.example|click>",
    "\"}],\"text\":\"<!everyone>",
    "&amp;&lt;&&&<<<>>>",
    "\x01\x02\x1f\x7f\t\r\n\\\"'",
    "\xff\xfe\xc3\x28\xed\xa0\x80 not UTF-8 \xf0\x9f",
    "\xF0\x9F\x94\xA5\xF0\x9F\x94\xA5 \xE2\x80\xAE rtl",
    "{{ .Values }} ${HOME} %s%n%d",
};

static struct message hostile_message(const char *text) {
  const char *words[] = {"alertname", text, "target",    text, "severity",    text,
                         "mount",     text, "summary",   text, "description", text,
                         "value",     text, "threshold", text, "runbook_url", "https://ok.example/x",
                         NULL};
  return (struct message){.receiver = text,
                          .labels = labels_of(words),
                          .annotations = labels_of(words),
                          .ends_at = 1795235175000,
                          .external_url = text};
}

static void no_label_breaks_out_of_a_message(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNTOF(hostile); i++) {
    struct message m = hostile_message(hostile[i]);
    json_t *slack = rendered("slack", &m, NULL), *webhook = rendered("webhook", &m, NULL);
    assert_int_equal(json_object_size(slack), 3);
    assert_int_equal(json_object_size(webhook), 10);
    each_string(slack, has_no_markup);
    json_decref(slack);
    json_decref(webhook);
    example_done(&m);
  }
}

static void a_runbook_that_is_no_link_is_left_out(void **state) {
  (void)state;
  static const char *const wrong[] = {"javascript:alert(1)", "https://x|<!channel>", "https://x> <!channel", "/local", ""};
  for (size_t i = 0; i < COUNTOF(wrong); i++) {
    const char *labels[] = {"alertname", "A", NULL}, *annotations[] = {"runbook_url", wrong[i], NULL};
    struct message m = {.receiver = "r", .labels = labels_of(labels), .annotations = labels_of(annotations), .external_url = ""};
    SCOPED(buf_done) struct buf out;
    buf_init(&out, 65536);
    format_named("slack")->render(&out, &m, NULL);
    assert_null(strstr(out.data, "Runbook"));
    example_done(&m);
  }
}

static size_t characters(const char *text) {
  size_t count = 0;
  for (; *text; text++) count += ((unsigned char)*text & 0xC0) != 0x80;
  return count;
}

static void a_text_without_end_fits_what_slack_takes(void **state) {
  (void)state;
  static const char *const units[] = {"&", "\xF0\x9F\x94\xA5", "<", "\x01", "\x80", "a"};
  for (size_t i = 0; i < COUNTOF(units); i++) {
    size_t bytes, unit = strlen(units[i]), length = 20000 / unit * unit;
    char *text = malloc(length + 1);
    for (size_t k = 0; k < length; k++) text[k] = units[i][k % unit];
    text[length] = 0;
    struct message m = hostile_message(text);
    json_t *json = rendered("slack", &m, &bytes), *attachment = json_array_get(json_object_get(json, "attachments"), 0);
    assert_true(bytes < 32000);
    size_t entity = units[i][0] == '&' ? 5 : units[i][0] == '<' ? 4 : 1;
    assert_true(characters(json_string_value(json_object_get(attachment, "title"))) <= 200 * entity + 1);
    assert_true(characters(json_string_value(json_object_get(attachment, "text"))) <= 1500 * entity + 40);
    each_string(json, has_no_markup);
    json_decref(json);
    example_done(&m);
    free(text);
  }
}

static void slack_acknowledges_with_ok_alone(void **state) {
  (void)state;
  static const struct {
    const char *body;
    bool good;
  } cases[] = {{"ok", true}, {"ok\n", true}, {"", false}, {"okay", false}, {"<html>ok</html>", false}, {"no_service", false}};
  for (size_t i = 0; i < COUNTOF(cases); i++) {
    struct net_answer a = {.status = 200, .body = cases[i].body, .length = strlen(cases[i].body)};
    assert_int_equal(format_named("slack")->accepted(&a), cases[i].good);
  }
}

static void a_url_shows_its_host_alone(void **state) {
  (void)state;
  static const struct {
    const char *url, *shown; /* shown NULL: refused */
  } cases[] = {
      {"https://hooks.slack.com/services/T0/B0/abc", "https://hooks.slack.com/…"},
      {"http://user:pass@127.0.0.1:9000/hook?token=x", "http://127.0.0.1:9000/…"},
      {"https://h", "https://h/…"},
      {"http://[::1]:9/x", "http://[::1]:9/…"},
      {"https://h?secret", "https://h/…"},
      {"https://h/a@b", "https://h/…"},
      {"ftp://h/", NULL},
      {"hooks.slack.com/services", NULL},
      {"https://", NULL},
      {"https:///path", NULL},
      {"https://u:p@/x", NULL},
      {"https://h/a b", NULL},
      {"https://h/a\nX: y", NULL},
      {"https://h\xC3\xBC/", NULL},
      {"", NULL},
      {NULL, NULL},
  };
  for (size_t i = 0; i < COUNTOF(cases); i++) {
    char shown[256] = "";
    struct fail why = {0};
    bool good = address_of(cases[i].url, shown, sizeof shown, &why);
    assert_int_equal(good, cases[i].shown != NULL);
    if (good) assert_string_equal(shown, cases[i].shown);
    if (!good && cases[i].url && *cases[i].url) assert_null(strstr(why.text, cases[i].url));
  }
}

static void an_echoed_url_is_taken_out(void **state) {
  (void)state;
  const char *url = "https://user:hunter2@h.example/services/T0123456/B99?token=abcdefgh";
  char text[] = "no \\/services\\/T0123456\\/B99 at h.example for hunter2, token abcdefgh; "
                "https://user:hunter2@h.example/services/T0123456/B99?token=abcdefgh";
  address_scrub(text, url);
  assert_string_equal(text, "no \\/***\\/***\\/B99 at h.example for ***, token ***; ***");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_service_gets_what_it_knows),
      cmocka_unit_test(a_test_is_marked_in_the_chat),
      cmocka_unit_test(an_alert_with_nothing_but_its_name_is_a_message),
      cmocka_unit_test(no_label_breaks_out_of_a_message),
      cmocka_unit_test(a_runbook_that_is_no_link_is_left_out),
      cmocka_unit_test(a_text_without_end_fits_what_slack_takes),
      cmocka_unit_test(slack_acknowledges_with_ok_alone),
      cmocka_unit_test(a_url_shows_its_host_alone),
      cmocka_unit_test(an_echoed_url_is_taken_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
