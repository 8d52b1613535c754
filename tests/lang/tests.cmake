# Programs for every part of the language, evaluated and compiled: see run.c.
add_executable(run_lang ${PROJECT_SOURCE_DIR}/tests/lang/run.c)
target_link_libraries(run_lang PRIVATE mdlc_frontend mdlc_passes mdlc_codegen mdlc_ir)
file(GLOB mdlc_lang_tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/lang/*.mdl)
foreach(file ${mdlc_lang_tests})
  get_filename_component(name ${file} NAME_WE)
  add_test(NAME lang/${name} COMMAND run_lang ${file})
  set_tests_properties(lang/${name} PROPERTIES LABELS lang TIMEOUT 120)
endforeach()

# Every mix of indices, against a reference that walks the elements.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME lang/places COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/places.py
                                  $<TARGET_FILE:run_lang> ${CMAKE_BINARY_DIR} 25)
set_tests_properties(lang/places PROPERTIES LABELS lang TIMEOUT 120)
