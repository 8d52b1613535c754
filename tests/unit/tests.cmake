# A unit test is one file X_test.c that defines `TCase *tests(void)`; main.c runs it.
# What several of them share is lab.c.
add_library(mdlc_lab STATIC ${PROJECT_SOURCE_DIR}/tests/unit/lab.c)
target_link_libraries(mdlc_lab PUBLIC mdlc_passes mdlc_ir PkgConfig::CHECK)
file(GLOB mdlc_unit_tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/*_test.c)
foreach(file ${mdlc_unit_tests})
  get_filename_component(name ${file} NAME_WE)
  add_executable(${name} ${file} ${PROJECT_SOURCE_DIR}/tests/unit/main.c)
  target_link_libraries(${name} PRIVATE mdlc_compiler mdlc_lab mdlc_frontend mdlc_passes
                                        mdlc_codegen mdlc_runtime mdlc_ir mdlc_cases mdlc_wide
                                        PkgConfig::CHECK)
  add_test(NAME unit/${name} COMMAND ${name})
  set_tests_properties(unit/${name} PROPERTIES LABELS unit TIMEOUT 300 ENVIRONMENT CK_DEFAULT_TIMEOUT=250)
endforeach()
