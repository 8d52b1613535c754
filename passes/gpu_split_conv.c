/* Convolutions with few results and many channels, the gradients of kernels above all, whose
 * channels are the examples of a batch: tiles of the result would not fill the grid. Channels are
 * seen as parts, a group of a grouped convolution each, and the parts' results are added up. */
#include "passes/gpu_split.h"

#include "passes/align.h"
#include "passes/schedule.h"

#include <string.h>

typedef struct Conv {
  MdlIr *ir;
  MdlBuilder b;
  MlirOperation op;
  const MdlType *image, *kernel, *result;
  int64_t tiles, channels, places; /* by guess; places: steps of a channel */
} Conv;

static int64_t product_of(const MdlType *type, int from)
{
  int64_t all = 1;
  for (int i = from; i < type->rank; i++)
    all = mdl_split_product(all, mdl_schedule_guess(type->dim[i]));
  return all;
}

/* False: no convolution that parts help. */
static bool read_conv(Conv *c)
{
  MdlAttrs attrs = mdl_attrs_of(c->ir, c->op);
  c->image = mdl_type_of(c->ir, mdl_operand(c->op, 0));
  c->kernel = mdl_type_of(c->ir, mdl_operand(c->op, 1));
  c->result = mdl_type_of(c->ir, mdl_result(c->op, 0));
  if (mdl_get_int(&attrs, "groups") != 1) return false;
  if (c->kernel->rank == MDL_MAX_RANK) return false;
  int64_t rows = mdl_schedule_guess(c->result->dim[1]);
  int64_t columns =
      mdl_split_product(mdl_schedule_guess(c->result->dim[0]), product_of(c->result, 2));
  c->channels = mdl_schedule_guess(c->kernel->dim[1]);
  c->places = product_of(c->kernel, 2);
  c->tiles = mdl_split_tiles(rows, columns);
  return rows >= MDL_SPLIT_NARROW && columns >= MDL_SPLIT_NARROW && c->tiles < MDL_SPLIT_MOST_TILES;
}

/* As many as fill the grid and still have work each; a divisor of the channels where one is near.
 */
static int64_t parts_of(const Conv *c)
{
  int64_t steps = mdl_split_product(c->channels, c->places), known;
  int64_t parts = MDL_SPLIT_TILES / c->tiles;
  if (parts > steps / MDL_SPLIT_PART) parts = steps / MDL_SPLIT_PART;
  if (parts > c->channels) parts = c->channels;
  if (!mdl_size_is_const(c->kernel->dim[1], &known)) return parts;
  for (int64_t near = parts; near > 1 && near > parts / 2; near--)
    if (known % near == 0) return near;
  return parts;
}

/* [O, C, k..] -> [parts*O, part, k..] */
static MlirValue kernel_of_parts(Conv *c, MlirValue kernel, int64_t parts, const MdlSize *part)
{
  MdlSizes *sizes = c->ir->sizes;
  int rank = c->kernel->rank;
  int64_t perm[MDL_MAX_RANK] = {1, 0};
  MdlType apart = {.dtype = c->kernel->dtype, .rank = rank + 1}, whole = *c->kernel;
  apart.dim[0] = c->kernel->dim[0];
  apart.dim[1] = mdl_size_const(sizes, parts);
  apart.dim[2] = part;
  for (int i = 2; i < rank; i++) apart.dim[i + 1] = c->kernel->dim[i];
  for (int i = 2; i <= rank; i++) perm[i] = i;
  whole.dim[0] = mdl_size_mul(sizes, apart.dim[1], apart.dim[0]);
  whole.dim[1] = part;
  kernel = mdl_build_reshape(&c->b, kernel, &apart);
  kernel = mdl_build_transpose(&c->b, kernel, perm);
  return mdl_build_reshape(&c->b, kernel, &whole);
}

/* [n, parts*O, h..] -> [n, parts, O, h..], and the sum over the parts. */
static MlirValue sum_of_parts(Conv *c, MlirValue made, int64_t parts)
{
  const int64_t axis = 1;
  MdlType apart = *mdl_type_of(c->ir, made);
  for (int i = apart.rank++; i > 1; i--) apart.dim[i] = apart.dim[i - 1];
  apart.dim[1] = mdl_size_const(c->ir->sizes, parts);
  apart.dim[2] = c->result->dim[1];
  made = mdl_build_reshape(&c->b, made, &apart);
  return mdl_build_reduce(&c->b, MDL_OP_reduce_sum, made, 1, &axis);
}

/* The conv's windows, with other groups. */
static MdlAttrs grouped(const Conv *c, int64_t groups)
{
  MdlAttrs from = mdl_attrs_of(c->ir, c->op), to = mdl_attrs_none(c->ir);
  for (int i = 0; i < from.count; i++) {
    if (!strcmp(from.name[i], "groups")) continue;
    to.name[to.count] = from.name[i];
    to.value[to.count++] = from.value[i];
  }
  mdl_put_int(&to, "groups", groups);
  return to;
}

/* The image with whole parts of channels. Zeros that are around it already and these are one
 * padding, which tiles read around (passes/gpu_tiles_view.c); half floats, which are made f32
 * behind it, are padded in name only. */
static MlirValue image_of_parts(Conv *c, const MdlSize *channels, MlirValue zero)
{
  MdlSizes *sizes = c->ir->sizes;
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK], *none = mdl_size_const(sizes, 0);
  int64_t inner[MDL_MAX_RANK] = {0};
  MlirValue image = mdl_operand(c->op, 0);
  if (mdl_is_half(c->result->dtype)) return mdl_split_pad(&c->b, image, 1, channels, zero);
  const MdlSize *more = mdl_size_sub(sizes, channels, c->image->dim[1]);
  if (more == none) return image;
  for (int i = 0; i < c->image->rank; i++) lo[i] = hi[i] = none;
  if (mdl_def_op(c->ir, image) == MDL_OP_pad && mdl_pads_zeros(c->ir, mdl_def(image))) {
    MdlAttrs around = mdl_attrs_of(c->ir, mdl_def(image));
    mdl_get_sizes(&around, "lo", lo);
    mdl_get_sizes(&around, "hi", hi);
    mdl_get_ints(&around, "inner", inner);
    image = mdl_operand(mdl_def(image), 0);
  }
  hi[1] = mdl_size_add(sizes, hi[1], more);
  return mdl_build_pad(&c->b, image, zero, lo, hi, inner);
}

static void in_parts(Conv *c, int64_t parts)
{
  MdlSizes *sizes = c->ir->sizes;
  MlirValue operand[2];
  const MdlSize *part = mdl_size_ceil_div(sizes, c->kernel->dim[1], parts);
  const MdlSize *padded = mdl_size_mul(sizes, part, mdl_size_const(sizes, parts));
  if (!part || !padded || !mdl_size_mul(sizes, padded, c->kernel->dim[0])) return;
  MdlType scalar = mdl_type_scalar(c->result->dtype);
  MlirValue zero = mdl_build_const(&c->b, &scalar, 0);
  operand[0] = image_of_parts(c, padded, zero);
  operand[1] = mdl_split_pad(&c->b, mdl_operand(c->op, 1), 1, padded, zero);
  operand[1] = kernel_of_parts(c, operand[1], parts, part);
  for (int i = 0; i < 2; i++) operand[i] = mdl_split_widened(&c->b, operand[i]);
  MdlAttrs attrs = grouped(c, parts);
  MlirOperation conv = mdl_build_op(&c->b, MDL_OP_conv, 2, operand, &attrs, NULL);
  mdl_op_set_unit(c->ir, conv, "mdl.parts");
  mdl_split_note_halves(c->ir, conv, c->result->dtype);
  MlirValue made = mdl_result(conv, 0);
  const char *name = mdl_value_name(c->ir, mdl_result(c->op, 0));
  mdl_value_set_name(c->ir, made, mdl_text(c->ir->arena, "%s_parts", name ? name : "conv"));
  made = mdl_build_convert(&c->b, sum_of_parts(c, made, parts), c->result->dtype);
  mdl_split_replace(c->ir, c->op, made);
}

void mdl_gpu_split_convs(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++) {
    if (mdl_op(ir, op[i]) != MDL_OP_conv) continue;
    Conv c = {.ir = ir, .op = op[i], .b = mdl_builder_before(ir, op[i])};
    c.b.at = mdl_location_named(ir, c.b.at, NULL);
    int64_t parts = read_conv(&c) ? parts_of(&c) : 0;
    if (parts > 1) in_parts(&c, parts);
  }
}
