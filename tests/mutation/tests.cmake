# Deliberate faults in a copy of the compiler must be noticed by the tests.
add_test(NAME mutation/awake COMMAND python3 ${PROJECT_SOURCE_DIR}/tests/mutation/run.py)
set_tests_properties(mutation/awake PROPERTIES LABELS long TIMEOUT 7200)
