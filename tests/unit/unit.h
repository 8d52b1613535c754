/* What a unit test file defines. */
#ifndef MDL_TESTS_UNIT_UNIT_H
#define MDL_TESTS_UNIT_UNIT_H

#include <check.h>

TCase *tests(void);

#endif
