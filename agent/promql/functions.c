/* The list of all families of functions, and what Prometheus has beyond them. */
#include "agent/promql/functions.h"

#include <stdio.h>
#include <string.h>

static const struct functions *const families[] = {
    &rate_functions,  &over_time_functions, &number_functions, &calendar_functions,
    &label_functions, &histogram_functions, &vector_functions,
};

const struct function *function_find(const char *name, size_t length) {
  for (size_t i = 0; i < COUNTOF(families); i++)
    for (size_t k = 0; k < families[i]->count; k++) {
      const struct function *f = &families[i]->rows[k];
      if (strlen(f->name) == length && !strncmp(f->name, name, length)) return f;
    }
  return NULL;
}

static const struct {
  const char *why, *names;
} refused[] = {
    {"is experimental in Prometheus, and not supported",
     " double_exponential_smoothing end fill fill_left fill_right histogram_quantiles holt_winters info integral limit_ratio limitk"
     " mad_over_time max_of min_of range sort_by_label sort_by_label_desc start start_timestamp step ts_of_first_over_time"
     " ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time "},
    {"works on native histograms, which are not supported",
     " histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum "},
};

const char *function_refused(const char *name) {
  char word[64];
  int length = snprintf(word, sizeof word, " %s ", name);
  if (length < 0 || (size_t)length >= sizeof word) return NULL;
  for (size_t i = 0; i < COUNTOF(refused); i++)
    if (strcasestr(refused[i].names, word)) return refused[i].why;
  return NULL;
}
