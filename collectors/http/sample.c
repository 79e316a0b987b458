/* The families of blackbox_exporter from one answer: see sample.h. What it could not measure is 0, as there. */
#include "collectors/http/sample.h"

#include <arpa/inet.h>
#include <math.h>
#include <string.h>

#include "collectors/http/header.h"

#define GAUGE(name, help, labels)                                                                                                  \
  { name, help, METRIC_GAUGE, labels, false }

enum {
  SUCCESS,
  DURATION,
  TIMEOUT,
  LOOKUP,
  IP_PROTOCOL,
  IP_HASH,
  BY_REGEX,
  EARLIEST,
  LEAF,
  VERIFIED,
  CHAIN_EXPIRY,
  CHAIN_INFO,
  TLS_VERSION,
  TLS_CIPHER,
  HTTP_DURATION,
  STATUS,
  CONTENT_LENGTH,
  BODY_LENGTH,
  REDIRECTS,
  SSL,
  VERSION,
  LAST_MODIFIED,
  FAMILIES
};

static const struct family families[FAMILIES] = {
    [SUCCESS] = GAUGE("probe_success", "Whether the probe succeeded.", NULL),
    [DURATION] = GAUGE("probe_duration_seconds", "How long the probe took.", NULL),
    [TIMEOUT] = GAUGE("probe_timeout_seconds", "How long it might have taken.", NULL),
    [LOOKUP] = GAUGE("probe_dns_lookup_time_seconds", "How long it took to resolve the name.", NULL),
    [IP_PROTOCOL] = GAUGE("probe_ip_protocol", "4 or 6: the version of IP that was used; 0 when there was no address.", NULL),
    [IP_HASH] = GAUGE("probe_ip_addr_hash", "A hash of the address: it changes when the address changes.", NULL),
    [BY_REGEX] = GAUGE("probe_failed_due_to_regex", "Whether the probe failed because of a regular expression.", NULL),
    [EARLIEST] = GAUGE("probe_ssl_earliest_cert_expiry",
                       "When the first certificate that the server shows expires, seconds since 1970.", NULL),
    [LEAF] = GAUGE("probe_ssl_leaf_cert_expiry", "When the server's own certificate expires, seconds since 1970.", NULL),
    [VERIFIED] = GAUGE("probe_ssl_verified", "Whether the certificate and its name are to be trusted.", NULL),
    [CHAIN_EXPIRY] = GAUGE("probe_ssl_last_chain_expiry_timestamp_seconds",
                           "When the chain of certificates that was accepted expires, seconds since 1970.", NULL),
    [CHAIN_INFO] = GAUGE("probe_ssl_last_chain_info", "The server's certificate; always 1.",
                         "fingerprint_sha256,issuer,serialnumber,subject,subjectalternative"),
    [TLS_VERSION] = GAUGE("probe_tls_version_info", "The version of TLS; always 1.", "version"),
    [TLS_CIPHER] = GAUGE("probe_tls_cipher_info", "The cipher of TLS; always 1.", "cipher"),
    [HTTP_DURATION] = GAUGE("probe_http_duration_seconds", "How long each phase took, summed over redirects.", "phase"),
    [STATUS] = GAUGE("probe_http_status_code", "The status of the answer; 0 when none came.", NULL),
    [CONTENT_LENGTH] = GAUGE("probe_http_content_length", "The length the header tells; -1 when it does not.", NULL),
    [BODY_LENGTH] = GAUGE("probe_http_uncompressed_body_length", "The length of the body, unpacked.", NULL),
    [REDIRECTS] = GAUGE("probe_http_redirects", "How many redirects were met.", NULL),
    [SSL] = GAUGE("probe_http_ssl", "Whether the last connection was TLS.", NULL),
    [VERSION] = GAUGE("probe_http_version", "The version of HTTP of the answer.", NULL),
    [LAST_MODIFIED] = GAUGE("probe_http_last_modified_timestamp_seconds", "The header Last-Modified, seconds since 1970.", NULL),
};

void sample_catalogue(bool http, family_fn *each, const char *part, void *arg) {
  for (size_t i = 0; i < (http ? FAMILIES : HTTP_DURATION); i++) each(&families[i], part, arg);
}

static void add(struct section *s, size_t family, double value) {
  section_add(s, &families[family], 0, value);
}

/* Whole microseconds: shorter to write, shorter to read. */
static double rounded(double seconds) {
  return nearbyint(seconds * 1e6) / 1e6;
}

/* FNV-1a over the bytes of the address, as blackbox_exporter has it. */
static double address_hash(const char *ip) {
  unsigned char bytes[16];
  size_t length = strchr(ip, ':') ? 16 : 4;
  if (inet_pton(length == 16 ? AF_INET6 : AF_INET, ip, bytes) != 1) return 0;
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

static double earliest_expiry(const struct net_answer *a) {
  double earliest = a->certificates[0].not_after;
  for (size_t i = 1; i < a->certificate_count; i++) earliest = MIN(earliest, a->certificates[i].not_after);
  return earliest;
}

static void write_certificates(struct section *s, const struct net_answer *a) {
  const struct net_certificate *leaf = &a->certificates[0];
  add(s, EARLIEST, earliest_expiry(a));
  add(s, LEAF, leaf->not_after);
  add(s, VERIFIED, a->verified);
  if (a->chain_not_after > 0) add(s, CHAIN_EXPIRY, a->chain_not_after);
  labels_t labels = section_label_pairs(s, "fingerprint_sha256", leaf->sha256, "issuer", leaf->issuer, "serialnumber", leaf->serial,
                                        "subject", leaf->subject, "subjectalternative", leaf->alternatives, NULL);
  section_add(s, &families[CHAIN_INFO], labels, 1);
}

void sample_write(struct section *s, const struct net_answer *a, const struct verdict *v) {
  add(s, SUCCESS, v->reason == REASON_NONE);
  add(s, DURATION, rounded(a->seconds));
  add(s, TIMEOUT, v->timeout_seconds);
  add(s, LOOKUP, rounded(a->phases[NET_RESOLVE]));
  add(s, IP_PROTOCOL, !*a->ip ? 0 : strchr(a->ip, ':') ? 6 : 4);
  add(s, IP_HASH, address_hash(a->ip));
  add(s, BY_REGEX, v->regex);
  if (a->certificate_count) write_certificates(s, a);
  if (*a->tls_version) section_add(s, &families[TLS_VERSION], section_label_pairs(s, "version", a->tls_version, NULL), 1);
  if (*a->tls_cipher) section_add(s, &families[TLS_CIPHER], section_label_pairs(s, "cipher", a->tls_cipher, NULL), 1);
}

/* A redirect that is not followed counts, too, as with blackbox_exporter. */
static unsigned count_redirects(const struct net_answer *a) {
  const char *cursor = a->headers, *value;
  size_t length;
  bool told = a->status >= 300 && a->status < 400 && header_next(&cursor, "Location", &value, &length) && length;
  return a->redirects + (told && !a->unanswered);
}

void sample_write_http(struct section *s, const struct net_answer *a) {
#define X(phase, name) name,
  static const char *const phases[NET_PHASE_COUNT] = {NET_PHASES(X)};
#undef X
  for (size_t i = 0; i < NET_PHASE_COUNT; i++)
    section_add(s, &families[HTTP_DURATION], section_label_pairs(s, "phase", phases[i], NULL), rounded(a->phases[i]));
  double modified;
  bool answered = a->status && !a->unanswered;
  add(s, STATUS, answered ? (double)a->status : 0);
  add(s, CONTENT_LENGTH, answered ? a->content_length : 0);
  add(s, BODY_LENGTH, (double)a->length);
  add(s, REDIRECTS, count_redirects(a));
  add(s, SSL, a->secure && answered);
  add(s, VERSION, answered ? a->http_version : 0);
  if (header_date(a->headers, "Last-Modified", &modified)) add(s, LAST_MODIFIED, modified);
}

void sample_write_nothing(struct section *s) {
  add(s, SUCCESS, 0);
}
