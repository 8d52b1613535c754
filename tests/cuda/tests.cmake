# The emulator that runs CUDA files without a GPU, and what it must catch. Needs clang, no toolkit.
add_test(NAME cuda/features COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/features.sh ${CMAKE_BINARY_DIR}/cuda/features)
add_test(NAME cuda/faults COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/faults.sh ${CMAKE_BINARY_DIR}/cuda/faults)
set_tests_properties(cuda/features cuda/faults PROPERTIES LABELS "cuda")
