/* What the configuration must know of what it can name: kinds of targets, one in each collector, and services that receive messages, one in each
 * format. */
#ifndef SONDE_CONFIG_KIND_H
#define SONDE_CONFIG_KIND_H

#include "base/arena.h"
#include "base/fail.h"
#include "config/option.h"

#define PARTS_MAX 24

/* A piece of a collector with its own cadence and switch. The first part of a kind is its base: when it fails, the target is down.
 * Parts are listed hot ones first, in the order they are asked for. */
struct part {
  const char *name;             /* what node_exporter calls a collector: "filesystem", "statements" */
  const char *summary;          /* a sentence */
  msec_t every;                 /* default cadence; 0: at every tick */
  bool off;                     /* not collected unless asked for */
  const struct option *options; /* keys below parts.<name> besides `every`; NULL for none; offsets into the kind's option struct */
};

struct kind {
  const char *name; /* the key in a target: "postgres" */
  const char *job;  /* default of the label job; NULL: the target's name, and by_address */
  bool by_address;  /* the default of its label instance is its address, else its name */
  bool relays;      /* its page is another exporter's: while the target is down, there is none */
  const char *summary;
  const struct part *parts;
  size_t part_count;
  const struct option *options; /* rows ended by one without a name. The first row's name is `name`: what to watch */
  size_t options_size;          /* of the struct the rows point into */
  /* Completes and judges the options of one target (the scheme of a URL, two keys that exclude each other), and writes the default name of the
   * target (host:port) into `name`. The strings it sets are made in `a`. False with a sentence that needs no place: the caller adds it. */
  bool (*prepare)(void *options, struct arena *a, char *name, size_t size, struct fail *f);
};

/* A service that receives messages. */
struct service {
  const char *name; /* the key in a receiver: "slack" */
  const char *summary;
  const struct option *options; /* rows of the map below the key, ended by one without a name */
  size_t options_size;
  /* As kind.prepare; writes the address as people may see it: of an URL that is a credential, the host. */
  bool (*prepare)(void *options, struct arena *a, char *address, size_t size, struct fail *f);
};

/* All that a file may name. */
struct kinds {
  const struct kind *const *targets;
  size_t target_count;
  const struct service *const *services;
  size_t service_count;
};

#endif
