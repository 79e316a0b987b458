/* What the files of the runner share: see main.c. Times are milliseconds from 0, as those of the .test files. */
#ifndef SONDE_TESTS_CONFORMANCE_PROMQLTEST_H
#define SONDE_TESTS_CONFORMANCE_PROMQLTEST_H

#include "promql/notation.h"
#include "promql/promql.h"

/* The series that were loaded. Native histograms are not kept, only where they would be: a selection that looks at one sets `touched`. */
struct recorded;
struct world {
  struct recorded *series;
  size_t count, capacity;
  unsigned loads;
  bool touched;
  bool has_starts; /* start timestamps were given, which are not kept */
};
void world_clear(struct world *w);
/* A `load` begins: of a series that it gives twice the later line counts. */
void world_begin_load(struct world *w);
void world_load(struct world *w, const struct sequence *s, msec_t step);
/* Marks the native histogram that load_with_nhcb makes of a classic one, where `s` is a part of one. */
void world_load_nhcb(struct world *w, const struct sequence *s, msec_t step);
/* Of a struct world, with the type of a source. */
bool world_select(void *world, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                  struct selection *ret, struct fail *f);

enum wish { WISH_FAIL, WISH_WARN, WISH_INFO, WISH_NO_WARN, WISH_NO_INFO, WISH_ORDERED, WISH_COUNT };
/* What an `expect` line asks for; without message and regex any text will do. */
struct expectation {
  enum wish wish;
  const char *message;
  const struct regex *regex;
};
#define EXPECTATIONS_MAX 16
/* An `eval` with the lines below it. */
struct test_case {
  size_t line;
  const char *expression;
  bool range;         /* over steps; else an instant, at steps.from */
  struct steps steps; /* … or of the expected points of a range vector */
  struct expectation expectations[EXPECTATIONS_MAX];
  size_t expectation_count;
  bool is_matrix;     /* "expect range vector" */
  const char *string; /* "expect string" */
  bool is_scalar;
  double scalar;
  struct sequence *series;
  size_t series_count, series_capacity;
};
bool test_case_wishes(const struct test_case *c, enum wish wish);

/* The lines of a file, trimmed, comments blanked. */
struct script {
  char **lines;
  size_t count, next;
};
bool script_read(const char *path, struct arena *a, struct script *ret, struct fail *f) MUST_CHECK;
enum command { COMMAND_END, COMMAND_CLEAR, COMMAND_LOAD, COMMAND_EVAL };
/* Reads the next command: a `load` into the world, an `eval` into the case. False with a sentence about the line before `next`; the rest of what is
 * wrong is skipped. */
bool script_next(struct script *s, struct world *w, struct arena *a, enum command *ret, struct test_case *c,
                 struct fail *f) MUST_CHECK;

/* What the expression needs that sonde leaves out on purpose: "native histograms", "experimental function limitk()". NULL for nothing. */
const char *excuse_of(const char *expression, struct arena *a);
/* Sets the time of every selector that names none with @, so that the value is the same whenever it is asked for. False when it is not, for a function
 * like time(). */
bool pin_selectors(struct expr *e, msec_t at);

/* Whether a value is what the case expects. False with what differs in `said`. Of a range query made of an instant one, only the points at `at` count. */
bool compare_value(const struct test_case *c, const struct value *v, struct buf *said);
bool compare_step(const struct test_case *c, const struct value *v, bool is_scalar, msec_t at, struct buf *said);
bool compare_annotations(const struct test_case *c, const struct evaluation *notes, struct buf *said);
bool compare_failure(const struct test_case *c, const struct fail *f, struct buf *said);

enum verdict { PASSED, FAILED, SKIPPED };
/* Puts what differs, or the reason of a skip, into `said`. */
enum verdict judge(const struct test_case *c, struct world *w, struct buf *said);

#endif
