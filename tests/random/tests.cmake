# Random programs through the front end, the evaluator, every pass and backend. Included after
# tests/backend by name: it links mdlc_trial.
file(GLOB mdlc_random_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/random/*.c)
add_executable(random_programs ${mdlc_random_files})
target_link_libraries(random_programs PRIVATE mdlc_frontend mdlc_trial)

# The short tier takes a slice; the long one a thousand programs and every compiler for some.
add_test(NAME random/slice COMMAND random_programs --programs=20 --size=1 --seed=1)
set_tests_properties(random/slice PROPERTIES LABELS random TIMEOUT 900)
foreach(seed RANGE 11 20)
  add_test(NAME random/hundred_${seed} COMMAND random_programs --programs=100 --size=1 --seed=${seed})
  set_tests_properties(random/hundred_${seed} PROPERTIES LABELS long TIMEOUT 3600)
endforeach()
foreach(machine plain x86-64 native)
  add_test(NAME random/all_${machine}
           COMMAND random_programs --programs=20 --all --size=1 --seed=7 --machine=${machine})
  set_tests_properties(random/all_${machine} PROPERTIES LABELS long TIMEOUT 3600)
endforeach()

# Programs that once failed.
file(GLOB mdlc_kept CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/random/kept/*.mdl)
foreach(file ${mdlc_kept})
  get_filename_component(name ${file} NAME_WE)
  add_test(NAME random/kept_${name} COMMAND random_programs ${file})
  set_tests_properties(random/kept_${name} PROPERTIES LABELS random TIMEOUT 300)
endforeach()

# Programs of rows: what fusion puts into one loop, through the same driver.
file(GLOB mdlc_rows CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/random/rows/*.mdl)
foreach(file ${mdlc_rows})
  get_filename_component(name ${file} NAME_WE)
  add_test(NAME random/rows_${name} COMMAND random_programs --no-reduce ${file})
  set_tests_properties(random/rows_${name} PROPERTIES LABELS random TIMEOUT 300)
  foreach(machine plain x86-64)
    add_test(NAME random/rows_${name}_${machine}
             COMMAND random_programs --no-reduce --machine=${machine} ${file})
    set_tests_properties(random/rows_${name}_${machine} PROPERTIES LABELS long TIMEOUT 600)
  endforeach()
endforeach()
