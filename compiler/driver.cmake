# The driver mdlc, and the compiler as a library: libmdlc exports mdlc_* and nothing else.
file(GLOB mdlc_driver_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/compiler/*.c)
list(REMOVE_ITEM mdlc_driver_files ${PROJECT_SOURCE_DIR}/compiler/main.c
     ${PROJECT_SOURCE_DIR}/compiler/library.c)
add_library(mdlc_compiler STATIC ${mdlc_driver_files})
target_link_libraries(mdlc_compiler PUBLIC mdlc_frontend mdlc_passes mdlc_codegen mdlc_runtime
                                           mdlc_ir)
add_executable(mdlc ${PROJECT_SOURCE_DIR}/compiler/main.c)
target_link_libraries(mdlc PRIVATE mdlc_compiler)
set_target_properties(mdlc PROPERTIES MDLC_ARCHIVES ${MDLC_ARCHIVES})

add_library(libmdlc SHARED ${PROJECT_SOURCE_DIR}/compiler/library.c)
set_target_properties(libmdlc PROPERTIES OUTPUT_NAME mdlc VERSION ${PROJECT_VERSION} SOVERSION 0
                                         LINK_DEPENDS ${PROJECT_SOURCE_DIR}/compiler/mdlc.map)
target_link_libraries(libmdlc PRIVATE mdlc_compiler)
target_link_options(libmdlc PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/compiler/mdlc.map)
if(NOT MDLC_SANITIZE) # clang's sanitizers come with the program that loads the library
  target_link_options(libmdlc PRIVATE -Wl,--no-undefined)
endif()
