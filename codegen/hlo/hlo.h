/* The HLO backend: one entry as a module that XLA compiles, as StableHLO in generic form or as
 * HloModule text. Both are printed from one graph (graph.h), which a walk over mdl form builds.
 *
 * The module's function is `main`. Its arguments are the leaves of in and inout parameters, in
 * order; its results the leaves of results, then those of inout parameters, each of which may take
 * the argument's buffer, then, if a check is left in the entry, one i32 with the status that the C
 * function would return. Sizes are numbers. */
#ifndef MDL_CODEGEN_HLO_HLO_H
#define MDL_CODEGEN_HLO_HLO_H

#include "ir/ir.h"
#include "ir/signature.h"

typedef enum MdlHloForm { MDL_HLO_stablehlo, MDL_HLO_text } MdlHloForm;

typedef struct MdlHloOptions {
  MdlHloForm form;
  MdlSizeValueFn *size_of; /* values of free sizes; NULL: there are none */
  void *user;
} MdlHloOptions;

/* `module` is in mdl form and stays as it is. NULL: reported (E0806 for a free size without value,
 * E0851 for a guard that the sizes break). In the arena, ended by a newline. */
const char *mdl_hlo_entry(MdlIr *ir, MlirOperation module, MlirOperation entry,
                          const MdlHloOptions *options);
/* Arguments and results of the module above as JSON: names, dtypes, shapes, aliases, status, for the
 * given entries. NULL: reported. */
const char *mdl_hlo_manifest(MdlIr *ir, MlirOperation module, int count,
                             const MlirOperation *entries, const MdlHloOptions *options);

#endif
