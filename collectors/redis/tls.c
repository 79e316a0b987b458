/* OpenSSL, for the Redis connection alone: Debian 12's hiredis has no TLS. Certificates are read anew at every connection, so that renewed ones
 * need no reload. The errors people meet are turned into what to change. It writes with write(2): SIGPIPE must be ignored. */
#include "collectors/redis/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct tls {
  SSL *ssl;
  bool broken; /* after a fatal error there is no goodbye */
};

static const char *reason(void) {
  unsigned long code = ERR_peek_last_error();
  const char *text = code ? ERR_reason_error_string(code) : NULL;
  return text ? text : "no reason given";
}

static bool is_address(const char *name) {
  unsigned char address[16];
  return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

/* ---- setting up ---- */

static bool load_files(SSL_CTX *c, const struct redis_options *o, struct fail *f) {
  bool trusted = o->ca_file ? SSL_CTX_load_verify_locations(c, o->ca_file, NULL) : SSL_CTX_set_default_verify_paths(c);
  if (!trusted)
    return fail(f, FAIL_TLS, "cannot read certificates from ca_file %s: %s", o->ca_file ? o->ca_file : "of the system", reason());
  if (!o->cert_file) return true;
  if (SSL_CTX_use_certificate_chain_file(c, o->cert_file) != 1) {
    return fail(f, FAIL_TLS, "cannot read a certificate from cert_file %s: %s", o->cert_file, reason());
  }
  if (SSL_CTX_use_PrivateKey_file(c, o->key_file, SSL_FILETYPE_PEM) != 1) {
    return fail(f, FAIL_TLS, "cannot read the key of cert_file from key_file %s: %s", o->key_file, reason());
  }
  return true;
}

static bool set_name(SSL *ssl, const struct redis_options *o) {
  const char *name = o->server_name ? o->server_name : o->address.host;
  if (is_address(name)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
  return SSL_set1_host(ssl, name) && SSL_set_tlsext_host_name(ssl, name);
}

static SSL *make_ssl(int fd, const struct redis_options *o, struct fail *f) {
  SSL_CTX *c = SSL_CTX_new(TLS_client_method());
  if (!c) {
    fail(f, FAIL_SYSTEM, "cannot set up TLS: %s", reason());
    return NULL;
  }
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(c, o->insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
  SSL *ssl = load_files(c, o, f) ? SSL_new(c) : NULL;
  SSL_CTX_free(c); /* the SSL holds it */
  if (ssl && SSL_set_fd(ssl, fd) && set_name(ssl, o)) return ssl;
  if (ssl) fail(f, FAIL_SYSTEM, "cannot set up TLS: %s", reason());
  SSL_free(ssl);
  return NULL;
}

/* ---- what went wrong ---- */

static bool refused_certificate(long verdict, const struct redis_options *o, struct fail *f) {
  const char *what = X509_verify_cert_error_string(verdict);
  switch (verdict) {
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    return fail(f, FAIL_TLS, "the certificate of %s is for another name; set server_name to a name it holds", o->shown);
  case X509_V_ERR_CERT_HAS_EXPIRED:
    return fail(f, FAIL_TLS, "the certificate of %s has expired; renew it on the server", o->shown);
  default:
    return fail(f, FAIL_TLS, "the certificate of %s is not trusted: %s; set ca_file to the certificate of its authority", o->shown,
                what);
  }
}

/* What the peer or the library said, as what to change. */
static bool explain(const struct redis_options *o, struct fail *f) {
  switch (ERR_GET_REASON(ERR_peek_last_error())) {
  case SSL_R_WRONG_VERSION_NUMBER:
  case SSL_R_HTTP_REQUEST:
    return fail(f, FAIL_TLS, "%s does not speak TLS on this port; use redis:// if that is meant", o->shown);
  case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
  case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    return fail(f, FAIL_TLS, "%s refused the TLS handshake: %s; if it wants a certificate, set cert_file and key_file", o->shown,
                reason());
  default:
    return fail(f, FAIL_TLS, "TLS with %s failed: %s", o->shown, reason());
  }
}

static bool handshake_failed(struct tls *t, int error, const struct redis_options *o, struct fail *f) {
  long verdict = SSL_get_verify_result(t->ssl);
  t->broken = true;
  if (verdict != X509_V_OK && !o->insecure_skip_verify) return refused_certificate(verdict, o, f);
  if (error == SSL_ERROR_SSL) return explain(o, f);
  return fail(f, FAIL_TLS,
              "%s closed the connection in the TLS handshake; use redis:// if the server does not speak TLS on this port",
              o->shown);
}

/* ---- the connection ---- */

static bool handshake(struct tls *t, int fd, const struct redis_options *o, const struct wait *w, struct fail *f) {
  for (;;) {
    ERR_clear_error();
    int done = SSL_connect(t->ssl);
    if (done == 1) return true;
    int error = SSL_get_error(t->ssl, done);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return handshake_failed(t, error, o, f);
    if (wait_fd(w, fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, f)) continue;
    if (f->kind != FAIL_TIMEOUT) return false;
    return fail(f, FAIL_TIMEOUT, "%s did not answer the TLS handshake; a server without TLS stays silent, then redis:// is right",
                o->shown);
  }
}

struct tls *tls_open(int fd, const struct redis_options *o, const struct wait *w, struct fail *f) {
  ERR_clear_error();
  SSL *ssl = make_ssl(fd, o, f);
  if (!ssl) return NULL;
  struct tls *t = mem_zero(sizeof *t);
  t->ssl = ssl;
  if (handshake(t, fd, o, w, f)) return t;
  t->broken = true;
  tls_close(t);
  return NULL;
}

void tls_close(struct tls *t) {
  if (!t) return;
  if (!t->broken) SSL_shutdown(t->ssl);
  SSL_free(t->ssl);
  free(t);
}

static bool judge(struct tls *t, int done, size_t moved, size_t *ret, short *wanted, struct fail *f) {
  *ret = done == 1 ? moved : 0;
  if (done == 1) return true;
  int error = SSL_get_error(t->ssl, done);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    *wanted = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    return true;
  }
  t->broken = true;
  if (error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED) {
    return fail(f, FAIL_TLS, "the server wants a certificate from us; set cert_file and key_file");
  }
  if (error == SSL_ERROR_SSL) return fail(f, FAIL_CONNECT, "the TLS connection broke: %s", reason());
  return fail(f, FAIL_CONNECT, "the server closed the connection");
}

bool tls_read(struct tls *t, char *bytes, size_t size, size_t *ret, short *wanted, struct fail *f) {
  size_t moved = 0;
  ERR_clear_error();
  int done = SSL_read_ex(t->ssl, bytes, size, &moved);
  return judge(t, done, moved, ret, wanted, f);
}

bool tls_write(struct tls *t, const char *bytes, size_t length, size_t *ret, short *wanted, struct fail *f) {
  size_t moved = 0;
  ERR_clear_error();
  int done = SSL_write_ex(t->ssl, bytes, length, &moved);
  return judge(t, done, moved, ret, wanted, f);
}

bool tls_stale(struct tls *t) {
  char byte;
  size_t moved;
  ERR_clear_error();
  int done = SSL_peek_ex(t->ssl, &byte, 1, &moved);
  return done == 1 || SSL_get_error(t->ssl, done) != SSL_ERROR_WANT_READ;
}
