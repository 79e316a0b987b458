/* Evaluates what it reads, line by line: "load STEP_MSEC METRIC|VALUES", "clear", "eval TIME_MSEC EXPRESSION". Each evaluation is answered with its
 * elements, a line each, or "! <sentence>", and a line with a dot. */
#include "tests/unit/promql/fake.h"

#include <errno.h>
#include <inttypes.h>

/* One line. False with a sentence when it is none of these. */
static bool obey(struct fake *f, char *line, struct buf *out, struct fail *why) {
  char *rest, *bar = strchr(line, '|');
  if (!strcmp(line, "clear")) {
    fake_clear(f);
    return true;
  }
  if (strncmp(line, "load ", 5) != 0 && strncmp(line, "eval ", 5) != 0) return fail(why, FAIL_CONFIG, "what is %s", line);
  msec_t number = (msec_t)strtoll(line + 5, &rest, 10);
  if (*line == 'l') {
    if (!bar) return fail(why, FAIL_CONFIG, "no values: %s", line);
    *bar = 0;
    return fake_load(f, number, rest + 1, bar + 1, why);
  }
  fake_eval(f, rest + 1, number, out);
  buf_puts(out, ".\n");
  return true;
}

int main(void) {
  struct fake f = {0};
  struct fail why;
  struct buf out;
  char *line = NULL;
  size_t size = 0;
  bool good = true;
  buf_init(&out, (size_t)1 << 30);
  for (ssize_t n; good && (n = getline(&line, &size, stdin)) > 0;) {
    line[n - (line[n - 1] == '\n')] = 0;
    good = obey(&f, line, &out, &why);
  }
  if (!good) fprintf(stderr, "%s\n", why.text);
  if (out.length) fwrite(out.data, 1, out.length, stdout);
  buf_done(&out);
  fake_clear(&f);
  free(line);
  return good ? 0 : 1;
}
