# CUDA without a GPU: the emulator and what it must catch, then what mdlc emits, on it. Needs clang,
# no toolkit; where nvcc is installed it is asked too.
foreach(name features faults)
  add_test(NAME cuda/${name} COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/${name}.sh ${CMAKE_BINARY_DIR}/cuda/${name})
endforeach()
foreach(name samples products split sorts halves nvcc)
  add_test(NAME cuda/${name} COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/${name}.sh ${CMAKE_BINARY_DIR}/cuda/${name}
           $<TARGET_FILE:mdlc>)
endforeach()
add_executable(cuda_ptx ${CMAKE_CURRENT_LIST_DIR}/ptx/print.c)
target_link_libraries(cuda_ptx PRIVATE mdlc_codegen)
add_test(NAME cuda/ptx COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/ptx.sh ${CMAKE_BINARY_DIR}/cuda/ptx $<TARGET_FILE:cuda_ptx>)
foreach(dtype f32 i32)
  add_test(NAME cuda/ops_${dtype} COMMAND backend_ops ${dtype} --machine=sm_80 --draws=1)
endforeach()
add_test(NAME cuda/random COMMAND random_programs --seed=3 --programs=10 --machine=sm_80)
add_test(NAME cuda/mutants COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/mutants.sh ${CMAKE_BINARY_DIR}/cuda/mutants
                                   $<TARGET_FILE:mdlc>)
set_tests_properties(cuda/mutants PROPERTIES LABELS cuda TIMEOUT 600)
# Every entry of every sample. Seed 2: Newton's iterations converge, so that rounding does not decide
# how many there are.
foreach(name quadratic logreg mlp cnn newton spring softmax_xent)
  add_test(NAME cuda/sample_${name}
           COMMAND random_programs --seed=2 --machine=sm_80 --all ${PROJECT_SOURCE_DIR}/samples/${name}.mdl)
  set_tests_properties(cuda/sample_${name} PROPERTIES LABELS cuda TIMEOUT 600)
  foreach(seed 1 3 4 6)
    if(name STREQUAL newton)
      continue()
    endif()
    add_test(NAME cuda/sample_${name}_${seed} COMMAND random_programs --seed=${seed} --machine=sm_80
             --all ${PROJECT_SOURCE_DIR}/samples/${name}.mdl)
    set_tests_properties(cuda/sample_${name}_${seed} PROPERTIES LABELS long TIMEOUT 600)
  endforeach()
endforeach()
foreach(name inout_read_and_stored once_a_row_in_place empty_axes host_picks_a_count half_products_in_parts kernels_of_padded_images)
  add_test(NAME cuda/kept_${name} COMMAND random_programs ${PROJECT_SOURCE_DIR}/tests/random/kept/${name}.mdl
                                          --machine=sm_80)
  set_tests_properties(cuda/kept_${name} PROPERTIES LABELS cuda TIMEOUT 600)
endforeach()
add_test(NAME cuda/report COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/report.sh ${CMAKE_BINARY_DIR}/cuda/report $<TARGET_FILE:mdlc>)
set_tests_properties(cuda/report PROPERTIES LABELS cuda TIMEOUT 300)
add_test(NAME cuda/maps COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/maps.sh ${CMAKE_BINARY_DIR}/cuda/maps $<TARGET_FILE:mdlc>)
set_tests_properties(cuda/maps PROPERTIES LABELS cuda TIMEOUT 600)
# The language's own tests.
file(GLOB mdlc_lang_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/lang/*.mdl)
foreach(path ${mdlc_lang_files})
  get_filename_component(name ${path} NAME_WE)
  add_test(NAME cuda/lang_${name} COMMAND random_programs --no-reduce --seed=2 --machine=sm_80 ${path})
  set_tests_properties(cuda/lang_${name} PROPERTIES LABELS cuda TIMEOUT 600)
endforeach()
# Kernels that share a launch: a race between its parts is one between blocks.
add_test(NAME cuda/launches COMMAND random_programs ${CMAKE_CURRENT_LIST_DIR}/launches.mdl --machine=sm_80 --all)
set_tests_properties(cuda/launches PROPERTIES LABELS cuda TIMEOUT 600)
# Loops and branches over data on the whole grid.
add_test(NAME cuda/resident COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/resident.sh ${CMAKE_BINARY_DIR}/cuda/resident
                                    $<TARGET_FILE:mdlc>)
add_test(NAME cuda/resident_all COMMAND random_programs --no-reduce --seed=2 --machine=sm_80 --all
                                        ${CMAKE_CURRENT_LIST_DIR}/resident.mdl)
set_tests_properties(cuda/resident cuda/resident_all PROPERTIES LABELS cuda TIMEOUT 600)
set_tests_properties(cuda/features cuda/faults cuda/samples cuda/products cuda/sorts cuda/halves cuda/ptx cuda/nvcc cuda/ops_f32 cuda/ops_i32 cuda/random
                     PROPERTIES LABELS cuda SKIP_RETURN_CODE 77 TIMEOUT 600)
# Rows: of many lengths, and what fusion puts into one loop.
add_test(NAME cuda/rows COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/rows.sh ${CMAKE_BINARY_DIR}/cuda/rows $<TARGET_FILE:mdlc>
                                $<TARGET_FILE:random_programs>)
set_tests_properties(cuda/rows PROPERTIES LABELS cuda TIMEOUT 600)
add_test(NAME cuda/rows_all COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/rows.sh ${CMAKE_BINARY_DIR}/cuda/rows_all
                                    $<TARGET_FILE:mdlc> $<TARGET_FILE:random_programs>)
set_tests_properties(cuda/rows_all PROPERTIES LABELS long TIMEOUT 3600 ENVIRONMENT MDLC_TESTS_ALL=1)
foreach(name softmax norms cross_entropy sums updates)
  add_test(NAME cuda/rows_${name} COMMAND random_programs --no-reduce --machine=sm_80 --all
                                          ${PROJECT_SOURCE_DIR}/tests/random/rows/${name}.mdl)
  set_tests_properties(cuda/rows_${name} PROPERTIES LABELS long TIMEOUT 1800)
endforeach()
# In full, with the checker of races.
foreach(dtype bool i8 i16 i32 i64 u8 u16 u32 u64 f16 bf16 f32 f64)
  add_test(NAME cuda/all_${dtype} COMMAND backend_ops ${dtype} --machine=sm_80 --all)
  set_tests_properties(cuda/all_${dtype} PROPERTIES LABELS long TIMEOUT 1800)
endforeach()
# A thousand random programs, two hundred of them with the checker of races: --all.
foreach(seed RANGE 41 50)
  if(seed LESS 43)
    set(races --all)
  else()
    set(races)
  endif()
  add_test(NAME cuda/hundred_${seed} COMMAND random_programs --programs=100 --seed=${seed} --machine=sm_80 ${races})
  set_tests_properties(cuda/hundred_${seed} PROPERTIES LABELS long TIMEOUT 1800)
endforeach()
# Scans and places of extremes, by teams and by parts.
add_test(NAME cuda/scans COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/scans.sh ${CMAKE_BINARY_DIR}/cuda/scans $<TARGET_FILE:mdlc>
                                 $<TARGET_FILE:random_programs>)
set_tests_properties(cuda/scans PROPERTIES LABELS cuda TIMEOUT 600)
add_test(NAME cuda/scans_all COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/scans.sh ${CMAKE_BINARY_DIR}/cuda/scans_all
                                     $<TARGET_FILE:mdlc> $<TARGET_FILE:random_programs>)
set_tests_properties(cuda/scans_all PROPERTIES LABELS long TIMEOUT 3600 ENVIRONMENT MDLC_TESTS_ALL=1)
