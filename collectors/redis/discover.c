/* Which Redis servers run here: what the environment names, as redis_exporter and most applications read it, then sockets in the usual folders,
 * then the default port. A server that the environment names on this machine is not looked for again under another address. */
#include "collectors/redis/discover.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "collectors/redis/address.h"

enum { CONNECT_MSEC = 300, DEFAULT_PORT = 6379, PASSWORD_FILE_MAX = 16384 };

struct search {
  struct finding *findings;
  size_t max, count;
  const char *user, *password; /* from the environment; for addresses that bring none */
  char *from_file;             /* the password, when a file brought it */
  bool here;                   /* the environment named a server of this machine */
};

/* ---- the environment ---- */

static const char *environment(const char *name) {
  const char *value = getenv(name);
  return value && value[0] ? value : NULL;
}

/* redis_exporter's password file is a JSON object from addresses to passwords; a plain one holds the password. */
static void take_password(struct search *s, const char *text, const char *address) {
  json_t *object = json_loads(text, 0, NULL);
  const char *found = json_is_object(object) ? json_string_value(json_object_get(object, address)) : text;
  if (found && found[0]) s->password = s->from_file = mem_copy_bytes(found, strcspn(found, "\r\n"));
  json_decref(object);
}

static void read_password(struct search *s, const char *path, const char *address, struct buf *looked) {
  char text[PASSWORD_FILE_MAX];
  FILE *file = fopen(path, "re");
  if (!file) {
    buf_printf(looked, " ($REDIS_PASSWORD_FILE cannot be read: %s)", strerror(errno));
    return;
  }
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  take_password(s, text, address);
  mem_wipe(text, length);
}

static void append_encoded(struct buf *out, const char *text) {
  for (; *text; text++) {
    bool plain =
        (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9') || strchr("-._~", *text);
    if (plain)
      buf_putc(out, *text);
    else
      buf_printf(out, "%%%02X", (unsigned char)*text);
  }
}

/* Appends `address` with the environment's login in it, unless it has its own. */
static void append_address(struct buf *out, const char *address, const struct search *s) {
  const char *separator = strstr(address, "://"), *rest = separator ? separator + 3 : address;
  if (strchr(address, '@') || !(s->user || s->password)) {
    buf_puts(out, address);
    return;
  }
  if (separator)
    buf_put(out, address, (size_t)(rest - address));
  else
    buf_puts(out, "redis://");
  if (s->user) append_encoded(out, s->user);
  if (s->password) {
    buf_putc(out, ':');
    append_encoded(out, s->password);
  }
  buf_printf(out, "@%s", rest);
}

/* ---- findings ---- */

static void add(struct search *s, const char *address, const char *shown) {
  SCOPED(buf_done) struct buf whole;
  if (s->count == s->max) return;
  struct finding *f = &s->findings[s->count];
  buf_init(&whole, sizeof f->address - 1);
  append_address(&whole, address, s);
  if (whole.overflow || !whole.data) return;
  snprintf(f->address, sizeof f->address, "%s", whole.data);
  snprintf(f->shown, sizeof f->shown, "%s", shown);
  mem_wipe(whole.data, whole.length);
  s->count++;
}

static bool is_here(const char *url) {
  static const char *const names[] = {"localhost", "127.0.0.1", "::1"};
  struct redis_address address;
  struct arena a;
  arena_init(&a);
  bool here = redis_address_parse(&address, url, &a, NULL) && address.path;
  for (size_t i = 0; i < COUNTOF(names) && !here; i++) here = address.host && !strcmp(address.host, names[i]);
  arena_done(&a);
  return here;
}

static void look_at_environment(struct search *s) {
  static const char *const names[] = {"REDIS_URL", "REDIS_ADDR"};
  for (size_t i = 0; i < COUNTOF(names); i++) {
    const char *url = environment(names[i]);
    if (!url || (i > 0 && s->count > 0 && environment(names[0]) && !strcmp(url, environment(names[0])))) continue;
    add(s, url, names[i]);
    if (is_here(url)) s->here = true;
  }
}

/* ---- this machine ---- */

/* 0 when something listens, else why not. */
static int try_connect(const struct sockaddr *to, socklen_t length) {
  int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
  if (fd < 0) return errno;
  if (connect(fd, to, length)) error = errno;
  if (error == EINPROGRESS) {
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    socklen_t size = sizeof error;
    if (poll(&p, 1, CONNECT_MSEC) != 1)
      error = ETIMEDOUT;
    else
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  close(fd);
  return error;
}

static int try_socket(const char *path) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof to.sun_path) return ENAMETOOLONG;
  memcpy(to.sun_path, path, strlen(path));
  return try_connect((const struct sockaddr *)&to, sizeof to);
}

static bool port_answers(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(DEFAULT_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return try_connect((const struct sockaddr *)&to, sizeof to) == 0;
}

/* Adds the sockets of one pattern that give `verdict` when connected to. A path through a symbolic link is the same socket again. */
static void look_for_sockets(struct search *s, const char *pattern, int verdict) {
  glob_t found = {0};
  if (glob(pattern, 0, NULL, &found)) return;
  for (size_t i = 0; i < found.gl_pathc; i++) {
    SCOPED(mem_free) char *real = realpath(found.gl_pathv[i], NULL);
    if (!real || strcmp(real, found.gl_pathv[i]) != 0 || try_socket(real) != verdict) continue;
    char address[sizeof s->findings->address], shown[sizeof s->findings->shown];
    snprintf(address, sizeof address, "unix://%s", real);
    snprintf(shown, sizeof shown, "the socket %s", real);
    add(s, address, shown);
  }
  globfree(&found);
}

/* A server mostly listens at both; the socket is the better way, if we may use it. */
static void look_here(struct search *s, const char *const *patterns, size_t count) {
  size_t before = s->count;
  for (size_t i = 0; i < count; i++) look_for_sockets(s, patterns[i], 0);
  if (s->count > before) return;
  if (port_answers()) add(s, "redis://127.0.0.1:6379", "port 6379 of this machine");
  for (size_t i = 0; i < count && s->count == before; i++) look_for_sockets(s, patterns[i], EACCES);
}

size_t redis_discover(struct finding *findings, size_t max, struct buf *looked) {
  static const char *const patterns[] = {"/run/redis/*.sock", "/var/run/redis/*.sock", "/run/valkey/*.sock"};
  struct search s = {
      .findings = findings, .max = max, .user = environment("REDIS_USER"), .password = environment("REDIS_PASSWORD")};
  const char *file = environment("REDIS_PASSWORD_FILE"), *address = environment("REDIS_ADDR");
  buf_puts(looked, "$REDIS_URL, $REDIS_ADDR");
  if (!s.password && file) read_password(&s, file, address ? address : "redis://localhost:6379", looked);
  look_at_environment(&s);
  if (!s.here) {
    for (size_t i = 0; i < COUNTOF(patterns); i++) buf_printf(looked, ", %s", patterns[i]);
    buf_puts(looked, ", 127.0.0.1:6379");
    look_here(&s, patterns, COUNTOF(patterns));
  }
  if (s.from_file) mem_wipe(s.from_file, strlen(s.from_file));
  free(s.from_file);
  return s.count;
}
