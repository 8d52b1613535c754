# The formulas of ir/maths.def against the C library.
add_executable(maths_test ${PROJECT_SOURCE_DIR}/tests/maths/maths_test.c
                          ${PROJECT_SOURCE_DIR}/tests/maths/tape.c)
target_link_libraries(maths_test PRIVATE mdlc_passes mdlc_ir)
add_test(NAME maths/ulp COMMAND maths_test 20000)
set_tests_properties(maths/ulp PROPERTIES LABELS unit TIMEOUT 300)

# Every f32 through the compiled functions: an hour for all, so it is not among the tests.
add_executable(maths_sweep ${PROJECT_SOURCE_DIR}/tests/maths/sweep.c
                           ${PROJECT_SOURCE_DIR}/tests/maths/sweep_want.c)
target_link_libraries(maths_sweep PRIVATE mdlc_frontend mdlc_passes mdlc_codegen mdlc_ir m)
add_executable(far_test ${PROJECT_SOURCE_DIR}/tests/maths/far_test.c ${PROJECT_SOURCE_DIR}/tests/unit/main.c)
target_link_libraries(far_test PRIVATE mdlc_frontend mdlc_passes mdlc_codegen mdlc_ir PkgConfig::CHECK m)
add_test(NAME maths/far COMMAND far_test)
set_tests_properties(maths/far PROPERTIES LABELS unit TIMEOUT 300)
