/* Addresses and refusals: what is connected to, how it is named, and that no secret gets out. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "collectors/postgres/login.h"
#include "collectors/postgres/refusal.h"

static void forget_environment(void) {
  static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGPORT",    "PGDATABASE",
                                      "PGUSER", "PGPASSWORD", "PGSERVICE", "PGGSSENCMODE"};
  for (size_t i = 0; i < COUNTOF(names); i++) unsetenv(names[i]);
}

struct parsed {
  struct arena arena;
  struct login login;
  struct fail why;
  bool good;
};

static struct parsed *parse(const char *address, const char *password) {
  static struct parsed p;
  arena_done(&p.arena);
  memset(&p, 0, sizeof p);
  arena_init(&p.arena);
  p.good = login_parse(&p.login, &p.arena, address, password, &p.why);
  return &p;
}

static const char *setting(const struct login *l, const char *keyword) {
  for (size_t i = 0; l->keywords[i]; i++)
    if (strcmp(l->keywords[i], keyword) == 0) return l->values[i];
  return NULL;
}

static void named(const char *address, const char *expected) {
  char name[128];
  const struct parsed *p = parse(address, NULL);
  if (!p->good) fail_msg("%s: %s", address, p->why.text);
  login_name(&p->login, name, sizeof name);
  assert_string_equal(name, expected);
}

static void a_target_is_named_by_host_and_port(void **state) {
  (void)state;
  forget_environment();
  named("postgres://app:secret@db.internal:6432/shop", "db.internal:6432");
  named("postgresql://db", "db:5432");
  named("host=10.0.0.1 user=x", "10.0.0.1:5432");
  named("host=/run/postgresql port=5433", "localhost:5433");
  named("postgres://%2Frun%2Fpostgresql/app", "localhost:5432");
  named("", "localhost:5432");
  named("postgres://[::1]:5444/x", "::1:5444");
  named("host=a,b port=1,2", "a:1");
  named("host=a_b", "a_b:5432");
  named("host='a b'", "a-b:5432");
}

static void the_environment_of_libpq_counts(void **state) {
  (void)state;
  forget_environment();
  setenv("PGHOST", "from-env", 1);
  setenv("PGPORT", "7777", 1);
  named("", "from-env:7777");
  named("host=own", "own:7777");
  setenv("PGPASSWORD", "canary", 1);
  struct fail f;
  login_fail(&parse("", NULL)->login, &f, "something said canary");
  assert_null(strstr(f.text, "canary"));
  forget_environment();
}

static void a_framework_s_database_url_works(void **state) {
  (void)state;
  forget_environment();
  const struct parsed *p = parse("postgresql://u:p@h:5432/db?schema=public&connection_limit=5&sslmode=require", NULL);
  assert_true(p->good);
  assert_string_equal(setting(&p->login, "sslmode"), "require");
  assert_string_equal(setting(&p->login, "dbname"), "db");
  assert_true(parse("postgresql+asyncpg://u:p@h/db", NULL)->good);
  assert_true(parse("postgres://u:p@h/db?serverVersion=15&charset=utf8", NULL)->good);
}

static void a_misspelt_parameter_is_refused_by_its_name(void **state) {
  (void)state;
  const struct parsed *p = parse("postgres://h/db?sslmod=require", NULL);
  assert_false(p->good);
  assert_int_equal(p->why.kind, FAIL_CONFIG);
  assert_non_null(strstr(p->why.text, "sslmod"));
}

static void a_value_that_libpq_would_refuse_is_refused_at_once(void **state) {
  (void)state;
  forget_environment();
  static const char *const broken[] = {
      "postgres://u@db:port/x", "postgres://u@db:0/x", "postgres://u@db:65536/x",
      "host=db port=5432,x",    "host=db port=5432x",  "postgres://u@db/x?sslmode=bogus",
  };
  for (size_t i = 0; i < COUNTOF(broken); i++) {
    const struct parsed *p = parse(broken[i], NULL);
    if (p->good) fail_msg("accepted: %s", broken[i]);
    assert_int_equal(p->why.kind, FAIL_CONFIG);
    assert_non_null(strstr(p->why.text, strstr(broken[i], "sslmode") ? "sslmode" : "port"));
  }
  assert_true(parse("host=a,b,c port=1,,65535 sslmode=verify-full", NULL)->good);
  setenv("PGPORT", "canary", 1);
  assert_false(parse("host=db", NULL)->good);
  assert_true(parse("host=db port=5432", NULL)->good);
  forget_environment();
}

static void a_broken_address_does_not_show_its_password(void **state) {
  (void)state;
  static const char *const broken[] = {
      "postgres://u:can@ary@h/db",
      "postgres://u:can/canary@h/db",
      "postgres://u:can?canary@h/db",
      "postgres://u:canary%zz@h/db",
      "host=h password=can'ary canary",
      "host=h password='canary",
      "canary",

      "mysql://u:canary@h/db",
      "postgres://u:can#@canary@h/db",
  };
  for (size_t i = 0; i < COUNTOF(broken); i++) {
    const struct parsed *p = parse(broken[i], NULL);
    if (p->good) fail_msg("accepted: %s", broken[i]);
    assert_int_equal(p->why.kind, FAIL_CONFIG);
    if (strstr(p->why.text, "canary") || strstr(p->why.text, "ary@")) fail_msg("%s: %s", broken[i], p->why.text);
  }
}

static void a_password_given_apart_wins(void **state) {
  (void)state;
  forget_environment();
  const struct parsed *p = parse("postgres://u:old@h/db", "new");
  assert_string_equal(setting(&p->login, "password"), "new");
  assert_string_equal(p->login.password, "new");
}

static void sonde_shows_itself_and_asks_for_no_kerberos(void **state) {
  (void)state;
  forget_environment();
  const struct parsed *p = parse("host=h", NULL);
  assert_string_equal(setting(&p->login, "fallback_application_name"), "sonde");
  assert_string_equal(setting(&p->login, "gssencmode"), "disable");
  p = parse("host=h gssencmode=require application_name=mine", NULL);
  assert_string_equal(setting(&p->login, "gssencmode"), "require");
  assert_string_equal(setting(&p->login, "application_name"), "mine");
}

static void refused(const char *message, enum fail_kind kind, const char *part) {
  struct fail f;
  assert_false(login_fail(&parse("postgres://mon:s%2Fcret@db:5433/app", NULL)->login, &f, message));
  if (f.kind != kind) fail_msg("%s: %s, not %s", message, fail_kind_name(f.kind), fail_kind_name(kind));
  if (!strstr(f.text, part)) fail_msg("no \"%s\" in: %s", part, f.text);
  if (!strstr(f.text, "db:5433") || !strstr(f.text, "user mon") || !strstr(f.text, "database app"))
    fail_msg("names too little: %s", f.text);
}

#define TRIED "connection to server at \"db\" (10.0.0.1), port 5433 failed: "

static void a_refusal_says_what_to_do(void **state) {
  (void)state;
  forget_environment();
  refused(TRIED "FATAL:  28P01: password authentication failed for user \"mon\"\nLOCATION:  auth_failed, auth.c:338\n", FAIL_AUTH,
          "password_file");
  refused(TRIED "FATAL:  28000: no pg_hba.conf entry for host \"10.0.0.9\", user \"mon\", database \"app\", no encryption\n",
          FAIL_AUTH, "pg_hba.conf, then");
  refused(TRIED "FATAL:  28000: role \"mon\" does not exist\n", FAIL_AUTH, "sonde setup postgres");
  refused(TRIED "FATAL:  3D000: database \"app\" does not exist\n", FAIL_CONFIG, "name a database");
  refused(TRIED "FATAL:  57P03: the database system is starting up\n", FAIL_STARTING, "starting up");
  refused(TRIED "FATAL:  53300: sorry, too many clients already\n", FAIL_TOO_MANY, "max_connections");
  refused(TRIED "FATAL:  42501: permission denied for database \"app\"\n", FAIL_PERMISSION, "GRANT CONNECT");
  refused(TRIED "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n", FAIL_CONNECT,
          "Connection refused; is");
  refused("could not translate host name \"db\" to address: Name or service not known\n", FAIL_RESOLVE, "DNS");
  refused(TRIED "SSL error: certificate verify failed\n", FAIL_TLS, "sslrootcert");
  refused(TRIED "server does not support SSL, but SSL was required\n", FAIL_TLS, "sslmode");
  refused(TRIED "received invalid response to SSL negotiation: H\n", FAIL_PROTOCOL, "port");
  refused(TRIED "fe_sendauth: no password supplied\n", FAIL_AUTH, "password_file");
  refused(TRIED "expected authentication request from server, but received H\n", FAIL_PROTOCOL, "port");
  refused(TRIED "server closed the connection unexpectedly\n\tThis probably means …\n", FAIL_CONNECT, "unexpectedly");
  refused(TRIED "ERROR:  08P01: no such database: app\n", FAIL_CONFIG, "pooler");
  refused("", FAIL_CONNECT, "the connection broke");
}

static void the_last_of_several_attempts_counts(void **state) {
  (void)state;
  refused("connection to server at \"db\" (::1), port 5433 failed: Connection refused\n" TRIED
          "FATAL:  28P01: password authentication failed\n",
          FAIL_AUTH, "password");
}

static void a_refusal_in_another_language_is_understood(void **state) {
  (void)state;
  refused(TRIED "\320\222\320\220\320\226\320\235\320\236:  28P01: \320\277\320\276\n", FAIL_AUTH, "password_file");
}

static void an_echoed_password_is_scrubbed(void **state) {
  (void)state;
  struct fail f;
  login_fail(&parse("postgres://mon:s%2Fcret@db:5433/app", NULL)->login, &f, "odd: s/cret and s%2Fcret");
  assert_null(strstr(f.text, "cret"));
  statement_fail(&parse("postgres://mon:s%2Fcret@db:5433/app", NULL)->login, &f, "locks", "XX000", "odd: s/cret");
  assert_null(strstr(f.text, "cret"));
}

static void a_failed_statement_has_a_kind(void **state) {
  (void)state;
  static const struct {
    const char *sqlstate, *message;
    enum fail_kind kind;
  } said[] = {
      {"42501", "permission denied for function pg_ls_waldir", FAIL_PERMISSION},
      {"55000", "pg_stat_statements must be loaded via \"shared_preload_libraries\"", FAIL_UNSUPPORTED},
      {"57014", "canceling statement due to statement timeout", FAIL_TIMEOUT},
      {"55P03", "canceling statement due to lock timeout", FAIL_TIMEOUT},
      {"42P01", "relation does not exist", FAIL_UNSUPPORTED},
      {"57P01", "terminating connection due to administrator command", FAIL_CONNECT},
      {"53200", "out of memory", FAIL_TOO_MANY},
      {"XX000", "cache lookup failed", FAIL_PROTOCOL},
      {"", "", FAIL_PROTOCOL},
  };
  for (size_t i = 0; i < COUNTOF(said); i++) {
    struct fail f;
    assert_false(statement_fail(&parse("postgres://mon@db/app", NULL)->login, &f, "wal", said[i].sqlstate, said[i].message));
    if (f.kind != said[i].kind) fail_msg("%s: %s", said[i].message, f.text);
    assert_non_null(strstr(f.text, "wal of db:5432"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_target_is_named_by_host_and_port),
      cmocka_unit_test(the_environment_of_libpq_counts),
      cmocka_unit_test(a_framework_s_database_url_works),
      cmocka_unit_test(a_misspelt_parameter_is_refused_by_its_name),
      cmocka_unit_test(a_value_that_libpq_would_refuse_is_refused_at_once),
      cmocka_unit_test(a_broken_address_does_not_show_its_password),
      cmocka_unit_test(a_password_given_apart_wins),
      cmocka_unit_test(sonde_shows_itself_and_asks_for_no_kerberos),
      cmocka_unit_test(a_refusal_says_what_to_do),
      cmocka_unit_test(the_last_of_several_attempts_counts),
      cmocka_unit_test(a_refusal_in_another_language_is_understood),
      cmocka_unit_test(an_echoed_password_is_scrubbed),
      cmocka_unit_test(a_failed_statement_has_a_kind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
