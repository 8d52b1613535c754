# The samples run as tests: what samples/run.sh does after building.
add_test(NAME samples/run COMMAND sh ${PROJECT_SOURCE_DIR}/samples/run.sh --built)
set_tests_properties(samples/run PROPERTIES LABELS samples TIMEOUT 550
                                            ENVIRONMENT MDLC=$<TARGET_FILE:mdlc>)
