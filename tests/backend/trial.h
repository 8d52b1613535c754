/* A trial: one module of many entries, each run on several draws of arguments by the evaluator, by
 * the emitted C of several compilers and by the LLVM object. C and LLVM must agree bit for bit (all
 * NaNs being one), the evaluator within verification.md's bar. */
#ifndef MDL_TESTS_BACKEND_TRIAL_H
#define MDL_TESTS_BACKEND_TRIAL_H

#include "ir/eval.h"
#include "ir/machine.h"
#include "tests/cases/wide.h"

/* Quick: what compiles fast. Ends: -O0 and -O3. */
typedef enum MdlCompilers { MDL_QUICK = 1, MDL_ENDS = 2, MDL_ALL = 4 } MdlCompilers;

/* Through XLA instead: as StableHLO or HloModule text, by the CPU plugin or jaxlib; or compiled, and
 * no more, for a TPU. */
typedef enum MdlXla {
  MDL_XLA_none,
  MDL_XLA_stablehlo,
  MDL_XLA_text,
  MDL_XLA_jax,
  MDL_XLA_jax_text,
  MDL_XLA_tpu
} MdlXla;
/* "stablehlo", "text", "jax", "jax-text", "tpu"; none for other words. */
MdlXla mdl_xla_find(const char *name);

typedef enum MdlBar {
  MDL_BAR_exact,   /* the evaluator's bits */
  MDL_BAR_ulps,    /* each element: 4 times the evaluator's worst error in ulps, plus 2 */
  MDL_BAR_absolute /* 4 times the worst absolute error, or twice what an ulp in every op can do,
                      plus 2 ulp of the largest result */
} MdlBar;

typedef struct MdlTrialRun {
  MdlTensor *arg;
  MdlEvalResult rounded; /* as the language says */
  MdlWideResult truth;   /* in long double, never rounded */
  MdlWideResult shaken;  /* every op an ulp off: how much rounding can matter */
} MdlTrialRun;

typedef struct MdlTrialEntry {
  const char *name, *text; /* text: for a person who must find the fault */
  MdlBar bar;
  int args, results, sizes, runs;
  const char *const *size;
  const int64_t *extent;
  MdlTrialRun *run;
  MlirOperation func; /* in mdl form; gone after lowering */
  int same_as;        /* the entry so many before this one must give the same bits; 0: none */
} MdlTrialEntry;

typedef struct MdlTrial {
  MdlIr *ir;
  MlirOperation module;
  const MdlMachine *machine;
  const char *folder; /* for C files and what compilers make of them */
  int entries;
  MdlTrialEntry *entry;
  MdlCompilers compilers;
  MdlXla xla;
  bool keeps;     /* leave the folder's files */
  int mismatches; /* counted by mdl_trial_run */
} MdlTrial;

/* "plain", "native", "x86-64", "x86-64-v3", ..., "sm_80"; NULL for none. */
const MdlMachine *mdl_trial_machine(const char *name);

/* Gives a function its signature: arguments x0, x1, ..., results out0, ...; free sizes by name. */
void mdl_trial_sign(MdlIr *ir, MlirOperation func, const char *name, int sizes,
                    const char *const *size);

/* The value of a free size, for mdl_size_eval and MdlEvalOptions; `user` is the MdlTrialEntry. */
bool mdl_trial_size(void *user, const char *name, int64_t *value);
/* Do these sizes fail a guard of the signature? The entry says MDL_BAD_SIZE to them, and that is what
 * the reference says too; the evaluator asks no guards. */
bool mdl_trial_refuses(MdlIr *ir, const MdlTrialEntry *entry);

/* The reference: evaluates every entry's `func`, a function of `module`, which need not be the
 * module that is compiled. `shakes`: with conditioning, for programs of many ops. */
void mdl_trial_evaluate(MdlTrial *trial, MlirOperation module, bool shakes);

/* Lowers the trial's module, compiles and compares; says on stderr what differs. False if there was
 * no comparison: the pipeline or a compiler failed (said too). */
bool mdl_trial_run(MdlTrial *trial);

/* The same by XLA's CPU client, entry by entry. */
bool mdl_trial_run_xla(MdlTrial *trial);
/* XLA's CPU client takes subnormals for zeros, and gives none: arguments to be drawn without, results
 * to be compared so. f16 keeps them: it is computed in f32. */
void mdl_trial_flush(MdlTensor *t);
double mdl_trial_flushed(MdlDtype dtype, double value);

/* Whether two evaluations are the same bit for bit, all NaNs being one. */
bool mdl_trial_same(const MdlEvalResult *a, const MdlEvalResult *b);

/* ---- inside ------------------------------------------------------------------------------ */

/* Where a result of a run lies in a variant's memory. */
typedef struct MdlTrialPlace {
  size_t offset, bytes;
} MdlTrialPlace;

/* What one way of running left: status and results of every run, in shared memory. */
typedef struct MdlTrialOutput {
  const char *name; /* "gcc -O3" */
  unsigned char *memory;
  size_t bytes;
} MdlTrialOutput;

typedef int32_t MdlTrialCall(void **args);

/* The layout of outputs: 4 bytes of status and then the results, for each run of each entry. */
size_t mdl_trial_bytes(const MdlTrial *trial);
/* The place of result `result` (-1: the status) of a run. */
MdlTrialPlace mdl_trial_place(const MdlTrial *trial, int entry, int run, int result);

/* Calls every entry on every run in a process of its own, between canaries. False if it died. */
bool mdl_trial_call(const MdlTrial *trial, MdlTrialCall *const *calls, MdlTrialOutput *output);

/* The C variants and the object: writes, compiles, loads and calls them. */
int mdl_trial_compile(const MdlTrial *trial, MdlTrialOutput *outputs, int most, bool *well);

/* On a machine with a warp: the CUDA file, emulated, with the checker of races too if all compilers
 * are asked for. */
int mdl_trial_cuda(const MdlTrial *trial, MdlTrialOutput *outputs, int most, bool *well);

/* Parts of both: a file of the folder, the calls of all entries as C, running a library of them. */
void mdl_trial_write(const char *path, const char *text);
const char *mdl_trial_calls(const MdlTrial *trial);
bool mdl_trial_load(const MdlTrial *trial, const char *path, MdlTrialOutput *output);

/* Counts and tells what differs. */
int mdl_trial_compare(const MdlTrial *trial, const MdlTrialOutput *outputs, int count);

#endif
