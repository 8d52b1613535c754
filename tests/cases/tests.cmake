# Ops written as text and drawn at random: what the table-driven tests share.
add_library(mdlc_cases STATIC ${PROJECT_SOURCE_DIR}/tests/cases/text.c)
target_link_libraries(mdlc_cases PUBLIC mdlc_ir)
