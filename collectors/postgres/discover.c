/* Finding servers: the environment first, as applications, postgres_exporter and libpq name them, then local sockets, then the
 * default port if something listens there. What goes by the same host and port as an earlier finding is left out. */
#include "collectors/postgres/discover.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "collectors/postgres/login.h"

struct search {
  struct finding *findings;
  size_t count, max;
  struct buf *looked;
};

static void looked_at(struct search *s, const char *what) {
  if (s->looked->length) buf_puts(s->looked, ", ");
  buf_puts(s->looked, what);
}

static bool is_loopback(const char *host) {
  return !strcmp(host, "127.0.0.1") || !strcmp(host, "::1");
}

/* What tells servers apart; "" when the address cannot be understood. A socket of the same port is the same server. */
static void name_of(const char *address, char *name, size_t size) {
  struct arena a;
  struct login login;
  arena_init(&a);
  *name = '\0';
  bool good = login_parse(&login, &a, address, NULL, NULL);
  if (good && is_loopback(login.host)) login.host = "localhost";
  if (good) login_name(&login, name, size);
  arena_done(&a);
}

static bool is_known(const struct search *s, const char *address) {
  char name[256], other[256];
  name_of(address, name, sizeof name);
  for (size_t i = 0; *name && i < s->count; i++) {
    name_of(s->findings[i].address, other, sizeof other);
    if (strcmp(name, other) == 0) return true;
  }
  return false;
}

static void found(struct search *s, const char *address, const char *shown) {
  struct finding *f = &s->findings[s->count];
  if (s->count == s->max || strlen(address) >= sizeof f->address || is_known(s, address)) return;
  snprintf(f->address, sizeof f->address, "%s", address);
  snprintf(f->shown, sizeof f->shown, "%s", shown);
  s->count++;
}

/* The environment */

static const char *variable(const char *name) {
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}

static void look_at_database_url(struct search *s) {
  const char *url = variable("DATABASE_URL");
  looked_at(s, "$DATABASE_URL");
  if (url && strncmp(url, "postgres", 8) == 0)
    found(s, url, "DATABASE_URL");
  else if (url)
    buf_puts(s->looked, " (not PostgreSQL's)");
}

/* A comma ends an address only where another begins: a list of hosts and a password may hold commas too. */
static size_t address_length(const char *list) {
  for (const char *p = list; *p; p++) {
    const char *word = p + 1;
    while (*p == ',' && (isalpha((unsigned char)*word) || *word == '_')) word++;
    if (*p == ',' && word > p + 1 && (*word == '=' || strncmp(p + 1, "postgres", 8) == 0)) return (size_t)(p - list);
  }
  return strlen(list);
}

static void look_at_data_source_name(struct search *s) {
  const char *list = variable("DATA_SOURCE_NAME");
  looked_at(s, "$DATA_SOURCE_NAME");
  while (list && *list) {
    size_t length = address_length(list);
    char address[sizeof s->findings->address];
    if (snprintf(address, sizeof address, "%.*s", (int)length, list) < (int)sizeof address) found(s, address, "DATA_SOURCE_NAME");
    list += length + (list[length] == ',');
  }
}

/* The value of a variable, or the content of the file that <name>_FILE names, which wins. False when there is neither. */
static bool variable_or_file(struct search *s, const char *name, char *out, size_t size) {
  char file_name[64];
  snprintf(file_name, sizeof file_name, "%s_FILE", name);
  const char *path = variable(file_name), *value = variable(name);
  if (!path) return value && snprintf(out, size, "%s", value) < (int)size;
  FILE *file = fopen(path, "re");
  if (!file) {
    buf_printf(s->looked, " ($%s cannot be read: %s)", file_name, strerror(errno));
    return false;
  }
  size_t length = fread(out, 1, size - 1, file);
  fclose(file);
  while (length > 0 && isspace((unsigned char)out[length - 1])) length--;
  out[length] = '\0';
  return length > 0;
}

static void put_encoded(struct buf *out, const char *text) {
  for (; *text; text++)
    buf_printf(out, isalnum((unsigned char)*text) || strchr("-._~", *text) ? "%c" : "%%%02X", (unsigned char)*text);
}

static void look_at_data_source_uri(struct search *s) {
  char uri[512], user[256], password[256];
  looked_at(s, "$DATA_SOURCE_URI");
  if (!variable_or_file(s, "DATA_SOURCE_URI", uri, sizeof uri)) return;
  SCOPED(buf_done) struct buf address;
  buf_init(&address, sizeof s->findings->address);
  buf_puts(&address, "postgresql://");
  if (variable_or_file(s, "DATA_SOURCE_USER", user, sizeof user)) {
    put_encoded(&address, user);
    if (variable_or_file(s, "DATA_SOURCE_PASS", password, sizeof password)) {
      buf_putc(&address, ':');
      put_encoded(&address, password);
    }
    buf_putc(&address, '@');
  }
  buf_puts(&address, uri);
  if (!address.overflow) found(s, address.data, "DATA_SOURCE_URI");
}

static void look_at_libpq(struct search *s) {
  static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGSERVICE", "PGPORT"};
  for (size_t i = 0; i < COUNTOF(names); i++) buf_printf(s->looked, ", $%s", names[i]);
  for (size_t i = 0; i < COUNTOF(names); i++)
    if (variable(names[i])) {
      found(s, "", names[i]);
      return;
    }
}

/* This machine */

/* Neither a socket without a server nor a closed port makes us wait; a full backlog counts as somebody listening. */
static bool listens(int family, const struct sockaddr *address, socklen_t length) {
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool good = connect(fd, address, length) == 0 || errno == EAGAIN;
  if (!good && errno == EINPROGRESS) {
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    good = poll(&p, 1, 500) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }
  close(fd);
  return good;
}

static void look_at_socket(struct search *s, const char *folder, const char *port) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char text[128], shown[sizeof s->findings->shown];
  if (!*port || port[strspn(port, "0123456789")] || strlen(folder) + strlen(port) + 16 > sizeof address.sun_path) return;
  snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%s", folder, port);
  if (!listens(AF_UNIX, (struct sockaddr *)&address, sizeof address)) return;
  snprintf(text, sizeof text, "host=%s port=%s dbname=postgres", folder, port);
  snprintf(shown, sizeof shown, "the socket %s", address.sun_path);
  found(s, text, shown);
}

static void look_at_sockets(struct search *s, const char *folder) {
  static const char prefix[] = ".s.PGSQL.";
  looked_at(s, folder);
  DIR *dir = opendir(folder);
  if (!dir) return;
  for (const struct dirent *entry; (entry = readdir(dir));)
    if (strncmp(entry->d_name, prefix, sizeof prefix - 1) == 0) look_at_socket(s, folder, entry->d_name + sizeof prefix - 1);
  closedir(dir);
}

static void look_at_port(struct search *s) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(5432), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  looked_at(s, "127.0.0.1:5432");
  if (listens(AF_INET, (struct sockaddr *)&address, sizeof address))
    found(s, "host=127.0.0.1 port=5432 dbname=postgres", "127.0.0.1:5432");
}

size_t postgres_discover(struct finding *findings, size_t max, struct buf *looked) {
  struct search s = {.findings = findings, .max = max, .looked = looked};
  if (max == 0) return 0;
  look_at_database_url(&s);
  look_at_data_source_name(&s);
  look_at_data_source_uri(&s);
  look_at_libpq(&s);
  look_at_sockets(&s, "/run/postgresql");
  look_at_sockets(&s, "/tmp");
  look_at_port(&s);
  return s.count;
}
