/* How large the free sizes of an entry may be, so that nothing computed from them wraps around. */
#ifndef MDL_PASSES_BOUNDS_H
#define MDL_PASSES_BOUNDS_H

#include "passes/pass.h"

#include "ir/signature.h"

enum { MDL_MAX_SIZES = 32 };

/* The product of the signature's sizes, each to its power, is at most `most`. */
typedef struct MdlBound {
  uint8_t power[MDL_MAX_SIZES];
  int degree;
  int64_t most;
} MdlBound;

/* What follows for an entry in group form from all of: every argument's and result's bytes and the
 * work buffer's are below `bytes`, every axis of every tensor is an index of the machine, and an
 * axis that ops number in i32 is at most 2^31 - 1. Sizes alone come first, one each. */
int mdl_bounds(MdlPass *pass, MlirOperation entry, const MdlSignature *signature, int64_t bytes,
               MdlBound **bound);

#endif
