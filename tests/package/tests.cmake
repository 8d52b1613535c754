# Installed, found by pkg-config and CMake, and used.
add_test(NAME package/install COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/run.sh ${PROJECT_BINARY_DIR}
                                      ${PROJECT_BINARY_DIR}/package)
set_tests_properties(package/install PROPERTIES LABELS library TIMEOUT 300)
