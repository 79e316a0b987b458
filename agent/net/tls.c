/* Version, cipher and certificates of a connection. The chain is noted where OpenSSL judges it: so it is known also when it is refused, without a second
 * handshake, which might meet another server. */
#include "agent/net/tls.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/text.h"

enum { CHAIN_MAX = 16, TEXT_MAX = 1024 };

static const char *keep_text(struct answer *a, const char *text, size_t length) {
  struct buf clean;
  buf_init(&clean, TEXT_MAX);
  text_clean(&clean, text, length, TEXT_MAX);
  const char *kept = arena_copy_bytes(&a->arena, clean.length ? clean.data : "", clean.length);
  buf_done(&clean);
  return kept;
}

/* As RFC 2253 has it, the most significant part last, but in UTF-8. */
static const char *name_text(struct answer *a, const X509_NAME *name) {
  char *text = NULL;
  BIO *bio = BIO_new(BIO_s_mem());
  if (!bio) return "";
  X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
  long length = BIO_get_mem_data(bio, &text);
  const char *kept = length > 0 ? keep_text(a, text, (size_t)length) : "";
  BIO_free(bio);
  return kept;
}

static void put_hex(struct buf *out, const unsigned char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) buf_printf(out, "%02x", bytes[i]);
}

static const char *serial_text(struct answer *a, const X509 *x) {
  const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
  struct buf hex;
  buf_init(&hex, TEXT_MAX);
  put_hex(&hex, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
  const char *kept = arena_copy_bytes(&a->arena, hex.length ? hex.data : "", hex.length);
  buf_done(&hex);
  return kept;
}

static const char *names_text(struct answer *a, const X509 *x) {
  struct buf all;
  buf_init(&all, (size_t)TEXT_MAX * 64);
  GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
  for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
    int type;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
    if (type != GEN_DNS) continue;
    if (all.length) buf_putc(&all, ',');
    buf_put(&all, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
  }
  GENERAL_NAMES_free(names);
  const char *kept = keep_text(a, all.length ? all.data : "", all.length);
  buf_done(&all);
  return kept;
}

static double not_after(const X509 *x) {
  struct tm time;
  return ASN1_TIME_to_tm(X509_get0_notAfter(x), &time) ? (double)timegm(&time) : 0;
}

static void describe(struct answer *a, const X509 *x, struct net_certificate *ret) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  *ret = (struct net_certificate){.subject = name_text(a, X509_get_subject_name(x)),
                                  .issuer = name_text(a, X509_get_issuer_name(x)),
                                  .serial = serial_text(a, x),
                                  .alternatives = names_text(a, x),
                                  .not_after = not_after(x)};
  struct buf hex;
  buf_init(&hex, sizeof ret->sha256 - 1);
  if (X509_digest(x, EVP_sha256(), digest, &length)) put_hex(&hex, digest, length);
  if (hex.data) memcpy(ret->sha256, hex.data, hex.length + 1);
  buf_done(&hex);
}

static void keep_chain(struct answer *a, const STACK_OF(X509) * chain) {
  int count = MIN(sk_X509_num(chain), (int)CHAIN_MAX);
  if (count <= 0) return;
  struct net_certificate *all = arena_alloc(&a->arena, (size_t)count * sizeof *all);
  ERR_set_mark();
  for (int i = 0; i < count; i++) describe(a, sk_X509_value(chain, i), &all[i]);
  ERR_pop_to_mark(); /* what libcurl reads there is to be of the handshake */
  a->told.certificates = all;
  a->told.certificate_count = (size_t)count;
}

static int judge(X509_STORE_CTX *store, void *arg) {
  int verdict = X509_verify_cert(store);
  keep_chain(arg, X509_STORE_CTX_get0_untrusted(store));
  return verdict;
}

void tls_watch(void *context, struct answer *a) {
  SSL_CTX_set_cert_verify_callback(context, judge, a);
}

/* "TLSv1.3" as others write it. */
static const char *version_text(struct answer *a, const char *version) {
  return strncmp(version, "TLSv", 4) == 0 ? arena_printf(&a->arena, "TLS %s%s", version + 4, strchr(version, '.') ? "" : ".0")
                                          : arena_copy(&a->arena, version);
}

static double first_end(const STACK_OF(X509) * chain) {
  double first = 0;
  for (int i = 0; i < sk_X509_num(chain); i++) {
    double end = not_after(sk_X509_value(chain, i));
    if (i == 0 || end < first) first = end;
  }
  return first;
}

void tls_describe(void *ssl, struct answer *a, bool certificates) {
  const char *cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl));
  SSL_CTX_set_cert_verify_callback(SSL_get_SSL_CTX(ssl), NULL, NULL);
  a->told.tls_version = version_text(a, SSL_get_version(ssl));
  a->told.tls_cipher = arena_copy(&a->arena, cipher ? cipher : "");
  if (a->told.verified) a->told.chain_not_after = first_end(SSL_get0_verified_chain(ssl));
  if (certificates && a->told.certificate_count == 0) keep_chain(a, SSL_get_peer_cert_chain(ssl));
}
