# Malformed programs with what is said about them, and the table of codes against them.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME error/messages COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py
                                     $<TARGET_FILE:mdlc>)
add_test(NAME error/codes COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py
                                  $<TARGET_FILE:mdlc> --lint)
set_tests_properties(error/messages error/codes PROPERTIES LABELS error TIMEOUT 600)
