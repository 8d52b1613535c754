/* Runs the tests of one file. */
#include "tests/unit/unit.h"

#include <stdlib.h>

int main(void)
{
  Suite *suite = suite_create("mdlc");
  suite_add_tcase(suite, tests());
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
