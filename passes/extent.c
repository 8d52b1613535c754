#include "passes/extent.h"

/* ---- index arithmetic -------------------------------------------------------------------- */

bool mdl_index_constant(MlirValue value, int64_t *integer)
{
  double real;
  return mdl_loop_constant(NULL, value, &real, integer);
}

static MlirValue number(MdlBuilder *b, int64_t value)
{
  return mdl_loop_number(b, MDL_index, 1, 0, value);
}

static bool is(MlirValue value, int64_t wanted)
{
  int64_t known;
  return mdl_index_constant(value, &known) && known == wanted;
}

static bool is_same(MlirValue x, MlirValue y)
{
  int64_t m, n;
  return mdl_same(x, y) || (mdl_index_constant(x, &m) && mdl_index_constant(y, &n) && m == n);
}

static bool encloses(MlirBlock outer, MlirBlock inner)
{
  while (outer.ptr != inner.ptr) {
    MlirOperation op = mdl_block_parent(inner);
    if (mdl_is_null(op)) return false;
    inner = mdl_block_of(op);
    if (!inner.ptr) return false;
  }
  return true;
}

/* The op once made for the same operands where the builder stands, else a new one: a tile asks for
 * `i + 1` often. Nests are built from front to back, so what is found stands before. */
static MlirValue shared(MdlBuilder *b, MdlLoopOp op, MlirValue x, MlirValue y)
{
  MlirOperation user;
  int operand;
  int64_t known;
  bool left = !mdl_index_constant(x, &known);
  for (int i = 0; mdl_use(left ? x : y, i, &user, &operand); i++) {
    if (operand != !left || mdl_operand_count(user) != 2) continue;
    if (!is_same(mdl_operand(user, left), left ? y : x) || mdl_loop_op(user) != op) continue;
    if (encloses(mdl_block_of(user), b->block) && mdl_is_null(b->before))
      return mdl_result(user, 0);
  }
  return mdl_loop_binary(b, op, x, y);
}

MlirValue mdl_index_add(MdlBuilder *b, MlirValue x, MlirValue y)
{
  int64_t m, n;
  if (is(x, 0)) return y;
  if (is(y, 0)) return x;
  if (mdl_index_constant(x, &m) && mdl_index_constant(y, &n)) return number(b, m + n);
  return shared(b, MDL_LOOP_addi, x, y);
}

MlirValue mdl_index_sub(MdlBuilder *b, MlirValue x, MlirValue y)
{
  int64_t m, n;
  if (is(y, 0)) return x;
  if (mdl_same(x, y)) return number(b, 0);
  if (mdl_index_constant(x, &m) && mdl_index_constant(y, &n)) return number(b, m - n);
  return shared(b, MDL_LOOP_subi, x, y);
}

MlirValue mdl_index_mul(MdlBuilder *b, MlirValue x, MlirValue y)
{
  int64_t m, n;
  if (is(x, 0) || is(y, 1)) return x;
  if (is(y, 0) || is(x, 1)) return y;
  if (mdl_index_constant(x, &m) && mdl_index_constant(y, &n)) return number(b, m * n);
  return shared(b, MDL_LOOP_muli, x, y);
}

MlirValue mdl_index_div(MdlBuilder *b, MlirValue x, MlirValue y)
{
  int64_t m, n;
  if (is(y, 1)) return x;
  if (mdl_index_constant(x, &m) && mdl_index_constant(y, &n) && n) return number(b, m / n);
  return shared(b, MDL_LOOP_divsi, x, y);
}

MlirValue mdl_index_rem(MdlBuilder *b, MlirValue x, MlirValue y)
{
  int64_t m, n;
  if (is(y, 1)) return number(b, 0);
  if (mdl_index_constant(x, &m) && mdl_index_constant(y, &n) && n) return number(b, m % n);
  return shared(b, MDL_LOOP_remsi, x, y);
}

static MlirValue pick(MdlBuilder *b, MdlPredicate takes, MlirValue x, MlirValue y)
{
  int64_t m, n;
  if (mdl_same(x, y)) return x;
  if (mdl_index_constant(x, &m) && mdl_index_constant(y, &n))
    return (takes == MDL_PREDICATE_lt ? m < n : m > n) ? x : y;
  return mdl_loop_select(b, mdl_loop_compare(b, takes, x, y), x, y);
}

MlirValue mdl_index_min(MdlBuilder *b, MlirValue x, MlirValue y)
{
  return pick(b, MDL_PREDICATE_lt, x, y);
}

MlirValue mdl_index_max(MdlBuilder *b, MlirValue x, MlirValue y)
{
  return pick(b, MDL_PREDICATE_gt, x, y);
}

/* ---- sizes ------------------------------------------------------------------------------- */

MdlExtents mdl_extents_create(MdlBuilder top)
{
  MdlArena *arena = top.ir->arena;
  return (MdlExtents){top, mdl_map_create(arena), mdl_map_create(arena)};
}

void mdl_extent_bind(MdlExtents *e, const char *name, MlirValue value)
{
  mdl_map_set(e->names, mdl_intern_text(e->top.ir->arena, name), (void *)value.ptr);
}

static void *constant(void *user, int64_t value)
{
  MdlExtents *e = user;
  return (void *)number(&e->top, value).ptr;
}

static void *named(void *user, const char *name)
{
  MdlExtents *e = user;
  void *value = mdl_map_get(e->names, mdl_intern_text(e->top.ir->arena, name));
  if (!value) MDL_BUG(e->top.ir->session, "the size %s is no argument here", name);
  return value;
}

static void *add(void *user, void *a, void *b)
{
  MdlExtents *e = user;
  return (void *)mdl_index_add(&e->top, (MlirValue){a}, (MlirValue){b}).ptr;
}

static void *sub(void *user, void *a, void *b)
{
  MdlExtents *e = user;
  return (void *)mdl_index_sub(&e->top, (MlirValue){a}, (MlirValue){b}).ptr;
}

static void *mul(void *user, void *a, void *b)
{
  MdlExtents *e = user;
  return (void *)mdl_index_mul(&e->top, (MlirValue){a}, (MlirValue){b}).ptr;
}

static void *floor_div(void *user, void *a, int64_t k)
{
  MdlExtents *e = user;
  return (void *)mdl_index_div(&e->top, (MlirValue){a}, number(&e->top, k)).ptr;
}

MlirValue mdl_extent(MdlExtents *e, const MdlSize *size)
{
  static const MdlSizeFold fold = {constant, named, add, sub, mul, floor_div};
  void *known = mdl_map_get(e->sizes, size);
  if (!known) {
    known = mdl_size_fold(size, &fold, e);
    mdl_map_set(e->sizes, size, known);
  }
  return (MlirValue){known};
}

MlirValue mdl_extent_number(MdlExtents *e, int64_t value)
{
  return mdl_extent(e, mdl_size_const(e->top.ir->sizes, value));
}

MdlLoopType mdl_extent_memory(const MdlType *type)
{
  MdlLoopType memory = {.kind = MDL_LOOP_memory, .element = mdl_loop_cell(type->dtype)};
  memory.rank = type->rank;
  for (int i = 0; i < type->rank; i++)
    if (!mdl_size_is_const(type->dim[i], &memory.dim[i])) memory.dim[i] = -1;
  return memory;
}

int mdl_extent_values(MdlExtents *e, const MdlType *type, MlirValue *extent)
{
  int64_t value;
  int count = 0;
  for (int i = 0; i < type->rank; i++)
    if (!mdl_size_is_const(type->dim[i], &value)) extent[count++] = mdl_extent(e, type->dim[i]);
  return count;
}
