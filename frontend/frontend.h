/* The front end: text to mdl form. Two steps, so that a program with mistakes costs no MLIR:
 * check parses, resolves and types everything; lower builds the module. Reports go to the session;
 * the caller flushes. */
#ifndef MDL_FRONTEND_FRONTEND_H
#define MDL_FRONTEND_FRONTEND_H

#include "ir/ir.h"
#include "ir/signature.h"

/* -DNAME=N: the size NAME is N in every entry that leaves it free. */
typedef struct MdlDefine {
  const char *name; /* interned in the session's arena */
  int64_t value;
} MdlDefine;

typedef struct MdlFrontendOptions {
  const char *module; /* "logreg" */
  const char *prefix; /* "logreg_" */
  const char *source; /* the path as given */
  bool trap;          /* --checks=trap: out of range indices set the status */
  int defines;
  MdlDefine *define;
  /* Finds an imported module that is not std: `path` is "layers/dense.mdl". Returns the file's
   * index in the session, or -1. May be NULL. */
  int (*load)(void *user, MdlSession *session, const char *path);
  void *user;
} MdlFrontendOptions;

typedef struct MdlProgram MdlProgram;

/* Parses the file and what it imports, checks names, types and sizes of every item. NULL: errors
 * were reported. */
MdlProgram *mdl_frontend_check(MdlSession *session, int file, const MdlFrontendOptions *options);

/* Builds the module: one public function with `mdl.signature` per entry, private functions and
 * recipes (ir/recipe.h) behind them. Null: errors were reported. */
MlirOperation mdl_frontend_lower(MdlIr *ir, MdlProgram *program);
/* How many entries it has: a module of functions alone has none. */
int mdl_program_entries(const MdlProgram *program);

/* The syntax tree as text, for --emit=ast; NULL: errors were reported. */
const char *mdl_frontend_ast(MdlSession *session, int file);

/* The functions that need no import, a line each: --list-builtins. */
const char *mdl_builtins_list(MdlArena *arena);

#endif
