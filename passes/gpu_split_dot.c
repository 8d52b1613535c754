/* Products with a long contraction and few results. Of a vector, or of few columns: a reduction of
 * element-wise products, which is then split like any other. Of matrices, whose tiles would not
 * fill the grid: a batch of products of parts of the contracted axis, and their sum. */
#include "passes/gpu_split.h"

#include "passes/schedule.h"

enum {
  LEAST_STEPS = 256, /* contracted, for a reduction by blocks to pay */
  FEW_RESULTS = 1 << 15
};

typedef struct Dot {
  MdlIr *ir;
  MdlBuilder b;
  MlirOperation op;
  MlirValue in[2];
  const MdlType *type[2], *result;
  int pairs, batches;
  int64_t contract[2][MDL_MAX_RANK], batch[2][MDL_MAX_RANK];
  int64_t rows, columns, batch_extent, steps; /* by guess; steps: free axes are long */
  bool is_vector;                             /* no rows, or no columns */
} Dot;

static bool is_among(const int64_t *axes, int count, int64_t axis)
{
  for (int i = 0; i < count; i++)
    if (axes[i] == axis) return true;
  return false;
}

/* Axes that the operand has to itself. */
static int own_axes(const Dot *d, int operand, int64_t *axes)
{
  int count = 0;
  for (int i = 0; i < d->type[operand]->rank; i++)
    if (!is_among(d->contract[operand], d->pairs, i) && !is_among(d->batch[operand], d->batches, i))
      axes[count++] = i;
  return count;
}

/* By guess; `*one`: known to be 1. */
static int64_t own_extent(const Dot *d, int operand, bool *one)
{
  int64_t axes[MDL_MAX_RANK], all = 1;
  int count = own_axes(d, operand, axes);
  for (int i = 0; i < count; i++) {
    const MdlSize *size = d->type[operand]->dim[axes[i]];
    all = mdl_split_product(all, mdl_schedule_guess(size));
    *one &= size == mdl_size_const(d->ir->sizes, 1);
  }
  return all;
}

static Dot read_dot(MdlIr *ir, MlirOperation op)
{
  Dot d = {.ir = ir, .op = op, .b = mdl_builder_before(ir, op), .steps = 1, .batch_extent = 1};
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  bool one_row = true, one_column = true;
  for (int i = 0; i < 2; i++) {
    d.in[i] = mdl_operand(op, i);
    d.type[i] = mdl_type_of(ir, d.in[i]);
  }
  d.result = mdl_type_of(ir, mdl_result(op, 0));
  d.pairs = mdl_get_pairs(&attrs, "contract", d.contract[0], d.contract[1]);
  d.batches = mdl_get_pairs(&attrs, "batch", d.batch[0], d.batch[1]);
  for (int i = 0; i < d.pairs; i++)
    d.steps = mdl_split_product(d.steps, mdl_split_most(d.type[0]->dim[d.contract[0][i]]));
  for (int i = 0; i < d.batches; i++)
    d.batch_extent =
        mdl_split_product(d.batch_extent, mdl_schedule_guess(d.type[0]->dim[d.batch[0][i]]));
  d.rows = own_extent(&d, 0, &one_row);
  d.columns = own_extent(&d, 1, &one_column);
  d.is_vector = one_row || one_column;
  d.b.at = mdl_location_named(ir, d.b.at, NULL);
  return d;
}

/* ---- as a reduction ---------------------------------------------------------------------- */

/* Axes of all products: batch, rows, columns, and the contracted ones, last where a matrix has them
 * last, so that a block runs along its memory; else before rows and columns. */
typedef struct Space {
  MdlType type;
  int64_t at[2][MDL_MAX_RANK]; /* of an operand's axis */
  int64_t contracted[MDL_MAX_RANK];
} Space;

static void add_own(const Dot *d, Space *s)
{
  for (int i = 0; i < 2; i++) {
    int64_t axes[MDL_MAX_RANK];
    int count = own_axes(d, i, axes);
    for (int j = 0; j < count; j++) {
      s->at[i][axes[j]] = s->type.rank;
      s->type.dim[s->type.rank++] = d->type[i]->dim[axes[j]];
    }
  }
}

static void add_contracted(const Dot *d, Space *s)
{
  for (int i = 0; i < d->pairs; i++) {
    for (int j = 0; j < 2; j++) s->at[j][d->contract[j][i]] = s->type.rank;
    s->contracted[i] = s->type.rank;
    s->type.dim[s->type.rank++] = d->type[0]->dim[d->contract[0][i]];
  }
}

static bool contracts_last(const Dot *d, int operand)
{
  return is_among(d->contract[operand], d->pairs, d->type[operand]->rank - 1);
}

static Space space_of(const Dot *d)
{
  Space s = {.type = {.dtype = d->result->dtype}};
  int larger = d->rows < d->columns; /* the matrix, of a matrix and a vector */
  bool last = contracts_last(d, larger) && (d->is_vector || contracts_last(d, !larger));
  for (int i = 0; i < d->batches; i++) {
    for (int j = 0; j < 2; j++) s.at[j][d->batch[j][i]] = s.type.rank;
    s.type.dim[s.type.rank++] = d->type[0]->dim[d->batch[0][i]];
  }
  if (last) add_own(d, &s);
  add_contracted(d, &s);
  if (!last) add_own(d, &s);
  return s;
}

/* The operand with its axes in the order of the space, then stretched to it. */
static MlirValue spread(Dot *d, const Space *s, int operand)
{
  const MdlType *type = d->type[operand];
  int64_t perm[MDL_MAX_RANK], dims[MDL_MAX_RANK];
  int count = 0;
  bool moves = false;
  MlirValue value = d->in[operand];
  for (int at = 0; at < s->type.rank; at++)
    for (int i = 0; i < type->rank; i++)
      if (s->at[operand][i] == at) {
        moves |= i != count;
        dims[count] = at;
        perm[count++] = i;
      }
  if (moves) value = mdl_build_transpose(&d->b, value, perm);
  if (mdl_is_half(type->dtype)) value = mdl_build_convert(&d->b, value, MDL_f32);
  MdlType whole = mdl_type_with(&s->type, mdl_type_of(d->ir, value)->dtype);
  if (mdl_type_equal(&whole, mdl_type_of(d->ir, value))) return value;
  return mdl_build_broadcast(&d->b, value, &whole, count, dims);
}

static void as_reduction(Dot *d)
{
  Space s = space_of(d);
  if (s.type.rank > MDL_MAX_RANK - 1) return;
  MlirValue a = spread(d, &s, 0), b = spread(d, &s, 1);
  MlirValue all = mdl_build(&d->b, MDL_OP_mul, a, b);
  MlirValue sum = mdl_build_reduce(&d->b, MDL_OP_reduce_sum, all, d->pairs, s.contracted);
  mdl_split_replace(d->ir, d->op, mdl_build_convert(&d->b, sum, d->result->dtype));
}

static bool is_worth_reducing(const Dot *d)
{
  if (!d->pairs || d->steps < LEAST_STEPS) return false;
  if (d->is_vector) return true;
  if (d->rows >= MDL_SPLIT_NARROW && d->columns >= MDL_SPLIT_NARROW) return false;
  return mdl_split_product(d->batch_extent, mdl_split_product(d->rows, d->columns)) < FEW_RESULTS;
}

/* ---- in parts ---------------------------------------------------------------------------- */

static int64_t tiles_of(const Dot *d)
{
  return mdl_split_product(d->batch_extent, mdl_split_tiles(d->rows, d->columns));
}

/* Steps of a part: a divisor of the axis where one is near. */
static int64_t part_of(const Dot *d, const MdlSize *size)
{
  int64_t known, tiles = tiles_of(d);
  if (!mdl_size_is_const(size, &known)) return MDL_SPLIT_PART * ((tiles + 15) / 16);
  int64_t part = known / MDL_SPLIT_TILES * tiles;
  part = part < MDL_SPLIT_PART ? MDL_SPLIT_PART : (part + 31) / 32 * 32;
  for (int64_t near = part; near < 2 * part && near < known; near += 16)
    if (known % near == 0) return near;
  return part;
}

static bool is_worth_parts(const Dot *d, int *pair)
{
  *pair = 0;
  for (int i = 1; i < d->pairs; i++)
    if (mdl_split_most(d->type[0]->dim[d->contract[0][i]]) >
        mdl_split_most(d->type[0]->dim[d->contract[0][*pair]]))
      *pair = i;
  if (!d->pairs || d->result->rank + 2 > MDL_MAX_RANK) return false;
  if (d->rows < MDL_SPLIT_NARROW || d->columns < MDL_SPLIT_NARROW) return false;
  return tiles_of(d) < MDL_SPLIT_MOST_TILES &&
         mdl_split_most(d->type[0]->dim[d->contract[0][*pair]]) >= 4 * MDL_SPLIT_PART;
}

/* Axes of the view, where one axis has become two. */
static void shift(int64_t *axes, int count, int64_t split)
{
  for (int i = 0; i < count; i++) axes[i] += axes[i] >= split;
}

static void in_parts(Dot *d, int pair)
{
  MdlSizes *sizes = d->ir->sizes;
  const MdlSize *size = d->type[0]->dim[d->contract[0][pair]];
  MdlSplitView view = {.part = part_of(d, size)};
  view.parts = mdl_size_ceil_div(sizes, size, view.part);
  if (!view.parts) return;
  MdlType scalar = mdl_type_scalar(d->result->dtype);
  view.neutral = mdl_build_const(&d->b, &scalar, 0);
  for (int i = 0; i < 2; i++) {
    view.axis = (int)d->contract[i][pair];
    d->in[i] = mdl_split_widened(&d->b, mdl_split_view(&d->b, d->in[i], &view));
    shift(d->contract[i], d->pairs, view.axis);
    shift(d->batch[i], d->batches, view.axis);
    d->batch[i][d->batches] = view.axis;
  }
  int64_t axis = d->batches++;
  MlirValue parts = mdl_build_dot(&d->b, d->in[0], d->in[1], d->pairs, d->contract[0],
                                  d->contract[1], d->batches, d->batch[0], d->batch[1]);
  const char *name = mdl_value_name(d->ir, mdl_result(d->op, 0));
  mdl_value_set_name(d->ir, parts, mdl_text(d->ir->arena, "%s_parts", name ? name : "dot"));
  mdl_split_note_halves(d->ir, mdl_def(parts), d->result->dtype);
  MlirValue sum = mdl_build_reduce(&d->b, MDL_OP_reduce_sum, parts, 1, &axis);
  mdl_split_replace(d->ir, d->op, mdl_build_convert(&d->b, sum, d->result->dtype));
}

/* ---- all of a block ---------------------------------------------------------------------- */

void mdl_gpu_split_narrow(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++) {
    if (mdl_op(ir, op[i]) != MDL_OP_dot) continue;
    Dot d = read_dot(ir, op[i]);
    if (is_worth_reducing(&d)) as_reduction(&d);
  }
}

void mdl_gpu_split_steps(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op), pair;
  for (int i = 0; i < count; i++) {
    if (mdl_op(ir, op[i]) != MDL_OP_dot) continue;
    Dot d = read_dot(ir, op[i]);
    if (is_worth_parts(&d, &pair)) in_parts(&d, pair);
  }
}
