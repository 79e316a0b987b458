/* --version, in the form of the Prometheus programs. Libraries tell the version that is loaded, where they can tell. */
#include <stdio.h>
#include <sys/utsname.h>

#include <curl/curl.h>
#include <hiredis/hiredis.h>
#include <libdeflate.h>
#include <libpq-fe.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <yaml.h>

#include "agent/cli/cli.h"
#include "base/version.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void line(const char *name, const char *value) {
  printf("  %-17s%s\n", name, value);
}

static void libpq_line(void) {
  char text[32];
  snprintf(text, sizeof text, "%d.%d", PQlibVersion() / 10000, PQlibVersion() % 10000);
  line("libpq:", text);
}

static void pcre2_line(void) {
  char text[64] = "";
  pcre2_config(PCRE2_CONFIG_VERSION, text);
  line("pcre2:", text);
}

void version_print(void) {
  struct utsname machine = {0};
  char text[64];
  uname(&machine);
  printf("sonde, version %s (revision: %s)\n", version_number(), version_revision());
  line("compiler:", COMPILER);
  snprintf(text, sizeof text, "linux/%.32s", machine.machine);
  line("platform:", text);
  line("libmicrohttpd:", MHD_get_version());
  line("libcurl:", curl_version_info(CURLVERSION_NOW)->version);
  libpq_line();
  snprintf(text, sizeof text, "%d.%d.%d", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
  line("hiredis:", text);
  line("openssl:", OpenSSL_version(OPENSSL_VERSION_STRING));
  line("libyaml:", yaml_get_version_string());
  pcre2_line();
  line("libdeflate:", LIBDEFLATE_VERSION_STRING);
}
