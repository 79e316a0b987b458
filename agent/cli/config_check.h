/* What `sonde config check` and `sonde run --config.check` share. */
#ifndef SONDE_AGENT_CLI_CONFIG_CHECK_H
#define SONDE_AGENT_CLI_CONFIG_CHECK_H

/* Reads the file and prints what is wrong with it, or that it is good. Returns the exit status. */
int config_check(const char *path);

#endif
