/* sonde metrics lint: any page of metrics, judged as the strictest readers would. A page that parses is good, whatever may be said of its names. */
#include "agent/cli/metrics_lint.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/cli/cli.h"
#include "metric/lint.h"

enum { READ_BYTES = 65536, BINARY_BYTES = 8192 };

struct page {
  const char *name; /* in messages */
  struct buf text;
  size_t warnings;
};

static bool read_all(int fd, struct page *page, struct fail *f) {
  for (;;) {
    char *room = buf_room(&page->text, READ_BYTES);
    if (!room)
      return fail(f, FAIL_LIMIT, "more than %u MiB: that is no page of metrics, or one that no reader would take",
                  EXPOSITION_BYTES_MAX >> 20);
    ssize_t n = read(fd, room, READ_BYTES);
    if (n < 0) return fail_errno(f, "cannot be read");
    if (n == 0) return true;
    buf_added(&page->text, (size_t)n);
  }
}

static bool read_page(const char *path, struct page *page, struct fail *f) {
  bool standard = !path || !strcmp(path, "-");
  page->name = standard ? "<stdin>" : path;
  int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(f, "cannot be opened");
  bool good = read_all(fd, page, f);
  if (!standard) close(fd);
  if (!good) return false;
  return page->text.length > 0 ||
         fail(f, FAIL_PROTOCOL, "it is empty: a page has samples, and in OpenMetrics an end that is marked by # EOF");
}

/* True when the last line is # EOF. */
static bool ends_as_openmetrics(const struct buf *text) {
  size_t length = text->length;
  while (length && (text->data[length - 1] == '\n' || text->data[length - 1] == '\r')) length--;
  return length >= 5 && !memcmp(text->data + length - 5, "# EOF", 5) && (length == 5 || text->data[length - 6] == '\n');
}

static void print_warning(void *context, unsigned line, const char *name, const char *finding) {
  struct page *page = context;
  page->warnings++;
  fprintf(stderr, "%s:%u: warning: %s: %s\n", page->name, line, name, finding);
}

/* What it is instead of text; NULL when it may be text. */
static const char *what_else(const struct buf *text) {
  if (text->length >= 2 && !memcmp(text->data, "\x1F\x8B", 2)) return "it is compressed with gzip: unpack it first";
  if (memchr(text->data, 0, MIN(text->length, (size_t)BINARY_BYTES))) return "it is a binary file, not a page of metrics";
  return NULL;
}

static int judge(struct page *page, enum exposition_format format) {
  struct lint lint = {.context = page, .found = print_warning};
  struct parser_place where;
  struct fail why;
  if (!lint_exposition(&lint, page->text.data, page->text.length, format, &where, &why)) {
    const char *other = what_else(&page->text);
    if (other)
      fprintf(stderr, "%s: error: %s\n", page->name, other);
    else
      fprintf(stderr, "%s:%u:%u: error: %s\n", page->name, where.line, where.column, why.text);
    return STATUS_WRONG;
  }
  printf("%s: good %s, families %zu, samples %zu, warnings %zu\n", page->name,
         format == EXPOSITION_OPENMETRICS ? "OpenMetrics 1.0" : "text 0.0.4", lint.families, lint.samples, page->warnings);
  return fflush(stdout) ? STATUS_WRONG : STATUS_GOOD;
}

int metrics_lint(const char *path, const char *format) {
  struct fail why;
  struct page page = {0};
  buf_init(&page.text, (size_t)EXPOSITION_BYTES_MAX + READ_BYTES);
  int status = STATUS_WRONG;
  if (!read_page(path, &page, &why))
    fprintf(stderr, "%s: error: %s\n", page.name, why.text);
  else if (format ? !strcmp(format, "openmetrics") : ends_as_openmetrics(&page.text))
    status = judge(&page, EXPOSITION_OPENMETRICS);
  else
    status = judge(&page, EXPOSITION_TEXT);
  buf_done(&page.text);
  return status;
}
