/* Days, months and hours (UTC) of times in seconds since 1970. */
#include <math.h>
#include <time.h>

#include "agent/promql/functions.h"

/* Further away the number of the year is too large to count. */
static const double farthest = 1e15;

static bool broken_down(double wall, struct tm *ret) {
  if (!(fabs(wall) < farthest)) return false;
  time_t t = (time_t)wall;
  return gmtime_r(&t, ret) != NULL;
}

static bool is_leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_length(const struct tm *t) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return lengths[t->tm_mon] + (t->tm_mon == 1 && is_leap(t->tm_year % 400 + 1900));
}

/* A row's function: a field of the broken down time, NaN for what is no time. */
#define FIELD(name, value)                                                                                                         \
  static double name(double wall) {                                                                                                \
    struct tm t;                                                                                                                   \
    return broken_down(wall, &t) ? (double)(value) : NAN;                                                                          \
  }
FIELD(day_of_month, t.tm_mday)
FIELD(day_of_week, t.tm_wday)
FIELD(day_of_year, t.tm_yday + 1)
FIELD(days_in_month, month_length(&t))
FIELD(hour, t.tm_hour)
FIELD(minute, t.tm_min)
FIELD(month, t.tm_mon + 1)
FIELD(year, t.tm_year + 1900)

#define CALENDAR OVER_VECTOR, .optional = 1
static const struct function rows[] = {
    {.name = "day_of_month", CALENDAR, .calendar = day_of_month},
    {.name = "day_of_week", CALENDAR, .calendar = day_of_week},
    {.name = "day_of_year", CALENDAR, .calendar = day_of_year},
    {.name = "days_in_month", CALENDAR, .calendar = days_in_month},
    {.name = "hour", CALENDAR, .calendar = hour},
    {.name = "minute", CALENDAR, .calendar = minute},
    {.name = "month", CALENDAR, .calendar = month},
    {.name = "year", CALENDAR, .calendar = year},
};
const struct functions calendar_functions = FUNCTIONS(rows);
