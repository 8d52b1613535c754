/* A shared library that is no PJRT plugin. */
int mdl_test_answer(void);
int mdl_test_answer(void) { return 42; }
