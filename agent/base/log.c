/* The log on standard error: see base/log.h. A line is built whole and written at once, so that threads do not mix theirs. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

#define LINE_MAX_BYTES 8192

static enum log_level least_level = LOG_LEVEL_INFO;
static enum log_format line_format = LOG_FORMAT_LOGFMT;

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *const format_names[] = {"logfmt", "json"};

void log_setup(enum log_level least, enum log_format format) {
  least_level = least;
  line_format = format;
}

static int index_of(const char *name, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!strcmp(name, names[i])) return (int)i;
  return -1;
}

bool log_level_parse(const char *name, enum log_level *ret) {
  int i = index_of(name, level_names, COUNTOF(level_names));
  if (i >= 0) *ret = (enum log_level)i;
  return i >= 0;
}

bool log_format_parse(const char *name, enum log_format *ret) {
  int i = index_of(name, format_names, COUNTOF(format_names));
  if (i >= 0) *ret = (enum log_format)i;
  return i >= 0;
}

static void put_time(struct buf *line) {
  struct timespec now;
  struct tm utc;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  buf_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
             utc.tm_sec, now.tv_nsec / 1000000);
}

/* Both forms escape as JSON does; logfmt leaves the quotes out where a value needs none. */
static void put_value(struct buf *line, const char *value) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@";
  bool quote = line_format == LOG_FORMAT_JSON || value[strspn(value, plain)] || !*value;
  if (quote) buf_putc(line, '"');
  text_json(line, value, strlen(value));
  if (quote) buf_putc(line, '"');
}

static void put_pair(struct buf *line, const char *key, const char *value) {
  buf_printf(line, line_format == LOG_FORMAT_JSON ? ",\"%s\":" : " %s=", key);
  put_value(line, value);
}

static void write_line(enum log_level level, const char *target, const char *format, va_list args) {
  SCOPED(buf_done) struct buf line, message;
  buf_init(&line, LINE_MAX_BYTES);
  buf_init(&message, LINE_MAX_BYTES / 8);
  buf_vprintf(&message, format, args);
  bool json = line_format == LOG_FORMAT_JSON;
  buf_puts(&line, json ? "{\"time\":\"" : "time=");
  put_time(&line);
  if (json) buf_putc(&line, '"');
  put_pair(&line, "level", level_names[level]);
  if (target) put_pair(&line, "target", target);
  put_pair(&line, "msg", message.overflow ? "(a message too long for the log)" : message.length ? message.data : "");
  buf_puts(&line, json ? "}\n" : "\n");
  ssize_t ignored = write(STDERR_FILENO, line.data, line.length); /* nowhere to report that the log itself is broken */
  (void)ignored;
}

#define LOG_FUNCTION(name, level)                                                                                                  \
  void name(const char *target, const char *format, ...) {                                                                         \
    if (level < least_level) return;                                                                                               \
    va_list args;                                                                                                                  \
    va_start(args, format);                                                                                                        \
    write_line(level, target, format, args);                                                                                       \
    va_end(args);                                                                                                                  \
  }

LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
