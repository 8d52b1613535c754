# The PJRT client: against plugins that are wrong in one way each, and, where it is installed, XLA's
# CPU plugin. What needs the plugin or its header prints `skipped: ...` without.
set(mdlc_fakes no_table wrong_major short_table old hole only_runs no_start no_client no_device
    hangs crashes exits
    says_where says_line)
set(mdlc_fake_folder ${CMAKE_BINARY_DIR}/fakes)
add_library(fake_no_symbol MODULE ${CMAKE_CURRENT_LIST_DIR}/no_plugin.c)
set(mdlc_fake_targets fake_no_symbol)
if(MDLC_PJRT_INCLUDE)
  foreach(fault ${mdlc_fakes})
    add_library(fake_${fault} MODULE ${CMAKE_CURRENT_LIST_DIR}/fake_plugin.c)
    target_compile_definitions(fake_${fault} PRIVATE FAULT_${fault})
    target_include_directories(fake_${fault} SYSTEM PRIVATE ${MDLC_PJRT_INCLUDE})
    list(APPEND mdlc_fake_targets fake_${fault})
  endforeach()
endif()
set_target_properties(${mdlc_fake_targets} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${mdlc_fake_folder})

file(GLOB mdlc_pjrt_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_test.c)
if(NOT MDLC_PJRT_INCLUDE) # they call what is inside the client
  list(REMOVE_ITEM mdlc_pjrt_tests ${CMAKE_CURRENT_LIST_DIR}/proto_test.c)
endif()
foreach(file ${mdlc_pjrt_tests})
  get_filename_component(name ${file} NAME_WE)
  add_executable(pjrt_${name} ${file} ${PROJECT_SOURCE_DIR}/tests/unit/main.c)
  target_link_libraries(pjrt_${name} PRIVATE mdlc_flags mdlc_runtime PkgConfig::CHECK)
  target_compile_definitions(pjrt_${name} PRIVATE FAKES="${mdlc_fake_folder}"
    $<$<BOOL:${MDLC_PJRT_INCLUDE}>:HAVE_CLIENT>
    $<$<BOOL:${MDLC_PJRT_PLUGIN}>:CPU_PLUGIN="${MDLC_PJRT_PLUGIN}">)
  add_dependencies(pjrt_${name} ${mdlc_fake_targets})
  add_test(NAME pjrt/${name} COMMAND pjrt_${name})
  set_tests_properties(pjrt/${name} PROPERTIES LABELS pjrt TIMEOUT 300 SKIP_RETURN_CODE 77
                       ENVIRONMENT "CK_DEFAULT_TIMEOUT=120;TF_CPP_MIN_LOG_LEVEL=3")
endforeach()

# Transcripts of the command. Those of tests/cli that run programs are run again through XLA.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(mdlc_through_xla ${CMAKE_BINARY_DIR}/through_xla)
configure_file(${CMAKE_CURRENT_LIST_DIR}/through_xla.sh ${mdlc_through_xla}/mdlc COPYONLY
               FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
function(mdlc_pjrt_transcript name needs missing bin file)
  if(needs)
    add_test(NAME pjrt/${name} COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/cli/check.py ${bin} ${file}
                                   ${PROJECT_SOURCE_DIR}/tests/cli)
  else()
    add_test(NAME pjrt/${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: ${missing}")
    set_tests_properties(pjrt/${name} PROPERTIES SKIP_REGULAR_EXPRESSION "skipped: ")
  endif()
  set_tests_properties(pjrt/${name} PROPERTIES LABELS pjrt TIMEOUT 300 ENVIRONMENT
    "MDLC=$<TARGET_FILE:mdlc>;FAKES=${mdlc_fake_folder};MDLC_PJRT=${MDLC_PJRT_PLUGIN};TPU_LIBRARY_PATH=${MDLC_LIBTPU}")
endfunction()
set(no_plugin "XLA's CPU plugin is not installed (sh tests/install.sh)")
mdlc_pjrt_transcript(run_programs "${MDLC_PJRT_PLUGIN}" ${no_plugin} ${mdlc_through_xla}
                     ${PROJECT_SOURCE_DIR}/tests/cli/run_programs.txt)
mdlc_pjrt_transcript(run_dtypes "${MDLC_PJRT_PLUGIN}" ${no_plugin} ${mdlc_through_xla}
                     ${PROJECT_SOURCE_DIR}/tests/cli/run_dtypes.txt)
mdlc_pjrt_transcript(run_mistakes "${MDLC_PJRT_INCLUDE}" "pjrt_c_api.h was not found (sh tests/install.sh)"
                     $<TARGET_FILE_DIR:mdlc> ${CMAKE_CURRENT_LIST_DIR}/run_mistakes.txt)
mdlc_pjrt_transcript(tpu "${MDLC_LIBTPU}" "libtpu is not installed (sh tests/install.sh --tpu)"
                     $<TARGET_FILE_DIR:mdlc> ${CMAKE_CURRENT_LIST_DIR}/tpu.txt)

# For TPUs: every op of the table in every dtype, random programs, and the samples'
# training steps for five generations. That they compile; values need a TPU.
function(mdlc_tpu_test name label)
  if(MDLC_LIBTPU)
    add_test(NAME pjrt/tpu_${name} COMMAND ${ARGN})
  else()
    add_test(NAME pjrt/tpu_${name}
             COMMAND ${CMAKE_COMMAND} -E echo "skipped: libtpu is not installed (sh tests/install.sh --tpu)")
    set_tests_properties(pjrt/tpu_${name} PROPERTIES SKIP_REGULAR_EXPRESSION "skipped: ")
  endif()
  set_tests_properties(pjrt/tpu_${name} PROPERTIES LABELS ${label} TIMEOUT 1800 ENVIRONMENT
    "MDLC=$<TARGET_FILE:mdlc>;TPU_LIBRARY_PATH=${MDLC_LIBTPU}")
endfunction()
foreach(dtype bool i8 i16 i64 u8 u16 u32 u64 f16 bf16 f64)
  mdlc_tpu_test(ops_${dtype} long backend_ops ${dtype} --xla=tpu --draws=1)
endforeach()
mdlc_tpu_test(ops_f32 pjrt backend_ops f32 --xla=tpu --draws=1)
mdlc_tpu_test(ops_i32 pjrt backend_ops i32 --xla=tpu --draws=1)
mdlc_tpu_test(random long random_programs --programs=15 --size=1 --seed=5 --xla=tpu)
mdlc_tpu_test(table long sh ${PROJECT_SOURCE_DIR}/samples/tpu_table.sh)
