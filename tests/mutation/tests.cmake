# Deliberate faults in a copy of the compiler must be noticed by the tests: `ctest -L mutation`, about
# a build for each of them. That each still has its text to change is checked always.
add_test(NAME mutation/awake COMMAND python3 ${PROJECT_SOURCE_DIR}/tests/mutation/run.py)
set_tests_properties(mutation/awake PROPERTIES LABELS mutation TIMEOUT 7200)
add_test(NAME lint/mutations COMMAND python3 ${PROJECT_SOURCE_DIR}/tests/mutation/run.py --lint)
set_tests_properties(lint/mutations PROPERTIES LABELS lint)
