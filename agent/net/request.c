/* A request as libcurl's options. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/net/transfer.h"
#include "base/mem.h"
#include "base/version.h"

#define SET(option, value)                                                                                                         \
  if (curl_easy_setopt(t->easy, option, value) != CURLE_OK) return false

char *request_origin(const char *url) {
  char *scheme = NULL, *host = NULL, *port = NULL, *origin = NULL;
  struct buf text;
  buf_init(&text, 4096);
  CURLU *u = curl_url();
  if (u && !curl_url_set(u, CURLUPART_URL, url, 0) && !curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) &&
      !curl_url_get(u, CURLUPART_HOST, &host, 0) && !curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT)) {
    buf_printf(&text, "%s://%s:%s", scheme, host, port);
    if (text.length) origin = mem_copy(text.data);
  }
  for (char *c = origin; c && *c; c++)
    if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
  curl_free(scheme), curl_free(host), curl_free(port);
  curl_url_cleanup(u);
  buf_done(&text);
  return origin;
}

static bool is_name(const char *origin) {
  struct in_addr ip;
  const char *host = strstr(origin, "://") + 3, *port = strrchr(host, ':');
  char *text = mem_copy_bytes(host, (size_t)(port - host));
  bool name = *text != '[' && inet_pton(AF_INET, text, &ip) != 1 && strcmp(text, "localhost") != 0;
  free(text);
  return name;
}

static bool has_scheme(const char *url, const char *scheme) {
  size_t length = strlen(scheme);
  return strncasecmp(url, scheme, length) == 0 && strncmp(url + length, "://", 3) == 0;
}

/* tcp and tls are http and https to libcurl, up to where it would speak. free() it. */
static char *plain_url(struct transfer *t, const char *url) {
  bool tls = has_scheme(url, "tls"), plain = tls || has_scheme(url, "tcp");
  t->starttls = has_scheme(url, "smtp") || has_scheme(url, "imap") || has_scheme(url, "pop3");
  t->connects_only = plain || t->starttls;
  size_t length = strlen(url) + sizeof "https";
  char *own = mem_zero(length);
  snprintf(own, length, "%s%s", !plain ? "" : tls ? "https" : "http", plain ? url + 3 : url);
  return own;
}

/* libcurl takes the name from the URL: so the URL gets it, and the connection is led to where the URL led. */
static bool rename_server(struct transfer *t, CURLU *u, const char *name) {
  char *host = NULL, *port = NULL;
  struct buf line;
  buf_init(&line, 4096);
  bool good = !curl_url_get(u, CURLUPART_HOST, &host, 0) && !curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) &&
              !curl_url_set(u, CURLUPART_HOST, name, 0);
  if (good) {
    buf_printf(&line, "%s:%s:%s:%s", name, port, host, port);
    t->connect_to = curl_slist_append(NULL, line.length ? line.data : "");
    buf_clear(&line);
    buf_printf(&line, strcmp(port, "443") == 0 ? "Host: %s" : "Host: %s:%s", host, port);
    t->host_header = line.length ? mem_copy(line.data) : NULL;
  }
  curl_free(host), curl_free(port);
  buf_done(&line);
  return good && curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->connect_to) == CURLE_OK;
}

/* A URL that cannot be read is given to libcurl as it is, which says what is wrong. */
static bool set_parsed(struct transfer *t, const struct net_request *r, const char *url, CURLU *u, struct fail *f) {
  char *port = NULL, *whole = NULL;
  if (curl_url_set(u, CURLUPART_URL, url, 0)) return curl_easy_setopt(t->easy, CURLOPT_URL, url) == CURLE_OK;
  bool has_port = curl_url_get(u, CURLUPART_PORT, &port, 0) == CURLUE_OK;
  curl_free(port);
  if (t->connects_only && !has_port) return fail(f, FAIL_CONFIG, "a port is missing, as in tcp://host:port");
  if (r->tls.server_name && !rename_server(t, u, r->tls.server_name)) return fail(f, FAIL_CONFIG, "the server name makes no sense");
  bool good = !curl_url_get(u, CURLUPART_URL, &whole, 0) && curl_easy_setopt(t->easy, CURLOPT_URL, whole) == CURLE_OK;
  if (good) t->origin = request_origin(whole);
  curl_free(whole);
  return good;
}

static bool set_url(struct transfer *t, const struct net_request *r, struct fail *f) {
  char *url = plain_url(t, r->url), *origin = request_origin(url);
  CURLU *u = curl_url();
  bool good = u && set_parsed(t, r, url, u, f);
  t->named = origin && is_name(origin);
  curl_url_cleanup(u);
  free(origin);
  free(url);
  return good;
}

static bool set_limits(struct transfer *t, const struct net_request *r) {
  SET(CURLOPT_PROTOCOLS_STR, t->starttls ? "smtp,imap,pop3" : "http,https");
  SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  SET(CURLOPT_PROXY, "");
  SET(CURLOPT_FOLLOWLOCATION, (long)(r->redirects_max > 0));
  SET(CURLOPT_MAXREDIRS, (long)r->redirects_max);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_QUICK_EXIT, 1L); /* without it, the end of a transfer waits for its lookup */
  SET(CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout);
  SET(CURLOPT_TIMEOUT_MS, (long)r->timeout);
  SET(CURLOPT_IPRESOLVE, r->ip == 4 ? CURL_IPRESOLVE_V4 : r->ip == 6 ? CURL_IPRESOLVE_V6 : CURL_IPRESOLVE_WHATEVER);
  SET(CURLOPT_FRESH_CONNECT, (long)r->once);
  SET(CURLOPT_FORBID_REUSE,
      (long)(r->once && !t->connects_only)); /* it would end a talk before its first word; nobody uses that one again anyway */
  if (r->once) SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  if (r->compressed) SET(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  if (t->connects_only) SET(CURLOPT_CONNECT_ONLY, 1L);
  if (t->connects_only) SET(CURLOPT_SSL_ENABLE_ALPN, 0L);
  if (t->starttls) SET(CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
  return true;
}

/* libcurl keeps the system's authorities, parsed, for all transfers; but one set only, and only from a file: others are to leave it alone. */
static bool set_authorities(struct transfer *t, const struct net_tls *tls) {
  const char *system = curl_version_info(CURLVERSION_NOW)->cainfo;
  if (tls->insecure || tls->ca_file) {
    SET(CURLOPT_CAINFO, tls->insecure ? NULL : tls->ca_file);
    SET(CURLOPT_CA_CACHE_TIMEOUT, 0L);
  }
  if (tls->insecure || tls->ca_file || system) SET(CURLOPT_CAPATH, NULL);
  return true;
}

static bool set_trust(struct transfer *t, const struct net_tls *tls) {
  SET(CURLOPT_SSL_VERIFYPEER, (long)!tls->insecure);
  SET(CURLOPT_SSL_VERIFYHOST, tls->insecure ? 0L : 2L);
  SET(CURLOPT_SSLCERT, tls->cert_file);
  SET(CURLOPT_SSLKEY, tls->key_file);
  return set_authorities(t, tls);
}

static bool append(struct curl_slist **list, const char *line) {
  struct curl_slist *longer = curl_slist_append(*list, line);
  if (longer) *list = longer;
  return longer;
}

static bool is_harmless(const char *header) {
  return strncasecmp(header, "Accept", 6) == 0 || strncasecmp(header, "Content-Type:", 13) == 0 ||
         strncasecmp(header, "User-Agent:", 11) == 0;
}

static bool is_one_line(const char *text) {
  return !text[strcspn(text, "\r\n")];
}

static bool set_headers(struct transfer *t, const struct net_request *r, struct fail *f) {
  char agent[64] = "sonde/";
  strncat(agent, version_number(), sizeof agent - sizeof "sonde/");
  SET(CURLOPT_USERAGENT, agent);
  for (const char *const *h = r->headers; h && *h; h++) {
    if (!is_one_line(*h)) return fail(f, FAIL_CONFIG, "a header to be sent holds a line break");
    if (!append(&t->headers, *h) || (is_harmless(*h) && !append(&t->harmless, *h))) return false;
  }
  if (t->host_header && !append(&t->headers, t->host_header)) return false; /* behind the caller's own: the first counts */
  SET(CURLOPT_HTTPHEADER, t->headers);
  return true;
}

static bool set_login(struct transfer *t, const struct net_request *r, struct fail *f) {
  if (r->user || r->password) {
    SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    SET(CURLOPT_USERNAME, r->user ? r->user : "");
    SET(CURLOPT_PASSWORD, r->password ? r->password : "");
  } else if (r->bearer) {
    if (!is_one_line(r->bearer)) return fail(f, FAIL_CONFIG, "the bearer token holds a line break");
    SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
    SET(CURLOPT_XOAUTH2_BEARER, r->bearer);
  }
  return true;
}

static bool is_token(const char *text) {
  return *text && !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_")];
}

/* A POST is libcurl's own, so that it becomes a GET where a redirect says so; other methods stay what they are. */
static bool set_method(struct transfer *t, const struct net_request *r, struct fail *f) {
  const char *method = r->method ? r->method : r->body ? "POST" : "GET";
  bool post = strcmp(method, "POST") == 0;
  if (!is_token(method)) return fail(f, FAIL_CONFIG, "the method is no word");
  if (r->body || post) {
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body ? r->body_length : 0));
    SET(CURLOPT_COPYPOSTFIELDS, r->body ? r->body : "");
  }
  if (strcmp(method, "HEAD") == 0) {
    SET(CURLOPT_NOBODY, 1L);
  } else if (!post && (r->body || strcmp(method, "GET") != 0)) {
    SET(CURLOPT_CUSTOMREQUEST, method);
  }
  return true;
}

bool request_apply(const struct net_request *r, struct transfer *t, struct fail *f) {
  if (r->say) {
    t->say = mem_copy(r->say);
    t->say_length = strlen(r->say);
  }
  return set_url(t, r, f) && set_limits(t, r) && set_trust(t, &r->tls) && set_headers(t, r, f) && set_login(t, r, f) &&
         set_method(t, r, f);
}
