# Golden tests: RUN and CHECK lines in the test file, read by lit and FileCheck of LLVM.
find_program(MDLC_LIT NAMES lit-22 lit HINTS ${LLVM_TOOLS_BINARY_DIR})
find_program(MDLC_FILECHECK NAMES FileCheck FileCheck-22 HINTS ${LLVM_TOOLS_BINARY_DIR})
if(MDLC_LIT AND MDLC_FILECHECK)
  add_test(NAME golden COMMAND ${MDLC_LIT} -q --no-progress-bar
                               --param mdlc=$<TARGET_FILE:mdlc> --param filecheck=${MDLC_FILECHECK}
                               --param out=${PROJECT_BINARY_DIR}/golden
                               ${PROJECT_SOURCE_DIR}/tests/golden)
  set_tests_properties(golden PROPERTIES LABELS golden TIMEOUT 300)
else()
  message(STATUS "no lit or FileCheck: the golden tests are left out")
endif()
