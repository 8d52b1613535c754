/* The command line, read by compiler/options.def. */
#ifndef MDL_COMPILER_OPTIONS_H
#define MDL_COMPILER_OPTIONS_H

#include "ir/diag.h"

typedef enum MdlOptionKind { MDL_OPTION_flag, MDL_OPTION_joined, MDL_OPTION_either } MdlOptionKind;

typedef struct MdlOptionInfo {
  const char *text, *name, *value, *help;
  MdlOptionKind kind;
} MdlOptionInfo;
const MdlOptionInfo *mdl_option_rows(int *count);

/* Options as they were given, in order. */
typedef struct MdlGiven {
  const MdlOptionInfo *row;
  const char *value; /* "" for a flag */
} MdlGiven;

typedef struct MdlCommandLine {
  MdlArena *arena;
  const char *verb; /* "run", "compile-check", or NULL */
  int given_count, input_count;
  MdlGiven *given;
  const char **input; /* everything that is no option, after the verb */
} MdlCommandLine;

/* False with E0810 reported for an option that does not exist or lacks its value. A single `-` is
 * an input; after `--` everything is; so is a negative number, and NAME=VALUE. */
bool mdl_command_line_read(MdlSession *session, int argc, char **argv, MdlCommandLine *line);

/* The last value given for the option of this name; NULL if none. */
const char *mdl_option(const MdlCommandLine *line, const char *name);
static inline bool mdl_option_on(const MdlCommandLine *line, const char *name)
{
  return mdl_option(line, name) != NULL;
}

/* Texts made from the table. */
char *mdl_options_help(MdlArena *arena);
char *mdl_options_bash(MdlArena *arena);

#endif
