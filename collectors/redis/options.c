/* The keys of a Redis target, and what makes no sense among them. */
#include "collectors/redis/options.h"

#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(struct redis_options, field)

const struct option redis_option_rows[] = {
    {.name = "redis",
     .type = OPTION_SECRET,
     .help = "Where the server is: redis://[user[:password]@]host[:port][/db], rediss:// with TLS, valkey://, valkeys://, "
             "unix:///path?db=n, or host:port.",
     .offset = AT(url)},
    {.name = "user", .type = OPTION_STRING, .help = "The ACL user; overrides the one in the URL.", .offset = AT(user)},
    {.name = "password", .type = OPTION_SECRET, .help = "The password; overrides the one in the URL.", .offset = AT(password)},
    {.name = "ca_file",
     .type = OPTION_PATH,
     .help = "Certificates that may sign the server's; by default those the system trusts.",
     .offset = AT(ca_file)},
    {.name = "cert_file", .type = OPTION_PATH, .help = "Our certificate, for servers that ask for one.", .offset = AT(cert_file)},
    {.name = "key_file", .type = OPTION_PATH, .help = "The key of cert_file.", .offset = AT(key_file)},
    {.name = "server_name",
     .type = OPTION_STRING,
     .help = "The name that the server's certificate must have; by default the host of the URL.",
     .offset = AT(server_name)},
    {.name = "insecure_skip_verify",
     .type = OPTION_BOOL,
     .fallback = "false",
     .help = "Accept any certificate. Anyone between here and the server can then read the password.",
     .offset = AT(insecure_skip_verify)},
    {.name = "queues", .type = OPTION_MAP, .help = "Job queues kept in this server.", .sub = queue_option_rows},
    {0},
};

static bool judge_tls(const struct redis_options *o, struct fail *f) {
  const char *without_use = o->ca_file       ? "ca_file"
                            : o->cert_file   ? "cert_file"
                            : o->key_file    ? "key_file"
                            : o->server_name ? "server_name"
                                             : NULL;
  if (!o->address.tls && without_use)
    return fail(f, FAIL_CONFIG, "%s is for TLS, which the address does not ask for; use rediss://", without_use);
  if (!o->cert_file != !o->key_file) {
    return fail(f, FAIL_CONFIG, "%s is given without %s", o->cert_file ? "cert_file" : "key_file",
                o->cert_file ? "key_file" : "cert_file");
  }
  return true;
}

/* Names of targets take letters, digits and . _ : / - only. */
static void make_name(const struct redis_options *o, char *name, size_t size) {
  const char *shown = o->shown;
  if (o->address.path) {
    const char *slash = strrchr(o->address.path, '/');
    shown = slash[1] ? slash + 1 : o->address.path;
  }
  size_t n = 0;
  for (; *shown && n + 1 < size; shown++) {
    bool allowed = (*shown >= 'a' && *shown <= 'z') || (*shown >= 'A' && *shown <= 'Z') || (*shown >= '0' && *shown <= '9') ||
                   strchr("._:/-", *shown);
    if (allowed) name[n++] = *shown;
  }
  name[n] = 0;
}

bool redis_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f) {
  struct redis_options *o = options;
  if (!redis_address_parse(&o->address, o->url && o->url[0] ? o->url : "localhost", a, f)) return false;
  if (!o->user) o->user = o->address.user;
  if (!o->password) o->password = o->address.password;
  o->shown = redis_address_show(&o->address, a);
  if (size) make_name(o, name, size);
  return judge_tls(o, f);
}
