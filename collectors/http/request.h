/* What every kind that asks a URL lets the file say: whom, with which login and headers, and what is trusted. Its struct is the first member of the
 * kind's options, so that the rows fit all of them. */
#ifndef SONDE_COLLECTORS_HTTP_REQUEST_H
#define SONDE_COLLECTORS_HTTP_REQUEST_H

#include "collectors/http/address.h"
#include "config/option.h"
#include "net/net.h"

struct request_options {
  const char *text; /* the URL, or host:port; its row is the kind's own */
  const char *ip, *ca_file, *cert_file, *key_file, *server_name;
  bool insecure_skip_verify;
  const char *user, *password, *bearer;
  struct pairs headers;
  int64_t redirects;
  /* From these, by prepare: */
  const char *expected_name; /* of the server, where it is not the host's */
  const char *basic;         /* user and password as the request has them */
  struct probe_address address;
  const char *const *lines; /* of headers, ended by NULL */
};

extern const char *const request_ip_choices[];
bool request_check_header(const char *name, const char *text, struct fail *f);
bool request_check_server_name(const char *name, const char *text, struct fail *f);

#define AT_REQUEST(field) offsetof(struct request_options, field)
#define REQUEST_HTTP_ROWS                                                                                                          \
  {.name = "headers",                                                                                                              \
   .type = OPTION_PAIRS,                                                                                                           \
   .help = "Headers to send: `{X-Api-Version: \"2\"}`.",                                                                           \
   .check = request_check_header,                                                                                                  \
   .offset = AT_REQUEST(headers)},                                                                                                 \
      {.name = "user",                                                                                                             \
       .type = OPTION_STRING,                                                                                                      \
       .help = "For basic authentication; overrides the one in the URL.",                                                          \
       .offset = AT_REQUEST(user)},                                                                                                \
      {.name = "password",                                                                                                         \
       .type = OPTION_SECRET,                                                                                                      \
       .help = "For basic authentication; overrides the one in the URL.",                                                          \
       .offset = AT_REQUEST(password)},                                                                                            \
      {.name = "bearer",                                                                                                           \
       .type = OPTION_SECRET,                                                                                                      \
       .help = "A token, sent as `Authorization: Bearer …`.",                                                                      \
       .offset = AT_REQUEST(bearer)},                                                                                              \
  {                                                                                                                                \
    .name = "redirects", .type = OPTION_INT, .fallback = "10", .min = 0, .max = 20,                                                \
    .help = "How many redirects are followed; with 0 an answer 3xx is the answer. A login goes to no other host.",                 \
    .offset = AT_REQUEST(redirects)                                                                                                \
  }
#define REQUEST_CONNECTION_ROWS                                                                                                    \
  {.name = "ip",                                                                                                                   \
   .type = OPTION_STRING,                                                                                                          \
   .fallback = "any",                                                                                                              \
   .help = "The version of IP to use.",                                                                                            \
   .choices = request_ip_choices,                                                                                                  \
   .offset = AT_REQUEST(ip)},                                                                                                      \
      {.name = "ca_file",                                                                                                          \
       .type = OPTION_PATH,                                                                                                        \
       .help = "Certificates that may sign the server's; by default those the system trusts.",                                     \
       .offset = AT_REQUEST(ca_file)},                                                                                             \
      {.name = "cert_file",                                                                                                        \
       .type = OPTION_PATH,                                                                                                        \
       .help = "Our certificate, for servers that ask for one.",                                                                   \
       .offset = AT_REQUEST(cert_file)},                                                                                           \
      {.name = "key_file", .type = OPTION_PATH, .help = "The key of cert_file.", .offset = AT_REQUEST(key_file)},                  \
      {.name = "server_name",                                                                                                      \
       .type = OPTION_STRING,                                                                                                      \
       .help = "The name that the server's certificate must have; by default that of a header `Host`, or else the host.",          \
       .check = request_check_server_name,                                                                                         \
       .offset = AT_REQUEST(server_name)},                                                                                         \
  {                                                                                                                                \
    .name = "insecure_skip_verify", .type = OPTION_BOOL, .fallback = "false",                                                      \
    .help = "Accept any certificate. Anyone between here and the server can then read what is sent.",                              \
    .offset = AT_REQUEST(insecure_skip_verify)                                                                                     \
  }

/* A name of a header or a method: one word. */
bool request_is_token(const char *text);
/* Completes the options of a kind that asks a URL; `example` shows how its key is written. False with a sentence. */
bool request_prepare(struct request_options *o, struct arena *a, const char *example, struct fail *f) MUST_CHECK;
/* The part of it about certificates. */
bool request_judge_certificates(const struct request_options *o, struct fail *f) MUST_CHECK;

/* Fills in what the rows say; of tcp and tls only what a connection needs. */
void request_fill(const struct request_options *o, struct net_request *r);
/* Takes the secrets among the options out of a sentence or a quote. */
void request_scrub(const struct request_options *o, char *text);

#endif
