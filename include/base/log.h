/* The log: one line an event on standard error, as logfmt or JSON. Values are escaped, so that text from outside cannot forge a line.
 * Library code does not log: the owner of an operation logs its outcome once. `target` names what the line is about; NULL leaves it out. */
#ifndef SONDE_BASE_LOG_H
#define SONDE_BASE_LOG_H

#include <stdbool.h>

#include "base/attr.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* Set once, before the first thread. */
void log_setup(enum log_level least, enum log_format format);
/* "debug", "info", "warn", "error" and "logfmt", "json". False when `name` is none of them. */
bool log_level_parse(const char *name, enum log_level *ret) MUST_CHECK;
bool log_format_parse(const char *name, enum log_format *ret) MUST_CHECK;

void log_debug(const char *target, const char *format, ...) PRINTF(2, 3);
void log_info(const char *target, const char *format, ...) PRINTF(2, 3);
void log_warn(const char *target, const char *format, ...) PRINTF(2, 3);
void log_error(const char *target, const char *format, ...) PRINTF(2, 3);

#endif
