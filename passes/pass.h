/* Passes and their driver. A pass is one row of passes/passes.def and one function in its own file;
 * the driver runs the rows in order, verifies after each, dumps and times. */
#ifndef MDL_PASSES_PASS_H
#define MDL_PASSES_PASS_H

#include "ir/form.h"
#include "ir/ir.h"
#include "ir/machine.h"

typedef struct MdlPassOptions {
  const MdlMachine *machine;
  int opt;        /* -O0..-O3: 0 to 3 */
  bool size;      /* -Os */
  bool fast_math; /* -ffast-math: rewrites that reassociate */
  bool tf32;      /* --matmul-precision=tf32: on a GPU, f32 products of operands rounded to tf32 */
  bool trap;      /* --checks=trap */
  bool debug;     /* -g */
  int threads;    /* --threads= */
  int64_t max_arena; /* -fmax-arena=: bytes of an entry's work buffer; 0: any */
  int schedule;      /* --schedule=: the file's index in the session, plus 1; 0: none */
} MdlPassOptions;

typedef struct MdlPass {
  MdlIr *ir;
  MlirOperation module;
  MdlMap *symbols; /* as of the start of the pass */
  const MdlPassOptions *options;
  bool changed; /* set by the pass: drives `repeat` */
} MdlPass;

/* A function pass sees one defined function; a module pass gets a null op. False: an error was
 * reported. */
typedef bool MdlPassFn(MdlPass *pass, MlirOperation func);

typedef enum MdlPassScope { MDL_SCOPE_function, MDL_SCOPE_module } MdlPassScope;

typedef struct MdlPassInfo {
  const char *name;
  MdlForm from, to;
  MdlPassScope scope;
  int opt;      /* lowest -O level that runs it in the pipeline */
  bool repeats; /* between the `repeat` marks: run until nothing changes */
  MdlPassFn *run;
  const char *doc;
} MdlPassInfo;

const MdlPassInfo *mdl_passes(int *count);
const MdlPassInfo *mdl_pass_find(const char *name);

#define PASS(name, ...) MdlPassFn mdl_pass_##name;
#include "passes/passes.def"

typedef struct MdlPassObserver {
  /* After every pass that ran (and verified); both may be NULL. */
  void (*after)(void *user, const char *pass, MdlIr *ir, MlirOperation module, double seconds);
  void *user;
} MdlPassObserver;

/* Runs the pipeline up to and including the passes that leave form `until` (and `stop_after` by
 * name, if not NULL). False: an error was reported. A broken IR is MDL_BUG naming the pass. */
bool mdl_pipeline_run(MdlIr *ir, MlirOperation module, const MdlPassOptions *options, MdlForm until,
                      const char *stop_after, const MdlPassObserver *observer);
/* Runs the named passes, comma separated: `-x mlir --passes=`. */
bool mdl_passes_run(MdlIr *ir, MlirOperation module, const MdlPassOptions *options,
                    const char *names, const MdlPassObserver *observer);

#endif
