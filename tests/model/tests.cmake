# Models filled by the paths of their leaves, from C and by mdlc run.
add_test(NAME model/paths COMMAND sh ${PROJECT_SOURCE_DIR}/tests/model/run.sh $<TARGET_FILE:mdlc>
                                  ${CMAKE_C_COMPILER} $<TARGET_FILE:mdl>)
set_tests_properties(model/paths PROPERTIES LABELS e2e TIMEOUT 120)
