/* Headers of an answer: see header.h. */
#include "collectors/http/header.h"

#include <string.h>
#include <strings.h>
#include <time.h>

bool header_next(const char **cursor, const char *name, const char **ret_value, size_t *ret_length) {
  size_t name_length = strlen(name);
  for (const char *line = *cursor; *line;) {
    size_t length = strcspn(line, "\r\n");
    const char *next = line + length + strspn(line + length, "\r\n");
    if (length > name_length && line[name_length] == ':' && !strncasecmp(line, name, name_length)) {
      const char *value = line + name_length + 1, *end = line + length;
      while (value < end && (*value == ' ' || *value == '\t')) value++;
      while (end > value && (end[-1] == ' ' || end[-1] == '\t')) end--;
      *ret_value = value;
      *ret_length = (size_t)(end - value);
      *cursor = next;
      return true;
    }
    line = next;
  }
  return false;
}

bool header_date(const char *headers, const char *name, double *ret) {
  const char *value;
  size_t length;
  struct tm time = {0};
  char text[40] = "";
  if (!header_next(&headers, name, &value, &length) || length >= sizeof text) return false;
  memcpy(text, value, length);
  const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &time); /* the program never leaves the C locale */
  if (!end || *end) return false;
  *ret = (double)timegm(&time);
  return true;
}
