#include "tests/maths/tape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- formula to tape --------------------------------------------------------------------- */

typedef struct Scope {
  Tape *tape;
  int variable[2];
} Scope;

static int compile(Tape *tape, const MdlMaths *maths, const int variable[2]);

static int add(Tape *tape, Step step)
{
  MDL_GROW(tape->arena, tape->step, tape->count, tape->capacity);
  tape->step[tape->count] = step;
  return tape->count++;
}

/* A number, or a choice of numbers, takes the kind of what it stands beside: made when that is
 * known. */
static int untyped(Tape *tape, const MdlFormula *f, const int *at, int i, Kind kind)
{
  const MdlFormulaNode *node = &f->node[i];
  if (at[i] >= 0) return at[i];
  if (node->kind == MDL_FORMULA_number)
    return add(tape, (Step){.what = STEP_constant, .kind = kind, .real = node->real,
                            .integer = node->integer});
  Step choice = {.what = STEP_op, .op = MDL_OP_where, .kind = kind, .from = KIND_bool};
  choice.arg[0] = at[node->arg[0]];
  choice.arg[1] = untyped(tape, f, at, node->arg[1], kind);
  choice.arg[2] = untyped(tape, f, at, node->arg[2], kind);
  return add(tape, choice);
}

static Kind result_kind(MdlOp op, Kind of)
{
  switch (op) {
  case MDL_OP_eq:
  case MDL_OP_ne:
  case MDL_OP_lt:
  case MDL_OP_le:
  case MDL_OP_gt:
  case MDL_OP_ge:
    return KIND_bool;
  default:
    return of;
  }
}

static bool is_product(const Tape *tape, int i)
{
  return tape->step[i].what == STEP_op && tape->step[i].op == MDL_OP_mul &&
         tape->step[i].kind == KIND_float;
}

static int sum(Tape *tape, MdlOp op, int a, int b)
{
  Step fma = {.what = STEP_fma, .kind = KIND_float};
  if (is_product(tape, a)) {
    memcpy(fma.arg, tape->step[a].arg, sizeof fma.arg);
    fma.arg[2] = b;
    fma.negate_rest = op == MDL_OP_sub;
  } else {
    memcpy(fma.arg, tape->step[b].arg, sizeof fma.arg);
    fma.arg[2] = a;
    fma.negate_product = op == MDL_OP_sub;
  }
  return add(tape, fma);
}

static bool is_native(MdlOp op)
{
  const char *loop = mdl_op_info(op)->loop;
  return loop[0] != '@' || !mdl_maths_find(loop + 1) || op == MDL_OP_neg;
}

static int compile_op(Tape *tape, MdlOp op, const int arg[3])
{
  Kind kind = tape->step[arg[op == MDL_OP_where ? 1 : 0]].kind;
  if (kind == KIND_float && !is_native(op))
    return compile(tape, mdl_maths_find(mdl_op_info(op)->loop + 1), arg);
  if (tape->fused && kind == KIND_float && (op == MDL_OP_add || op == MDL_OP_sub) &&
      (is_product(tape, arg[0]) || is_product(tape, arg[1])))
    return sum(tape, op, arg[0], arg[1]);
  return add(tape, (Step){.what = STEP_op,
                          .op = op,
                          .kind = result_kind(op, kind),
                          .from = tape->step[arg[0]].kind,
                          .arg = {arg[0], arg[1], arg[2]}});
}

static Kind kind_of(MdlDtype dtype)
{
  return mdl_is_float(dtype) ? KIND_float : dtype == MDL_i64 ? KIND_i64 : KIND_i32;
}

static int compile_text(Tape *tape, const char *text, const int variable[2])
{
  const char *why = "";
  const MdlFormula *f = mdl_formula_parse(tape->arena, text, &why);
  if (!f) {
    fprintf(stderr, "%s: %s\n", text, why);
    exit(1);
  }
  int *at = MDL_NEW(tape->arena, int, (size_t)f->count);
  for (int i = 0; i < f->count; i++) {
    const MdlFormulaNode *node = &f->node[i];
    int arg[3] = {-1, -1, -1};
    switch (node->kind) {
    case MDL_FORMULA_variable:
      at[i] = variable[node->variable[0] == 'b'];
      continue;
    case MDL_FORMULA_number:
      at[i] = -1;
      continue;
    case MDL_FORMULA_convert:
    case MDL_FORMULA_bitcast: {
      bool to_float = mdl_is_float(node->dtype), bits = node->kind == MDL_FORMULA_bitcast;
      Step step = {.kind = kind_of(node->dtype), .arg = {at[node->arg[0]], -1, -1}};
      step.from = tape->step[step.arg[0]].kind;
      step.what = bits ? (to_float ? STEP_bits_to_float : STEP_bits_to_int)
                       : (to_float ? STEP_to_float : STEP_to_int);
      at[i] = add(tape, step);
      continue;
    }
    case MDL_FORMULA_op:
      break;
    }
    Kind kind = KIND_float;
    bool known = false;
    for (int k = 0; k < 3; k++)
      if (node->arg[k] >= 0 && at[node->arg[k]] >= 0 && !(node->op == MDL_OP_where && !k)) {
        kind = tape->step[at[node->arg[k]]].kind;
        known = true;
      }
    if (!known && node->op == MDL_OP_where) { /* of two numbers */
      at[i] = -1;
      continue;
    }
    for (int k = 0; k < 3; k++)
      if (node->arg[k] >= 0) arg[k] = untyped(tape, f, at, node->arg[k], kind);
    at[i] = compile_op(tape, node->op, arg);
  }
  return untyped(tape, f, at, f->root[0], KIND_float);
}

/* The formula, or the other way where that does not hold. What is done by a loop stays NaN. */
static int compile(Tape *tape, const MdlMaths *maths, const int variable[2])
{
  bool wide = tape->dtype == MDL_f64;
  const MdlFar *far = mdl_maths_far(maths);
  int near = compile_text(tape, wide ? maths->f64 : maths->f32, variable);
  if (!far || !far->f32) return near;
  Step choice = {.what = STEP_op, .op = MDL_OP_where, .kind = KIND_float, .from = KIND_bool};
  choice.arg[0] = compile_text(tape, wide ? far->if64 : far->if32, variable);
  choice.arg[1] = compile_text(tape, wide ? far->f64 : far->f32, variable);
  choice.arg[2] = near;
  return add(tape, choice);
}

Tape *tape_create(MdlArena *arena, const MdlMaths *maths, MdlDtype dtype, bool fused)
{
  Tape *tape = MDL_NEW(arena, Tape, 1);
  tape->arena = arena;
  tape->dtype = dtype;
  tape->fused = fused;
  int variable[2] = {add(tape, (Step){.what = STEP_a, .kind = KIND_float}),
                     add(tape, (Step){.what = STEP_b, .kind = KIND_float})};
  int root = compile(tape, maths, variable);
  if (root != tape->count - 1) /* the result is the last step */
    add(tape,
        (Step){.what = STEP_op,
               .op = MDL_OP_where,
               .kind = KIND_float,
               .from = KIND_bool,
               .arg = {add(tape, (Step){.what = STEP_constant, .kind = KIND_bool, .integer = 1}),
                       root, root}});
  return tape;
}

/* ---- running ----------------------------------------------------------------------------- */

typedef union Cell {
  double f64;
  float f32;
  int64_t i;
} Cell;

static int64_t cut(Kind kind, uint64_t value)
{
  return kind == KIND_i32 ? (int32_t)(uint32_t)value : (int64_t)value;
}

static int64_t integer_op(const Step *s, int64_t a, int64_t b, int64_t c)
{
  uint64_t x = (uint64_t)a, y = (uint64_t)b;
  switch (s->op) {
  case MDL_OP_add:
    return cut(s->kind, x + y);
  case MDL_OP_sub:
    return cut(s->kind, x - y);
  case MDL_OP_mul:
    return cut(s->kind, x * y);
  case MDL_OP_bitand:
    return a & b;
  case MDL_OP_bitor:
    return a | b;
  case MDL_OP_bitxor:
    return a ^ b;
  case MDL_OP_bitnot:
    return s->kind == KIND_bool ? !a : ~a;
  case MDL_OP_shl:
    return cut(s->kind, x << b);
  case MDL_OP_shr:
    return a >> b;
  case MDL_OP_eq:
    return a == b;
  case MDL_OP_ne:
    return a != b;
  case MDL_OP_lt:
    return a < b;
  case MDL_OP_le:
    return a <= b;
  case MDL_OP_gt:
    return a > b;
  case MDL_OP_ge:
    return a >= b;
  case MDL_OP_where:
    return a ? b : c;
  default:
    fprintf(stderr, "%s on integers\n", mdl_op_info(s->op)->name);
    exit(1);
  }
}

#define REAL float
#define FIELD f32
#define INT int32_t
#define NAME(x) x##32
#define FN(x) x##f
#include "tests/maths/tape_run.inc"
#define REAL double
#define FIELD f64
#define INT int64_t
#define NAME(x) x##64
#define FN(x) x
#include "tests/maths/tape_run.inc"
