/* Sorts on a GPU: a bitonic network over (value, place), which is a total order, so that its result
 * is the stable one. Every comparator points the same way: the first step of a stage compares what
 * lies the same distance from the middle of its 2*half elements, later steps what is `half` apart.
 * Then nothing is ever moved towards the end by an element that does not exist: comparators beyond
 * the end of a line are left out, and any length is sorted without padding.
 *
 * A block sorts a chunk of a line in shared memory. Lines of more than one chunk go on over the
 * whole grid, in the results themselves, where each comparator is one thread's: a stage's steps
 * between chunks are a kernel each (`far`), its steps within chunks one kernel for all (`near`).
 * The host counts them, since they follow from the length alone. Merging sorted runs by ranks would
 * read memory fewer times, but wants a second copy of both results, and searches; this needs no
 * room and reads neighbours. A million elements are 9 stages: 45 launches of `far` and 9 of `near`.
 */
#include "passes/gpu_sort.h"

#include "passes/nest_sort.h"

enum { CHUNK = MDL_SORT_CHUNK, LEAST_CHUNK = 32 };

typedef struct Sort {
  MdlNest *n;
  MdlDtype dtype, place;
  const MdlType *type;
  int axis;
  int64_t chunk;
  MlirValue values, places;               /* memory of the results */
  MlirValue shared_values, shared_places; /* of one chunk */
  MlirValue thread, threads;
} Sort;

/* ---- what runs --------------------------------------------------------------------------- */

static const MdlSize *length_of(const MdlGroup *g)
{
  MdlAttrs attrs = mdl_attrs_of(g->ir, g->seed);
  return mdl_type_of(g->ir, mdl_result(g->seed, 0))->dim[mdl_get_int(&attrs, "axis")];
}

static int64_t chunk_of(const MdlSize *length)
{
  int64_t known, chunk = LEAST_CHUNK;
  if (!mdl_size_is_const(length, &known)) return CHUNK;
  while (chunk < known && chunk < CHUNK) chunk *= 2;
  return chunk;
}

MdlGpuMode mdl_gpu_sort_mode(const MdlGroup *g)
{
  int64_t known;
  bool tiny = mdl_size_is_const(length_of(g), &known) && known < LEAST_CHUNK;
  bool lines = mdl_type_of(g->ir, mdl_result(g->seed, 0))->rank > 1;
  return tiny && lines ? MDL_GPU_points : MDL_GPU_blocks;
}

/* The results' shape, their lines in parts of `each`. */
static const MdlSize *points_of(const MdlGroup *g, int64_t each)
{
  MdlAttrs attrs = mdl_attrs_of(g->ir, g->seed);
  MdlType type = *mdl_type_of(g->ir, mdl_result(g->seed, 0));
  int64_t axis = mdl_get_int(&attrs, "axis");
  type.dim[axis] = mdl_size_ceil_div(g->ir->sizes, type.dim[axis], each);
  return type.dim[axis] ? mdl_type_elements(g->ir->sizes, &type) : NULL;
}

const MdlSize *mdl_gpu_sort_points(const MdlGroup *g)
{
  if (mdl_gpu_sort_mode(g) == MDL_GPU_blocks) return points_of(g, chunk_of(length_of(g)));
  return points_of(g, LEAST_CHUNK); /* a line is less than one */
}

/* ---- cells ------------------------------------------------------------------------------- */

static MdlSortCell load(Sort *s, MlirValue values, MlirValue places, const MlirValue *at)
{
  MdlArith a = mdl_nest_arith(s->n, NULL);
  MlirValue value = mdl_loop_load(&s->n->b, values, at, 1);
  return (MdlSortCell){mdl_arith_of_cell(&a, value, s->dtype),
                       mdl_loop_load(&s->n->b, places, at, 1)};
}

static void store(Sort *s, MdlSortCell cell, MlirValue values, MlirValue places,
                  const MlirValue *at)
{
  MdlArith a = mdl_nest_arith(s->n, NULL);
  mdl_loop_store(&s->n->b, mdl_arith_to_cell(&a, cell.value, s->dtype), values, at);
  mdl_loop_store(&s->n->b, cell.place, places, at);
}

/* A comparator: the elements at x and y change places where they stand the wrong way round. */
static void exchange(Sort *s, MlirValue values, MlirValue places, const MlirValue *x,
                     const MlirValue *y)
{
  MdlNest *n = s->n;
  MdlBranch branch;
  MdlSortCell first = load(s, values, places, x), second = load(s, values, places, y);
  mdl_branch_begin(n, &branch, mdl_sort_before(&n->b, s->dtype, second, first), 0, NULL);
  store(s, second, values, places, x);
  store(s, first, values, places, y);
  mdl_gpu_one_end(n, &branch);
}

/* The higher element of comparator `number`, in 2*half elements one half behind its middle; the
 * lower one differs from it in the bits of a mask. */
static MlirValue high_of(MdlNest *n, MlirValue number, MlirValue half)
{
  MlirValue minus = mdl_index_sub(&n->b, mdl_nest_index(n, 0), half);
  MlirValue block = mdl_loop_binary(&n->b, MDL_LOOP_andi, number, minus);
  return mdl_index_add(&n->b, mdl_index_add(&n->b, number, block), half);
}

MlirValue mdl_gpu_sort_half(MdlBuilder *b, MlirValue widest, MlirValue step)
{
  MlirValue half = mdl_loop_binary(b, MDL_LOOP_shrsi, widest, step);
  mdl_value_set_name(b->ir, half, "half");
  return half;
}

MlirValue mdl_gpu_sort_mask(MdlBuilder *b, MlirValue widest, MlirValue half, MlirValue step)
{
  MlirValue zero = mdl_loop_number(b, MDL_index, 1, 0, 0);
  MlirValue one = mdl_loop_number(b, MDL_index, 1, 0, 1);
  MlirValue mirror = mdl_index_add(b, widest, mdl_index_sub(b, widest, one));
  MlirValue first = mdl_loop_compare(b, MDL_PREDICATE_eq, step, zero);
  MlirValue mask = mdl_loop_select(b, first, mirror, half);
  mdl_value_set_name(b->ir, mask, "mask");
  return mask;
}

/* ---- within a chunk ---------------------------------------------------------------------- */

static void make_shared(Sort *s)
{
  MdlNest *n = s->n;
  MdlLoopType type = {.kind = MDL_LOOP_memory, .rank = 1, .dim = {s->chunk}};
  type.element = mdl_loop_cell(s->dtype);
  s->shared_values = mdl_loop_shared(&n->extents.top, &type);
  type.element = mdl_loop_cell(s->place);
  s->shared_places = mdl_loop_shared(&n->extents.top, &type);
  mdl_value_set_name(n->ir, s->shared_values, "value");
  mdl_value_set_name(n->ir, s->shared_places, "place");
  s->thread = mdl_loop_gpu_index(&n->b, MDL_LOOP_thread);
  s->threads = mdl_loop_gpu_index(&n->b, MDL_LOOP_threads);
  mdl_value_set_name(n->ir, s->thread, "thread");
  mdl_value_set_name(n->ir, s->threads, "threads");
}

/* One step of all comparators in the chunk, which has `length` elements. */
static void step_near(Sort *s, MlirValue half, MlirValue mask, MlirValue length)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlBranch branch;
  int64_t known;
  bool full = mdl_index_constant(length, &known) && known == s->chunk;
  mdl_loop_begin(n, &loop, s->thread, mdl_nest_index(n, s->chunk / 2), s->threads, 0, NULL);
  MlirValue high = high_of(n, loop.iv, half);
  mdl_value_set_name(n->ir, high, "high");
  MlirValue inside = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, high, length);
  if (!full) mdl_branch_begin(n, &branch, inside, 0, NULL);
  MlirValue low = mdl_loop_binary(&n->b, MDL_LOOP_xori, high, mask);
  mdl_value_set_name(n->ir, low, "low");
  exchange(s, s->shared_values, s->shared_places, &low, &high);
  if (!full) mdl_gpu_one_end(n, &branch);
  mdl_loop_end(n, &loop, NULL);
  mdl_loop_barrier(&n->b);
}

int mdl_gpu_sort_log(int64_t count)
{
  int log = 0;
  while (INT64_C(1) << log < count) log++;
  return log;
}

/* All stages that double one element up to the length. */
static void sort_chunk(Sort *s, MlirValue length)
{
  MdlNest *n = s->n;
  MdlLoop stage, step;
  MdlBranch branch;
  int64_t known;
  MlirValue one = mdl_nest_index(n, 1);
  bool some = !mdl_index_constant(length, &known);
  if (some) known = s->chunk;
  mdl_loop_over(n, &stage, mdl_nest_index(n, mdl_gpu_sort_log(known)), 0, NULL);
  MlirValue widest = mdl_loop_binary(&n->b, MDL_LOOP_shli, one, stage.iv);
  mdl_value_set_name(n->ir, widest, "widest");
  MlirValue needed = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, widest, length);
  if (some) mdl_branch_begin(n, &branch, needed, 0, NULL);
  mdl_loop_over(n, &step, mdl_index_add(&n->b, stage.iv, one), 0, NULL);
  MlirValue half = mdl_gpu_sort_half(&n->b, widest, step.iv);
  step_near(s, half, mdl_gpu_sort_mask(&n->b, widest, half, step.iv), length);
  mdl_loop_end(n, &step, NULL);
  if (some) mdl_gpu_one_end(n, &branch);
  mdl_loop_end(n, &stage, NULL);
}

/* The last steps of a stage that began between chunks. */
static void finish_chunk(Sort *s, MlirValue length)
{
  MdlNest *n = s->n;
  MdlLoop step;
  mdl_loop_over(n, &step, mdl_nest_index(n, mdl_gpu_sort_log(s->chunk)), 0, NULL);
  MlirValue half = mdl_gpu_sort_half(&n->b, mdl_nest_index(n, s->chunk / 2), step.iv);
  step_near(s, half, half, length);
  mdl_loop_end(n, &step, NULL);
}

/* Each thread has the same elements of a chunk as it comes and goes, so no barrier is needed from
 * one chunk to the next. `from`: a tensor; no value: the results as they are. */
static void each_element(Sort *s, const MdlPoint *chunk, MlirValue first, MlirValue length,
                         bool loads, MlirValue from)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlPoint p = *chunk;
  mdl_loop_begin(n, &loop, s->thread, length, s->threads, 0, NULL);
  p.at[s->axis] = mdl_index_add(&n->b, first, loop.iv);
  MdlSortCell cell;
  MdlArith a = mdl_nest_arith(n, NULL);
  if (!loads) {
    cell = load(s, s->shared_values, s->shared_places, &loop.iv);
    store(s, cell, s->values, s->places, p.at);
  } else {
    if (mdl_is_no_value(from))
      cell = load(s, s->values, s->places, p.at);
    else
      cell = (MdlSortCell){mdl_nest_at(n, from, &p),
                           mdl_arith_convert(&a, p.at[s->axis], MDL_index, s->place)};
    store(s, cell, s->shared_values, s->shared_places, &loop.iv);
  }
  mdl_loop_end(n, &loop, NULL);
}

/* The grid's blocks share the chunks of all lines. */
static void each_chunk(Sort *s, MlirValue from, void (*work)(Sort *s, MlirValue length))
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlPoint p;
  MlirValue extent[MDL_MAX_RANK], line = mdl_nest_extent(n, s->type->dim[s->axis]);
  const MdlSize *chunks = mdl_size_ceil_div(n->ir->sizes, s->type->dim[s->axis], s->chunk);
  make_shared(s);
  for (int i = 0; i < s->type->rank; i++)
    extent[i] = mdl_nest_extent(n, i == s->axis ? chunks : s->type->dim[i]);
  mdl_loop_begin(n, &loop, mdl_loop_gpu_index(&n->b, MDL_LOOP_block),
                 mdl_gpu_product(n, s->type->rank, extent),
                 mdl_loop_gpu_index(&n->b, MDL_LOOP_blocks), 0, NULL);
  mdl_gpu_split(n, s->type->rank, extent, loop.iv, &p);
  MlirValue whole = mdl_nest_index(n, s->chunk), first = mdl_nest_index(n, 0), length = line;
  int64_t known;
  bool is_known = mdl_index_constant(line, &known);
  if (!is_known || known > s->chunk) {
    first = mdl_index_mul(&n->b, p.at[s->axis], whole);
    length = whole;
    mdl_value_set_name(n->ir, first, "first");
  }
  if (!is_known || (known > s->chunk && known % s->chunk)) {
    length = mdl_index_min(&n->b, mdl_index_sub(&n->b, line, first), whole);
    mdl_value_set_name(n->ir, length, "length");
  }
  each_element(s, &p, first, length, true, from);
  mdl_loop_barrier(&n->b);
  work(s, length);
  each_element(s, &p, first, length, false, from);
  mdl_loop_end(n, &loop, NULL);
}

/* ---- between chunks ---------------------------------------------------------------------- */

static void step_far(Sort *s, MlirValue half, MlirValue mask)
{
  MdlNest *n = s->n;
  MdlSpace space;
  MdlPoint p;
  MdlBranch branch;
  MlirValue extent[MDL_MAX_RANK], length = mdl_nest_extent(n, s->type->dim[s->axis]);
  const MdlSize *pairs = mdl_size_ceil_div(n->ir->sizes, s->type->dim[s->axis], 2);
  for (int i = 0; i < s->type->rank; i++)
    extent[i] = mdl_nest_extent(n, i == s->axis ? pairs : s->type->dim[i]);
  mdl_space_begin(n, &space, s->type->rank, extent, false);
  while (mdl_space_next(n, &space, &p)) {
    MdlPoint low = p, high = p;
    high.at[s->axis] = high_of(n, p.at[s->axis], half);
    mdl_value_set_name(n->ir, high.at[s->axis], "high");
    MlirValue inside = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, high.at[s->axis], length);
    mdl_branch_begin(n, &branch, inside, 0, NULL);
    low.at[s->axis] = mdl_loop_binary(&n->b, MDL_LOOP_xori, high.at[s->axis], mask);
    mdl_value_set_name(n->ir, low.at[s->axis], "low");
    exchange(s, s->values, s->places, low.at, high.at);
    mdl_gpu_one_end(n, &branch);
  }
}

/* ---- functions --------------------------------------------------------------------------- */

static Sort read_sort(MdlNest *n, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  Sort s = {.n = n, .axis = (int)mdl_get_int(&attrs, "axis")};
  s.type = mdl_nest_type(n, mdl_result(op, 0));
  s.dtype = s.type->dtype;
  s.place = mdl_nest_type(n, mdl_result(op, 1))->dtype;
  s.chunk = chunk_of(s.type->dim[s.axis]);
  s.values = (MlirValue){mdl_map_get(n->memory, mdl_result(op, 0).ptr)};
  s.places = (MlirValue){mdl_map_get(n->memory, mdl_result(op, 1).ptr)};
  return s;
}

/* A function of the sizes, both results, and `more` numbers; `with`: its nest. Its name. */
static const char *open_function(Sort *s, MdlNest *with, const char *suffix, int more)
{
  MdlNest *n = s->n;
  MdlIr *ir = n->ir;
  const char **size, *numbers[] = {"half", "mask"};
  int sizes = mdl_group_sizes(ir, n->g.func, &size), args = 0;
  MlirType *type = MDL_NEW(ir->arena, MlirType, (size_t)sizes + 4);
  const char **name = MDL_NEW(ir->arena, const char *, (size_t)sizes + 4);
  for (int i = 0; i < sizes; i++) type[args] = ir->scalar[MDL_index], name[args++] = size[i];
  type[args] = mdl_loop_pointer_type(ir, s->dtype), name[args++] = "sorted";
  type[args] = mdl_loop_pointer_type(ir, s->place), name[args++] = "order";
  for (int i = 0; i < more; i++) type[args] = ir->scalar[MDL_index], name[args++] = numbers[i];
  const char *base = mdl_op_text(ir, n->g.func, "sym_name");
  MdlFunc func = {.is_private = true, .define = true, .args = args, .arg = type, .arg_name = name};
  func.at = mdl_location_of(n->g.func);
  func.symbol = mdl_symbol_unique(
      ir, n->pass->symbols, mdl_intern_text(ir->arena, mdl_text(ir->arena, "%s_%s", base, suffix)));
  *with = *n;
  with->func = mdl_build_func(ir, n->pass->module, &func);
  mdl_loop_noalias(ir, with->func);
  mdl_map_set(n->pass->symbols, mdl_intern_text(ir->arena, func.symbol), (void *)with->func.ptr);
  MlirBlock body = mdl_body(with->func, 0);
  with->b = mdl_builder_at_end(ir, body, n->b.at);
  MlirOperation anchor = mdl_def(mdl_loop_number(&with->b, MDL_index, 1, 0, 0));
  with->extents = mdl_extents_create(mdl_builder_before(ir, anchor));
  with->extents.top.at = n->b.at;
  for (int i = 0; i < sizes; i++) mdl_extent_bind(&with->extents, size[i], mdl_arg(body, i));
  s->values = mdl_nest_shaped(with, mdl_arg(body, sizes), s->type);
  MdlType places = *s->type;
  places.dtype = s->place;
  s->places = mdl_nest_shaped(with, mdl_arg(body, sizes + 1), &places);
  s->n = with;
  return func.symbol;
}

static void close_function(Sort *s, const char *mode, int64_t each, const char *doc)
{
  MdlNest *n = s->n;
  MdlSizes *sizes = n->ir->sizes;
  const MdlSize *points = points_of(&n->g, each);
  int64_t bytes = mdl_dtypes[s->dtype].bytes + mdl_dtypes[s->place].bytes;
  const MdlSize *moves =
      mdl_size_mul(sizes, mdl_type_elements(sizes, s->type), mdl_size_const(sizes, 2 * bytes));
  if (!points || !moves) MDL_BUG(n->ir->session, "the size of a tensor overflows");
  mdl_build_return(&n->b, 0, NULL);
  mdl_op_set_text(n->ir, n->func, "mdl.gpu", mode);
  mdl_op_set_size(n->ir, n->func, "mdl.points", points);
  mdl_op_set_text(n->ir, n->func, "mdl.class", "sort");
  mdl_op_set_text(n->ir, n->func, "mdl.doc", doc);
  mdl_op_set_size(n->ir, n->func, "mdl.moves", moves);
  mdl_op_set_size(n->ir, n->func, "mdl.flops", mdl_size_const(sizes, 0));
  mdl_op_set_text(n->ir, n->func, "mdl.flop_type", mdl_dtypes[MDL_f32].name);
}

static const char *make_far(Sort s)
{
  MdlNest n;
  const char *symbol = open_function(&s, &n, "far", 2);
  MlirBlock body = mdl_body(n.func, 0);
  int args = mdl_arg_count(body);
  n.mode = MDL_GPU_points;
  step_far(&s, mdl_arg(body, args - 2), mdl_arg(body, args - 1));
  close_function(&s, "points", 2, "a step of a sort between chunks of its lines");
  return symbol;
}

static const char *make_near(Sort s)
{
  MdlNest n;
  const char *symbol = open_function(&s, &n, "near", 0);
  each_chunk(&s, (MlirValue){NULL}, finish_chunk);
  close_function(&s, "blocks", s.chunk,
                 "the last steps of a stage of a sort, within chunks of its lines");
  return symbol;
}

void mdl_gpu_sort(MdlNest *n, MlirOperation op)
{
  int64_t known;
  if (n->mode == MDL_GPU_points) {
    mdl_nest_sort(n, op);
    return;
  }
  Sort s = read_sort(n, op);
  const MdlSize *length = s.type->dim[s.axis];
  each_chunk(&s, mdl_operand(op, 0), sort_chunk);
  if (mdl_size_is_const(length, &known) && known <= s.chunk) return;
  s = read_sort(n, op);
  mdl_op_set_size(n->ir, n->func, "mdl.line", length);
  mdl_op_set_text(n->ir, n->func, "mdl.far", make_far(s));
  mdl_op_set_text(n->ir, n->func, "mdl.near", make_near(s));
}
