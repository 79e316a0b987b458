/* The state of one probed target. */
#ifndef SONDE_COLLECTORS_HTTP_PROBE_H
#define SONDE_COLLECTORS_HTTP_PROBE_H

#include "base/regex.h"
#include "collectors/http/options.h"
#include "collectors/http/sample.h"

/* Regular expressions that go with the items of a list of the options. */
struct patterns {
  struct regex **items;
  size_t count;
};

struct probe {
  const struct probe_options *options;
  struct patterns body, body_not, headers, headers_not, answer;
  struct tally tally;
  double timeout_seconds; /* of the probe under way */
};

/* For open() and close() of both kinds. */
void *probe_open(const void *options);
void probe_close(void *state);
/* Both kinds' status(): blackbox_exporter says nothing of itself but in its answers. */
void probe_status(struct section *s, const struct poll_status *status);

/* Adds to a request what both kinds ask, and keeps its timeout. */
void probe_begin(struct probe *p, struct net_request *r);
/* Counts the answer, writes it and the counters, and adds the section to the poll. */
void probe_end(struct probe *p, const struct net_answer *a, struct poll *poll, struct verdict verdict, bool http,
               struct section *s);

/* Why no answer came, as a reason and a sentence. True when one came. */
bool probe_answered(const struct net_answer *a, double wall, struct verdict *v, struct fail *f) MUST_CHECK;

#endif
