/* One answer as blackbox_exporter shows it. */
#ifndef SONDE_COLLECTORS_HTTP_SAMPLE_H
#define SONDE_COLLECTORS_HTTP_SAMPLE_H

#include "collectors/http/tally.h"

/* How a probe ended. */
struct verdict {
  enum reason reason;
  bool regex; /* a regular expression decided */
  double timeout_seconds;
};

/* What HTTP and TCP have in common: success, times, address, certificates. */
void sample_write(struct section *s, const struct net_answer *a, const struct verdict *v);
void sample_write_http(struct section *s, const struct net_answer *a);
/* While there is no answer at all, as when the loop hangs. */
void sample_write_nothing(struct section *s);
void sample_catalogue(bool http, family_fn *each, const char *part, void *arg);

#endif
