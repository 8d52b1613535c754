# LLVM and MLIR 22 behind their C API: the target mlir_c. A program links either the shared libraries
# or the archives, never both: with both there are two universes of type ids. Tests and libmdlc take
# the shared ones. A target with the property MDLC_ARCHIVES takes the archives: mdlc does, because the
# loader needs 20 ms for the 300,000 relocations of the shared libraries, as long as all the rest of a
# small compile.
find_package(MLIR REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "mdlc needs LLVM and MLIR 22, found ${LLVM_PACKAGE_VERSION}")
endif()
add_library(mlir_c INTERFACE)
target_include_directories(mlir_c SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})

# All archives there are: the linker takes only the members that are asked for. LLVM compresses debug
# sections; its packages bring the two libraries for that, but not their -dev packages.
function(mdlc_llvm_archives result)
  list(GET LLVM_LIBRARY_DIRS 0 folder)
  file(GLOB archives ${folder}/libMLIR*.a ${folder}/libLLVM*.a)
  find_library(MDLC_Z NAMES z libz.so.1)
  find_library(MDLC_ZSTD NAMES zstd libzstd.so.1)
  if(EXISTS ${folder}/libMLIRIR.a AND EXISTS ${folder}/libLLVMCore.a AND MDLC_Z AND MDLC_ZSTD)
    set(${result} ${archives} ${MDLC_Z} ${MDLC_ZSTD} PARENT_SCOPE)
  endif()
endfunction()

set(mdlc_api "")
foreach(part RegisterEverything IRDL SCF Func Arith Math MemRef Vector Index ControlFlow LLVM GPU
             Tensor Transforms Conversion Target IR)
  list(APPEND mdlc_api $<TARGET_FILE:MLIRCAPI${part}>)
endforeach()
mdlc_llvm_archives(mdlc_archives)
option(MDLC_ARCHIVES "Link mdlc with LLVM's archives: it starts 20 ms sooner" ON)
if(NOT mdlc_archives OR MDLC_SANITIZE)
  set(MDLC_ARCHIVES OFF)
endif()
set(archives $<BOOL:$<TARGET_PROPERTY:MDLC_ARCHIVES>>)
target_link_libraries(mlir_c INTERFACE
  "$<${archives}:-Wl,--gc-sections,--start-group$<$<CONFIG:Release>:,--strip-all>;${mdlc_archives};-Wl,--end-group;-ldl>"
  "$<$<NOT:${archives}>:${mdlc_api};$<TARGET_FILE:MLIR>;$<TARGET_FILE:LLVM>>" stdc++ m)
