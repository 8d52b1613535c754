/* Index values of a GPU: which are ints. A GPU multiplies and divides 64-bit integers by many
 * instructions, and a person would write int for what a thread counts; so an index is one where its
 * range, as far as constants, loops and the launch bound it, says that it fits. */
#include "codegen/cfamily.h"

#include <string.h>

enum {
  MOST_THREADS = 1024,
  MOST_BLOCKS = 65536,     /* of a launch: kernels stride */
  MOST_PARTS = 64,         /* of a kernel that is several */
  DEEPEST = 64
};

typedef MdlIndexRange Range;

static const Range any = {INT64_MIN, INT64_MAX};

static Range range_of(MdlPrinter *p, MlirValue value, int depth);

/* Saturates: what overflows is any number. */
static Range add(Range a, Range b)
{
  Range r;
  bool over = __builtin_add_overflow(a.lo, b.lo, &r.lo) | __builtin_add_overflow(a.hi, b.hi, &r.hi);
  return over ? any : r;
}

static Range subtract(Range a, Range b)
{
  Range r;
  bool over = __builtin_sub_overflow(a.lo, b.hi, &r.lo) | __builtin_sub_overflow(a.hi, b.lo, &r.hi);
  return over ? any : r;
}

static Range multiply(Range a, Range b)
{
  const int64_t x[] = {a.lo, a.hi}, y[] = {b.lo, b.hi};
  Range r = {INT64_MAX, INT64_MIN};
  for (int i = 0; i < 4; i++) {
    int64_t product;
    if (__builtin_mul_overflow(x[i / 2], y[i % 2], &product)) return any;
    r.lo = product < r.lo ? product : r.lo;
    r.hi = product > r.hi ? product : r.hi;
  }
  return r;
}

static Range divide(Range a, Range b)
{
  if (a.lo < 0 || b.lo < 1) return any;
  return (Range){a.lo / b.hi, a.hi / b.lo};
}

static Range remainder_of(Range a, Range b)
{
  if (a.lo < 0 || b.lo < 1) return any;
  return (Range){0, a.hi < b.hi - 1 ? a.hi : b.hi - 1};
}

/* Of numbers >= 0: no more than all bits up to the highest. */
static Range bits_of(MdlLoopOp kind, Range a, Range b)
{
  int64_t most = a.hi > b.hi ? a.hi : b.hi, all = 1;
  if (kind == MDL_LOOP_andi && (a.lo >= 0 || b.lo >= 0))
    return (Range){0, a.lo < 0 ? b.hi : b.lo < 0 || a.hi < b.hi ? a.hi : b.hi};
  if (kind == MDL_LOOP_andi || a.lo < 0 || b.lo < 0 || most > INT32_MAX) return any;
  while (all <= most) all *= 2;
  return (Range){0, all - 1};
}

/* Shifts by what a word has bits for. */
static Range shifted(MdlLoopOp kind, Range a, Range b)
{
  if (a.lo < 0) return any;
  if (kind == MDL_LOOP_shrsi) return (Range){0, a.hi};
  if (b.lo < 0 || b.hi > 31) return any;
  return multiply(a, (Range){1, INT64_C(1) << b.hi});
}

static MlirOperation function_of(MdlPrinter *p, MlirBlock block)
{
  MlirOperation op = mdl_block_parent(block);
  while (mdl_op(p->ir, op) != MDL_OP_func) op = mdl_parent(op);
  return op;
}

static Range range_of_grid(MdlPrinter *p, MlirOperation op, MdlLoopOp kind)
{
  const char *mode = mdl_op_text(p->ir, function_of(p, mdl_block_of(op)), "mdl.kernel");
  int64_t blocks = MOST_BLOCKS * (mode && !strcmp(mode, "parts") ? MOST_PARTS : 1);
  switch (kind) {
  case MDL_LOOP_thread:
    return (Range){0, MOST_THREADS - 1};
  case MDL_LOOP_threads:
    return (Range){1, MOST_THREADS};
  case MDL_LOOP_block:
    return (Range){0, blocks - 1};
  default:
    return (Range){1, blocks};
  }
}

/* min and max know more than that it is one of two. */
static Range range_of_select(MdlPrinter *p, MlirOperation op, int depth)
{
  MlirValue yes = mdl_operand(op, 1), no = mdl_operand(op, 2);
  MlirOperation condition = mdl_def(mdl_operand(op, 0));
  Range a = range_of(p, yes, depth), b = range_of(p, no, depth);
  Range r = {a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi};
  bool compares = !mdl_is_null(condition) && mdl_loop_op(condition) == MDL_LOOP_cmpi &&
                  mdl_same(mdl_operand(condition, 0), yes) &&
                  mdl_same(mdl_operand(condition, 1), no);
  if (!compares) return r;
  MdlPredicate predicate = mdl_loop_predicate(condition);
  if (predicate == MDL_PREDICATE_lt || predicate == MDL_PREDICATE_le)
    r.hi = a.hi < b.hi ? a.hi : b.hi;
  if (predicate == MDL_PREDICATE_gt || predicate == MDL_PREDICATE_ge)
    r.lo = a.lo > b.lo ? a.lo : b.lo;
  return r;
}

static Range range_of_cast(MdlPrinter *p, MlirValue from)
{
  switch (mdl_loop_type_of(p->ir, from).element) {
  case MDL_i8:
    return (Range){INT8_MIN, INT8_MAX};
  case MDL_i16:
    return (Range){INT16_MIN, INT16_MAX};
  case MDL_i32:
    return (Range){INT32_MIN, INT32_MAX};
  default:
    return any;
  }
}

/* A counter of a loop, with the value at which it leaves; the number of the block, and that of all,
 * where a kernel hands them to a part. */
static Range range_of_argument(MdlPrinter *p, MlirValue value, int depth)
{
  MlirBlock block = mdl_value_block(value);
  MlirOperation op = mdl_block_parent(block);
  int count = mdl_arg_count(block);
  if (mdl_op(p->ir, op) == MDL_OP_func) {
    if (!mdl_op_has(op, "mdl.told")) return any;
    if (mdl_same(value, mdl_arg(block, count - 1))) return (Range){1, MOST_BLOCKS};
    return mdl_same(value, mdl_arg(block, count - 2)) ? (Range){0, MOST_BLOCKS - 1} : any;
  }
  if (mdl_op(p->ir, op) != MDL_OP_for || !mdl_same(value, mdl_arg(block, 0))) return any;
  Range lo = range_of(p, mdl_operand(op, 0), depth), hi = range_of(p, mdl_operand(op, 1), depth);
  Range step = range_of(p, mdl_operand(op, 2), depth), last = add(hi, step);
  if (hi.hi == INT64_MAX || step.hi == INT64_MAX || step.lo < 1 || last.hi == INT64_MAX) return any;
  return (Range){lo.lo, lo.hi > last.hi - 1 ? lo.hi : last.hi - 1};
}

static Range range_of_op(MdlPrinter *p, MlirValue value, MlirOperation op, int depth)
{
  double real;
  int64_t integer;
  MdlLoopOp kind = mdl_loop_op(op);
  if (mdl_loop_constant(p->ir, value, &real, &integer)) return (Range){integer, integer};
  switch (kind) {
  case MDL_LOOP_thread:
  case MDL_LOOP_threads:
  case MDL_LOOP_block:
  case MDL_LOOP_blocks:
    return range_of_grid(p, op, kind);
  case MDL_LOOP_select:
    return range_of_select(p, op, depth);
  case MDL_LOOP_index_cast:
    return range_of_cast(p, mdl_operand(op, 0));
  case MDL_LOOP_addi:
  case MDL_LOOP_subi:
  case MDL_LOOP_muli:
  case MDL_LOOP_divsi:
  case MDL_LOOP_remsi:
  case MDL_LOOP_andi:
  case MDL_LOOP_xori:
  case MDL_LOOP_shli:
  case MDL_LOOP_shrsi:
    break;
  default:
    return any;
  }
  Range a = range_of(p, mdl_operand(op, 0), depth), b = range_of(p, mdl_operand(op, 1), depth);
  if (kind == MDL_LOOP_shli || kind == MDL_LOOP_shrsi) return shifted(kind, a, b);
  if (kind == MDL_LOOP_andi || kind == MDL_LOOP_xori) return bits_of(kind, a, b);
  return kind == MDL_LOOP_addi    ? add(a, b)
         : kind == MDL_LOOP_subi  ? subtract(a, b)
         : kind == MDL_LOOP_muli  ? multiply(a, b)
         : kind == MDL_LOOP_divsi ? divide(a, b)
                                  : remainder_of(a, b);
}

static Range range_of(MdlPrinter *p, MlirValue value, int depth)
{
  const Range *known = mdl_map_get(p->ranges, value.ptr);
  if (known) return *known;
  if (depth > DEEPEST) return any;
  MlirOperation op = mdl_def(value);
  Range *made = MDL_NEW(p->arena, Range, 1);
  *made = mdl_is_null(op) ? range_of_argument(p, value, depth + 1)
                          : range_of_op(p, value, op, depth + 1);
  mdl_map_set(p->ranges, value.ptr, made);
  return *made;
}

MdlIndexRange mdl_print_range(MdlPrinter *p, MlirValue index) { return range_of(p, index, 0); }

bool mdl_range_is_int(MdlIndexRange r) { return r.lo >= INT32_MIN && r.hi <= INT32_MAX; }

MdlIndexRange mdl_range_product(MdlIndexRange a, MdlIndexRange b) { return multiply(a, b); }

MdlIndexRange mdl_range_sum(MdlIndexRange a, MdlIndexRange b) { return add(a, b); }

bool mdl_print_is_int(MdlPrinter *p, MlirValue value)
{
  MdlLoopType type = mdl_loop_type_of(p->ir, value);
  return p->machine->warp && type.kind == MDL_LOOP_scalar && type.element == MDL_index &&
         mdl_range_is_int(mdl_print_range(p, value));
}
