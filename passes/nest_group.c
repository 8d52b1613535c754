/* The loop-form function of a group. */
#include "passes/gpu_maps.h"
#include "passes/phases.h"

#include <string.h>

/* ---- maps -------------------------------------------------------------------------------- */

static MlirValue flat_extent(MdlNest *n, const MdlType *type)
{
  const MdlSize *count = mdl_type_elements(n->ir->sizes, type);
  if (!count) MDL_BUG(n->ir->session, "the size of a tensor overflows");
  return mdl_nest_extent(n, count);
}

static void nest_map(MdlNest *n)
{
  MlirOperation end = mdl_terminator(mdl_body(n->g.func, 0));
  if (n->machine->warp && n->mode == MDL_GPU_tiles) {
    mdl_gpu_turn(n);
    return;
  }
  const MdlType *type = mdl_nest_type(n, mdl_operand(end, 0));
  MlirValue extent[MDL_MAX_RANK];
  int rank = n->g.flat ? 1 : type->rank;
  for (int i = 0; i < rank; i++) extent[i] = mdl_nest_extent(n, type->dim[i]);
  if (n->g.flat) extent[0] = flat_extent(n, type);
  MdlSpace space;
  MdlPoint p;
  mdl_space_begin(n, &space, rank, extent, n->width > 1);
  while (mdl_space_next(n, &space, &p)) {
    p.number = space.number;
    mdl_nest_finish(n, &p);
  }
}

/* ---- the function ------------------------------------------------------------------------ */

typedef struct Signature {
  int count, results;
  MlirType *arg, *result;
  const char **name;
} Signature;

static void add_arg(Signature *s, MlirType type, const char *name)
{
  s->arg[s->count] = type;
  s->name[s->count++] = name;
}

static MlirType arg_type(MdlNest *n, const MdlType *type)
{
  return type->rank ? mdl_loop_pointer_type(n->ir, type->dtype)
                    : mdl_loop_value_type(n->ir, type->dtype, 1);
}

/* Elements of the schedule's scratch memory: NULL for none. */
static const MdlSize *scratch_of(MdlNest *n, MdlLoopType *type)
{
  const MdlSize *bytes = mdl_schedule_scratch(&n->g, &n->s);
  if (!bytes) return NULL;
  MdlDtype dtype = mdl_schedule_scratch_dtype(&n->g);
  *type = (MdlLoopType){.kind = MDL_LOOP_memory, .element = mdl_loop_cell(dtype), .rank = 1};
  const MdlSize *count = mdl_size_exact_div(n->ir->sizes, bytes, mdl_dtypes[dtype].bytes);
  if (!count) MDL_BUG(n->ir->session, "scratch memory is no whole number of elements");
  if (!mdl_size_is_const(count, &type->dim[0])) type->dim[0] = -1;
  return count;
}

/* Sizes, operands, memory of results, scratch. */
static void declare(MdlNest *n, int sizes, const char **size)
{
  MlirBlock body = mdl_body(n->g.func, 0);
  MlirOperation end = mdl_terminator(body);
  int args = mdl_arg_count(body), roots = mdl_operand_count(end);
  size_t most = (size_t)(sizes + args + roots + 1);
  MdlLoopType scratch;
  Signature s = {0, 0, MDL_NEW(n->ir->arena, MlirType, most), MDL_NEW(n->ir->arena, MlirType, most),
                 MDL_NEW(n->ir->arena, const char *, most)};
  for (int i = 0; i < sizes; i++) add_arg(&s, n->ir->scalar[MDL_index], size[i]);
  for (int i = 0; i < args; i++)
    add_arg(&s, arg_type(n, mdl_nest_type(n, mdl_arg(body, i))),
            mdl_value_name(n->ir, mdl_arg(body, i)));
  for (int i = 0; i < roots; i++) {
    const MdlType *type = mdl_nest_type(n, mdl_operand(end, i));
    const char *name = mdl_value_name(n->ir, mdl_operand(end, i));
    if (!type->rank)
      s.result[s.results++] = arg_type(n, type);
    else if (mdl_group_in_place(n->g.func, i) < 0)
      add_arg(&s, arg_type(n, type), name ? name : "y");
  }
  const char *own = mdl_is_rows(n->g.func) ? "row" : "pack";
  if (scratch_of(n, &scratch)) add_arg(&s, mdl_loop_pointer_type(n->ir, scratch.element), own);
  MdlFunc func = {.symbol = mdl_op_text(n->ir, n->g.func, "sym_name"),
                  .is_private = true,
                  .define = true,
                  .args = s.count,
                  .arg = s.arg,
                  .arg_name = s.name,
                  .results = s.results,
                  .result = s.result,
                  .at = mdl_location_of(n->g.func)};
  n->func = mdl_build_func(n->ir, n->pass->module, &func);
  mdl_loop_noalias(n->ir, n->func);
}

MlirValue mdl_nest_shaped(MdlNest *n, MlirValue pointer, const MdlType *type)
{
  MlirValue extent[MDL_MAX_RANK];
  MdlLoopType memory = mdl_extent_memory(type);
  int count = mdl_extent_values(&n->extents, type, extent);
  if (n->g.flat) {
    const MdlSize *all = mdl_type_elements(n->ir->sizes, type);
    memory.rank = 1;
    count = !mdl_size_is_const(all, &memory.dim[0]);
    if (count) memory.dim[0] = -1, extent[0] = mdl_nest_extent(n, all);
  }
  return mdl_loop_shape(&n->b, pointer, &memory, extent);
}

static void bind(MdlNest *n, int sizes, const char **size)
{
  MlirBlock from = mdl_body(n->g.func, 0), to = mdl_body(n->func, 0);
  MlirOperation end = mdl_terminator(from);
  int next = 0;
  for (int i = 0; i < sizes; i++) mdl_extent_bind(&n->extents, size[i], mdl_arg(to, next++));
  for (int i = 0; i < mdl_arg_count(from); i++, next++) {
    MlirValue inside = mdl_arg(from, i), given = mdl_arg(to, next);
    const MdlType *type = mdl_nest_type(n, inside);
    if (type->rank)
      mdl_map_set(n->memory, inside.ptr, (void *)mdl_nest_shaped(n, given, type).ptr);
    else
      mdl_map_set(n->scalars, inside.ptr, (void *)given.ptr);
  }
  for (int i = 0; i < mdl_operand_count(end); i++) {
    MlirValue root = mdl_operand(end, i);
    const MdlType *type = mdl_nest_type(n, root);
    int same = mdl_group_in_place(n->g.func, i);
    if (!type->rank) continue;
    MlirValue memory = same >= 0 ? (MlirValue){mdl_map_get(n->memory, mdl_arg(from, same).ptr)}
                                 : mdl_nest_shaped(n, mdl_arg(to, next++), type);
    mdl_map_set(n->memory, root.ptr, (void *)memory.ptr);
  }
  MdlLoopType scratch;
  const MdlSize *count = scratch_of(n, &scratch);
  if (!count) return;
  MlirValue extent = mdl_nest_extent(n, count);
  n->scratch = mdl_loop_shape(&n->b, mdl_arg(to, next), &scratch, &extent);
}

/* What the `schedule` pass wrote; a module fed in as text may say anything. */
static bool read_schedule(MdlNest *n)
{
  const char *wrong = mdl_schedule_read(&n->g, &n->s);
  if (!wrong) return true;
  MdlReport *report = mdl_error(n->ir->session, MDL_E0814, mdl_span_of(n->ir, n->g.func),
                                mdl_op_text(n->ir, n->g.func, "sym_name"), wrong);
  mdl_help(report, "take `mdl.schedule` off the group: the pass `schedule` writes one that fits");
  return false;
}

/* What the scalar results are called, in order: "sum gm.slope". */
static void name_results(MdlNest *n)
{
  MlirOperation end = mdl_terminator(mdl_body(n->g.func, 0));
  const char *names = "";
  for (int i = 0; i < mdl_operand_count(end); i++) {
    const char *name = mdl_value_name(n->ir, mdl_operand(end, i));
    if (!mdl_nest_type(n, mdl_operand(end, i))->rank)
      names = mdl_text(n->ir->arena, "%s%s%s", names, *names ? " " : "", name ? name : "y");
  }
  if (mdl_func_results(n->func) > 1) mdl_op_set_text(n->ir, n->func, "mdl.results", names);
}

static void run(MdlNest *n)
{
  MdlBranch branch;
  bool one = n->machine->warp && n->mode == MDL_GPU_one;
  if (one) mdl_gpu_one_begin(n, &branch);
  if (mdl_is_rows(n->g.func))
    mdl_nest_rows(n);
  else if (mdl_is_null(n->g.seed))
    nest_map(n);
  else
    mdl_nest_seed(n);
  if (one) mdl_gpu_one_end(n, &branch);
}

MlirOperation mdl_group_lower(MdlPass *pass, MlirOperation group)
{
  MdlIr *ir = pass->ir;
  MdlNest n = {.pass = pass, .ir = ir, .machine = pass->options->machine};
  const char **size;
  int sizes = mdl_group_sizes(ir, group, &size);
  n.g = mdl_group_read(ir, n.machine, group);
  if (!read_schedule(&n)) return (MlirOperation){NULL};
  n.width = n.s.width;
  if (n.machine->warp) n.mode = mdl_gpu_mode(&n.g);
  n.memory = mdl_map_create(ir->arena);
  n.numbered = mdl_map_create(ir->arena);
  n.tables = mdl_map_create(ir->arena);
  n.scalars = mdl_map_create(ir->arena);
  n.g.stored = n.stored = mdl_map_create(ir->arena);
  declare(&n, sizes, size);
  MlirLocation at = mdl_location_named(ir, mdl_location_of(group), NULL);
  n.b = mdl_builder_at_end(ir, mdl_body(n.func, 0), at);
  MlirOperation anchor = mdl_def(mdl_loop_number(&n.b, MDL_index, 1, 0, 0));
  n.extents = mdl_extents_create(mdl_builder_before(ir, anchor));
  n.extents.top.at = at;
  bind(&n, sizes, size);
  mdl_nest_tables(&n);
  run(&n);
  int returned = mdl_func_results(n.func);
  n.b.at = at;
  mdl_build_return(&n.b, returned, n.returned);
  mdl_erase(ir, anchor);
  name_results(&n);
  if (n.machine->warp) mdl_gpu_mark(&n);
  const char *doc = mdl_op_text(ir, group, "mdl.doc");
  if (doc) mdl_op_set_text(ir, n.func, "mdl.doc", doc);
  return n.func;
}
