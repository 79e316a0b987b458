/* Where the agent listens: judged while the configuration is read, so that --config.check finds what a start would stumble over. */
#include <stdlib.h>
#include <string.h>

#include "agent/config/root.h"

static bool is_port(const char *text) {
  size_t digits = strspn(text, "0123456789");
  return digits > 0 && digits <= 5 && !text[digits] && strtol(text, NULL, 10) <= 65535;
}

/* The colon before the port: behind the brackets of an IPv6 address. */
static bool check_tcp(const char *address, struct fail *f) {
  const char *bracket = *address == '[' ? strchr(address, ']') : NULL, *colon = strchr(bracket ? bracket : address, ':');
  if (*address == '[' && (!bracket || (bracket[1] && bracket[1] != ':')))
    return fail(f, FAIL_CONFIG, "\"%.100s\" is not an address; an IPv6 address is written [::1]:10420", address);
  if (!colon) return fail(f, FAIL_CONFIG, "\"%.100s\" has no port; write it like 127.0.0.1:10420 or :10420", address);
  if (strchr(colon + 1, ':'))
    return fail(f, FAIL_CONFIG, "\"%.100s\" is not an address; an IPv6 address is written in brackets, [::1]:10420", address);
  if (!is_port(colon + 1)) return fail(f, FAIL_CONFIG, "\"%.100s\" is not a port; it is a number up to 65535", colon + 1);
  return true;
}

bool config_check_listen(const char *address, struct fail *f) {
  if (strstr(address, "://")) return fail(f, FAIL_CONFIG, "an address is no URL; write it like 127.0.0.1:10420 or :10420");
  if (strncmp(address, "unix:", 5) != 0) return check_tcp(address, f);
  return address[5] == '/' ||
         fail(f, FAIL_CONFIG, "\"%.100s\": a socket's path begins with /, as in unix:/run/sonde.sock", address);
}

bool config_check_path(const char *path, struct fail *f) {
  static const char *const taken[] = {"/", "/sd", "/health", "/targets", "/probe", "/api", "/-"};
  if (*path != '/' || strpbrk(path, " ?#%\"<>\t\n") || strlen(path) > 200)
    return fail(f, FAIL_CONFIG, "\"%.100s\" is not a path; write it like /metrics", path);
  for (size_t i = 0; i < COUNTOF(taken); i++) {
    size_t length = strlen(taken[i]);
    if (!strncmp(path, taken[i], length) && (!path[length] || (i > 0 && path[length] == '/')))
      return fail(f, FAIL_CONFIG, "\"%.100s\" is taken by another page; choose another path", path);
  }
  return true;
}

bool config_set_web(struct config *c, const char *const *listen, size_t count, const char *telemetry_path, struct fail *f) {
  for (size_t i = 0; i < count; i++)
    if (!config_check_listen(listen[i], f)) return fail_prefix(f, "--web.listen-address");
  if (telemetry_path && !config_check_path(telemetry_path, f)) return fail_prefix(f, "--web.telemetry-path");
  if (telemetry_path) c->telemetry_path = arena_copy(&c->arena, telemetry_path);
  if (count == 0) return true;
  c->listen = (struct strings){.items = arena_alloc(&c->arena, count * sizeof *c->listen.items), .count = count};
  for (size_t i = 0; i < count; i++) c->listen.items[i] = arena_copy(&c->arena, listen[i]);
  return true;
}
