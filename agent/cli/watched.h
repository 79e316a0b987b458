/* What is to be watched: the file's targets, or what runs here when there is no file. */
#ifndef SONDE_AGENT_CLI_WATCHED_H
#define SONDE_AGENT_CLI_WATCHED_H

#include "config/config.h"

#define DEFAULT_CONFIG_FILE "/etc/sonde/sonde.yml"

/* Called with each sentence about the search for servers; `good` is false where something was found and cannot be used. */
typedef void say_fn(bool good, const char *sentence);

/* All that a configuration file may name. */
struct kinds watched_kinds(void);
/* Reads `path`; when it is NULL, the default file; when that does not exist, looks what runs here and tells `say` of it. NULL with a
 * sentence. */
struct config *watched_load(const char *path, say_fn *say, struct fail *f) MUST_CHECK;
/* Appends the names of the parts that are on. */
void watched_parts(struct buf *out, const struct target_config *t, const char *separator);

#endif
