/* Compiler attributes and small macros that every file may use. */
#ifndef SONDE_BASE_ATTR_H
#define SONDE_BASE_ATTR_H

#define MUST_CHECK              __attribute__((warn_unused_result))
#define PRINTF(position, first) __attribute__((__format__(__printf__, position, first)))
#define NORETURN                __attribute__((noreturn))
#define UNUSED                  __attribute__((unused))

/* SCOPED(buf_done) struct buf b; calls buf_done(&b) when b leaves its scope, on every path. */
#define SCOPED(done) __attribute__((cleanup(done)))

#define COUNTOF(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b)      ((a) < (b) ? (a) : (b))
#define MAX(a, b)      ((a) > (b) ? (a) : (b))

#endif
