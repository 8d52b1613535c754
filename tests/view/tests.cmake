# Dumps of the reading view are programs.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
file(GLOB mdlc_view_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/samples/*.mdl
                                            ${PROJECT_SOURCE_DIR}/tests/lang/*.mdl)
add_test(NAME view/dumps COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/dumps.py
                                 $<TARGET_FILE:mdlc> $<TARGET_FILE:run_lang> ${mdlc_view_files})
set_tests_properties(view/dumps PROPERTIES LABELS golden TIMEOUT 600)
