# C and LLVM against the evaluator: the op table here, random programs in tests/random. The short
# tier takes what models are made of; --all (label long) every element type and machine, and every
# compiler where nothing is a vector.
add_library(mdlc_trial STATIC ${PROJECT_SOURCE_DIR}/tests/backend/trial.c
            ${PROJECT_SOURCE_DIR}/tests/backend/call.c ${PROJECT_SOURCE_DIR}/tests/backend/compile.c
            ${PROJECT_SOURCE_DIR}/tests/backend/compare.c ${PROJECT_SOURCE_DIR}/tests/backend/xla.c
            ${PROJECT_SOURCE_DIR}/tests/backend/xla_files.c
            ${PROJECT_SOURCE_DIR}/tests/backend/cuda.c)
target_link_libraries(mdlc_trial PUBLIC mdlc_codegen mdlc_passes mdlc_cases mdlc_wide mdlc_runtime
                                        mdlc_ir ${CMAKE_DL_LIBS})
find_path(MDLC_JAX jaxlib/_hlo.so PATHS ${PROJECT_SOURCE_DIR}/build/plugins/jax DOC "jaxlib, for the tests")
target_compile_definitions(mdlc_trial PRIVATE CPU_PLUGIN="${MDLC_PJRT_PLUGIN}"
  LIBTPU="${MDLC_LIBTPU}"
  CUDA_TESTS="${PROJECT_SOURCE_DIR}/tests/cuda" CUDA_OBJECTS="${CMAKE_BINARY_DIR}/cuda/objects"
  TEXT_TO_PROTO="PYTHONPATH='${MDLC_JAX}' python3 '${PROJECT_SOURCE_DIR}/tests/hlo/text_to_proto.py'"
  RUN_JAX="PYTHONPATH='${MDLC_JAX}' python3 '${PROJECT_SOURCE_DIR}/tests/hlo/run_jax.py'")
add_executable(backend_ops ${PROJECT_SOURCE_DIR}/tests/backend/ops.c)
target_link_libraries(backend_ops PRIVATE mdlc_trial)

add_executable(backend_schedules ${PROJECT_SOURCE_DIR}/tests/backend/schedules.c)
target_link_libraries(backend_schedules PRIVATE mdlc_trial)

# The short tier: two draws of every row, each end of the range of compilers.
foreach(dtype f32 i32 bool u8)
  add_test(NAME backend/ops_${dtype} COMMAND backend_ops ${dtype})
  set_tests_properties(backend/ops_${dtype} PROPERTIES LABELS backend TIMEOUT 600)
endforeach()
foreach(dtype bool i8 i16 i32 i64 u8 u16 u32 u64 f16 bf16 f32 f64)
  foreach(machine plain x86-64 native)
    set(compilers "")
    if(machine STREQUAL plain)
      set(compilers --all)
    endif()
    add_test(NAME backend/all_${dtype}_${machine}
             COMMAND backend_ops ${dtype} ${compilers} --draws=3 --machine=${machine})
    set_tests_properties(backend/all_${dtype}_${machine} PROPERTIES LABELS long TIMEOUT 1800)
  endforeach()
endforeach()

# Contractions on any schedule: the same bits.
add_test(NAME backend/schedules COMMAND backend_schedules)
set_tests_properties(backend/schedules PROPERTIES LABELS backend TIMEOUT 600)
foreach(machine plain x86-64 x86-64-v3 native)
  add_test(NAME backend/all_schedules_${machine}
           COMMAND backend_schedules --machine=${machine} --problems=80 --seed=1)
  set_tests_properties(backend/all_schedules_${machine} PROPERTIES LABELS long TIMEOUT 1800)
endforeach()

# Sizes at and beyond what an entry takes.
add_test(NAME backend/sizes COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/sizes.sh $<TARGET_FILE:mdlc>
                                    ${CMAKE_C_COMPILER} ${CMAKE_BINARY_DIR}/sizes)
set_tests_properties(backend/sizes PROPERTIES LABELS backend TIMEOUT 120)
