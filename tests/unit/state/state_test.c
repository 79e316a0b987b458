/* What is kept is kept: over a kill at every step, a torn file, a full disk. A kill is a copy of the files as they are on disk. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "state/state.h"

static char root[64];
static struct arena arena;

static const char *path_of(const char *folder, const char *name) {
  static char paths[4][400];
  static int next;
  char *out = paths[next++ % 4];
  snprintf(out, sizeof paths[0], "%s/%s%s%s", root, folder, *name ? "/" : "", name);
  return out;
}

static int make_root(void **state) {
  (void)state;
  strcpy(root, "/tmp/sonde-state-XXXXXX");
  arena_init(&arena);
  return mkdtemp(root) && mkdir(path_of("a", ""), 0700) == 0 && mkdir(path_of("b", ""), 0700) == 0 ? 0 : -1;
}

static void empty(const char *folder) {
  DIR *d = opendir(path_of(folder, ""));
  for (struct dirent *e; (e = readdir(d));)
    if (e->d_name[0] != '.') unlink(path_of(folder, e->d_name));
  closedir(d);
}

static int remove_root(void **state) {
  (void)state;
  empty("a");
  empty("b");
  rmdir(path_of("a", ""));
  rmdir(path_of("b", ""));
  arena_done(&arena);
  return rmdir(root);
}

/* What a kill would leave, as folder b. */
static void copy_as_killed(void) {
  char command[400];
  empty("b");
  snprintf(command, sizeof command, "cp %s/* %s/", path_of("a", ""), path_of("b", ""));
  assert_int_equal(system(command), 0);
}

static struct state *open_good(const char *folder) {
  struct fail why;
  struct state *s = state_open(path_of(folder, ""), &why);
  if (why.kind) fail_msg("%s", why.text);
  return s;
}

static struct alert_record alert(uint64_t fingerprint, int what) {
  return (struct alert_record){.rule = "g/A/1",
                               .labels = "{\"alertname\":\"A\"}",
                               .annotations = "{}",
                               .fingerprint = fingerprint,
                               .state = what,
                               .active_at = 1000,
                               .fired_at = 2000,
                               .keep_since = 3000,
                               .value = 0.25};
}

static struct notification note(const char *receiver, const char *body) {
  return (struct notification){.receiver = receiver, .body = body, .queued_at = 5, .fingerprint = UINT64_MAX};
}

static void commit(struct state *s, struct alert_record a, const char *receiver, const char *body) {
  struct notification n = note(receiver, body);
  state_commit(s, &a, 1, &n, receiver ? 1 : 0);
}

static size_t waiting(struct state *s, const char *receiver, struct notification *ret) {
  return state_pending(s, receiver, &arena, ret, 8);
}

static void what_is_written_is_read_back_whole(void **state) {
  (void)state;
  struct state *s = open_good("a");
  struct alert_record in = alert(UINT64_MAX - 1, 1), *out;
  in.value = NAN;
  struct notification notes[] = {note("ops", "{\"x\":\"é'\"}"), note("log", "{}")}, back[8];
  state_commit(s, &in, 1, notes, 2);
  assert_true(notes[0].id > 0);
  assert_true(notes[1].id > notes[0].id);
  state_close(s);
  s = open_good("a");
  assert_int_equal(state_alerts(s, &arena, &out), 1);
  assert_string_equal(out->rule, "g/A/1");
  assert_true(out->fingerprint == UINT64_MAX - 1);
  assert_int_equal(out->state, 1);
  assert_int_equal(out->active_at, 1000);
  assert_int_equal(out->fired_at, 2000);
  assert_int_equal(out->keep_since, 3000);
  assert_true(isnan(out->value));
  assert_string_equal(out->labels, "{\"alertname\":\"A\"}");
  assert_int_equal(waiting(s, "ops", back), 1);
  assert_int_equal(back[0].id, notes[0].id);
  assert_string_equal(back[0].body, "{\"x\":\"é'\"}");
  assert_true(back[0].fingerprint == UINT64_MAX);
  assert_int_equal(state_waiting(s), 2);
  state_close(s);
}

static void a_receivers_messages_keep_their_order(void **state) {
  (void)state;
  struct state *s = open_good("a");
  struct notification back[8];
  commit(s, alert(1, 1), "ops", "first");
  commit(s, alert(2, 1), "log", "other");
  commit(s, alert(1, 2), "ops", "second");
  assert_int_equal(waiting(s, "ops", back), 2);
  assert_string_equal(back[0].body, "first");
  state_retry(s, back[0].id, 77, 3);
  assert_int_equal(waiting(s, "ops", back), 2);
  assert_string_equal(back[0].body, "first");
  assert_int_equal(back[0].next_try, 77);
  assert_int_equal(back[0].attempts, 3);
  state_acknowledge(s, back[0].id);
  assert_int_equal(waiting(s, "ops", back), 1);
  assert_string_equal(back[0].body, "second");
  state_acknowledge(s, back[0].id);
  commit(s, alert(3, 1), "ops", "third");
  int64_t id = back[0].id;
  assert_int_equal(waiting(s, "ops", back), 1);
  assert_true(back[0].id > id); /* an id is never given twice */
  state_close(s);
}

static void what_is_gone_is_forgotten_and_receivers_that_left_lose_their_queue(void **state) {
  (void)state;
  struct state *s = open_good("a");
  struct alert_record gone = alert(1, 2), *out;
  commit(s, alert(1, 1), "ops", "1");
  commit(s, alert(2, 0), "old", "2");
  gone.gone = true;
  state_commit(s, &gone, 1, NULL, 0);
  assert_int_equal(state_alerts(s, &arena, &out), 1);
  assert_true(out->fingerprint == 2);
  const char *keep[] = {"o", "ops"};
  assert_int_equal(state_drop_others(s, keep, 2), 1);
  assert_int_equal(state_waiting(s), 1);
  assert_int_equal(state_drop_others(s, NULL, 0), 1);
  state_close(s);
}

static void a_dead_receiver_cannot_fill_the_disk(void **state) {
  (void)state;
  struct fail why;
  struct state *s = state_open(NULL, &why);
  struct notification back[8];
  for (int i = 0; i < STATE_NOTIFICATIONS_MAX + 5; i++) {
    struct notification n = note("dead", i == 5 ? "the sixth" : "another");
    state_commit(s, NULL, 0, &n, 1);
  }
  commit(s, alert(1, 1), "ops", "1");
  assert_int_equal(state_waiting(s), STATE_NOTIFICATIONS_MAX + 1);
  assert_true(waiting(s, "dead", back) == 8);
  assert_string_equal(back[0].body, "the sixth");
  state_close(s);
}

/* After each step the process is killed; what the step promised is there. */
static void a_kill_at_any_step_loses_nothing_that_was_committed(void **state) {
  (void)state;
  struct state *s = open_good("a"), *after;
  struct notification back[8];
  struct alert_record *out;
  for (int step = 0; step < 40; step++) {
    commit(s, alert((uint64_t)step, 1), "ops", "fire");
    copy_as_killed();
    after = open_good("b");
    assert_int_equal(state_alerts(after, &arena, &out), step + 1);
    assert_int_equal(waiting(after, "ops", back), 1);
    state_close(after);
    state_acknowledge(s, back[0].id);
    copy_as_killed();
    after = open_good("b");
    assert_int_equal(waiting(after, "ops", back), 0);
    state_close(after);
  }
  state_close(s);
}

/* A transaction that was being written when the machine went down is there whole or not at all. */
static void a_torn_log_holds_whole_transactions_only(void **state) {
  (void)state;
  struct state *s = open_good("a");
  for (uint64_t i = 0; i < 5; i++) commit(s, alert(i, 1), "ops", "fire");
  struct stat st;
  assert_int_equal(stat(path_of("a", "state.db-wal"), &st), 0);
  size_t most = 0;
  for (off_t length = 0; length <= st.st_size; length += 1021) {
    copy_as_killed();
    assert_int_equal(truncate(path_of("b", "state.db-wal"), length), 0);
    struct state *after = open_good("b");
    struct alert_record *out;
    size_t alerts = state_alerts(after, &arena, &out);
    assert_int_equal(alerts, state_waiting(after));
    assert_true(alerts >= most);
    most = alerts;
    state_close(after);
  }
  assert_true(most >= 4);
  state_close(s);
}

static size_t files_like(const char *folder, const char *part) {
  size_t count = 0;
  DIR *d = opendir(path_of(folder, ""));
  for (struct dirent *e; (e = readdir(d));) count += strstr(e->d_name, part) != NULL;
  closedir(d);
  return count;
}

static void write_file(const char *folder, const char *name, const char *text, size_t repeated) {
  FILE *file = fopen(path_of(folder, name), "w");
  while (repeated--) fputs(text, file);
  fclose(file);
}

static void a_file_that_is_damaged_is_set_aside_and_work_goes_on(void **state) {
  (void)state;
  write_file("a", "state.db", "this is no database. ", 1000);
  struct state *s = open_good("a");
  assert_int_equal(files_like("a", "state.db.broken-"), 1);
  commit(s, alert(1, 1), "ops", "x");
  assert_true(state_make_durable(s));
  state_close(s);
  s = open_good("a");
  assert_int_equal(state_waiting(s), 1);
  static struct notification many[300];
  for (size_t i = 0; i < COUNTOF(many); i++)
    many[i] = note("ops", "a body that is long enough for the table to have several pages");
  state_commit(s, NULL, 0, many, COUNTOF(many));
  state_close(s);
  FILE *file = fopen(path_of("a", "state.db"), "r+"); /* a page in the middle */
  fseek(file, 4096 * 4, SEEK_SET);
  for (int i = 0; i < 4096; i++) fputc('x', file);
  fclose(file);
  s = open_good("a");
  assert_int_equal(state_waiting(s), 0);
  commit(s, alert(1, 1), "ops", "x");
  assert_int_equal(state_waiting(s), 1);
  state_close(s);
}

static void a_database_of_somebody_else_is_not_written_to(void **state) {
  (void)state;
  char command[300];
  snprintf(command, sizeof command,
           "/usr/bin/python3 -c \"import sqlite3; c = sqlite3.connect('%s'); c.execute('create table theirs(x)'); c.commit()\"",
           path_of("a", "state.db"));
  assert_int_equal(system(command), 0);
  struct state *s = open_good("a");
  assert_int_equal(files_like("a", "state.db.broken-"), 1);
  state_close(s);
}

static void an_empty_file_is_a_beginning(void **state) {
  (void)state;
  write_file("a", "state.db", "", 0);
  struct state *s = open_good("a");
  assert_int_equal(files_like("a", "broken"), 0);
  assert_true(state_make_durable(s));
  state_close(s);
}

static void nobody_else_may_read_the_state(void **state) {
  (void)state;
  struct stat st;
  struct state *s = open_good("a");
  commit(s, alert(1, 1), "ops", "x");
  assert_int_equal(stat(path_of("a", "state.db"), &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  assert_int_equal(stat(path_of("a", "state.db-wal"), &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  state_close(s);
}

static void a_second_agent_on_the_folder_is_told_and_does_no_harm(void **state) {
  (void)state;
  struct fail why;
  struct state *first = open_good("a"), *second = state_open(path_of("a", ""), &why);
  commit(first, alert(1, 1), "ops", "x");
  assert_int_equal(why.kind, FAIL_SYSTEM);
  assert_non_null(strstr(why.text, "state.db: another process uses it; is a second sonde running on the same state folder?"));
  commit(second, alert(2, 1), "ops", "y");
  assert_false(state_make_durable(second));
  state_close(second);
  state_close(first);
  first = open_good("a");
  assert_int_equal(state_waiting(first), 1);
  state_close(first);
}

static void without_a_folder_memory_serves(void **state) {
  (void)state;
  struct fail why;
  struct notification back[8];
  struct state *s = state_open("/nonexistent/folder", &why);
  assert_int_equal(why.kind, FAIL_SYSTEM);
  assert_string_equal(why.text, "/nonexistent/folder/state.db: cannot open it: No such file or directory");
  commit(s, alert(1, 1), "ops", "x");
  assert_int_equal(waiting(s, "ops", back), 1);
  assert_false(state_make_durable(s));
  state_close(s);
}

/* A limit on the size of files is a disk that is full at a place of our choice. */
static void limit_files(rlim_t bytes) {
  struct rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  setrlimit(RLIMIT_FSIZE, &limit);
}

static void a_full_disk_loses_nothing_and_what_happened_meanwhile_is_written_later(void **state) {
  (void)state;
  signal(SIGXFSZ, SIG_IGN);
  for (rlim_t room = 0; room < 60000; room += 7001) {
    struct notification back[8];
    struct alert_record *out;
    struct stat st;
    empty("a");
    struct state *s = open_good("a");
    for (uint64_t i = 0; i < 3; i++) commit(s, alert(i, 1), "ops", "before");
    assert_int_equal(stat(path_of("a", "state.db-wal"), &st), 0);
    limit_files((rlim_t)st.st_size + room);
    for (uint64_t i = 3; i < 20; i++) commit(s, alert(i, 1), "ops", "meanwhile");
    assert_false(state_make_durable(s));
    assert_int_equal(waiting(s, "ops", back), 8);
    state_acknowledge(s, back[0].id);
    copy_as_killed();
    limit_files(RLIM_INFINITY);
    struct state *killed = open_good("b"); /* what was on the disk is whole */
    assert_int_equal(state_alerts(killed, &arena, &out), state_waiting(killed));
    assert_true(state_waiting(killed) >= 3);
    state_close(killed);
    assert_true(state_make_durable(s));
    commit(s, alert(20, 1), "ops", "after");
    state_close(s);
    s = open_good("a");
    assert_int_equal(state_alerts(s, &arena, &out), 21);
    assert_int_equal(state_waiting(s), 20);
    waiting(s, "ops", back);
    assert_int_equal(back[0].id, 2); /* the same order, the same numbers */
    state_close(s);
  }
}

static void a_disk_that_is_full_from_the_start_is_no_end(void **state) {
  (void)state;
  struct fail why;
  signal(SIGXFSZ, SIG_IGN);
  limit_files(0);
  struct state *s = state_open(path_of("a", ""), &why);
  assert_int_equal(why.kind, FAIL_SYSTEM);
  commit(s, alert(1, 1), "ops", "x");
  assert_int_equal(state_waiting(s), 1);
  limit_files(RLIM_INFINITY);
  assert_true(state_make_durable(s));
  state_close(s);
  s = open_good("a");
  assert_int_equal(state_waiting(s), 1);
  state_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int main(void) {
  log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
  const struct CMUnitTest tests[] = {
      TEST(what_is_written_is_read_back_whole),
      TEST(a_receivers_messages_keep_their_order),
      TEST(what_is_gone_is_forgotten_and_receivers_that_left_lose_their_queue),
      TEST(a_dead_receiver_cannot_fill_the_disk),
      TEST(a_kill_at_any_step_loses_nothing_that_was_committed),
      TEST(a_torn_log_holds_whole_transactions_only),
      TEST(a_file_that_is_damaged_is_set_aside_and_work_goes_on),
      TEST(a_database_of_somebody_else_is_not_written_to),
      TEST(an_empty_file_is_a_beginning),
      TEST(nobody_else_may_read_the_state),
      TEST(a_second_agent_on_the_folder_is_told_and_does_no_harm),
      TEST(without_a_folder_memory_serves),
      TEST(a_full_disk_loses_nothing_and_what_happened_meanwhile_is_written_later),
      TEST(a_disk_that_is_full_from_the_start_is_no_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
