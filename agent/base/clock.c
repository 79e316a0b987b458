/* Clocks and durations: see base/clock.h. */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static struct timespec read_clock(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return t;
}

msec_t clock_now(void) {
  struct timespec t = read_clock(CLOCK_BOOTTIME);
  return (msec_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

double clock_seconds(void) {
  struct timespec t = read_clock(CLOCK_BOOTTIME);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double clock_wall(void) {
  struct timespec t = read_clock(CLOCK_REALTIME);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double clock_cpu(void) {
  struct timespec t = read_clock(CLOCK_THREAD_CPUTIME_ID);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const struct unit {
  const char *name;
  msec_t span;
} units[] = {{"y", 31536000000}, {"w", 604800000}, {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

/* The unit that `text` begins with, at or after `*next` in the table: units come in falling order, each once. */
static const struct unit *unit_at(const char *text, size_t letters, size_t *next) {
  for (size_t i = *next; i < COUNTOF(units); i++)
    if (strlen(units[i].name) == letters && !strncmp(units[i].name, text, letters)) {
      *next = i + 1;
      return &units[i];
    }
  return NULL;
}

bool duration_parse(const char *text, msec_t *ret) {
  if (!strcmp(text, "0")) {
    *ret = 0;
    return true;
  }
  msec_t sum = 0;
  size_t next = 0;
  if (!*text) return false;
  while (*text) {
    size_t digits = strspn(text, "0123456789"), letters = strspn(text + digits, "ywdhms");
    if (digits == 0 || digits > 15) return false;
    msec_t n = 0, span;
    for (size_t i = 0; i < digits; i++) n = n * 10 + (text[i] - '0');
    const struct unit *u = unit_at(text + digits, letters, &next);
    if (!u || __builtin_mul_overflow(n, u->span, &span) || __builtin_add_overflow(sum, span, &sum)) return false;
    text += digits + letters;
  }
  *ret = sum;
  return true;
}

const char *duration_format(msec_t span, char *out, size_t size) {
  size_t used = 0;
  if (size) out[0] = 0;
  if (span <= 0) {
    snprintf(out, size, "0s");
    return out;
  }
  for (size_t i = 0; i < COUNTOF(units) && used < size; i++) {
    msec_t n = span / units[i].span;
    if (!n) continue;
    span -= n * units[i].span;
    int added = snprintf(out + used, size - used, "%lld%s", (long long)n, units[i].name);
    if (added > 0) used += (size_t)added;
  }
  return out;
}
