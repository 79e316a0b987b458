/* The keys of a probe. HTTP and TCP share the struct, and the rows about connections. */
#ifndef SONDE_COLLECTORS_HTTP_OPTIONS_H
#define SONDE_COLLECTORS_HTTP_OPTIONS_H

#include "collectors/http/health.h"
#include "collectors/http/request.h"

struct probe_options {
  struct request_options request; /* the first, for its rows */
  /* HTTP */
  const char *method, *body;
  int64_t body_max;
  bool compressed;
  struct {
    struct strings status, version, body, body_not;
    struct pairs headers, headers_not;
    const char *tls;
  } expect;
  struct health_options health;
  /* TCP */
  bool tls;
  const char *starttls, *send, *answer;
};

extern const struct option http_option_rows[];
extern const struct option tcp_option_rows[];
bool http_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f);
bool tcp_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f);

#endif
