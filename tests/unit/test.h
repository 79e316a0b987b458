/* What every unit test includes first: cmocka and what it needs. Its macro fail() gives way to ours; a test that must not go on uses
 * fail_msg(). */
#ifndef SONDE_TESTS_UNIT_TEST_H
#define SONDE_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                                                              \
  do {                                                                                                                             \
    print_error("ERROR: " __VA_ARGS__);                                                                                            \
    print_error("\n");                                                                                                             \
    _fail(__FILE__, __LINE__);                                                                                                     \
  } while (0)

#endif
