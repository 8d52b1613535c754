# Derivatives of every row of the op table, of control flow and of whole programs, against
# differences of the evaluator in long double.
file(GLOB mdlc_grad_tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/grad/*_test.c)
foreach(file ${mdlc_grad_tests})
  get_filename_component(name ${file} NAME_WE)
  add_executable(${name} ${file} ${PROJECT_SOURCE_DIR}/tests/grad/check.c
                         ${PROJECT_SOURCE_DIR}/tests/grad/random.c
                         ${PROJECT_SOURCE_DIR}/tests/unit/main.c)
  target_link_libraries(${name} PRIVATE mdlc_wide mdlc_cases mdlc_passes mdlc_ir PkgConfig::CHECK)
  add_test(NAME grad/${name} COMMAND ${name})
  set_tests_properties(grad/${name} PROPERTIES LABELS grad TIMEOUT 300)
endforeach()
target_link_libraries(programs_test PRIVATE mdlc_frontend)
target_compile_definitions(programs_test PRIVATE PROGRAMS="${PROJECT_SOURCE_DIR}/tests/grad/programs")
