/* What the target "sonde" shows: the agent's own process, and what it knows of itself. */
#ifndef SONDE_POLL_PROCESS_H
#define SONDE_POLL_PROCESS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "collectors/collector.h"

struct agent_facts {
  size_t targets, series;
  uint64_t dropped;       /* samples, of all targets since the start */
  bool reload_successful; /* the last attempt */
  double reload_wall;     /* when one last succeeded, seconds since 1970 */
};

/* What is read of the process again and again. The files of /proc stay open: finding them costs ten times what reading them does. */
struct process {
  double start; /* seconds since 1970; 0 where /proc cannot tell */
  int memory;
  DIR *files;
};
void process_init(struct process *p);
void process_done(struct process *p);

/* Finished sections. */
struct section *process_section(const struct process *p);
struct section *agent_section(const struct agent_facts *facts);

#endif
