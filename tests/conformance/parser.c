/* Reads pages for test_openmetrics.py, many in one run. Standard input: "text 12\n" and 12 bytes of page, again and again; the first word is the
 * reader: text, strict (text by the letter), openmetrics, or lax (OpenMetrics as a scrape reads it). Standard output: a line each, "good N"
 * with the number of samples, or "bad line:column: sentence". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metric/parser.h"

static bool count(void *context, const struct parsed_sample *s) {
  size_t *n = context;
  *n += s->family != NULL;
  return true;
}

static void judge(const char *reader, const char *text, size_t length) {
  size_t samples = 0;
  bool lax = !strcmp(reader, "lax");
  struct fail why;
  struct parser_place where;
  const struct parser_events events = {.context = &samples, .sample = count};
  enum exposition_format format = !strcmp(reader, "openmetrics") || lax ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT;
  if (exposition_parse(text, length, format, !lax && strcmp(reader, "text") != 0, &events, &where, &why))
    printf("good %zu\n", samples);
  else
    printf("bad %u:%u: %s\n", where.line, where.column, why.text);
}

int main(void) {
  char reader[16];
  size_t length;
  while (scanf("%15s %zu", reader, &length) == 2 && getchar() == '\n') {
    char *text = malloc(length + !length);
    if (!text || fread(text, 1, length, stdin) != length) return 1;
    judge(reader, text, length);
    free(text);
  }
}
