#include "tests/cases/draw.h"

#include <math.h>
#include <string.h>

/* ---- sizes ------------------------------------------------------------------------------- */

typedef struct Draw {
  MdlCase *c;
  MdlRandom *random;
  bool symbolic;
} Draw;

static int below(Draw *d, int n) { return mdl_random_below(d->random, n); }

/* 0, 1, primes, a vector, more than a vector. */
static int64_t draw_extent(Draw *d)
{
  static const int64_t few[] = {1, 2, 3, 4, 5, 7, 8, 9};
  static const int64_t many[] = {16, 17, 33, 64, 67};
  int kind = below(d, 20);
  return kind == 0 ? 0 : kind < 3 ? many[below(d, 5)] : few[below(d, 8)];
}

static const MdlSize *number(Draw *d, int64_t value)
{
  return mdl_size_const(d->c->ir->sizes, value);
}

/* A size with that value: a number, or a new name. */
static const MdlSize *size_of(Draw *d, int64_t extent)
{
  MdlCase *c = d->c;
  if (!d->symbolic || below(d, 3) == 0 || c->sizes == MDL_MAX_RANK) return number(d, extent);
  c->size[c->sizes] = mdl_intern_text(c->ir->arena, mdl_text(c->ir->arena, "N%d", c->sizes));
  c->extent[c->sizes] = extent;
  return mdl_size_name(c->ir->sizes, c->size[c->sizes++]);
}

bool mdl_case_size_of(void *user, const char *name, int64_t *value)
{
  const MdlCase *c = user;
  for (int i = 0; i < c->sizes; i++)
    if (!strcmp(c->size[i], name)) return *value = c->extent[i], true;
  return false;
}

static int64_t value_of(Draw *d, const MdlSize *size)
{
  int64_t value = 0;
  if (!mdl_size_eval(size, mdl_case_size_of, d->c, &value))
    MDL_BUG(d->c->ir->session, "a drawn size has no value");
  return value;
}

/* At most a few thousand elements: larger axes are cut. */
static MdlType draw_type(Draw *d, MdlDtype dtype, int rank)
{
  MdlType type = {.dtype = dtype, .rank = rank};
  int64_t count = 1;
  for (int i = 0; i < rank; i++) {
    int64_t extent = draw_extent(d);
    if (extent && count * extent > 4096) extent = 2;
    if (extent) count *= extent;
    type.dim[i] = size_of(d, extent);
  }
  return type;
}

/* ---- classes of rows: each fills operands and attributes --------------------------------- */

static void draw_axis(Draw *d, const MdlType *type)
{
  mdl_put_int(&d->c->attrs, "axis", below(d, type->rank));
}

static bool letter_takes(char letter, MdlDtype dtype)
{
  switch (letter) {
  case 'F':
    return mdl_is_float(dtype);
  case 'I':
    return mdl_is_integer(dtype);
  case 'N':
    return mdl_is_integer(dtype) || mdl_is_float(dtype);
  case 'J':
    return mdl_is_integer(dtype) || mdl_is_bool(dtype);
  case 'B':
    return mdl_is_bool(dtype);
  }
  return true;
}

static MdlDtype draw_index_dtype(Draw *d)
{
  static const MdlDtype dtypes[] = {MDL_i32, MDL_i32, MDL_i64, MDL_u8, MDL_i8};
  return dtypes[below(d, 5)];
}

static bool draw_elementwise(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  const char *sig = mdl_op_info(c->op)->sig;
  MdlType shape = draw_type(d, dtype, below(d, 4));
  for (int i = 0; i < c->operands; i++) {
    bool condition = sig[i] == 'B' && sig[0] != sig[c->operands - 1];
    c->in[i] = mdl_type_with(&shape, condition ? MDL_bool : dtype);
  }
  return true;
}

static bool draw_leaf(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  c->has_given = true;
  c->given = draw_type(d, dtype, c->op == MDL_OP_iota ? 1 + below(d, 3) : below(d, 3));
  switch (c->op) {
  case MDL_OP_const:
    mdl_put_number(&c->attrs, "value", dtype, below(d, 9) - 4 + 0.5 * below(d, 2), below(d, 100));
    return true;
  case MDL_OP_size:
    if (mdl_is_bool(dtype)) return false;
    c->given = mdl_type_scalar(dtype);
    mdl_put_text(&c->attrs, "of", mdl_size_text(size_of(d, draw_extent(d))));
    return true;
  case MDL_OP_iota:
    if (mdl_is_bool(dtype)) return false;
    draw_axis(d, &c->given);
    return true;
  default:
    break;
  }
  c->given = mdl_type_scalar(dtype);
  c->given.rank = 1;
  c->given.dim[0] = number(d, 1 + below(d, 20));
  int64_t count = value_of(d, c->given.dim[0]);
  MdlType written = c->given;
  if (dtype == MDL_f16 || dtype == MDL_bf16) written.dtype = MDL_f32;
  MdlTensor t = mdl_tensor_create(c->ir->arena, written.dtype, 1, &count);
  for (int64_t i = 0; i < count; i++)
    if (t.real)
      t.real[i] = below(d, 64) - 32;
    else
      t.integer[i] = (uint64_t)below(d, mdl_is_bool(dtype) ? 2 : 100);
  void *memory = mdl_alloc(c->ir->arena, (size_t)count * 8);
  mdl_tensor_store(&t, memory);
  mdl_put_table(&c->attrs, "values", &written, memory);
  return true;
}

static bool draw_map(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  c->in[0] = draw_type(d, dtype, below(d, 3));
  if (c->op == MDL_OP_stop_grad) return true;
  c->has_given = true;
  MdlDtype to = (MdlDtype)below(d, MDL_DTYPE_COUNT);
  if (c->op == MDL_OP_bitcast) {
    if (mdl_is_bool(dtype)) return false;
    while (mdl_is_bool(to) || mdl_dtypes[to].bits != mdl_dtypes[dtype].bits)
      to = (MdlDtype)below(d, MDL_DTYPE_COUNT);
  }
  c->given = mdl_type_with(&c->in[0], to);
  return true;
}

static void draw_broadcast(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  c->has_given = true;
  c->given = draw_type(d, dtype, below(d, 4));
  c->in[0] = mdl_type_scalar(dtype);
  int64_t dims[MDL_MAX_RANK];
  for (int i = 0; i < c->given.rank; i++) {
    if (below(d, 2)) continue;
    dims[c->in[0].rank] = i;
    c->in[0].dim[c->in[0].rank++] = below(d, 4) ? c->given.dim[i] : number(d, 1);
  }
  mdl_put_ints(&c->attrs, "dims", c->in[0].rank, dims);
}

/* Two axes become one, or one of a known size becomes two. */
static void draw_reshape(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  MdlSizes *sizes = c->ir->sizes;
  MdlType wide = draw_type(d, dtype, 2 + below(d, 2)), flat = mdl_type_scalar(dtype);
  int at = below(d, wide.rank - 1);
  for (int i = 0; i < wide.rank; i++)
    if (i == at)
      flat.dim[flat.rank++] = mdl_size_mul(sizes, wide.dim[i], wide.dim[i + 1]), i++;
    else
      flat.dim[flat.rank++] = wide.dim[i];
  bool joins = below(d, 2);
  c->has_given = true;
  c->in[0] = joins ? wide : flat;
  c->given = joins ? flat : wide;
}

static void draw_slice(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  const MdlSize *start[MDL_MAX_RANK], *limit[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  c->in[0] = draw_type(d, dtype, 1 + below(d, 3));
  for (int i = 0; i < c->in[0].rank; i++) {
    int64_t n = value_of(d, c->in[0].dim[i]), from = below(d, (int)n + 1);
    int64_t to = from + below(d, (int)(n - from) + 1);
    bool is_number = mdl_size_is_const(c->in[0].dim[i], &n);
    step[i] = 1 + below(d, 3);
    start[i] = is_number ? number(d, from) : number(d, n ? below(d, 2) : 0);
    limit[i] = is_number ? number(d, to) : c->in[0].dim[i];
  }
  mdl_put_sizes(&c->attrs, "start", c->in[0].rank, start);
  mdl_put_sizes(&c->attrs, "limit", c->in[0].rank, limit);
  mdl_put_ints(&c->attrs, "step", c->in[0].rank, step);
}

static void draw_window_of(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  c->in[0] = draw_type(d, dtype, 1 + below(d, 3));
  c->in[1] = mdl_type_scalar(draw_index_dtype(d));
  int axis = below(d, c->in[0].rank);
  MdlType window = c->in[0];
  window.dim[axis] = number(d, below(d, (int)value_of(d, window.dim[axis]) + 1));
  mdl_put_int(&c->attrs, "axis", axis);
  if (c->op == MDL_OP_dynamic_update) {
    c->in[2] = window;
  } else {
    c->has_given = true;
    c->given = window;
  }
}

static void draw_pad(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  int64_t inner[MDL_MAX_RANK];
  c->in[0] = draw_type(d, dtype, 1 + below(d, 3));
  c->in[1] = mdl_type_scalar(dtype);
  for (int i = 0; i < c->in[0].rank; i++) {
    int64_t n = value_of(d, c->in[0].dim[i]);
    inner[i] = below(d, 4) ? 0 : 1 + below(d, 2);
    lo[i] = number(d, below(d, 4) ? below(d, 4) : n > 2 ? -1 : 0);
    hi[i] = number(d, below(d, 4) || n < 3 ? inner[i] + below(d, 4) : -1);
  }
  mdl_put_sizes(&c->attrs, "lo", c->in[0].rank, lo);
  mdl_put_sizes(&c->attrs, "hi", c->in[0].rank, hi);
  mdl_put_ints(&c->attrs, "inner", c->in[0].rank, inner);
}

static int draw_axes(Draw *d, int rank, int64_t *axes)
{
  int count = 0;
  for (int i = 0; i < rank; i++)
    if (below(d, 2)) axes[count++] = i;
  return count;
}

static bool draw_move(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  int64_t list[MDL_MAX_RANK];
  switch (c->op) {
  case MDL_OP_broadcast:
    draw_broadcast(d, dtype);
    return true;
  case MDL_OP_reshape:
    draw_reshape(d, dtype);
    return true;
  case MDL_OP_slice:
    draw_slice(d, dtype);
    return true;
  case MDL_OP_dynamic_slice:
  case MDL_OP_dynamic_update:
    draw_window_of(d, dtype);
    return true;
  case MDL_OP_pad:
    draw_pad(d, dtype);
    return true;
  default:
    break;
  }
  c->in[0] = draw_type(d, dtype, 1 + below(d, 3));
  int rank = c->in[0].rank;
  if (c->op == MDL_OP_transpose) {
    for (int i = 0; i < rank; i++) list[i] = i;
    for (int i = rank - 1; i > 0; i--) {
      int j = below(d, i + 1);
      int64_t t = list[i];
      list[i] = list[j], list[j] = t;
    }
    mdl_put_ints(&c->attrs, "perm", rank, list);
  } else if (c->op == MDL_OP_reverse) {
    mdl_put_ints(&c->attrs, "axes", draw_axes(d, rank, list), list);
  } else { /* concat */
    int axis = below(d, rank);
    c->in[1] = c->in[0];
    c->in[1].dim[axis] = size_of(d, draw_extent(d));
    mdl_put_int(&c->attrs, "axis", axis);
  }
  return true;
}

/* Operands of gather and the scatters: at most three of rank. */
static bool draw_index(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  int rank = 1 + below(d, 3), axis = below(d, rank), batch = below(d, axis + 1);
  if (mdl_is_bool(dtype) && c->op != MDL_OP_gather && c->op != MDL_OP_scatter) return false;
  MdlType a = draw_type(d, dtype, rank), b = mdl_type_scalar(draw_index_dtype(d));
  int64_t length = value_of(d, a.dim[axis]);
  if (!length) a.dim[axis] = number(d, 3);
  for (int i = 0; i < batch; i++) b.dim[b.rank++] = a.dim[i];
  for (int i = below(d, 3); i > 0; i--) b.dim[b.rank++] = size_of(d, below(d, 6));
  c->in[0] = a;
  c->in[1] = b;
  mdl_put_int(&c->attrs, "axis", axis);
  mdl_put_int(&c->attrs, "batch", batch);
  if (c->op == MDL_OP_gather) return true;
  MdlType *y = &c->in[2];
  *y = mdl_type_scalar(dtype);
  for (int i = 0; i < axis; i++) y->dim[y->rank++] = a.dim[i];
  for (int i = batch; i < b.rank; i++) y->dim[y->rank++] = b.dim[i];
  for (int i = axis + 1; i < rank; i++) y->dim[y->rank++] = a.dim[i];
  return true;
}

/* Axes of either side are batch, contracted or free, in shuffled order. */
static bool draw_dot(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  int64_t pair[2][2][MDL_MAX_RANK]; /* [batch, contract][side] */
  int count[2] = {below(d, 3) == 0, below(d, 4) ? 1 : below(d, 3)};
  for (int side = 0; side < 2; side++) c->in[side] = mdl_type_scalar(dtype);
  const MdlSize *shared[2][2];
  for (int kind = 0; kind < 2; kind++)
    for (int i = 0; i < count[kind]; i++) shared[kind][i] = size_of(d, draw_extent(d));
  for (int side = 0; side < 2; side++) {
    MdlType *type = &c->in[side];
    int free = below(d, 3), first = below(d, 2);
    if (first && free) type->dim[type->rank++] = size_of(d, 1 + below(d, 9));
    for (int kind = 0; kind < 2; kind++)
      for (int i = 0; i < count[kind]; i++) {
        pair[kind][side][i] = type->rank;
        type->dim[type->rank++] = shared[kind][i];
      }
    if (free > first) type->dim[type->rank++] = size_of(d, draw_extent(d));
  }
  mdl_put_pairs(&c->attrs, "contract", count[1], pair[1][0], pair[1][1]);
  mdl_put_pairs(&c->attrs, "batch", count[0], pair[0][0], pair[0][1]);
  return true;
}

static bool draw_conv(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  int axes = 1 + below(d, 3), groups = 1 + below(d, 3), in = 1 + below(d, 3), out = 1 + below(d, 4);
  int64_t stride[3], dilate[3], spread[3];
  const MdlSize *lo[3], *hi[3];
  MdlType *a = &c->in[0], *b = &c->in[1];
  *a = *b = mdl_type_scalar(dtype);
  a->rank = b->rank = axes + 2;
  a->dim[0] = size_of(d, below(d, 4));
  a->dim[1] = number(d, in * groups);
  b->dim[0] = number(d, out * groups);
  b->dim[1] = number(d, in);
  for (int i = 0; i < axes; i++) {
    int64_t size = 1 + below(d, 3);
    stride[i] = 1 + below(d, 2);
    dilate[i] = below(d, 3) ? 1 : 2;
    spread[i] = below(d, 4) ? 1 : 2;
    a->dim[i + 2] = size_of(d, (size - 1) * dilate[i] + 1 + below(d, 6));
    b->dim[i + 2] = number(d, size);
    lo[i] = number(d, below(d, 3)), hi[i] = number(d, below(d, 3));
  }
  mdl_put_ints(&c->attrs, "stride", axes, stride);
  mdl_put_sizes(&c->attrs, "lo", axes, lo);
  mdl_put_sizes(&c->attrs, "hi", axes, hi);
  mdl_put_ints(&c->attrs, "dilate", axes, dilate);
  mdl_put_ints(&c->attrs, "spread", axes, spread);
  mdl_put_int(&c->attrs, "groups", groups);
  return true;
}

static bool draw_window(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  int64_t size[3], stride[3], dilate[3], spread[3];
  const MdlSize *lo[3], *hi[3];
  int rank = 1 + below(d, 3);
  c->in[0] = mdl_type_scalar(dtype);
  c->in[0].rank = rank;
  for (int i = 0; i < rank; i++) {
    size[i] = 1 + below(d, 3);
    stride[i] = 1 + below(d, 2);
    dilate[i] = below(d, 3) ? 1 : 2;
    spread[i] = c->op != MDL_OP_window_sum || below(d, 4) ? 1 : 2;
    c->in[0].dim[i] = size_of(d, (size[i] - 1) * dilate[i] + 1 + below(d, 8));
    lo[i] = number(d, below(d, 2)), hi[i] = number(d, below(d, 2));
  }
  mdl_put_ints(&c->attrs, "size", rank, size);
  mdl_put_ints(&c->attrs, "stride", rank, stride);
  mdl_put_sizes(&c->attrs, "lo", rank, lo);
  mdl_put_sizes(&c->attrs, "hi", rank, hi);
  mdl_put_ints(&c->attrs, "dilate", rank, dilate);
  if (c->op == MDL_OP_window_sum) mdl_put_ints(&c->attrs, "spread", rank, spread);
  c->has_given = c->op == MDL_OP_window_argmax || c->op == MDL_OP_window_argmin;
  c->given = mdl_type_scalar(below(d, 2) ? MDL_i32 : MDL_i64);
  return true;
}

static bool draw_reduce(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  int64_t axes[MDL_MAX_RANK];
  c->in[0] = draw_type(d, dtype, 1 + below(d, 3));
  if (c->op != MDL_OP_argmax && c->op != MDL_OP_argmin) {
    mdl_put_ints(&c->attrs, "axes", draw_axes(d, c->in[0].rank, axes), axes);
    return true;
  }
  int axis = below(d, c->in[0].rank);
  if (!value_of(d, c->in[0].dim[axis])) c->in[0].dim[axis] = number(d, 5);
  mdl_put_int(&c->attrs, "axis", axis);
  c->given = mdl_type_scalar(MDL_i32);
  c->has_given = true;
  for (int i = 0; i < c->in[0].rank; i++)
    if (i != axis) c->given.dim[c->given.rank++] = c->in[0].dim[i];
  return true;
}

static bool draw_along(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  c->in[0] = draw_type(d, dtype, 1 + below(d, 3));
  draw_axis(d, &c->in[0]);
  if (c->op != MDL_OP_sort) mdl_put_flag(&c->attrs, "reverse", below(d, 2));
  return true;
}

static bool draw_effect(Draw *d, MdlDtype dtype)
{
  MdlCase *c = d->c;
  c->in[0] = draw_type(d, dtype, below(d, 2));
  if (c->op == MDL_OP_check) mdl_put_int(&c->attrs, "code", 3);
  mdl_put_text(&c->attrs, "text", "drawn");
  return true;
}

typedef bool DrawFn(Draw *d, MdlDtype dtype);
static DrawFn *const draws[] = {
    [MDL_CLASS_leaf] = draw_leaf,     [MDL_CLASS_map] = draw_map,
    [MDL_CLASS_move] = draw_move,     [MDL_CLASS_reduce] = draw_reduce,
    [MDL_CLASS_contract] = draw_dot,  [MDL_CLASS_conv] = draw_conv,
    [MDL_CLASS_gather] = draw_index,  [MDL_CLASS_scatter] = draw_index,
    [MDL_CLASS_window] = draw_window, [MDL_CLASS_scan] = draw_along,
    [MDL_CLASS_sort] = draw_along,    [MDL_CLASS_effect] = draw_effect,
};

/* The letter that stands for `dtype`: where's B is its condition, not its values. */
static char main_letter(const MdlOpInfo *row)
{
  return row->operands ? row->sig[row->elementwise ? row->operands - 1 : 0] : 'Z';
}

bool mdl_case_draw(MdlIr *ir, MdlRandom *random, MdlOp op, MdlDtype dtype, bool symbolic,
                   MdlCase *c)
{
  const MdlOpInfo *row = mdl_op_info(op);
  *c = (MdlCase){.ir = ir, .op = op, .operands = row->operands, .attrs = mdl_attrs_none(ir)};
  Draw d = {c, random, symbolic};
  if (!letter_takes(main_letter(row), dtype)) return false;
  return row->elementwise ? draw_elementwise(&d, dtype) : draws[row->class](&d, dtype);
}

const char *mdl_case_text(const MdlCase *c)
{
  MdlArena *arena = c->ir->arena;
  const char *text = mdl_op_info(c->op)->name;
  for (int i = 0; i < c->operands; i++)
    text = mdl_text(arena, "%s%s %s", text, i ? "," : "", mdl_type_text(arena, &c->in[i]));
  if (c->has_given) text = mdl_text(arena, "%s -> %s", text, mdl_type_text(arena, &c->given));
  for (int i = 0; i < c->sizes; i++)
    text = mdl_text(arena, "%s%s%s = %lld", text, i ? ", " : " (", c->size[i],
                    (long long)c->extent[i]);
  return c->sizes ? mdl_text(arena, "%s)", text) : text;
}
