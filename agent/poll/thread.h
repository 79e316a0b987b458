/* The threads of this room: named, deaf to signals, and waited for with a deadline. */
#ifndef SONDE_POLL_THREAD_H
#define SONDE_POLL_THREAD_H

#include <pthread.h>

#include "base/clock.h"
#include "base/fail.h"

bool thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg, struct fail *f) MUST_CHECK;
/* For the thread itself: how tools show it; and no signal is for it. */
void thread_name(const char *name);
/* True when it has ended, which is waited for until `deadline`. Ask no more after that. */
bool thread_ended(pthread_t thread, msec_t deadline);

#endif
