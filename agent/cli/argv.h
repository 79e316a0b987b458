/* The command line as other users of this machine see it. */
#ifndef SONDE_AGENT_CLI_ARGV_H
#define SONDE_AGENT_CLI_ARGV_H

/* Returns a copy of the arguments, and overwrites what looks like a secret in the originals, which are
 * what `ps` shows: passwords in URLs and connection strings, and the values of flags that are called so. */
char **argv_take(int argc, char **argv);
void argv_free(int argc, char **copy);

#endif
