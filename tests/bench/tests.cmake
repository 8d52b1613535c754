# The GPU's benchmark without a GPU: its programs on the emulator of tests/cuda, its peers' formulas on
# stand-ins or on the CPU, all held against float64.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(run ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/cuda/run.py $<TARGET_FILE:mdlc>)
set(bench ${run} --check)
add_test(NAME cuda/bench COMMAND ${bench} -k chain,transpose,cross_entropy,gemm_nt,mlp)
add_test(NAME cuda/bench_table COMMAND ${run} --rehearse --rounds 2 -k gather,gemm_nt)
add_test(NAME cuda/bench_all COMMAND ${bench})
add_test(NAME cuda/bench_free_sizes COMMAND ${bench} --free --without torch,jax,library)
add_test(NAME cuda/bench_races COMMAND ${bench} --mode race --without torch,jax,library)
add_test(NAME cuda/bench_nvcc COMMAND ${run} --nvcc sm_90)
set_tests_properties(cuda/bench cuda/bench_table PROPERTIES LABELS cuda)
set_tests_properties(cuda/bench_all cuda/bench_free_sizes cuda/bench_races cuda/bench_nvcc PROPERTIES LABELS long)
set_tests_properties(cuda/bench cuda/bench_table cuda/bench_all cuda/bench_free_sizes cuda/bench_races cuda/bench_nvcc
                     PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1800)
