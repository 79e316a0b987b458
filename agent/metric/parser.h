/* What the files of the parser share. parser.c walks over the lines, parser_scan.c takes a sample's line apart, parser_metadata.c knows the
 * families, parser_rules.c holds the samples of a family against each other. Every function returns false after parser_fail(). */
#ifndef SONDE_METRIC_PARSER_PRIVATE_H
#define SONDE_METRIC_PARSER_PRIVATE_H

#include "base/map.h"
#include "metric/parser.h"

/* What a sample is to its family, by the end of its name. */
enum role { ROLE_VALUE, ROLE_TOTAL, ROLE_CREATED, ROLE_BUCKET, ROLE_SUM, ROLE_COUNT, ROLE_INFO };

struct known_family {
  struct parsed_family shown;
  size_t name_length;
  unsigned column;                      /* of the name on the line where it begins */
  bool has_help, has_unit, has_samples; /* its type: shown.typed */
};

struct label_list {
  struct label *given, *sorted; /* sorted by name when the parsing is strict */
  size_t count, capacity;
};

/* A timestamp to the nanosecond, which no double can tell apart today. Both parts have the sign. */
struct moment {
  double seconds;
  long nanoseconds;
};

/* The samples of one family and one label set (but for le, quantile, a state), which lie together: OpenMetrics' metric. */
struct group {
  struct buf key, next;      /* its labels as bytes, and those of the sample that may begin another */
  struct map seen, elements; /* keys of all groups of the family; quantiles, states or infos of this one at this moment */
  struct arena seen_keys, element_keys;
  unsigned line; /* where it begins; 0 before the first */
  bool timed;
  struct moment moment;
  unsigned roles, any_roles; /* bits of those present at this moment, and ever */
  bool negative_edge, negative_sum;
  double edge, bucket, count; /* of the last bucket; of _count */
};

struct parser {
  enum exposition_format format;
  bool strict;
  const struct parser_events *events;
  struct parser_place *where;
  struct fail *fail;
  const char *line, *at, *line_end; /* line_end is where the \n is, or the end of the text */
  unsigned line_number;
  bool ended, stopped; /* by # EOF; by an event */
  struct arena arena;  /* families, their texts, the keys of names */
  struct map names;    /* of families; in OpenMetrics also those that their samples may have */
  size_t family_count;
  struct known_family *family; /* the one of the last line */
  struct parsed_sample sample;
  const char *sample_at, *value_at, *exemplar_at; /* in the line; exemplar_at is NULL when there is none */
  struct moment moment;
  struct label_list labels, exemplar;
  char *scratch; /* the strings of one line */
  size_t scratch_used, scratch_size;
  struct group group;
};

/* Sets the place: `at` is in the line. */
bool parser_fail(struct parser *p, const char *at, const char *format, ...) PRINTF(3, 4);
bool parser_fail_line(struct parser *p, unsigned line, unsigned column, const char *format, ...) PRINTF(4, 5);
/* The character at `at` for a sentence: 'x', "a tab", "the end of the line". Holds until the next call. */
const char *parser_seen(const struct parser *p, const char *at, char out[24]);

/* parser_scan.c: a sample's line into p->sample and what stands beside it. */
bool scan_sample(struct parser *p);
/* The length of the name at `at`, 0 when there is none. */
size_t scan_name(const struct parser *p, const char *at, bool colons);
/* A value. Neither format knows a NaN with a sign; text 0.0.4 knows no number that is larger than any double. */
bool scan_number(const struct parser *p, const char *text, size_t length, double *ret);
bool scan_is_name_byte(char c, bool colons);
/* Over blanks and tabs; in OpenMetrics over nothing. */
void scan_blanks(struct parser *p);

/* parser_metadata.c */
bool metadata_line(struct parser *p);
/* Finds or makes the family of the sample. *ret_role is what the sample is to it. */
bool metadata_of_sample(struct parser *p, enum role *ret_role);
/* No more lines of p->family come, if there is one. */
bool metadata_family_ends(struct parser *p);

/* parser_rules.c */
bool rules_sample(struct parser *p, enum role role);
/* No more samples of p->family come. */
bool rules_family_ends(struct parser *p);
void rules_done(struct parser *p);

#endif
