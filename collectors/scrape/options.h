/* The keys of a scrape. */
#ifndef SONDE_COLLECTORS_SCRAPE_OPTIONS_H
#define SONDE_COLLECTORS_SCRAPE_OPTIONS_H

#include "collectors/http/request.h"
#include "collectors/scrape/selector.h"

struct selectors {
  struct selector *items;
  size_t count;
};

struct scrape_options {
  struct request_options request; /* the first, for its rows */
  struct strings keep, drop;
  int64_t body_limit, sample_limit;
  bool expose;
  /* From these, by prepare: */
  struct selectors kept, dropped;
};

extern const struct option scrape_option_rows[];
bool scrape_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f);

/* Whether the file wants this sample. */
bool scrape_wants(const struct scrape_options *o, const char *name, const struct label *labels, size_t count);

#endif
