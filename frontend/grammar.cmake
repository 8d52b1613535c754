# The lexer and the grammar, generated into the build folder.
find_package(FLEX REQUIRED)
find_package(BISON 3.8 REQUIRED)
set(generated ${PROJECT_BINARY_DIR}/frontend)
file(MAKE_DIRECTORY ${generated})

add_custom_command(
  OUTPUT ${generated}/grammar.c ${generated}/grammar.h
  COMMAND ${BISON_EXECUTABLE} -Wall -Werror -Wno-precedence --header=${generated}/grammar.h
          -o ${generated}/grammar.c frontend/grammar.y
  DEPENDS ${PROJECT_SOURCE_DIR}/frontend/grammar.y
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
  COMMENT "bison frontend/grammar.y")
add_custom_command(
  OUTPUT ${generated}/lexer.c
  COMMAND ${FLEX_EXECUTABLE} -o ${generated}/lexer.c frontend/lexer.l
  DEPENDS ${PROJECT_SOURCE_DIR}/frontend/lexer.l ${generated}/grammar.h
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
  COMMENT "flex frontend/lexer.l")

target_sources(mdlc_frontend PRIVATE ${generated}/grammar.c ${generated}/grammar.h
                                     ${generated}/lexer.c)
# What flex and bison write themselves is not ours to fix.
set_source_files_properties(${generated}/lexer.c PROPERTIES COMPILE_OPTIONS
                            "-Wno-missing-prototypes;-Wno-sign-compare;-Wno-unused-parameter")
set_source_files_properties(${generated}/grammar.c PROPERTIES COMPILE_OPTIONS
                            "-Wno-unused-but-set-variable")

# The standard library's text as a C file.
file(GLOB std_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/frontend/std/*.mdl)
add_custom_command(
  OUTPUT ${generated}/std.c
  COMMAND ${CMAKE_COMMAND} "-DOUT=${generated}/std.c" "-DFILES=${std_files}"
          -P ${PROJECT_SOURCE_DIR}/frontend/embed.cmake
  DEPENDS ${std_files} ${PROJECT_SOURCE_DIR}/frontend/embed.cmake
  VERBATIM
  COMMENT "embed frontend/std")
target_sources(mdlc_frontend PRIVATE ${generated}/std.c)
