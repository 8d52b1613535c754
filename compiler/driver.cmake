# The driver mdlc.
file(GLOB mdlc_driver_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/compiler/*.c)
list(REMOVE_ITEM mdlc_driver_files ${PROJECT_SOURCE_DIR}/compiler/main.c)
add_library(mdlc_compiler STATIC ${mdlc_driver_files})
target_link_libraries(mdlc_compiler PUBLIC mdlc_frontend mdlc_passes mdlc_codegen mdlc_runtime mdlc_ir)
add_executable(mdlc ${PROJECT_SOURCE_DIR}/compiler/main.c)
target_link_libraries(mdlc PRIVATE mdlc_compiler)
