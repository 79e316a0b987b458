/* Walking over the lines of a text, as the files of /proc are made of. Each step is a few instructions in a hot loop, hence in the header. */
#ifndef SONDE_COLLECTORS_HOST_LINES_H
#define SONDE_COLLECTORS_HOST_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A piece of a text: a line or a word. Not NUL-terminated. */
struct slice {
  const char *at, *end;
};

static inline size_t slice_length(struct slice s) {
  return (size_t)(s.end - s.at);
}

static inline bool slice_is(struct slice s, const char *word) {
  size_t length = strlen(word);
  return slice_length(s) == length && !memcmp(s.at, word, length);
}

/* Takes the next line, without its newline, off the front of `rest`. False at the end. A last line without a newline was cut off somewhere,
 * perhaps within a number: it does not count. */
static inline bool next_line(struct slice *rest, struct slice *ret) {
  const char *newline = rest->at == rest->end ? NULL : memchr(rest->at, '\n', slice_length(*rest));
  if (!newline) return false;
  *ret = (struct slice){rest->at, newline};
  rest->at = newline + 1;
  return true;
}

/* Takes the next word, up to a blank, off the front of `rest`. False when there is none. */
static inline bool next_word(struct slice *rest, struct slice *ret) {
  const char *p = rest->at;
  while (p < rest->end && (*p == ' ' || *p == '\t')) p++;
  ret->at = p;
  while (p < rest->end && *p != ' ' && *p != '\t') p++;
  ret->end = rest->at = p;
  return ret->at < ret->end;
}

#endif
