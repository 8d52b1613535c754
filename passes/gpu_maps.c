/* Maps on a GPU: a thread makes several neighbours along the last axis at once, loaded and stored
 * 16 bytes an access. The body is emitted twice: in vectors, and one element at a time for what is
 * left. Addresses must be multiples of the access: where a caller's pointer is not, or rows of
 * run-time length do not keep it so, a kernel finds that there are no vectors and does all one by
 * one. */
#include "passes/gpu_maps.h"

#include "passes/align.h"
#include "passes/phases.h"

#include "ir/size_poly.h"

enum {
  ACCESS = 16,    /* bytes that a thread loads or stores at once */
  MOST_LANES = 8, /* as f32 these are registers enough */
  LEAST = 1024,   /* points of known number that are worth it */
  MOST_OPS = 64   /* of a group: a body is there twice */
};

/* ---- what vectors would touch ------------------------------------------------------------ */

typedef struct Lanes {
  const MdlGroup *g;
  int width, bytes; /* lanes; of the widest cell in memory */
  MdlGpuLanes *found;
} Lanes;

static bool walk(Lanes *l, MlirValue tensor, int axis);

/* Every row starts, and ends, where a vector does. */
static bool is_multiple(Lanes *l, const MdlSize *size)
{
  MdlGpuLanes *f = l->found;
  int64_t known;
  if (mdl_size_divides(size, l->width)) return true;
  if (mdl_size_is_const(size, &known)) return false;
  for (int i = 0; i < f->extents; i++)
    if (f->extent[i] == size) return true;
  if (f->extents == MDL_MAX_RANK) return false;
  f->extent[f->extents++] = size;
  return true;
}

static bool in_memory(Lanes *l, MlirValue tensor, int axis)
{
  const MdlType *type = mdl_type_of(l->g->ir, tensor);
  int bytes = mdl_dtypes[mdl_loop_cell(type->dtype)].bytes;
  if (axis != type->rank - 1) return false;
  if (bytes > l->bytes) l->bytes = bytes;
  mdl_map_set(l->found->memory, tensor.ptr, (void *)tensor.ptr);
  return l->g->flat || type->rank == 1 || is_multiple(l, type->dim[axis]);
}

static bool walk_map(Lanes *l, MlirOperation op, MdlOp kind, int axis)
{
  bool divides = kind == MDL_OP_div || kind == MDL_OP_rem;
  if (divides && !mdl_is_float(mdl_type_of(l->g->ir, mdl_result(op, 0))->dtype)) return false;
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (!walk(l, mdl_operand(op, i), axis)) return false;
  return true;
}

static bool walk_broadcast(Lanes *l, MlirOperation op, int axis)
{
  MlirValue from = mdl_operand(op, 0);
  const MdlType *a = mdl_type_of(l->g->ir, from);
  const MdlType *to = mdl_type_of(l->g->ir, mdl_result(op, 0));
  int64_t dims[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(l->g->ir, op);
  int count = mdl_get_ints(&attrs, "dims", dims);
  for (int i = 0; i < count; i++)
    if (dims[i] == axis && a->dim[i] == to->dim[axis]) return walk(l, from, i);
  return true; /* one element for all lanes */
}

/* Rows that are cut, or put together, where vectors end. */
static bool walk_reshape(Lanes *l, MlirOperation op, int axis)
{
  MlirValue from = mdl_operand(op, 0);
  const MdlType *a = mdl_type_of(l->g->ir, from);
  const MdlType *to = mdl_type_of(l->g->ir, mdl_result(op, 0));
  if (axis != to->rank - 1 || !a->rank) return false;
  bool same = a->dim[a->rank - 1] == to->dim[axis];
  if (!same && !is_multiple(l, to->dim[axis])) return false;
  if (!same && !is_multiple(l, a->dim[a->rank - 1])) return false;
  return walk(l, from, a->rank - 1);
}

static bool walk_slice(Lanes *l, MlirOperation op, int axis)
{
  const MdlSize *start[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(l->g->ir, op);
  mdl_get_sizes(&attrs, "start", start);
  mdl_get_ints(&attrs, "step", step);
  return step[axis] == 1 && is_multiple(l, start[axis]) && walk(l, mdl_operand(op, 0), axis);
}

/* Both ends of what is padded fall between vectors. */
static bool walk_pad(Lanes *l, MlirOperation op, int axis)
{
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  int64_t inner[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(l->g->ir, op);
  MlirValue a = mdl_operand(op, 0);
  mdl_get_sizes(&attrs, "lo", lo);
  mdl_get_sizes(&attrs, "hi", hi);
  mdl_get_ints(&attrs, "inner", inner);
  const MdlSize *zero = mdl_size_const(l->g->ir->sizes, 0);
  bool touched = lo[axis] != zero || hi[axis] != zero;
  if (inner[axis] || !is_multiple(l, lo[axis])) return false;
  if (touched && !is_multiple(l, mdl_type_of(l->g->ir, a)->dim[axis])) return false;
  return walk(l, a, axis);
}

static bool walk_concat(Lanes *l, MlirOperation op, int axis)
{
  MlirValue first = mdl_operand(op, 0);
  bool along = mdl_op_int(op, "axis", 0) == axis;
  if (along && !is_multiple(l, mdl_type_of(l->g->ir, first)->dim[axis])) return false;
  if (along && !is_multiple(l, mdl_type_of(l->g->ir, mdl_operand(op, 1))->dim[axis])) return false;
  return walk(l, first, axis) && walk(l, mdl_operand(op, 1), axis);
}

static bool walk_move(Lanes *l, MlirOperation op, MdlOp kind, int axis)
{
  MdlAttrs attrs = mdl_attrs_of(l->g->ir, op);
  MlirValue a = mdl_operand(op, 0);
  int64_t list[MDL_MAX_RANK];
  int count;
  switch (kind) {
  case MDL_OP_broadcast:
    return walk_broadcast(l, op, axis);
  case MDL_OP_reshape:
    return walk_reshape(l, op, axis);
  case MDL_OP_transpose:
    mdl_get_ints(&attrs, "perm", list);
    return walk(l, a, (int)list[axis]);
  case MDL_OP_slice:
    return walk_slice(l, op, axis);
  case MDL_OP_dynamic_slice:
    return mdl_op_int(op, "axis", 0) != axis && walk(l, a, axis);
  case MDL_OP_reverse:
    count = mdl_get_ints(&attrs, "axes", list);
    for (int i = 0; i < count; i++)
      if (list[i] == axis) return false;
    return walk(l, a, axis);
  case MDL_OP_pad:
    return walk_pad(l, op, axis);
  case MDL_OP_concat:
    return walk_concat(l, op, axis);
  case MDL_OP_dynamic_update:
    return mdl_op_int(op, "axis", 0) != axis && walk(l, a, axis) &&
           walk(l, mdl_operand(op, 2), axis);
  default:
    return false;
  }
}

/* Lanes behind the gathered axis run along a's own. */
static bool walk_gather(Lanes *l, MlirOperation op, int axis)
{
  int at = (int)mdl_op_int(op, "axis", 0), batch = (int)mdl_op_int(op, "batch", 0);
  int indices = mdl_type_of(l->g->ir, mdl_operand(op, 1))->rank - batch;
  return axis >= at + indices && axis >= batch && walk(l, mdl_operand(op, 0), axis - indices + 1);
}

static bool walk_onehot(Lanes *l, MlirOperation op, int axis)
{
  int at = (int)mdl_op_int(op, "axis", 0), batch = (int)mdl_op_int(op, "batch", 0);
  if (!mdl_is_onehot(l->g->ir, op) || axis < batch) return false;
  if (!walk(l, mdl_operand(op, 0), axis)) return false;
  return axis == at || walk(l, mdl_operand(op, 2), axis - (axis > at));
}

static bool walk(Lanes *l, MlirValue tensor, int axis)
{
  MlirOperation op = mdl_def(tensor);
  if (!mdl_type_of(l->g->ir, tensor)->rank) return true;
  if (mdl_is_null(op) || mdl_op(l->g->ir, op) == MDL_OP_table) return in_memory(l, tensor, axis);
  MdlOp kind = mdl_op(l->g->ir, op);
  switch (mdl_op_info(kind)->class) {
  case MDL_CLASS_map:
    return walk_map(l, op, kind, axis);
  case MDL_CLASS_leaf:
    return kind == MDL_OP_const || kind == MDL_OP_size || kind == MDL_OP_iota;
  case MDL_CLASS_move:
    return walk_move(l, op, kind, axis);
  case MDL_CLASS_gather:
    return walk_gather(l, op, axis);
  case MDL_CLASS_scatter:
    return walk_onehot(l, op, axis);
  default:
    return false;
  }
}

/* ---- choosing ---------------------------------------------------------------------------- */

static bool walk_results(Lanes *l)
{
  MlirOperation end = mdl_terminator(mdl_body(l->g->func, 0));
  int rank = mdl_type_of(l->g->ir, mdl_operand(end, 0))->rank;
  for (int i = 0; i < mdl_operand_count(end); i++) {
    MlirValue result = mdl_operand(end, i);
    if (mdl_type_of(l->g->ir, result)->rank != rank) return false;
    if (!walk(l, result, rank - 1) || !in_memory(l, result, rank - 1)) return false;
  }
  return true;
}

/* Can `width` lanes run, and what would they touch? */
static bool has_lanes(const MdlGroup *g, int width, MdlGpuLanes *found)
{
  Lanes l = {.g = g, .width = width, .found = found};
  *found = (MdlGpuLanes){.memory = mdl_map_create(g->ir->arena)};
  if (!walk_results(&l)) return false;
  found->bytes = width * l.bytes;
  return found->bytes <= ACCESS;
}

/* What is stored in loops over a row lies in the memory of a result, its own or one that is lent.
 */
static bool walk_sink(Lanes *l, const MdlPhases *p, const MdlSink *s)
{
  const MdlType *type = mdl_type_of(l->g->ir, s->value);
  MlirOperation end = mdl_terminator(mdl_body(l->g->func, 0));
  int last = type->rank - 1;
  bool once = s->reduces ? type->rank == p->rows : mdl_is_per_row(type, p->rows);
  if (once) return true;
  if (s->reduces && type->dtype == MDL_bool) return false;
  if (last < p->rows || !is_multiple(l, type->dim[last]) || !walk(l, s->value, last)) return false;
  return s->result < 0 || in_memory(l, mdl_operand(end, s->result), last);
}

bool mdl_gpu_row_lanes(const MdlGroup *g, const MdlPhases *p, int width, MdlGpuLanes *found)
{
  Lanes l = {.g = g, .width = width, .found = found};
  *found = (MdlGpuLanes){.memory = mdl_map_create(g->ir->arena)};
  for (int i = 0; i < p->sinks; i++)
    if (!walk_sink(&l, p, &p->sink[i])) return false;
  found->bytes = width * l.bytes;
  return !found->extents && mdl_map_count(found->memory) && found->bytes <= ACCESS;
}

static bool is_worth_it(const MdlGroup *g)
{
  MlirOperation *op, end = mdl_terminator(mdl_body(g->func, 0));
  const MdlType *type = mdl_type_of(g->ir, mdl_operand(end, 0));
  const MdlSize *points = mdl_type_elements(g->ir->sizes, type);
  int64_t known;
  if (!type->rank || !points || mdl_list(g->ir, mdl_body(g->func, 0), &op) > MOST_OPS) return false;
  return !mdl_size_is_const(points, &known) || known >= LEAST;
}

int mdl_gpu_lanes(const MdlGroup *g, MdlGpuLanes *found)
{
  if (!mdl_is_null(g->seed) || mdl_is_rows(g->func) || !is_worth_it(g)) return 1;
  int width = MOST_LANES;
  while (width > 1 && !has_lanes(g, width, found)) width /= 2;
  return width;
}

MdlSchedule mdl_gpu_choose_map(const MdlGroup *g)
{
  MdlSchedule s = mdl_schedule_plain();
  MdlGpuLanes found;
  int width = mdl_gpu_lanes(g, &found);
  if (width == 1) return s;
  MlirOperation end = mdl_terminator(mdl_body(g->func, 0));
  s.lanes = g->flat ? 0 : mdl_type_of(g->ir, mdl_operand(end, 0))->rank - 1;
  s.width = width;
  return s;
}

/* ---- loops ------------------------------------------------------------------------------- */

MlirValue mdl_gpu_may_run(MdlNest *n, const MdlGpuLanes *found, int width)
{
  MlirValue bits = {NULL}, zero = mdl_nest_index(n, 0);
  MlirType type = n->ir->scalar[MDL_index];
  for (int i = 0; i < mdl_map_count(found->memory); i++) {
    void *tensor = (void *)mdl_map_key(found->memory, i);
    MlirValue memory = {mdl_map_get(n->memory, tensor)};
    if (mdl_is_no_value(memory)) continue; /* a table's is aligned */
    MlirValue pointer = mdl_operand(mdl_def(memory), 0);
    MlirValue at = mdl_loop_build(&n->b, MDL_LOOP_address, type, 1, &pointer);
    bits = mdl_is_no_value(bits) ? at : mdl_loop_binary(&n->b, MDL_LOOP_ori, bits, at);
  }
  MlirValue past, may = mdl_loop_number(&n->b, MDL_bool, 1, 0, 1); /* nothing but tables */
  if (!mdl_is_no_value(bits)) {
    past = mdl_index_rem(&n->b, bits, mdl_nest_index(n, found->bytes));
    may = mdl_loop_compare(&n->b, MDL_PREDICATE_eq, past, zero);
  }
  for (int i = 0; i < found->extents; i++) {
    MlirValue extent = mdl_nest_extent(n, found->extent[i]);
    past = mdl_index_rem(&n->b, extent, mdl_nest_index(n, width));
    MlirValue whole = mdl_loop_compare(&n->b, MDL_PREDICATE_eq, past, zero);
    may = mdl_loop_binary(&n->b, MDL_LOOP_andi, whole, may);
  }
  return may;
}

/* How many elements vectors cover. */
static MlirValue whole_of(MdlNest *n, MlirValue all)
{
  MdlGpuLanes found;
  MdlBuilder *top = &n->extents.top;
  if (mdl_gpu_lanes(&n->g, &found) != n->width)
    MDL_BUG(n->ir->session, "a map that has no such vectors");
  MlirValue rest = mdl_index_rem(top, all, mdl_nest_index(n, n->width));
  if (found.extents) rest = mdl_nest_index(n, 0); /* they are whole, or there are no vectors */
  MlirValue whole = mdl_loop_select(&n->b, mdl_gpu_may_run(n, &found, n->width),
                                    mdl_index_sub(top, all, rest), mdl_nest_index(n, 0));
  mdl_value_set_name(n->ir, whole, "whole");
  return whole;
}

static void open_vectors(MdlNest *n, MdlSpace *s, MdlPoint *p)
{
  MlirValue lanes = mdl_nest_index(n, n->width);
  s->split = whole_of(n, mdl_gpu_product(n, s->rank, s->extent));
  s->thread = mdl_gpu_thread(&n->b);
  s->threads = mdl_gpu_threads(&n->b);
  mdl_value_set_name(n->ir, s->thread, "thread");
  mdl_value_set_name(n->ir, s->threads, "threads");
  mdl_loop_begin(n, &s->loop[0], mdl_index_mul(&n->b, lanes, s->thread), s->split,
                 mdl_index_mul(&n->b, lanes, s->threads), 0, NULL);
  mdl_gpu_split(n, s->rank, s->extent, s->loop[0].iv, p);
  p->lane = s->rank - 1;
  s->number = s->loop[0].iv;
}

static void open_singles(MdlNest *n, MdlSpace *s, MdlPoint *p)
{
  MlirValue all = mdl_gpu_product(n, s->rank, s->extent);
  MlirValue thread = s->lanes ? s->thread : mdl_gpu_thread(&n->b);
  MlirValue threads = s->lanes ? s->threads : mdl_gpu_threads(&n->b);
  MlirValue first = s->lanes ? mdl_index_add(&n->b, s->split, thread) : thread;
  mdl_loop_begin(n, &s->loop[0], first, all, threads, 0, NULL);
  mdl_gpu_split(n, s->rank, s->extent, s->loop[0].iv, p);
  s->number = s->loop[0].iv;
}

MlirValue mdl_gpu_numbered(MdlNest *n, MlirValue tensor, MlirValue memory)
{
  MlirValue known = {mdl_map_get(n->numbered, memory.ptr)};
  if (!mdl_is_no_value(known)) return known;
  if (mdl_loop_type_of(n->ir, memory).rank == 1) return memory;
  const MdlType *type = mdl_nest_type(n, tensor);
  MdlType whole = *type;
  whole.rank = 1;
  whole.dim[0] = mdl_type_elements(n->ir->sizes, type);
  if (!whole.dim[0]) MDL_BUG(n->ir->session, "the size of a tensor overflows");
  MlirValue extent[MDL_MAX_RANK], base = memory;
  MdlLoopType shape = mdl_extent_memory(&whole);
  mdl_extent_values(&n->extents, &whole, extent);
  while (mdl_loop_def_op(base) == MDL_LOOP_shape) base = mdl_operand(mdl_def(base), 0);
  known = mdl_loop_shape(&n->extents.top, base, &shape, extent);
  mdl_map_set(n->numbered, memory.ptr, (void *)known.ptr);
  return known;
}

/* States: 0 nothing open, 1 in the vectors, 2 in the single elements. */
bool mdl_gpu_space_next(MdlNest *n, MdlSpace *s, MdlPoint *p)
{
  if (s->state) mdl_loop_end(n, &s->loop[0], NULL);
  if (s->state == 2) return false;
  bool vectors = s->lanes && !s->state;
  s->state = vectors ? 1 : 2;
  if (vectors)
    open_vectors(n, s, p);
  else
    open_singles(n, s, p);
  return true;
}
