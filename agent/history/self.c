/* What the agent tells of its memory among its own metrics. */
#include "history/keep.h"

enum { SERIES, BYTES, BYTES_MAX, SPAN, REACH, SAMPLES, REFUSED, SHORTENED };

static const struct family families[] = {
    [SERIES] = {"sonde_history_series", "Series that are remembered.", METRIC_GAUGE, NULL, false},
    [BYTES] = {"sonde_history_bytes", "Memory that the history takes.", METRIC_GAUGE, NULL, false},
    [BYTES_MAX] = {"sonde_history_max_bytes", "Memory that it may take.", METRIC_GAUGE, NULL, false},
    [SPAN] = {"sonde_history_keep_seconds", "How far it is to reach back.", METRIC_GAUGE, NULL, false},
    [REACH] = {"sonde_history_reach_seconds", "From its oldest samples to its newest.", METRIC_GAUGE, NULL, false},
    [SAMPLES] = {"sonde_history_samples_total", "Samples that were appended.", METRIC_COUNTER, NULL, false},
    [REFUSED] = {"sonde_history_refused_samples_total", "Samples of new series for which there was no room.", METRIC_COUNTER, NULL,
                 false},
    [SHORTENED] = {"sonde_history_shortened_ticks_total",
                   "Ticks of targets that were forgotten before their time, for want of room.", METRIC_COUNTER, NULL, false},
};

void history_catalogue(void (*each)(const struct family *family, const char *part, void *arg), void *arg) {
  for (size_t i = 0; i < COUNTOF(families); i++) each(&families[i], "history", arg);
}

struct section *history_section(void *history) {
  struct history_stats now = history_stats(history);
  const double values[COUNTOF(families)] = {
      [SERIES] = (double)now.series,    [BYTES] = (double)now.bytes,         [BYTES_MAX] = (double)now.bytes_max,
      [SPAN] = (double)now.span / 1000, [REACH] = (double)now.reach / 1000,  [SAMPLES] = (double)now.samples,
      [REFUSED] = (double)now.refused,  [SHORTENED] = (double)now.shortened,
  };
  struct section *s = section_new("history");
  for (size_t i = 0; i < COUNTOF(families); i++) section_add(s, &families[i], 0, values[i]);
  return section_finish(s);
}
