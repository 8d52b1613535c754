# print, seen by a C program: its own mdl_print, the runtime's, or none.
add_test(NAME print/host COMMAND sh ${PROJECT_SOURCE_DIR}/tests/print/run.sh $<TARGET_FILE:mdlc>
                                 ${CMAKE_C_COMPILER} $<TARGET_FILE:mdl>)
set_tests_properties(print/host PROPERTIES LABELS e2e TIMEOUT 120)
