/* What a configuration file may say, and what is said about a wrong one. The sentences are part of the product: they are compared whole. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/config/root.h"
#include "tests/unit/config/example_kind.h"

static struct fail why;

static struct config *parse(const char *text) {
  why = (struct fail){0};
  return config_parse("dir/sonde.yml", text, strlen(text), &example_kinds, &why);
}

static struct config *parse_good(const char *text) {
  struct config *c = parse(text);
  if (!c) fail_msg("%s", why.text);
  return c;
}

static const struct example_options *options(const struct config *c, size_t i) {
  return c->targets[i].options;
}

static void an_empty_file_is_the_defaults(void **state) {
  (void)state;
  static const char *const empty[] = {
      "", "# nothing\n", "---\n", "targets:\n", "web: {listen_address: }\n", "{}", "\xef\xbb\xbf# from an editor\n"};
  for (size_t i = 0; i < COUNTOF(empty); i++) {
    struct config *c = parse_good(empty[i]);
    assert_int_equal(c->listen.count, 1);
    assert_string_equal(c->listen.items[0], "127.0.0.1:10420");
    assert_string_equal(c->telemetry_path, "/metrics");
    assert_int_equal(c->poll_interval, 10000);
    assert_int_equal(c->poll_timeout, 8000);
    assert_null(c->state_dir);
    assert_int_equal(c->target_count, 0);
    config_unref(c);
  }
}

static void rules_are_the_shipped_ones_unless_others_are_named(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t count;
    const char *first;
  } table[] = {
      {"", 2, "web-stack"},
      {"rules:\n", 2, "web-stack"},
      {"rules: []\n", 0, NULL},
      {"rules: web-app\n", 1, "web-app"},
      {"rules: a.yml\n", 1, "dir/a.yml"},
      {"rules: ['alerts/*.yml', web-stack, /etc/b.yml]\n", 3, "dir/alerts/*.yml"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct config *c = parse_good(table[i].text);
    assert_int_equal(c->rules.count, table[i].count);
    if (table[i].first) assert_string_equal(c->rules.items[0], table[i].first);
    if (table[i].count == 2) assert_string_equal(c->rules.items[1], "web-app");
    if (table[i].count == 3) assert_string_equal(c->rules.items[1], "web-stack");
    if (table[i].count == 3) assert_string_equal(c->rules.items[2], "/etc/b.yml");
    config_unref(c);
  }
}

static void everything_that_is_written_arrives(void **state) {
  (void)state;
  struct config *c =
      parse_good("web: {listen_address: [':1', '[::1]:2', 'unix:/run/s'], telemetry_path: /m}\n"
                 "poll_interval: 1m30s\npoll_timeout: 500ms\nstate_dir: here\nexternal_labels: {site: eu, n: 7}\n"
                 "targets:\n"
                 "  - name: a/b:c\n    job: j\n    instance: i\n    every: 5s\n    timeout: 2s\n"
                 "    example: e://x:1\n    password: p$ss\n    mode: require\n    filter: '[a-z]+'\n    certificate: ca.pem\n"
                 "    queues: {lists: [one, two]}\n    labels: {k: v}\n    headers: {X-Key: $a, b c: d}\n    tls: no\n    memory: "
                 "2MiB\n    ratio: 0.25\n"
                 "    patience: 3s\n    parts: {statements: {every: 60s, top: 20}, sizes: on}\n");
  assert_int_equal(c->listen.count, 3);
  assert_string_equal(c->listen.items[2], "unix:/run/s");
  assert_string_equal(c->telemetry_path, "/m");
  assert_int_equal(c->poll_interval, 90000);
  assert_int_equal(c->poll_timeout, 500);
  assert_string_equal(c->state_dir, "dir/here");
  assert_string_equal(c->external_labels.names[1], "n");
  assert_string_equal(c->external_labels.values[1], "7");
  const struct target_config *t = &c->targets[0];
  assert_string_equal(t->name, "a/b:c");
  assert_string_equal(t->job, "j");
  assert_string_equal(t->instance, "i");
  assert_string_equal(t->address, "x:1");
  assert_int_equal(t->every, 5000);
  assert_int_equal(t->timeout, 2000);
  assert_int_equal(t->parts[1].every, 60000);
  assert_true(t->parts[0].on && t->parts[1].on && t->parts[2].on);
  const struct example_options *o = options(c, 0);
  assert_string_equal(o->password, "p$ss");
  assert_string_equal(o->mode, "require");
  assert_string_equal(o->filter, "[a-z]+");
  assert_string_equal(o->certificate, "dir/ca.pem");
  assert_int_equal(o->lists.count, 2);
  assert_string_equal(o->lists.items[1], "two");
  assert_string_equal(o->labels.values[0], "v");
  assert_int_equal(o->headers.count, 2);
  assert_string_equal(o->headers.names[0], "X-Key");
  assert_string_equal(o->headers.values[0], "$a");
  assert_string_equal(o->headers.names[1], "b c");
  assert_false(o->tls);
  assert_int_equal(o->memory, 2 << 20);
  assert_true(o->ratio == 0.25);
  assert_int_equal(o->patience, 3000);
  assert_int_equal(o->top, 20);
  config_unref(c);
}

static void what_is_not_written_has_its_default(void **state) {
  (void)state;
  struct config *c =
      parse_good("poll_interval: 2s\ntargets: [{example: 'e://u:secret@db:5432'}, {plain: }, {name: x, plain: {}}]\n");
  const struct target_config *t = &c->targets[0];
  assert_string_equal(t->name, "db:5432");
  assert_string_equal(t->instance, "db:5432");
  assert_string_equal(t->job, "examples");
  assert_int_equal(t->every, 2000);
  assert_int_equal(t->timeout, 1600);
  assert_true(t->parts[0].on && t->parts[1].on && !t->parts[2].on);
  assert_int_equal(t->parts[1].every, 30000);
  const struct example_options *o = options(c, 0);
  assert_null(o->password);
  assert_string_equal(o->mode, "prefer");
  assert_string_equal(o->filter, "^(a|b)($|/)");
  assert_string_equal(o->lists.items[1], "a b");
  assert_true(o->tls);
  assert_int_equal(o->top, 10);
  assert_int_equal(o->memory, 16 << 20);
  assert_string_equal(c->targets[1].name, "plain");
  config_unref(c);
}

static void every_word_for_a_switch_is_understood(void **state) {
  (void)state;
  static const char *const on[] = {"true", "on", "yes", "True", "ON"}, *const off[] = {"false", "off", "no", "False", "OFF"};
  for (size_t i = 0; i < 2 * COUNTOF(on); i++) {
    char text[128];
    snprintf(text, sizeof text, "targets: [{example: 'e://x', tls: %s}]", i % 2 ? on[i / 2] : off[i / 2]);
    struct config *c = parse_good(text);
    assert_int_equal(options(c, 0)->tls, i % 2);
    config_unref(c);
  }
}

static const struct {
  const char *text, *sentence;
} wrong[] = {
    {"poll_interval: ten\n", "1:16: poll_interval: \"ten\" is not a duration; write it like 10s, 1m30s or 500ms"},
    {"poll_interval: 10\n", "1:16: poll_interval: \"10\" is not a duration: it has no unit; write it like 10s, 1m30s or 500ms"},
    {"poll_interval: 100ms\n", "1:16: poll_interval: \"100ms\" is too small; allowed is 1s to 1h"},
    {"poll_interval: 2h\n", "1:16: poll_interval: \"2h\" is too large; allowed is 1s to 1h"},
    {"poll_interval: [1s]\n", "1:16: poll_interval: text belongs here, not a list"},
    {"poll_interval: 5s\npoll_timeout: 5s\n", "2:15: poll_timeout: 5s is not shorter than the poll_interval of 5s"},
    {"poll_intervall: 10s\n", "1:1: unknown key \"poll_intervall\"; did you mean \"poll_interval\"? Allowed here: web, "
                              "poll_interval, poll_timeout, state_dir, history, "
                              "external_labels, external_url, targets, rules, receivers"},
    {"colour: red\n", "1:1: unknown key \"colour\"; allowed here: web, poll_interval, poll_timeout, state_dir, history, "
                      "external_labels, external_url, "
                      "targets, rules, receivers"},
    {"a: 1\na: 2\n", "2:1: the key \"a\" is there already, in line 1"},
    {"web: {listen_adress: ':1'}\n",
     "1:7: unknown key \"listen_adress\"; did you mean \"listen_address\"? Allowed here: listen_address, telemetry_path"},
    {"web: 1\n", "1:6: web: a map belongs here, not text"},
    {"web: {listen_address: [':1', localhost]}\n",
     "1:30: web.listen_address: \"localhost\" has no port; write it like 127.0.0.1:10420 or :10420"},
    {"web: {listen_address: '::1:80'}\n",
     "1:23: web.listen_address: \"::1:80\" is not an address; an IPv6 address is written in brackets, [::1]:10420"},
    {"web: {listen_address: ':70000'}\n", "1:23: web.listen_address: \"70000\" is not a port; it is a number up to 65535"},
    {"web: {listen_address: []}\n", "1:23: web.listen_address: at least one address is needed"},
    {"web: {listen_address: ['']}\n", "1:24: web.listen_address: \"\" has no port; write it like 127.0.0.1:10420 or :10420"},
    {"web: {telemetry_path: /health}\n", "1:23: web.telemetry_path: \"/health\" is taken by another page; choose another path"},
    {"web: {telemetry_path: metrics}\n", "1:23: web.telemetry_path: \"metrics\" is not a path; write it like /metrics"},
    {"external_labels: {1a: x}\n",
     "1:19: external_labels: \"1a\" is not a label name; use letters, digits and _, no digit first, not __ first"},
    {"external_labels: {a: [x]}\n", "1:22: external_labels: text belongs here, not a list"},
    {"[a]\n", "1:1: the file must be a map of keys and values, but this is a list"},
    {"poll_interval: 1s\n---\npoll_interval: 2s\n", "2:1: a second document begins here; the file holds one"},
    {"state_dir: &a x\nexternal_labels: {b: *a}\n", "2:22: aliases (*name) are not supported; write the value again"},
    {"state_dir: !!str x\n", "1:12: tags (!name) are not supported; leave it out"},
    {"state_dir: \"a\\0b\"\n", "1:12: there is a NUL character in this value"},
    {"[[[[[[[[[[[[[[[[[[x\n", "1:17: nested too deeply; at most 16 levels are read"},
    {"? [a]\n: 1\n", "1:3: a key is a word, not a list"},
    {"web:\n\tx: 1\n", "2:1: not valid YAML: found character that cannot start any token; YAML indents with spaces, not with tabs"},
    {"targets: [{plain: {}\n",
     "2:1: not valid YAML: did not find expected ',' or '}'; a map {a: 1, b: 2} is not closed, or a comma is missing"},
    {"poll_interval: 1s\nnonsense\nstate_dir: x\n",
     "2:1: not valid YAML: could not find expected ':'; a key is followed by a colon and a space"},
    {"poll_interval: \xC3\xBC\nstate_dir: \xC3\xBC\xFF\n",
     "2:13: not valid YAML: invalid leading UTF-8 octet; save the file as UTF-8"},
    {"one\ntwo: 2\n",
     "2:4: not valid YAML: mapping values are not allowed in this context; indentation that does not fit, a key above without its "
     "colon, or a value with \": \" in it that needs quotes"},
    {"'one'\ntwo: 2\n", "2:1: not valid YAML: did not find expected <document start>; the lines of this file are keys, each "
                        "followed by a colon"},
    {"targets: {}\n", "1:10: targets: a list belongs here, not a map"},
    {"targets: [x]\n", "1:11: a target is a map like {name: main, ...}, not text"},
    {"targets: [{name: a}]\n", "1:11: this target does not say what to watch; add one of these keys: plain, example"},
    {"targets: [{name: a, exmaple: x}]\n", "1:21: unknown key \"exmaple\"; did you mean \"example\"? Allowed here: name, job, "
                                           "instance, every, timeout, parts, plain, example"},
    {"targets: [{plain: {}, example: x}]\n",
     "1:23: one target watches one thing, and \"plain\" is there already; make \"example\" a target of its own"},
    {"targets: [{plain: {}, name: a b}]\n", "1:29: name: a target's name consists of letters, digits and . _ : / -"},
    {"targets: [{plain: {}, name: ''}]\n", "1:29: name: a target's name consists of letters, digits and . _ : / -"},
    {"targets: [{plain: {}, name: sonde}]\n", "1:29: name: \"sonde\" is what the agent calls itself; choose another name"},
    {"targets:\n- {plain: {}, name: a}\n- {plain: {}, name: a}\n",
     "3:21: the name \"a\" is taken by the target in line 2; give this one a name of its own"},
    {"targets:\n- {plain: {}}\n- {plain: {}}\n",
     "3:3: the name \"plain\" is taken by the target in line 2; give this one a name of its own"},
    {"targets: [{plain: {}, every: 5s, timeout: 5s}]\n", "1:43: timeout: 5s is not shorter than the 5s between two polls"},
    {"targets: [{plain: {x: 1}}]\n", "1:20: unknown key \"x\"; allowed here: "},
    {"targets: [{example: 'e://x', parts: {statments: on}}]\n",
     "1:38: example has no part \"statments\"; did you mean \"statements\"? its parts are base, statements, sizes"},
    {"targets: [{example: 'e://x', parts: {sizes: maybe}}]\n", "1:45: parts.sizes: \"maybe\" is not a switch; write on or off"},
    {"targets: [{example: 'e://x', parts: {base: off}}]\n",
     "1:44: parts.base: this part cannot be off: it tells whether the example target is up"},
    {"targets: [{example: 'e://x', parts: {statements: {top: 0}}}]\n",
     "1:56: parts.statements.top: \"0\" is too small; allowed is 1 to 100"},
    {"targets: [{example: 'e://x', parts: {statements: {top: 1.5}}}]\n",
     "1:56: parts.statements.top: \"1.5\" is not a whole number"},
    {"targets: [{example: 'e://x', parts: {statements: {tpo: 1}}}]\n",
     "1:51: unknown key \"tpo\"; did you mean \"top\"? Allowed here: every, top"},
    {"targets: [{example: 'e://x', parts: {sizes: {top: 1}}}]\n", "1:46: unknown key \"top\"; allowed here: every"},
    {"receivers: {}\n", "1:12: receivers: a list belongs here, not a map"},
    {"receivers: [x]\n", "1:13: a receiver is a map like {name: ops, slack: {...}}, not text"},
    {"receivers: [{name: a}]\n", "1:13: this receiver does not say what it is; add one of these keys: chat, hook"},
    {"receivers: [{name: a, caht: {}}]\n", "1:23: unknown key \"caht\"; did you mean \"chat\"? Allowed here: name, chat, hook"},
    {"receivers: [{chat: {url: 'a://b'}, hook: {}}]\n",
     "1:36: one receiver is one service, and \"chat\" is there already; make \"hook\" a receiver of its own"},
    {"receivers: [{chat: {url: 'a://b'}, colour: red}]\n", "1:36: unknown key \"colour\"; allowed here: name, chat"},
    {"receivers: [{chat: 'a://b'}]\n", "1:20: chat: a map belongs here, as in chat: {url_file: FILE}"},
    {"receivers: [{chat: {}}]\n", "1:20: chat: \"\" is no URL"},
    {"receivers: [{chat: {url: secret}}]\n", "1:26: chat: \"***\" is no URL"},
    {"receivers: [{chat: {ulr: 'a://b'}}]\n",
     "1:21: unknown key \"ulr\"; did you mean \"url\"? Allowed here: url, url_file, channel"},
    {"receivers: [{chat: {url: 'a://b'}, name: a b}]\n", "1:42: name: a receiver's name consists of letters, digits and . _ : / -"},
    {"receivers:\n- {chat: {url: 'a://b'}}\n- {chat: {url: 'a://b'}}\n",
     "3:3: the name \"chat\" is taken by the receiver in line 2; give this one a name of its own"},
    {"targets: [{example: 'e://x', mode: requir}]\n",
     "1:36: mode: \"requir\" is not allowed; did you mean \"require\"? allowed: prefer, require, disable"},
    {"targets: [{example: 'e://x', memory: 12 eggs}]\n", "1:38: memory: \"12 eggs\" is not a size; write it like 512KB or 16MB"},
    {"targets: [{example: 'e://x', memory: 2GB}]\n", "1:38: memory: \"2GB\" is too large; allowed is 1KB to 1GB"},
    {"targets: [{example: 'e://x', ratio: 1.5}]\n", "1:37: ratio: \"1.5\" is too large; allowed is 0 to 1"},
    {"targets: [{example: 'e://x', ratio: nan}]\n", "1:37: ratio: \"nan\" is not a number"},
    {"targets: [{example: 'e://x', queues: {lists: [a, ]}, labels: {a: }}]\n", "1:66: labels: text belongs here, not nothing"},
    {"targets: [{example: 'e://x', queues: {lists: [a, b!]}}]\n", "1:50: queues.lists: a text has a \"!\""},
    {"targets: [{example: 'e://x', method: 'a!'}]\n", "1:38: method: a text has a \"!\""},
    {"targets: [{example: 'e://x', headers: {A: b, X-Key: c!}}]\n", "1:53: headers: X-Key has a \"!\""},
    {"targets: [{example: 'e://x', queues: {list: [a]}}]\n",
     "1:39: unknown key \"list\"; did you mean \"lists\"? Allowed here: lists"},
    {"targets: [{example: 'e://x', password: a, password_file: b}]\n",
     "1:43: password_file: password is there already; keep one of the two"},
    {"targets: [{example: 'e://x', password_file: /nonexistent/s}]\n",
     "1:45: password_file: cannot read /nonexistent/s: No such file or directory"},
    {"targets: [{example: 'e://x', password_file: /}]\n", "1:45: password_file: cannot read /: it is a folder"},
    {"targets: [{example: 'e://x', password_file: /dev/zero}]\n",
     "1:45: password_file: cannot read /dev/zero: it is not a regular file"},
    {"state_dir: ${SONDE_TEST_UNSET}\n",
     "1:12: the environment variable SONDE_TEST_UNSET is not set; set it, or write ${SONDE_TEST_UNSET:-default}"},
    {"state_dir: ${SONDE\n", "1:12: a ${ is not closed by }; a plain $ is written $$"},
    {"state_dir: '${a b}'\n", "1:12: after ${ comes the name of a variable: ${NAME} or ${NAME:-default}; a plain $ is written $$"},
    {"poll_interval: ${SONDE_TEST_SET}\n",
     "1:16: poll_interval: \"${SONDE_TEST_SET}\" (from the environment) is not a duration; write it like 10s, 1m30s or 500ms"},
};

static void a_wrong_file_is_refused_with_place_and_remedy(void **state) {
  (void)state;
  setenv("SONDE_TEST_SET", "hunter2", 1);
  for (size_t i = 0; i < COUNTOF(wrong); i++) {
    struct config *c = parse(wrong[i].text);
    if (c) fail_msg("accepted: %s", wrong[i].text);
    assert_int_equal(why.kind, FAIL_CONFIG);
    assert_string_equal(strncmp(why.text, "dir/sonde.yml:", 14) ? why.text : why.text + 14, wrong[i].sentence);
  }
}

static void a_wrong_expression_is_named(void **state) {
  (void)state;
  assert_null(parse("targets: [{example: 'e://x', filter: 'a('}]\n"));
  assert_non_null(strstr(why.text, "dir/sonde.yml:1:38: filter: \"a(\" is not a regular expression: "));
}

static void no_sentence_shows_a_secret(void **state) {
  (void)state;
  setenv("SONDE_TEST_SECRET", "hunter2", 1);
  static const char *const texts[] = {
      "targets: [{example: 'u:hunter2@x'}]",
      "targets: [{example: 'e:/x', password: hunter2}]",
      "targets: [{example: 'e:/x', password: '${SONDE_TEST_SECRET}'}]",
      "targets: [{example: 'e://x', password: [hunter2]}]",
      "targets: [{example: 'e://x', password:hunter2}]",
      "targets: [{example: 'e://x', password:hunter2, password:hunter2}]",
      "targets: [{plain: {}, example://u:hunter2@x}]",
      "poll_interval: 'e://u:hunter2@x'",
      "poll_interval: 'host=x password=hunter2'",
      "poll_interval: '${SONDE_TEST_SECRET}'",
      "external_labels: {'a=hunter2': x}",
      "targets: [{example: 'e://x', mode: 'e://u:hunter2@x'}]",
      "targets: [{example: 'e://x', filter: '(hunter2@'}]",
      "targets: [{example: 'e://x', password: \"hunter2\n",
      "targets: [{example: 'e://x', password: hunter2 : x",
      "web: {listen_address: 'http://u:hunter2@x'}",
  };
  for (size_t i = 0; i < COUNTOF(texts); i++) {
    assert_null(parse(texts[i]));
    if (strstr(why.text, "hunter2")) fail_msg("%s", why.text);
  }
}

static void the_environment_is_put_into_values_and_cannot_become_structure(void **state) {
  (void)state;
  setenv("SONDE_TEST_A", "x: [1, \"", 1);
  setenv("SONDE_TEST_EMPTY", "", 1);
  struct config *c =
      parse_good("external_labels:\n  a: '${SONDE_TEST_A}'\n  b: ${SONDE_TEST_EMPTY:-d e}\n  c: ${SONDE_TEST_NONE:-}\n"
                 "  d: a$$b$c$\n  e: '<${SONDE_TEST_EMPTY}>$${x}'\n");
  assert_string_equal(c->external_labels.values[0], "x: [1, \"");
  assert_string_equal(c->external_labels.values[1], "d e");
  assert_string_equal(c->external_labels.values[2], "");
  assert_string_equal(c->external_labels.values[3], "a$b$c$");
  assert_string_equal(c->external_labels.values[4], "<>${x}");
  config_unref(c);
}

static void a_secret_comes_from_a_file_without_its_last_newline(void **state) {
  (void)state;
  char path[] = "/tmp/sonde-config-test-XXXXXX", text[128];
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  FILE *file = fdopen(fd, "w");
  fputs("two\nlines ${x}\r\n\n", file);
  fclose(file);
  snprintf(text, sizeof text, "targets: [{example: 'e://x', password_file: %s}]", path);
  struct config *c = parse_good(text);
  assert_string_equal(options(c, 0)->password, "two\nlines ${x}");
  config_unref(c);
  file = fopen(path, "w");
  fputs("e://from-file:1\n", file);
  fclose(file);
  snprintf(text, sizeof text, "targets: [{example_file: %s}]", path);
  c = parse_good(text);
  assert_string_equal(c->targets[0].name, "from-file:1");
  config_unref(c);
  assert_int_equal(truncate(path, 0), 0);
  assert_null(parse(text));
  assert_non_null(strstr(why.text, " is empty"));
  remove(path);
}

static uint64_t digest_of(const char *text) {
  struct config *c = parse_good(text);
  uint64_t digest = c->targets[0].digest;
  config_unref(c);
  return digest;
}

static void a_reload_sees_every_change_of_a_target_and_nothing_else(void **state) {
  (void)state;
  uint64_t base = digest_of("targets: [{name: a, example: 'e://x'}]");
  static const char *const same[] = {
      "poll_timeout: 8s\ntargets: [{name: a, example: 'e://x'}]",
      "targets:\n- example: e://x\n  name: a\n  instance: a\n  job: examples\n",
      "targets: [{name: a, example: 'e://x', tls: yes, mode: prefer, parts: {statements: {top: 10}, sizes: off}}]",
      "external_labels: {a: b}\ntargets: [{name: a, example: 'e://x', queues: {lists: [mail, a b]}}]"};
  static const char *const different[] = {
      "name: b, example: 'e://x'",
      "name: a, example: 'e://y'",
      "name: a, example: 'e://x', password: ''",
      "name: a, example: 'e://x', job: x",
      "name: a, example: 'e://x', instance: x",
      "name: a, example: 'e://x', every: 5s",
      "name: a, example: 'e://x', timeout: 5s",
      "name: a, example: 'e://x', mode: require",
      "name: a, example: 'e://x', tls: off",
      "name: a, example: 'e://x', ratio: 0.25",
      "name: a, example: 'e://x', memory: 1MB",
      "name: a, example: 'e://x', patience: 1s",
      "name: a, example: 'e://x', filter: x",
      "name: a, example: 'e://x', labels: {a: b}",
      "name: a, example: 'e://x', labels: {b: a}",
      "name: a, example: 'e://x', queues: {lists: [maila b]}",
      "name: a, example: 'e://x', parts: {statements: off}",
      "name: a, example: 'e://x', parts: {statements: {every: 31s}}",
      "name: a, example: 'e://x', parts: {statements: {top: 11}}",
      "name: a, example: 'e://x', parts: {sizes: on}",
  };
  for (size_t i = 0; i < COUNTOF(same); i++) assert_int_equal(digest_of(same[i]), base);
  uint64_t seen[COUNTOF(different)];
  for (size_t i = 0; i < COUNTOF(different); i++) {
    char text[160];
    snprintf(text, sizeof text, "targets: [{%s}]", different[i]);
    seen[i] = digest_of(text);
    assert_int_not_equal(seen[i], base);
    for (size_t j = 0; j < i; j++) assert_int_not_equal(seen[i], seen[j]);
  }
}

/* A number that would change with the process, or the build, is no number to compare over a socket. */
static void check_and_agent_can_compare_what_they_run(void **state) {
  (void)state;
  struct config *none = config_new();
  assert_int_equal(config_digest(none), 0x92d266f1ba4aed52u);
  config_unref(none);
  static const char *const texts[] = {"targets: [{name: a, example: 'e://x'}]", "targets: [{name: b, example: 'e://x'}]",
                                      "targets: [{name: a, example: 'e://x'}, {name: b, example: 'e://x'}]"};
  uint64_t seen[COUNTOF(texts)];
  for (size_t i = 0; i < COUNTOF(texts); i++) {
    struct config *c = parse_good(texts[i]);
    seen[i] = config_digest(c);
    config_unref(c);
    for (size_t j = 0; j < i; j++) assert_int_not_equal(seen[i], seen[j]);
  }
}

static void hostile_sizes_are_refused(void **state) {
  (void)state;
  static char big[300000];
  memset(big, 'a', sizeof big - 1);
  memcpy(big, "state_dir: ", 11);
  assert_null(parse(big));
  assert_string_equal(why.text, "dir/sonde.yml:1:12: this value is too long; at most 65536 bytes are read");
  size_t used = (size_t)snprintf(big, sizeof big, "external_labels: [");
  for (size_t i = 0; i < 100001; i++) used += (size_t)snprintf(big + used, sizeof big - used, "a,");
  snprintf(big + used, sizeof big - used, "]");
  assert_null(parse(big));
  assert_non_null(strstr(why.text, "too many values; at most 100000 are read"));
  used = (size_t)snprintf(big, sizeof big, "targets:\n");
  for (size_t i = 0; i < 5001; i++) used += (size_t)snprintf(big + used, sizeof big - used, "- {name: t%zu, plain: }\n", i);
  assert_null(parse(big));
  assert_string_equal(why.text, "dir/sonde.yml:2:1: targets: at most 5000 are allowed");
}

static void what_discovery_finds_is_taken_as_it_is_and_once(void **state) {
  (void)state;
  struct config *c = config_new();
  assert_int_equal(c->poll_timeout, 8000);
  assert_true(config_add_target(c, &plain_kind, "", &why));
  assert_true(config_add_target(c, &example_kind, "e://u:${HOME}$$@db:1", &why));
  assert_true(config_add_target(c, &example_kind, "e://v@db:1", &why));
  assert_int_equal(c->target_count, 2);
  assert_string_equal(options(c, 1)->url, "e://u:${HOME}$$@db:1");
  assert_string_equal(c->targets[1].name, "db:1");
  assert_false(config_add_target(c, &example_kind, "e://plain", &why));
  assert_string_equal(why.text, "plain is already the name of a plain target");
  assert_false(config_add_target(c, &example_kind, "hunter2@db", &why));
  assert_string_equal(why.text, "example: \"***\" with the password - has no scheme; write example://host");
  config_unref(c);
}

static void the_command_line_overrides_the_file(void **state) {
  (void)state;
  struct config *c = parse_good("web: {listen_address: ':1', telemetry_path: /a}");
  assert_true(config_set_web(c, NULL, 0, NULL, &why));
  assert_string_equal(c->listen.items[0], ":1");
  assert_true(config_set_web(c, (const char *[]){":2", ":3"}, 2, "/b", &why));
  assert_int_equal(c->listen.count, 2);
  assert_string_equal(c->listen.items[1], ":3");
  assert_string_equal(c->telemetry_path, "/b");
  assert_false(config_set_web(c, (const char *[]){"x"}, 1, NULL, &why));
  assert_string_equal(why.text, "--web.listen-address: \"x\" has no port; write it like 127.0.0.1:10420 or :10420");
  config_unref(c);
}

static void receivers_arrive_with_their_service_and_an_address_to_show(void **state) {
  (void)state;
  struct config *c = parse_good("receivers:\n- {name: ops, chat: {url: 'a://b', channel: night}}\n- hook: {url: 'c://d'}\n");
  assert_int_equal(c->receiver_count, 2);
  const struct example_service_options *first = c->receivers[0].options, *second = c->receivers[1].options;
  assert_ptr_equal(c->receivers[0].service, &chat_service);
  assert_string_equal(c->receivers[0].name, "ops");
  assert_string_equal(c->receivers[0].address, "chat");
  assert_string_equal(first->url, "a://b");
  assert_string_equal(first->channel, "night");
  assert_ptr_equal(c->receivers[1].service, &hook_service);
  assert_string_equal(c->receivers[1].name, "hook");
  assert_string_equal(second->channel, "all");
  config_unref(c);
}

static void the_machines_odd_name_still_makes_a_target(void **state) {
  (void)state;
  struct config *c = parse_good("targets: [{example: 'e://sonde'}, {example: 'e://a b\xC3\xBC'}]");
  assert_string_equal(c->targets[0].name, "sonde-example");
  assert_string_equal(c->targets[1].name, "a-b--");
  config_unref(c);
}

static void the_page_lists_every_key_and_stays_a_table(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf page;
  buf_init(&page, 1 << 20);
  config_describe(&page, &example_kinds);
  static const char *const rows[] = {
      "| `poll_interval` | duration | `10s` | 1s to 1h | How often each target is polled. |\n",
      "| `web.telemetry_path` | text | `/metrics` |  | Where the page of all metrics is. |\n",
      "| `password`, `password_file` | secret |  |  | The password. |\n",
      "| `mode` | text | `prefer` | `prefer`, `require`, `disable` | How. |\n",
      "| `queues.lists` | list | `[mail, 'a b']` |  |  |\n",
      "| `filter` | regular expression | `^(a\\|b)($\\|/)` |  |  |\n",
      "| `memory` | size | `16MB` | 1KB to 1GB |  |\n",
      "| `sizes` | off | How large \\| it is. |\n",
      "| `chat.url`, `chat.url_file` | secret |  |  | Where \\| to. |\n",
      "| `parts.statements.top` | whole number | `10` | 1 to 100 | How many. |\n",
  };
  for (size_t i = 0; i < COUNTOF(rows); i++)
    if (!strstr(page.data, rows[i])) fail_msg("missing %s in\n%s", rows[i], page.data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_file_is_the_defaults),
      cmocka_unit_test(rules_are_the_shipped_ones_unless_others_are_named),
      cmocka_unit_test(everything_that_is_written_arrives),
      cmocka_unit_test(what_is_not_written_has_its_default),
      cmocka_unit_test(receivers_arrive_with_their_service_and_an_address_to_show),
      cmocka_unit_test(every_word_for_a_switch_is_understood),
      cmocka_unit_test(a_wrong_file_is_refused_with_place_and_remedy),
      cmocka_unit_test(a_wrong_expression_is_named),
      cmocka_unit_test(no_sentence_shows_a_secret),
      cmocka_unit_test(the_environment_is_put_into_values_and_cannot_become_structure),
      cmocka_unit_test(a_secret_comes_from_a_file_without_its_last_newline),
      cmocka_unit_test(a_reload_sees_every_change_of_a_target_and_nothing_else),
      cmocka_unit_test(check_and_agent_can_compare_what_they_run),
      cmocka_unit_test(hostile_sizes_are_refused),
      cmocka_unit_test(what_discovery_finds_is_taken_as_it_is_and_once),
      cmocka_unit_test(the_command_line_overrides_the_file),
      cmocka_unit_test(the_machines_odd_name_still_makes_a_target),
      cmocka_unit_test(the_page_lists_every_key_and_stays_a_table),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
