# What `cmake --install` lays down: the command, the library, the runtime, with a CMake package
# (find_package(mdlc)) and pkg-config files (mdlc, mdl).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(mdlc_package ${CMAKE_INSTALL_LIBDIR}/cmake/mdlc)

# LLVM's shared libraries lie in a folder of their own, which only the run path names (mdlc needs it where
# it is not linked with the archives).
set_target_properties(mdlc libmdlc PROPERTIES INSTALL_RPATH "${LLVM_LIBRARY_DIRS}")
install(TARGETS mdlc libmdlc)
install(FILES compiler/mdlc.h runtime/mdl.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES runtime/pjrt.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} RENAME mdl_pjrt.h)

# The runtime alone, for programs that use compiled modules: no LLVM behind it.
file(GLOB mdl_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/runtime/*.c)
add_library(mdl STATIC ${mdl_files})
set_target_properties(mdl PROPERTIES C_STANDARD 99)
target_link_libraries(mdl PRIVATE $<BUILD_INTERFACE:mdlc_flags>)
mdlc_pjrt_client(mdl)
install(TARGETS mdl DESTINATION ${CMAKE_INSTALL_LIBDIR})

configure_package_config_file(${PROJECT_SOURCE_DIR}/compiler/mdlc-config.cmake.in ${PROJECT_BINARY_DIR}/mdlc-config.cmake
                              INSTALL_DESTINATION ${mdlc_package}
                              PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR
                                        CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mdlc-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mdlc-config.cmake
              ${PROJECT_BINARY_DIR}/mdlc-config-version.cmake DESTINATION ${mdlc_package})
foreach(name mdlc mdl)
  configure_file(${PROJECT_SOURCE_DIR}/compiler/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
