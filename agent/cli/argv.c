/* Passwords on a command line are a bad idea that is common. They cannot be hidden before the program starts, but from then on. */
#include "agent/cli/argv.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

/* Where the first word for a secret begins; NULL when there is none. */
static char *find_word(char *text) {
  static const char *const words[] = {"passw", "secret", "token"};
  char *first = NULL;
  for (size_t i = 0; i < COUNTOF(words); i++) {
    char *found = strcasestr(text, words[i]);
    if (found && (!first || found < first)) first = found;
  }
  return first;
}

/* Puts `shown`, or as much of it as fits, over `text`. */
static void replace(char *text, const char *shown) {
  size_t length = strlen(text);
  mem_wipe(text, length);
  snprintf(text, length + 1, "%s", shown);
}

static void hide_url(char *url) {
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, strlen(url) + 8);
  text_redact_url(&shown, url);
  replace(url, shown.overflow || !shown.data ? "" : shown.data);
}

/* Hides what is secret in one argument. True when all of the next one is: `--password hunter2`. */
static bool hide(char *text) {
  char *word = find_word(text), *value = word ? strpbrk(word, "= ") : NULL, *url = text;
  bool is_path = word && (strstr(word, "_file") || strstr(word, "-file"));
  if (*text == '-' && strchr(text, '=')) url = strchr(text, '=') + 1;
  if (word && value && !is_path) replace(value + 1, "***");
  if (strstr(url, "://")) hide_url(url);
  return word && !value && !is_path && *text == '-';
}

char **argv_take(int argc, char **argv) {
  char **copy = mem_zero(((size_t)argc + 1) * sizeof *copy);
  for (int i = 0; i < argc; i++) copy[i] = mem_copy(argv[i]);
  for (int i = 1; i < argc; i++)
    if (hide(argv[i]) && i + 1 < argc) replace(argv[++i], "***");
  return copy;
}

void argv_free(int argc, char **copy) {
  for (int i = 0; i < argc; i++) {
    mem_wipe(copy[i], strlen(copy[i]));
    free(copy[i]);
  }
  free(copy);
}
