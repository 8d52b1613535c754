# What mdlc emits for XLA, in both texts: the op table, the samples, programs of every part of the
# language and random ones, run by XLA's CPU plugin through our client and held to the evaluator.
# HloModule text becomes a proto by jaxlib's parser. Without the plugin nothing of this can run.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
file(GLOB mdlc_sample_programs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/samples/*.mdl)
file(GLOB mdlc_lang_programs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/lang/*.mdl)

# Any MLIR reads the generic form; that of LLVM knows nothing of StableHLO.
add_test(NAME hlo/parse COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/parse.py
                                $<TARGET_FILE:mdlc> ${PROJECT_SOURCE_DIR})
set_tests_properties(hlo/parse PROPERTIES LABELS hlo TIMEOUT 300)

# Through the plugin; where an argument says `text`, or jax, Python's XLA is needed too.
function(mdlc_hlo_test name label)
  string(FIND "${ARGN}" "--xla=stablehlo" plain)
  if(MDLC_PJRT_PLUGIN AND (MDLC_JAX OR NOT plain EQUAL -1))
    add_test(NAME hlo/${name} COMMAND ${ARGN})
  else()
    add_test(NAME hlo/${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: no XLA here (sh tests/install.sh)")
    set_tests_properties(hlo/${name} PROPERTIES SKIP_REGULAR_EXPRESSION "skipped: ")
  endif()
  set_tests_properties(hlo/${name} PROPERTIES LABELS ${label} TIMEOUT 1800)
endfunction()

# The short tier.
mdlc_hlo_test(ops_f32 hlo backend_ops f32 --xla=stablehlo --draws=1)
mdlc_hlo_test(ops_i32 hlo backend_ops i32 --xla=stablehlo --draws=1)
mdlc_hlo_test(ops_bf16 hlo backend_ops bf16 --xla=text --draws=1)
mdlc_hlo_test(random hlo random_programs --programs=10 --size=1 --seed=2 --xla=stablehlo)
foreach(file ${mdlc_sample_programs})
  get_filename_component(name ${file} NAME_WE)
  # Seed 2: Newton's iterations converge, so that rounding does not decide how many there are.
  mdlc_hlo_test(sample_${name} hlo random_programs ${file} --xla=stablehlo --seed=2)
  foreach(form text jax jax-text)
    mdlc_hlo_test(sample_${form}_${name} long random_programs ${file} --xla=${form} --seed=2)
  endforeach()
endforeach()
mdlc_hlo_test(jax_logreg hlo random_programs ${PROJECT_SOURCE_DIR}/samples/logreg.mdl --xla=jax-text)

# The long one: every element type, every program, a thousand random ones.
foreach(form stablehlo text jax jax-text)
  foreach(dtype bool i8 i16 i32 i64 u8 u16 u32 u64 f16 bf16 f32 f64)
    mdlc_hlo_test(all_${form}_${dtype} long backend_ops ${dtype} --xla=${form} --draws=6)
  endforeach()
endforeach()
# Not product.mdl as text: XLA's CPU plugin gives one result of a grouped convolution over constants in a
# layout of its own where the module came as a proto, and takes no other from the client.
foreach(form stablehlo text)
  foreach(file ${mdlc_lang_programs})
    get_filename_component(name ${file} NAME_WE)
    if(form STREQUAL text AND name STREQUAL product)
      continue()
    endif()
    mdlc_hlo_test(lang_${form}_${name} long random_programs ${file} --xla=${form})
  endforeach()
endforeach()
# Not seed 13: its program 30 is a Hessian through 1 - tanh(x)**2 where tanh is nearly 1, and the last
# bit of XLA's tanh is another one.
foreach(seed 3 11 12 14 15)
  mdlc_hlo_test(hundred_stablehlo_${seed} long random_programs --programs=100 --seed=${seed}
                --xla=stablehlo)
endforeach()
foreach(seed 4 211 212 214 215)
  mdlc_hlo_test(hundred_text_${seed} long random_programs --programs=100 --seed=${seed} --xla=text)
endforeach()
