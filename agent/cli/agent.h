/* The running agent, from its configuration to its end. */
#ifndef SONDE_AGENT_CLI_AGENT_H
#define SONDE_AGENT_CLI_AGENT_H

#include <stddef.h>

#define LISTEN_FLAGS_MAX 16
#define AGENT_SOCKET     "sonde.sock" /* in the folder for state: where `sonde check` asks the agent */

/* What the command line of `sonde run` says; it stands above the file, at each reload too. */
struct run_settings {
  const char *config_file;    /* NULL: the default, or none */
  const char *telemetry_path; /* NULL: as the file says */
  const char *listen[LISTEN_FLAGS_MAX];
  size_t listen_count; /* 0: as the file says */
};

/* Runs until SIGTERM or SIGINT; SIGHUP reads the configuration again. Returns the exit status when it cannot start; once it has run it ends the
 * process itself. */
int agent_run(const struct run_settings *settings);

#endif
