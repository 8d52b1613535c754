# Random programs through the front end, the evaluator, every pass and backend. Included after
# tests/backend by name: it links mdlc_trial.
add_executable(random_programs EXCLUDE_FROM_ALL
               ${PROJECT_SOURCE_DIR}/tests/random/random.c ${PROJECT_SOURCE_DIR}/tests/random/trial.c
               ${PROJECT_SOURCE_DIR}/tests/random/generate.c
               ${PROJECT_SOURCE_DIR}/tests/random/reduce.c)
target_link_libraries(random_programs PRIVATE mdlc_frontend mdlc_trial)
