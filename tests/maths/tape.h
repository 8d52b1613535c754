/* Formulas of ir/maths.def run in the arithmetic of one float type, as fast as a plain
 * interpreter can: a formula and every row it calls become one flat tape. */
#ifndef MDL_TESTS_MATHS_TAPE_H
#define MDL_TESTS_MATHS_TAPE_H

#include "ir/maths.h"

enum { MOST_STEPS = 2048 };

typedef enum Kind { KIND_float, KIND_i32, KIND_i64, KIND_bool } Kind;

typedef struct Step {
  enum {
    STEP_a, STEP_b, STEP_constant, STEP_op, STEP_fma, STEP_to_float, STEP_to_int, STEP_bits_to_float,
    STEP_bits_to_int
  } what;
  MdlOp op;
  Kind kind;      /* of the result */
  Kind from;      /* of the first operand */
  int arg[3];
  bool negate_product, negate_rest; /* fma: z - x*y, x*y - z */
  double real;
  int64_t integer;
} Step;

typedef struct Tape {
  MdlArena *arena;
  MdlDtype dtype; /* f32 or f64 */
  bool fused;     /* x*y + z is one rounding */
  int count, capacity;
  Step *step;
} Tape;

Tape *tape_create(MdlArena *arena, const MdlMaths *maths, MdlDtype dtype, bool fused);
float tape_run32(const Tape *tape, float a, float b);
double tape_run64(const Tape *tape, double a, double b);

#endif
