/* The keys of a probe. HTTP and TCP share the struct, and the rows about connections. */
#ifndef SONDE_COLLECTORS_HTTP_OPTIONS_H
#define SONDE_COLLECTORS_HTTP_OPTIONS_H

#include "collectors/http/address.h"
#include "collectors/http/health.h"

struct probe_options {
  const char *text; /* the URL, or host:port */
  const char *ip, *ca_file, *cert_file, *key_file, *server_name;
  bool insecure_skip_verify;
  /* HTTP */
  const char *method, *body, *user, *password, *bearer;
  struct pairs headers;
  int64_t redirects, body_max;
  bool compressed;
  struct {
    struct strings status, version, body, body_not;
    struct pairs headers, headers_not;
    const char *tls;
  } expect;
  struct health_options health;
  /* TCP */
  bool tls;
  const char *send, *answer;
  /* From these, by prepare: */
  struct probe_address address;
  const char *const *lines; /* of headers, ended by NULL */
};

extern const struct option http_option_rows[];
extern const struct option tcp_option_rows[];
bool http_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f);
bool tcp_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f);

/* Fills in what the rows about connections say. */
void options_ask(const struct probe_options *o, struct net_request *r);
/* Takes the secrets among the options out of a sentence or a quote. */
void options_scrub(const struct probe_options *o, char *text);

#endif
