# libmdlc as its users meet it: the public header and the shared library, nothing else.
add_executable(library_test ${PROJECT_SOURCE_DIR}/tests/library/library_test.c)
target_link_libraries(library_test PRIVATE libmdlc mdlc_flags PkgConfig::CHECK)
add_test(NAME library/library_test COMMAND library_test)
add_test(NAME library/exports COMMAND sh -c
         "nm -D --defined-only '$<TARGET_FILE:libmdlc>' | awk '{ if ($3 !~ /^mdlc_/) { print; bad = 1 } } END { exit bad }'")
set_tests_properties(library/library_test library/exports PROPERTIES LABELS library TIMEOUT 300
                     ENVIRONMENT CK_DEFAULT_TIMEOUT=250)
