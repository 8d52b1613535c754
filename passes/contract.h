/* What a contraction reads where: dot and conv seen alike. A point of the result and one of the
 * contracted axes decide an element of each operand. Its schedule and its loops both ask here. */
#ifndef MDL_PASSES_CONTRACT_H
#define MDL_PASSES_CONTRACT_H

#include "passes/nest.h"

typedef struct MdlContract {
  const MdlGroup *g;
  MlirOperation op;
  const MdlType *result, *in[2];
  int ks; /* contracted axes, in the order of their loops */
  const MdlSize *k[MDL_MAX_RANK];
  /* dot */
  int64_t contract[2][MDL_MAX_RANK];
  int axis[2][MDL_MAX_RANK]; /* result axis of an operand's axis; -1: contracted */
  /* conv */
  bool is_conv;
  int64_t stride[MDL_MAX_RANK], dilate[MDL_MAX_RANK], groups;
  MlirValue group; /* where the nest knows it; else found from the point */
} MdlContract;

MdlContract mdl_contract_read(const MdlGroup *g);
bool mdl_is_contract(const MdlGroup *g);
/* Does the operand's element depend on this axis of the result? */
bool mdl_contract_reads(const MdlContract *c, int operand, int axis);
/* The operand's axis that advances by one where the result's does; -1: none. */
int mdl_contract_along(const MdlContract *c, int operand, int axis);
/* Can vectors along the result's axis be loaded from the operand as it is? */
bool mdl_contract_has_lanes(const MdlContract *c, int operand, int axis);
/* Does the last contracted axis run through neighbours in the operand's memory? */
bool mdl_contract_is_along_k(const MdlContract *c, int operand);
/* Where the operand is read, for a point of the result and contracted indices. */
MdlPoint mdl_contract_point(const MdlContract *c, MdlNest *n, int operand, const MdlPoint *p,
                            const MlirValue *k);

#endif
