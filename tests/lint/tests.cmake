# What holds for the text of every file: layers, style that no compiler checks.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(lint layers text)
  add_test(NAME lint/${lint} COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/lint/${lint}.py
                                     ${PROJECT_SOURCE_DIR})
  set_tests_properties(lint/${lint} PROPERTIES LABELS lint)
endforeach()
