# What holds for the text of every file: layers, style that no compiler checks.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(lint layers text)
  add_test(NAME lint/${lint} COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/lint/${lint}.py
                                     ${PROJECT_SOURCE_DIR})
  set_tests_properties(lint/${lint} PROPERTIES LABELS lint)
endforeach()

# The README's commands print what it says they print.
add_test(NAME lint/readme COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/lint/readme.py
                                  $<TARGET_FILE:mdlc> ${PROJECT_SOURCE_DIR})
set_tests_properties(lint/readme PROPERTIES LABELS lint)
# The pages made from the tables are fresh.
add_test(NAME lint/docs COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/lint/docs.py
                                $<TARGET_FILE:mdlc> ${PROJECT_SOURCE_DIR})
set_tests_properties(lint/docs PROPERTIES LABELS lint)
