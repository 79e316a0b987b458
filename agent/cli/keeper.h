/* Keeps the history over restarts: takes it in at the start, writes it down now and then and at the end. Says when it is full. */
#ifndef SONDE_AGENT_CLI_KEEPER_H
#define SONDE_AGENT_CLI_KEEPER_H

#include "history/keep.h"

struct keeper;

/* Takes in what `folder` holds, before anything is appended, and starts a thread of its own: a disk may be slow. Where that cannot be done, or the folder
 * is another process', it is said, and nothing is kept. `folder` NULL: nothing is to be kept. */
struct keeper *keeper_start(struct history *history, const char *folder);
/* Asks the thread to write for the last time and to end … */
void keeper_end(struct keeper *k);
/* … and waits for that until `deadline`. What is not whole by then is not there: the file before stays. */
void keeper_wait(struct keeper *k, msec_t deadline);

#endif
