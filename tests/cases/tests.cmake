# What the table-driven tests share: ops written as text and drawn at random, and the evaluator
# compiled again in long double (link mdlc_wide, include tests/cases/wide.h).
file(GLOB mdlc_case_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/cases/*.c)
list(FILTER mdlc_case_files EXCLUDE REGEX wide.c)
add_library(mdlc_cases STATIC ${mdlc_case_files})
target_link_libraries(mdlc_cases PUBLIC mdlc_ir)

file(GLOB mdlc_eval_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/ir/eval*.c)
add_library(mdlc_wide STATIC ${mdlc_eval_files} ${PROJECT_SOURCE_DIR}/tests/cases/wide.c)
target_compile_definitions(mdlc_wide PRIVATE "REAL=long double")
target_link_libraries(mdlc_wide PUBLIC mdlc_ir)
