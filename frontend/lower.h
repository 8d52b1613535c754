/* Lowering's state. */
#ifndef MDL_FRONTEND_LOWER_H
#define MDL_FRONTEND_LOWER_H

#include "frontend/sema.h"

typedef struct MdlLower {
  MdlIr *ir;
  MdlProgram *program;
  MlirOperation module;
  MdlMap *symbols;
  MdlBuilder b;
} MdlLower;

#endif
