# The front end under mutations: a slice of it in the short tier, every prefix and 5,000 mutations of
# every sample in the long one.
add_executable(mutate ${CMAKE_CURRENT_LIST_DIR}/mutate.c ${CMAKE_CURRENT_LIST_DIR}/edit.c)
target_link_libraries(mutate PRIVATE mdlc_frontend mdlc_ir)
file(GLOB mdlc_fuzz_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/samples/*.mdl)
add_test(NAME fuzz/frontend COMMAND mutate 1 60 29 ${mdlc_fuzz_files})
set_tests_properties(fuzz/frontend PROPERTIES LABELS fuzz TIMEOUT 300)
add_test(NAME fuzz/frontend_all COMMAND mutate 2 5000 1 ${mdlc_fuzz_files})
set_tests_properties(fuzz/frontend_all PROPERTIES LABELS "fuzz;long" TIMEOUT 3600)
