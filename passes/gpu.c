#include "passes/gpu_maps.h"

#include "passes/align.h"
#include "passes/cost.h"
#include "passes/gpu_sort.h"
#include "passes/phases.h"

#include <string.h>

/* ---- modes ------------------------------------------------------------------------------- */

enum { FREE = 4096 /* what a reduced axis of free size counts as */, MANY_COLUMNS = 8192 };

static int64_t reduced_guess(const MdlSize *size)
{
  int64_t known;
  return mdl_size_is_const(size, &known) ? known : FREE;
}

/* A warp's threads read neighbours either way: along a reduced last axis as a block, along a kept
 * one as columns, of which each thread has one to itself where there are many or they are short. A
 * block pays from a warp of elements on. */
static MdlGpuMode mode_of_reduction(const MdlGroup *g)
{
  MdlAxis axis[MDL_MAX_AXES];
  int axes = mdl_group_axes(g, axis);
  int64_t reduced = 1, kept = 1;
  bool keeps = false, one = true;
  for (int i = 0; i < axes; i++) {
    one &= axis[i].is_reduced || axis[i].extent == mdl_size_const(g->ir->sizes, 1);
    if (axis[i].is_reduced)
      reduced *= reduced_guess(axis[i].extent);
    else
      kept *= mdl_schedule_guess(axis[i].extent), keeps = true;
  }
  if (!keeps || one) return MDL_GPU_blocks;
  if (reduced < g->machine->warp) return MDL_GPU_points;
  if (axis[axes - 1].is_reduced) return MDL_GPU_blocks;
  return kept >= MANY_COLUMNS || mdl_gpu_is_part(g) ? MDL_GPU_points : MDL_GPU_columns;
}

MdlGpuMode mdl_gpu_mode(const MdlGroup *g)
{
  MlirOperation end = mdl_terminator(mdl_body(g->func, 0));
  int rank = mdl_type_of(g->ir, mdl_operand(end, 0))->rank;
  if (mdl_is_rows(g->func)) return MDL_GPU_rows;
  if (mdl_is_null(g->seed) && mdl_gpu_turns(g)) return MDL_GPU_tiles;
  if (mdl_is_null(g->seed)) return rank ? MDL_GPU_points : MDL_GPU_all;
  MdlOp kind = mdl_op(g->ir, g->seed);
  int seed_rank = mdl_type_of(g->ir, mdl_result(g->seed, 0))->rank;
  MdlClass class = mdl_op_info(kind)->class;
  if (kind == MDL_OP_table) return MDL_GPU_one;
  if (mdl_is_reduction(kind)) return mode_of_reduction(g);
  if (mdl_is_scatter(kind) && mdl_gpu_scatters_by_blocks(g)) return MDL_GPU_blocks;
  if (class == MDL_CLASS_scan) return mdl_gpu_scan_mode(g);
  if (class == MDL_CLASS_sort) return mdl_gpu_sort_mode(g);
  if (mdl_is_scatter(kind)) return seed_rank > 1 ? MDL_GPU_points : MDL_GPU_one;
  if (mdl_gpu_has_tiles(g)) return MDL_GPU_tiles;
  if (seed_rank) return MDL_GPU_points;
  return class == MDL_CLASS_contract || class == MDL_CLASS_conv ? MDL_GPU_blocks : MDL_GPU_all;
}

/* The axis that each point runs along by itself; -1: none. */
static int own_axis(const MdlGroup *g)
{
  if (!mdl_is_scatter(mdl_op(g->ir, g->seed))) return -1;
  MdlAttrs attrs = mdl_attrs_of(g->ir, g->seed);
  return (int)mdl_get_int(&attrs, "axis");
}

const MdlSize *mdl_gpu_points(const MdlGroup *g)
{
  MlirOperation end = mdl_terminator(mdl_body(g->func, 0));
  bool map = mdl_is_null(g->seed);
  if (mdl_is_rows(g->func)) return mdl_gpu_row_blocks(g);
  if (mdl_gpu_mode(g) == MDL_GPU_tiles) return map ? mdl_gpu_squares(g) : mdl_gpu_tiles(g);
  if (!map && mdl_gpu_mode(g) == MDL_GPU_columns) return mdl_gpu_strips(g);
  MdlClass class = map ? MDL_CLASS_map : mdl_op_info(mdl_op(g->ir, g->seed))->class;
  if (class == MDL_CLASS_scan) return mdl_gpu_scan_points(g);
  if (class == MDL_CLASS_sort) return mdl_gpu_sort_points(g);
  MdlType type = *mdl_type_of(g->ir, map ? mdl_operand(end, 0) : mdl_result(g->seed, 0));
  int along = map ? -1 : own_axis(g);
  if (along >= 0 && mdl_gpu_mode(g) == MDL_GPU_blocks)
    type.rank = along + 1; /* a block a place */
  else if (along >= 0)
    type.dim[along] = mdl_size_const(g->ir->sizes, 1);
  return mdl_type_elements(g->ir->sizes, &type);
}

/* `mdl.gpu`: all that kernels ask of a mode is what shares its points. */
static const char *const mode_names[] = {
    [MDL_GPU_points] = "points", [MDL_GPU_blocks] = "blocks", [MDL_GPU_columns] = "blocks",
    [MDL_GPU_tiles] = "tiles",   [MDL_GPU_rows] = "rows",     [MDL_GPU_all] = "all",
    [MDL_GPU_one] = "one"};

void mdl_gpu_mark(MdlNest *n)
{
  const MdlSize *points = mdl_gpu_points(&n->g);
  if (!points) MDL_BUG(n->ir->session, "the size of a tensor overflows");
  mdl_op_set_text(n->ir, n->func, "mdl.gpu", mode_names[n->mode]);
  mdl_op_set_size(n->ir, n->func, "mdl.points", points);
  if (n->s.width > 1) mdl_op_set_int(n->ir, n->func, "mdl.each", n->s.width);
  mdl_op_set_text(n->ir, n->func, "mdl.class", mdl_op_text(n->ir, n->g.func, "mdl.group"));
  mdl_cost_mark(&n->g, n->func);
}

const char *mdl_gpu_mode_of(MdlIr *ir, MlirOperation func)
{
  return mdl_op_text(ir, func, "mdl.gpu");
}

/* ---- threads ----------------------------------------------------------------------------- */

MlirValue mdl_gpu_thread(MdlBuilder *b)
{
  MlirValue block = mdl_loop_gpu_index(b, MDL_LOOP_block);
  MlirValue first =
      mdl_loop_binary(b, MDL_LOOP_muli, block, mdl_loop_gpu_index(b, MDL_LOOP_threads));
  return mdl_loop_binary(b, MDL_LOOP_addi, first, mdl_loop_gpu_index(b, MDL_LOOP_thread));
}

MlirValue mdl_gpu_threads(MdlBuilder *b)
{
  MlirValue blocks = mdl_loop_gpu_index(b, MDL_LOOP_blocks);
  return mdl_loop_binary(b, MDL_LOOP_muli, blocks, mdl_loop_gpu_index(b, MDL_LOOP_threads));
}

void mdl_gpu_one_begin(MdlNest *n, MdlBranch *branch)
{
  MlirValue first =
      mdl_loop_compare(&n->b, MDL_PREDICATE_eq, mdl_gpu_thread(&n->b), mdl_nest_index(n, 0));
  mdl_branch_begin(n, branch, first, 0, NULL);
}

void mdl_gpu_one_end(MdlNest *n, MdlBranch *branch)
{
  mdl_branch_else(n, branch, 0, NULL);
  mdl_branch_end(n, branch, 0, NULL);
}

/* ---- points ------------------------------------------------------------------------------ */

void mdl_gpu_split(MdlNest *n, int rank, const MlirValue *extent, MlirValue number, MdlPoint *p)
{
  int64_t known;
  *p = mdl_point(rank);
  for (int i = rank; i-- > 1;) {
    bool empty = mdl_index_constant(extent[i], &known) && !known; /* then there are no points */
    MlirValue by = empty ? mdl_nest_index(n, 1) : extent[i];
    p->at[i] = mdl_index_rem(&n->b, number, by);
    number = mdl_index_div(&n->b, number, by);
  }
  if (rank) p->at[0] = number;
}

MlirValue mdl_gpu_product(MdlNest *n, int rank, const MlirValue *extent)
{
  MlirValue product = mdl_nest_index(n, 1);
  for (int i = 0; i < rank; i++) product = mdl_index_mul(&n->extents.top, product, extent[i]);
  return product;
}
