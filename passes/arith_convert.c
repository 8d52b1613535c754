/* Conversions between element types: the language's, the raw casts of formulas, and between memory
 * and registers. */
#include "passes/arith.h"

static int bits_of(MdlDtype dtype) { return dtype == MDL_index ? 64 : mdl_dtypes[dtype].bits; }

static bool is_signed(MdlDtype dtype)
{
  return dtype == MDL_index || mdl_dtypes[dtype].kind == 's';
}

static MlirValue number(MdlArith *a, MdlDtype dtype, double real)
{
  return mdl_arith_number(a, dtype, real, 0);
}

/* ---- half precision: f32 in registers ---------------------------------------------------- */

/* Bits of a half as i32, rounded to nearest, ties to even; NaN is quiet. */
static const char half_of_f32[] =
    "let x = as_i32(a); let m = x & 0x7fffffff; let s = shr(x, 16) & 0x8000;"
    "let small = as_i32(as_f32(m) + 0.5) - 0x3f000000;"
    "let big = where(m > 0x7f800000, 0x7e00, 0x7c00);"
    "let mid = shr(m - 0x37fff001 + (shr(m, 13) & 1), 13);"
    "where(m >= 0x47800000, big, where(m < 0x38800000, small, mid)) | s";
static const char f32_of_half[] = "let m = shl(a & 0x7fff, 13); let s = shl(a & 0x8000, 16);"
                                  "let x = as_i32(as_f32(m)*5192296858534827628530496329220096.0);"
                                  "as_f32(where(m >= 0x0f800000, m | 0x7f800000, x) | s)";
static const char brain_of_f32[] =
    "let x = as_i32(a); let r = shr(x + 0x7fff + (shr(x, 16) & 1), 16);"
    "where((x & 0x7fffffff) > 0x7f800000, shr(x, 16) | 0x40, r) & 0xffff";
static const char f32_of_brain[] = "as_f32(shl(a, 16))";

/* `&` and `|` of formulas are written && and ||. */
static MlirValue fold(MdlArith *a, const char *text, MlirValue value, MdlDtype dtype)
{
  char *twice = MDL_NEW(a->b->ir->arena, char, 1024), *out = twice;
  for (const char *c = text; *c; c++) {
    *out++ = *c;
    if (*c == '&' || *c == '|') *out++ = *c;
  }
  MdlArith plain = *a;
  MdlMachine machine = *a->machine;
  machine.fma = false;
  plain.machine = &machine;
  return mdl_arith_formula(&plain, twice, MDL_i32, &(MdlTyped){value, dtype}, true).value;
}

static MlirValue half_bits(MdlArith *a, MlirValue value, MdlDtype dtype)
{
  return fold(a, dtype == MDL_f16 ? half_of_f32 : brain_of_f32, value, MDL_f32);
}

static MlirValue of_half_bits(MdlArith *a, MlirValue bits, MdlDtype dtype)
{
  return fold(a, dtype == MDL_f16 ? f32_of_half : f32_of_brain, bits, MDL_i32);
}

/* A GPU has instructions for it, which the host's part of its file has not: what an entry does. */
static bool has_instructions(MdlArith *a)
{
  if (!a->machine->warp) return false;
  MlirOperation op = mdl_block_parent(a->b->block);
  while (mdl_op(a->b->ir, op) != MDL_OP_func) op = mdl_parent(op);
  return !mdl_op_has(op, "mdl.signature");
}

/* A half as its cell, i16. */
static MlirValue half_of(MdlArith *a, MlirValue value, MdlDtype dtype)
{
  if (has_instructions(a))
    return mdl_arith_device(a, dtype == MDL_f16 ? "to_f16" : "to_bf16", value, MDL_i16);
  return mdl_loop_cast(a->b, MDL_LOOP_trunci, half_bits(a, value, dtype), MDL_i16);
}

static MlirValue of_half(MdlArith *a, MlirValue cell, MdlDtype dtype)
{
  if (dtype == MDL_f16 && has_instructions(a)) return mdl_arith_device(a, "of_f16", cell, MDL_f32);
  return of_half_bits(a, mdl_loop_cast(a->b, MDL_LOOP_extui, cell, MDL_i32), dtype);
}

/* What a half of this value is. */
static MlirValue rounded(MdlArith *a, MlirValue value, MdlDtype dtype)
{
  if (has_instructions(a)) return of_half(a, half_of(a, value, dtype), dtype);
  return of_half_bits(a, half_bits(a, value, dtype), dtype);
}

MlirValue mdl_arith_of_cell(MdlArith *a, MlirValue cell, MdlDtype dtype)
{
  if (dtype == MDL_bool)
    return mdl_loop_compare(a->b, MDL_PREDICATE_ne, cell, mdl_arith_number(a, MDL_i8, 0, 0));
  return mdl_is_half(dtype) ? of_half(a, cell, dtype) : cell;
}

MlirValue mdl_arith_to_cell(MdlArith *a, MlirValue value, MdlDtype dtype)
{
  if (dtype == MDL_bool) return mdl_loop_cast(a->b, MDL_LOOP_extui, value, MDL_i8);
  return mdl_is_half(dtype) ? half_of(a, value, dtype) : value;
}

/* ---- numbers ----------------------------------------------------------------------------- */

static MlirValue int_to_int(MdlArith *a, MlirValue value, MdlDtype from, MdlDtype to)
{
  if (to == MDL_bool)
    return mdl_loop_compare(a->b, MDL_PREDICATE_ne, value, mdl_arith_number(a, from, 0, 0));
  if (from == MDL_index || to == MDL_index) {
    if (from == to) return value;
    MdlDtype other = from == MDL_index ? to : from;
    if (bits_of(other) == 64 || is_signed(other) || from == MDL_index)
      return from == MDL_index && bits_of(to) < 64
                 ? mdl_loop_cast(a->b, MDL_LOOP_index_cast, value, mdl_loop_register(to))
                 : mdl_loop_cast(a->b, MDL_LOOP_index_cast, value, mdl_loop_register(to));
    value = int_to_int(a, value, from, MDL_i64);
    return mdl_loop_cast(a->b, MDL_LOOP_index_cast, value, MDL_index);
  }
  MdlDtype cell = mdl_loop_register(to);
  if (bits_of(from) == bits_of(to) && from != MDL_bool) return value;
  if (from != MDL_bool && bits_of(from) > bits_of(to))
    return mdl_loop_cast(a->b, MDL_LOOP_trunci, value, cell);
  MdlLoopOp widen = is_signed(from) ? MDL_LOOP_extsi : MDL_LOOP_extui;
  return mdl_loop_cast(a->b, widen, value, cell);
}

static MlirValue float_to_float(MdlArith *a, MlirValue value, MdlDtype from, MdlDtype to)
{
  if (from == MDL_f64 && to != MDL_f64)
    value = mdl_loop_cast(a->b, MDL_LOOP_truncf, value, MDL_f32);
  if (from != MDL_f64 && to == MDL_f64) return mdl_loop_cast(a->b, MDL_LOOP_extf, value, MDL_f64);
  if (mdl_is_half(to) && from != to) return rounded(a, value, to);
  return value;
}

static MlirValue int_to_float(MdlArith *a, MlirValue value, MdlDtype from, MdlDtype to)
{
  MdlDtype wide = to == MDL_f64 ? MDL_f64 : MDL_f32;
  if (from == MDL_index) {
    from = a->machine->index_bits == 32 ? MDL_i32 : MDL_i64;
    value = mdl_loop_cast(a->b, MDL_LOOP_index_cast, value, from);
  }
  MdlLoopOp op = is_signed(from) ? MDL_LOOP_sitofp : MDL_LOOP_uitofp;
  value = mdl_loop_cast(a->b, op, value, wide);
  return mdl_is_half(to) ? float_to_float(a, value, MDL_f32, to) : value;
}

/* The cast sees only what fits: NaN and what lies outside become 0 first, then the end of the
 * range. */
static MlirValue float_to_int(MdlArith *a, MlirValue value, MdlDtype from, MdlDtype to)
{
  MdlDtype wide = from == MDL_f64 ? MDL_f64 : MDL_f32;
  if (to == MDL_bool) return mdl_loop_compare(a->b, MDL_PREDICATE_ne, value, number(a, wide, 0));
  if (to == MDL_index) return int_to_int(a, float_to_int(a, value, from, MDL_i64), MDL_i64, to);
  bool s = is_signed(to);
  int bits = bits_of(to) - s;
  MdlDtype cell = mdl_loop_register(to);
  double above = __builtin_ldexp(1, bits), below = s ? -above : 0;
  int64_t largest = bits == 64 ? -1 : (int64_t)((UINT64_C(1) << bits) - 1);
  int64_t smallest = s ? -largest - 1 : 0;
  MlirValue high = mdl_loop_compare(a->b, MDL_PREDICATE_ge, value, number(a, wide, above));
  MlirValue low = mdl_loop_compare(a->b, MDL_PREDICATE_le, value, number(a, wide, below));
  MlirValue is_nan = mdl_loop_compare(a->b, MDL_PREDICATE_ne, value, value);
  MlirValue outside =
      mdl_loop_binary(a->b, MDL_LOOP_ori, high, mdl_loop_binary(a->b, MDL_LOOP_ori, low, is_nan));
  MlirValue inside = mdl_loop_select(a->b, outside, number(a, wide, 0), value);
  MlirValue whole = mdl_loop_cast(a->b, s ? MDL_LOOP_fptosi : MDL_LOOP_fptoui, inside, cell);
  whole = mdl_loop_select(a->b, high, mdl_arith_number(a, cell, 0, largest), whole);
  return mdl_loop_select(a->b, low, mdl_arith_number(a, cell, 0, smallest), whole);
}

MlirValue mdl_arith_convert(MdlArith *a, MlirValue value, MdlDtype from, MdlDtype to)
{
  if (from == to) return value;
  if (mdl_is_float(from))
    return mdl_is_float(to) ? float_to_float(a, value, from, to) : float_to_int(a, value, from, to);
  return mdl_is_float(to) ? int_to_float(a, value, from, to) : int_to_int(a, value, from, to);
}

MlirValue mdl_arith_cast(MdlArith *a, MlirValue value, MdlDtype from, MdlDtype to)
{
  if (!mdl_is_float(from) || mdl_is_float(to)) return mdl_arith_convert(a, value, from, to);
  MdlLoopOp op = is_signed(to) ? MDL_LOOP_fptosi : MDL_LOOP_fptoui;
  return mdl_loop_cast(a->b, op, value, mdl_loop_register(to));
}

MlirValue mdl_arith_bitcast(MdlArith *a, MlirValue value, MdlDtype from, MdlDtype to)
{
  if (mdl_is_half(from) && from != to)
    return mdl_arith_bitcast(a, half_of(a, value, from), MDL_i16, to);
  if (mdl_is_half(to) && from != to) return of_half(a, value, to);
  MdlDtype cell = mdl_loop_register(to);
  if (cell == mdl_loop_register(from)) return value;
  return mdl_loop_cast(a->b, a->lanes > 1 ? MDL_LOOP_vbitcast : MDL_LOOP_bitcast, value, cell);
}
