/* What the files of this room share of the root: its rows, and reading from memory. */
#ifndef SONDE_AGENT_CONFIG_ROOT_H
#define SONDE_AGENT_CONFIG_ROOT_H

#include "config/config.h"

extern const struct option root_rows[];

/* As config_load(), with the file's text at hand. */
struct config *config_parse(const char *path, const char *text, size_t length, const struct kinds *kinds,
                            struct fail *f) MUST_CHECK;
/* Whether the HTTP side could listen there, and serve metrics there. False with a sentence. */
bool config_check_listen(const char *address, struct fail *f) MUST_CHECK;
bool config_check_path(const char *path, struct fail *f) MUST_CHECK;

#endif
