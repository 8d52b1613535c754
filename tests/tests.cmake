# Tests, by kind: every folder of tests/ that has a tests.cmake. Labels are the kinds.
find_package(PkgConfig REQUIRED)
pkg_check_modules(CHECK REQUIRED IMPORTED_TARGET check)

file(GLOB mdlc_test_kinds CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*/tests.cmake)
foreach(kind ${mdlc_test_kinds})
  include(${kind})
endforeach()
