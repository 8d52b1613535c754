# The front end under mutations. The short tier; tests/run.sh --all runs it with 5000 a file.
add_executable(mutate EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/mutate.c
                                       ${CMAKE_CURRENT_LIST_DIR}/edit.c)
target_link_libraries(mutate PRIVATE mdlc_frontend mdlc_ir)
