# The PJRT client needs the header of the C API, which comes with plugins; tests/install.sh puts one
# into build/plugins. Without it the same functions say so.
set(mdlc_plugins ${PROJECT_SOURCE_DIR}/build/plugins)
foreach(found MDLC_PJRT_INCLUDE MDLC_PJRT_PLUGIN MDLC_LIBTPU) # once found, gone since
  if(${found} AND NOT EXISTS ${${found}})
    unset(${found} CACHE)
  endif()
endforeach()
find_path(MDLC_PJRT_INCLUDE pjrt_c_api.h PATHS ${mdlc_plugins}/xla_plugins/xla_cpu_pjrt/include
          DOC "Folder of pjrt_c_api.h")
find_file(MDLC_PJRT_PLUGIN xla_cpu_pjrt.so PATHS ${mdlc_plugins}/xla_plugins/xla_cpu_pjrt
          DOC "XLA's CPU plugin, for the tests")
find_file(MDLC_LIBTPU libtpu.so PATHS ${mdlc_plugins}/libtpu DOC "The TPU compiler, for the tests")

function(mdlc_pjrt_client target)
  set(folder ${PROJECT_SOURCE_DIR}/runtime/pjrt)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*.c)
  if(MDLC_PJRT_INCLUDE)
    list(REMOVE_ITEM files ${folder}/absent.c)
    target_include_directories(${target} SYSTEM PRIVATE ${MDLC_PJRT_INCLUDE})
  else()
    set(files ${folder}/absent.c)
  endif()
  target_sources(${target} PRIVATE ${files})
  target_link_libraries(${target} PUBLIC ${CMAKE_DL_LIBS})
endfunction()
