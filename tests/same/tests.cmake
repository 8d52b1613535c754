# Same input, same bytes: see run.py.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_package(Threads REQUIRED)
add_executable(same_threads ${CMAKE_CURRENT_LIST_DIR}/threads.c)
target_link_libraries(same_threads PRIVATE libmdlc mdlc_flags Threads::Threads)
file(GLOB mdlc_same_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/samples/*.mdl)
set(mdlc_same_few ${PROJECT_SOURCE_DIR}/samples/quadratic.mdl ${PROJECT_SOURCE_DIR}/samples/logreg.mdl
                  ${PROJECT_SOURCE_DIR}/samples/spring.mdl)
add_test(NAME same/bytes COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py $<TARGET_FILE:mdlc>
                                 $<TARGET_FILE:same_threads> ${mdlc_same_few})
add_test(NAME same/bytes_all COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py $<TARGET_FILE:mdlc>
                                     $<TARGET_FILE:same_threads> ${mdlc_same_files})
set_tests_properties(same/bytes PROPERTIES LABELS library TIMEOUT 300)
set_tests_properties(same/bytes_all PROPERTIES LABELS "library;long" TIMEOUT 900)
