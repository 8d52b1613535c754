/* A random program through everything: the front end, the evaluator before and after the passes,
 * every backend. */
#ifndef MDL_TESTS_RANDOM_TRIAL_H
#define MDL_TESTS_RANDOM_TRIAL_H

#include "tests/backend/trial.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum MdlOutcome {
  MDL_OUTCOME_well,
  MDL_OUTCOME_refused,  /* the front end reports errors */
  MDL_OUTCOME_bug,      /* an internal error, or the pipeline gave up */
  MDL_OUTCOME_passes,   /* the evaluator's result changes by the passes of mdl form */
  MDL_OUTCOME_compiler, /* a C compiler objects, or the program dies */
  MDL_OUTCOME_mismatch, /* results differ */
  MDL_OUTCOME_crash,    /* the compiler dies by a signal or takes too long */
  MDL_OUTCOME_COUNT
} MdlOutcome;

const char *mdl_outcome_name(MdlOutcome outcome);

typedef struct MdlRandomSettings {
  const MdlMachine *machine;
  uint64_t seed; /* of arguments and sizes */
  int seconds;   /* for one text */
  bool all, keeps, quiet;
  MdlXla xla; /* through XLA instead of the other backends */
} MdlRandomSettings;

/* In a process of its own. `quiet`: says nothing on stderr. *mark (may be NULL) says in what way the
 * compiler reported: a hash of its first error without what that names; 0 for none. */
MdlOutcome mdl_random_run(const char *text, const MdlRandomSettings *settings, uint32_t *mark);

/* A shorter text with the same outcome. */
const char *mdl_random_reduce(const char *text, MdlOutcome outcome,
                              const MdlRandomSettings *settings);

#endif
