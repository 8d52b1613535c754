# C and LLVM against the evaluator: the op table here, random programs in tests/random. The short
# tier takes what models are made of; --all (label slow) every element type, machine and compiler.
add_library(mdlc_trial STATIC ${PROJECT_SOURCE_DIR}/tests/backend/trial.c
            ${PROJECT_SOURCE_DIR}/tests/backend/call.c ${PROJECT_SOURCE_DIR}/tests/backend/compile.c
            ${PROJECT_SOURCE_DIR}/tests/backend/compare.c)
target_link_libraries(mdlc_trial PUBLIC mdlc_codegen mdlc_passes mdlc_cases mdlc_wide mdlc_ir
                                        ${CMAKE_DL_LIBS})
add_executable(backend_ops ${PROJECT_SOURCE_DIR}/tests/backend/ops.c)
target_link_libraries(backend_ops PRIVATE mdlc_trial)

