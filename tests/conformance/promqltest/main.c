/* promqltest [-v] FILE...: runs PromQL test files as Prometheus' own suite writes them (load, clear, eval and what is expected of it). Each `eval` is a
 * case; one that fails is shown as file:line with what was expected and what came. A case is skipped only for what sonde leaves out on purpose
 * (native histograms, what Prometheus calls experimental), and the reasons are counted at the end; -v shows each. Exit 1 when one failed. */
#include "tests/conformance/promqltest/promqltest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASONS_MAX = 100, SAID_MAX = 1 << 16 };

struct totals {
  bool verbose;
  size_t of[SKIPPED + 1]; /* each verdict */
  struct reason {
    char text[80];
    size_t count;
  } reasons[REASONS_MAX];
  size_t reason_count;
};

static void count_reason(struct totals *t, const char *text) {
  size_t i = 0;
  while (i < t->reason_count && strcmp(t->reasons[i].text, text) != 0) i++;
  if (i == REASONS_MAX) return;
  if (i == t->reason_count) snprintf(t->reasons[t->reason_count++].text, sizeof t->reasons[i].text, "%s", text);
  t->reasons[i].count++;
}

static void report(struct totals *t, const char *path, const struct test_case *c, enum verdict verdict, const char *said) {
  t->of[verdict]++;
  if (verdict == SKIPPED) count_reason(t, said);
  if (verdict == FAILED || (verdict == SKIPPED && t->verbose))
    printf("%s %s:%zu: %s\n  %s\n", verdict == FAILED ? "FAILED" : "skipped", path, c->line, c->expression, said);
}

static void run_case(struct totals *t, const char *path, const struct test_case *c, struct world *w) {
  SCOPED(buf_done) struct buf said;
  buf_init(&said, SAID_MAX);
  buf_puts(&said, "");
  enum verdict verdict = judge(c, w, &said);
  report(t, path, c, verdict, said.data ? said.data : "");
}

static void run_file(struct totals *t, const char *path) {
  struct world world = {0};
  struct script script;
  struct test_case c = {0};
  struct arena a;
  struct fail why;
  arena_init(&a);
  enum command command = COMMAND_CLEAR;
  if (!script_read(path, &a, &script, &why)) {
    report(t, path, &(struct test_case){.expression = "(the file)"}, FAILED, why.text);
    command = COMMAND_END;
  }
  while (command != COMMAND_END) {
    if (!script_next(&script, &world, &a, &command, &c, &why))
      report(t, path, &(struct test_case){.line = script.next, .expression = "(what is written here)"}, FAILED, why.text);
    else if (command == COMMAND_EVAL)
      run_case(t, path, &c, &world);
  }
  world_clear(&world);
  arena_done(&a);
}

int main(int argc, char **argv) {
  static struct totals totals;
  int first = 1;
  if (argc > 1 && !strcmp(argv[1], "-v")) {
    totals.verbose = true;
    first = 2;
  }
  if (first >= argc) {
    fputs("usage: promqltest [-v] FILE...\n", stderr);
    return 2;
  }
  for (int i = first; i < argc; i++) run_file(&totals, argv[i]);
  for (size_t i = 0; i < totals.reason_count; i++) printf("skipped %zu: %s\n", totals.reasons[i].count, totals.reasons[i].text);
  printf("%zu passed, %zu failed, %zu skipped\n", totals.of[PASSED], totals.of[FAILED], totals.of[SKIPPED]);
  return totals.of[FAILED] ? 1 : 0;
}
