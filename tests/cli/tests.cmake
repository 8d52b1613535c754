# Transcripts of the command mdlc: see check.py.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
file(GLOB mdlc_cli_tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/cli/*.txt)
foreach(file ${mdlc_cli_tests})
  get_filename_component(name ${file} NAME_WE)
  add_test(NAME cli/${name} COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/cli/check.py
                                    $<TARGET_FILE_DIR:mdlc> ${file})
  set_tests_properties(cli/${name} PROPERTIES LABELS cli TIMEOUT 300)
endforeach()
