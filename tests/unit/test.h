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

#endif
