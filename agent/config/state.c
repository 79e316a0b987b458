/* The folder for state: where the user says, else where systemd says, else where a packaged service keeps it, else in the user's home, so that a
 * first run as an ordinary user works. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

/* Makes the folder and those above it; private, as what is kept there is nobody else's business. */
static bool make_folder(const char *path) {
  struct arena a;
  arena_init(&a);
  char *copy = arena_copy(&a, path);
  for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    (void)mkdir(copy, 0755); /* the last one tells */
    *slash = '/';
  }
  arena_done(&a);
  struct stat st;
  if (mkdir(path, 0700) && errno != EEXIST) return false;
  if (stat(path, &st)) return false;
  errno = ENOTDIR;
  return S_ISDIR(st.st_mode) && access(path, R_OK | W_OK | X_OK) == 0;
}

static bool settle(struct config *c, const char *path, const char *origin, struct fail *f) {
  if (!make_folder(path)) return fail_errno(f, "the folder for state, %s (from %s), cannot be used", path, origin);
  c->state_dir = arena_copy(&c->arena, path);
  return true;
}

/* $XDG_STATE_HOME/sonde, else ~/.local/state/sonde; NULL without a home. */
static const char *user_folder(struct arena *a) {
  const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  struct passwd user, *found = NULL;
  char names[1024];
  if (xdg && *xdg == '/') return arena_printf(a, "%s/sonde", xdg);
  if (!home || *home != '/') {
    getpwuid_r(geteuid(), &user, names, sizeof names, &found);
    home = found ? found->pw_dir : NULL;
  }
  return home && *home == '/' ? arena_printf(a, "%s/.local/state/sonde", home) : NULL;
}

struct place {
  const char *path, *origin;
};

static size_t list_places(struct config *c, struct place *ret) {
  const char *service = getenv("STATE_DIRECTORY");
  if (c->state_dir) {
    ret[0] = (struct place){c->state_dir, "state_dir"};
    return 1;
  }
  if (service && *service) { /* systemd separates several by colons */
    ret[0] = (struct place){arena_copy_bytes(&c->arena, service, strcspn(service, ":")), "$STATE_DIRECTORY"};
    return 1;
  }
  ret[0] = (struct place){"/var/lib/sonde", "the default"};
  ret[1] = (struct place){user_folder(&c->arena), "the user's home"};
  return ret[1].path ? 2 : 1;
}

bool config_state_dir(struct config *c, struct fail *f) {
  struct place places[STATE_PLACES_MAX];
  size_t count = list_places(c, places);
  for (size_t i = 0; i < count; i++)
    if (settle(c, places[i].path, places[i].origin, f)) return true;
  if (count > 1 || strcmp(places[0].origin, "the default") != 0) return false;
  return fail(f, FAIL_CONFIG, "no folder for state: /var/lib/sonde cannot be written and there is no home folder; set state_dir");
}

size_t config_state_places(struct config *c, const char *ret[STATE_PLACES_MAX]) {
  struct place places[STATE_PLACES_MAX];
  size_t count = list_places(c, places);
  for (size_t i = 0; i < count; i++) ret[i] = places[i].path;
  return count;
}
