/* The values that templates compute with. They live in the arena of one rendering. */
#ifndef SONDE_AGENT_TEMPLATE_VALUE_H
#define SONDE_AGENT_TEMPLATE_VALUE_H

#include <stdint.h>

#include "template/template.h"

enum { ARGS_MAX = 16 }; /* of a function, with its name */

enum tkind {
  T_NONE, /* nil, and what is not there */
  T_BOOL,
  T_INT,
  T_FLOAT,
  T_TEXT,
  T_LABELS,
  T_SAMPLE,
  T_VECTOR,   /* of samples */
  T_ARGS,     /* what args makes: arg0, arg1 … */
  T_TIME,     /* seconds since 1970 */
  T_DURATION, /* seconds */
  T_SUBJECT,  /* the dot that a template begins with: .Labels .Value .ExternalLabels .ExternalURL */
};
struct tvalue {
  enum tkind kind;
  bool flag;     /* BOOL */
  int64_t whole; /* INT */
  double number; /* FLOAT, TIME, DURATION */
  const char *text;
  size_t length; /* of text */
  const struct labels *labels;
  const struct template_sample *samples; /* SAMPLE: one */
  const struct tvalue *items;            /* ARGS */
  size_t count;                          /* of samples, items */
};

static inline struct tvalue t_bool(bool flag) {
  return (struct tvalue){.kind = T_BOOL, .flag = flag};
}
static inline struct tvalue t_int(int64_t whole) {
  return (struct tvalue){.kind = T_INT, .whole = whole};
}
static inline struct tvalue t_float(double number) {
  return (struct tvalue){.kind = T_FLOAT, .number = number};
}
/* The text is not copied. */
struct tvalue t_text(const char *text);
/* Of what a buffer holds, copied. */
struct tvalue t_copy(struct arena *a, const struct buf *b);

/* As Go calls the type in its messages: "float64", "string". */
const char *t_type(const struct tvalue *v);
/* What if, and, or and not go by. */
bool t_truth(const struct tvalue *v);
/* As Go prints it. */
void t_print(struct buf *out, const struct tvalue *v);
/* A number, or a text that is one. */
bool t_number(const struct tvalue *v, double *ret) MUST_CHECK;

/* What a function needs to know beside its arguments. */
struct calling {
  struct arena *arena;
  const struct template_world *world;
  struct fail *fail;
  double until; /* clock_cpu() behind which nothing more is queried */
};
/* A function as a row. */
struct function {
  const char *name;
  size_t least, most; /* arguments */
  bool (*call)(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret);
};
/* Of Go, or of Prometheus; NULL when there is none of that name. */
const struct function *function_of(const char *name);
extern const struct function go_functions[], prometheus_functions[]; /* ended by one without a name */

/* A field or a method of a value: .Labels, .Value, .Format. False with a sentence. */
bool t_field(struct calling *c, const struct tvalue *v, const char *name, struct tvalue *ret) MUST_CHECK;
/* printf: a format that stands in the template, and its values. */
void t_format(struct buf *out, const char *format, const struct tvalue *args, size_t count);

#endif
