# The front end under mutations: a slice of it in the short tier, every prefix and 5,000 mutations of
# every sample in the long one.
add_executable(mutate ${CMAKE_CURRENT_LIST_DIR}/mutate.c ${CMAKE_CURRENT_LIST_DIR}/edit.c)
target_link_libraries(mutate PRIVATE mdlc_frontend mdlc_ir)
file(GLOB mdlc_fuzz_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/samples/*.mdl
                                            ${PROJECT_SOURCE_DIR}/frontend/std/*.mdl)
add_test(NAME fuzz/frontend COMMAND mutate 1 60 29 ${mdlc_fuzz_files})
set_tests_properties(fuzz/frontend PROPERTIES LABELS fuzz TIMEOUT 300)
add_test(NAME fuzz/frontend_all COMMAND mutate 2 5000 1 ${mdlc_fuzz_files})
set_tests_properties(fuzz/frontend_all PROPERTIES LABELS "fuzz;long" TIMEOUT 3600)

# What reads anything but mdl: dumps of the IR, command lines, JSON, weights.
add_executable(feed ${CMAKE_CURRENT_LIST_DIR}/feed.c ${CMAKE_CURRENT_LIST_DIR}/edit.c
               ${PROJECT_SOURCE_DIR}/compiler/library.c)
target_link_libraries(feed PRIVATE mdlc_compiler)
set(mdlc_feed_files ${PROJECT_SOURCE_DIR}/samples/quadratic.mdl ${PROJECT_SOURCE_DIR}/samples/logreg.mdl
                    ${PROJECT_SOURCE_DIR}/samples/newton.mdl)
foreach(kind mlir options json weights)
  add_test(NAME fuzz/${kind} COMMAND feed ${kind} 1 100 ${mdlc_feed_files})
  add_test(NAME fuzz/${kind}_all COMMAND feed ${kind} 2 5000 ${mdlc_feed_files})
  # what a pass gives up on is left as it is, so leaks are no finding here
  set_tests_properties(fuzz/${kind} fuzz/${kind}_all PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
  set_tests_properties(fuzz/${kind} PROPERTIES LABELS fuzz TIMEOUT 300)
  set_tests_properties(fuzz/${kind}_all PROPERTIES LABELS "fuzz;long" TIMEOUT 1800)
endforeach()

# The front end for libFuzzer (preset fuzz), and its corpus replayed in every build.
add_executable(fuzz_frontend ${CMAKE_CURRENT_LIST_DIR}/target.c)
target_link_libraries(fuzz_frontend PRIVATE mdlc_frontend mdlc_ir)
if(MDLC_SANITIZE MATCHES fuzzer)
  target_link_options(fuzz_frontend PRIVATE -fsanitize=fuzzer)
else()
  target_compile_definitions(fuzz_frontend PRIVATE REPLAYS)
endif()
file(GLOB mdlc_corpus CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/corpus/*.mdl)
add_test(NAME fuzz/corpus COMMAND fuzz_frontend ${mdlc_corpus})
set_tests_properties(fuzz/corpus PROPERTIES LABELS fuzz TIMEOUT 120)
