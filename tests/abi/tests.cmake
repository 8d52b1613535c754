# The C side of structs, from C, from an object and from the manifest.
add_test(NAME abi/layout COMMAND sh ${PROJECT_SOURCE_DIR}/tests/abi/run.sh $<TARGET_FILE:mdlc>
                                 ${CMAKE_C_COMPILER})
set_tests_properties(abi/layout PROPERTIES LABELS e2e TIMEOUT 120)
