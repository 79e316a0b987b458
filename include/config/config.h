/* The configuration: one immutable struct, read from YAML or made up when there is no file. Whoever keeps a part of it holds the whole. */
#ifndef SONDE_CONFIG_CONFIG_H
#define SONDE_CONFIG_CONFIG_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "config/kind.h"

struct part_config {
  bool on;
  msec_t every; /* 0: at every tick */
};

struct target_config {
  const struct kind *kind;
  const char *name, *job, *instance;
  const char *address;   /* what is watched as people may see it (host:port): no secret in it */
  msec_t every, timeout; /* timeout < every */
  struct part_config parts[PARTS_MAX];
  void *options;   /* the kind's struct */
  uint64_t digest; /* equal when kind, name and all of the above are equal: a reload keeps such a target as it is */
};

/* Among the rules, those that sonde brings along: files of alerts/, by their names. All of them are on where none are configured. */
#define CONFIG_PACKS(X) X(web_stack, "web-stack") X(web_app, "web-app")

/* Where messages go. */
struct receiver_config {
  const struct service *service;
  const char *name;
  const char *address; /* as people may see it: the URL is a credential */
  void *options;       /* the service's struct */
};

struct config {
  struct arena arena; /* owns everything below */
  atomic_uint references;
  const char *path;      /* of the file; NULL when made up */
  struct strings listen; /* "127.0.0.1:10420", "[::1]:10420", ":10420", "unix:/run/sonde.sock" */
  const char *telemetry_path;
  msec_t poll_interval, poll_timeout;
  const char *state_dir;  /* resolved by config_state_dir() */
  msec_t history_keep;    /* at least as long */
  int64_t history_memory; /* bytes */
  struct pairs external_labels;
  const char *external_url; /* where people reach the agent, without a / at its end; "" when unknown */
  struct strings rules;     /* patterns of rule files, and names of CONFIG_PACKS */
  struct target_config *targets;
  size_t target_count;
  struct receiver_config *receivers;
  size_t receiver_count;
};

/* Reads a file. NULL with a sentence "file:line:column: what, why, what is allowed". The caller has one reference. */
struct config *config_load(const char *path, const struct kinds *kinds, struct fail *f) MUST_CHECK;
/* The defaults, no targets. */
struct config *config_new(void);
struct config *config_ref(struct config *c);
/* Lets go of it, on any thread; the last one wipes its secrets. NULL allowed. */
void config_unref(struct config *c);

/* Adds a target to a made-up configuration: `address` is the value of the kind's first option ("" for none). One whose name is there already is the
 * same server found twice: nothing is added. False with a sentence. */
bool config_add_target(struct config *c, const struct kind *kind, const char *address, struct fail *f) MUST_CHECK;

/* What the command line says instead of the file: the addresses when `count` is not 0, the path when it is not NULL. False with a sentence. */
bool config_set_web(struct config *c, const char *const *listen, size_t count, const char *telemetry_path,
                    struct fail *f) MUST_CHECK;

/* The folder for state: the key, $STATE_DIRECTORY, /var/lib/sonde if writable, else the user's XDG state folder; made when missing. */
bool config_state_dir(struct config *c, struct fail *f) MUST_CHECK;
/* The folders that it may be, none of which is made: where an agent that runs here may have left its socket. Returns how many. */
#define STATE_PLACES_MAX 2
size_t config_state_places(struct config *c, const char *ret[STATE_PLACES_MAX]);
/* Equal for configurations that watch the same targets in the same way, also in another process. Where they listen and keep state is left out. */
uint64_t config_digest(const struct config *c);

/* docs/configuration.md: every key with type, default, bounds and help, from the rows. */
void config_describe(struct buf *out, const struct kinds *kinds);

#endif
