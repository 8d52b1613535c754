/* Entries of a GPU program: what touches data becomes kernels, what follows from sizes and scalar
 * arguments alone stays on the host, which launches the kernels in order and waits for nothing. */
#include "passes/kernels.h"
#include "passes/access.h"
#include "passes/arith.h"
#include "passes/entry.h"
#include "passes/gpu.h"

#include "ir/signature.h"

#include <string.h>

/* ---- where an op runs -------------------------------------------------------------------- */

bool mdl_kernel_on_host(const MdlKernels *k, MlirValue value)
{
  return !mdl_map_has(k->on_device, value.ptr);
}

/* Arithmetic and pointers over what the host knows. Functions exist on the device only. */
static bool is_host_op(const MdlKernels *k, MlirOperation op)
{
  MdlLoopOp kind = mdl_loop_op(op);
  if (kind == MDL_LOOP_none) return false;
  switch (mdl_loop_info(kind)->kind) {
  case MDL_LOOP_KIND_binary:
  case MDL_LOOP_KIND_unary:
  case MDL_LOOP_KIND_compare:
  case MDL_LOOP_KIND_convert:
    break;
  case MDL_LOOP_KIND_call:
    return false;
  case MDL_LOOP_KIND_other:
    if (kind != MDL_LOOP_constant && kind != MDL_LOOP_select && kind != MDL_LOOP_shape &&
        kind != MDL_LOOP_view)
      return false;
  }
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (!mdl_kernel_on_host(k, mdl_operand(op, i))) return false;
  return true;
}

static bool is_maths_call(const MdlKernels *k, MlirOperation op)
{
  if (mdl_op(k->ir, op) != MDL_OP_call) return false;
  MlirOperation callee = mdl_callee(k->ir, k->pass->symbols, op);
  return !mdl_is_null(callee) && mdl_op_has(callee, "mdl.maths");
}

MlirOperation mdl_kernel_group(const MdlKernels *k, MlirOperation op)
{
  if (mdl_op(k->ir, op) != MDL_OP_call) return (MlirOperation){NULL};
  MlirOperation callee = mdl_callee(k->ir, k->pass->symbols, op);
  bool is_group = !mdl_is_null(callee) && mdl_gpu_mode_of(k->ir, callee);
  return is_group ? callee : (MlirOperation){NULL};
}

/* Elements of what nothing in the entry writes, read by every thread that wants them. */
static bool is_constant_read(const MdlKernels *k, MlirOperation op)
{
  MlirOperation callee = mdl_kernel_group(k, op);
  if (mdl_is_null(callee) || strcmp(mdl_gpu_mode_of(k->ir, callee), "all")) return false;
  const char *class = mdl_op_text(k->ir, callee, "mdl.class");
  if (!class || strcmp(class, "map")) return false;
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MlirValue operand = mdl_operand(op, i);
    if (mdl_loop_type_of(k->ir, operand).kind != MDL_LOOP_memory) continue;
    if (mdl_access_is_written(k->pass, mdl_access_of(k->ir, operand).root)) return false;
  }
  return true;
}

bool mdl_kernel_is_pure(const MdlKernels *k, MlirOperation op)
{
  MdlLoopOp kind = mdl_loop_op(op);
  if (kind == MDL_LOOP_none) return is_maths_call(k, op) || is_constant_read(k, op);
  switch (kind) {
  case MDL_LOOP_store:
  case MDL_LOOP_copy:
  case MDL_LOOP_alloca:
  case MDL_LOOP_barrier:
  case MDL_LOOP_all_reduce:
  case MDL_LOOP_team_reduce:
    return false;
  case MDL_LOOP_load:
    return mdl_is_null(mdl_def(mdl_operand(op, 0)));
  default:
    return true;
  }
}

bool mdl_kernel_is_grid(const MdlKernels *k, MlirOperation op)
{
  MlirOperation callee = mdl_kernel_group(k, op);
  if (mdl_is_null(callee)) return false;
  const char *mode = mdl_gpu_mode_of(k->ir, callee);
  bool one_block = !strcmp(mode, "blocks") && mdl_result_count(op); /* returns a scalar */
  if (one_block) return false;
  return !strcmp(mode, "points") || !strcmp(mode, "blocks") || !strcmp(mode, "tiles") ||
         !strcmp(mode, "rows");
}

typedef struct Search {
  const MdlKernels *k;
  bool grid, group;
} Search;

static bool find_calls(void *user, MlirOperation op)
{
  Search *s = user;
  s->grid |= mdl_kernel_is_grid(s->k, op);
  s->group |= !mdl_is_null(mdl_kernel_group(s->k, op));
  return true;
}

static Search calls_in(const MdlKernels *k, MlirOperation op)
{
  Search s = {k, false, false};
  mdl_walk(op, find_calls, &s);
  return s;
}

/* A loop that the host can count, over kernels; scalars that it carries would have to come back. */
static bool is_host_loop(const MdlKernels *k, MlirOperation op)
{
  if (mdl_op(k->ir, op) != MDL_OP_for || mdl_result_count(op)) return false;
  for (int i = 0; i < 3; i++)
    if (!mdl_kernel_on_host(k, mdl_operand(op, i))) return false;
  return calls_in(k, op).grid;
}

/* A branch that the host can take: its values are numbers. */
static bool is_host_branch(const MdlKernels *k, MlirOperation op)
{
  if (mdl_op(k->ir, op) != MDL_OP_if || !mdl_kernel_on_host(k, mdl_operand(op, 0))) return false;
  for (int i = 0; i < 2; i++) {
    MlirBlock body = mdl_body(op, i);
    MlirOperation end = body.ptr ? mdl_terminator(body) : (MlirOperation){NULL};
    for (int j = 0; body.ptr && j < mdl_operand_count(end); j++)
      if (mdl_loop_def_op(mdl_operand(end, j)) != MDL_LOOP_constant) return false;
  }
  return true;
}

bool mdl_kernel_calls_group(const MdlKernels *k, MlirOperation op) { return calls_in(k, op).group; }

/* ---- segments ---------------------------------------------------------------------------- */

/* A group that is handed nothing but what the host knows, and returns nothing, is a kernel as it
 * is. */
static bool is_kernel_already(MdlKernels *k, const MdlSegment *s)
{
  if (s->ops != 1 || !mdl_kernel_is_grid(k, s->op[0]) || mdl_result_count(s->op[0])) return false;
  for (int i = 0; i < mdl_operand_count(s->op[0]); i++)
    if (!mdl_kernel_on_host(k, mdl_operand(s->op[0], i))) return false;
  return true;
}

static void flush(MdlKernels *k, MdlSegment *s)
{
  if (!s->ops) return;
  if (is_kernel_already(k, s)) {
    mdl_kernel_mark(k, mdl_kernel_group(k, s->op[0]), s);
    mdl_map_set(k->dead, s->op[0].ptr, NULL);
  } else {
    mdl_kernel_build(k, s);
  }
  s->ops = 0;
}

static void mark_device(MdlKernels *k, MlirOperation op)
{
  mdl_map_set(k->dead, op.ptr, (void *)op.ptr);
  for (int i = 0; i < mdl_result_count(op); i++) {
    void *value = (void *)mdl_result(op, i).ptr;
    mdl_map_set(k->on_device, value, value);
  }
}

static void push(MdlKernels *k, MdlSegment *s, MlirOperation op)
{
  MDL_GROW(k->ir->arena, s->op, s->ops, s->capacity);
  s->op[s->ops++] = op;
  mark_device(k, op);
}

/* What the host computes comes first: cells are found in the work buffer, by its size. */
static void split(MdlKernels *k, MlirBlock block)
{
  MlirOperation *op, first = {NULL};
  MdlSegment s = {0};
  int count = mdl_list(k->ir, block, &op) - 1;
  for (int i = 0; i < count; i++) {
    if (is_host_op(k, op[i])) {
      if (!mdl_is_null(first)) mdl_move_before(op[i], first);
      continue;
    }
    if (mdl_is_null(first)) first = op[i];
    if (mdl_kernel_is_pure(k, op[i])) {
      mark_device(k, op[i]);
      continue;
    }
    bool branches = is_host_branch(k, op[i]);
    if (branches || is_host_loop(k, op[i])) {
      flush(k, &s);
      for (int j = 0; j < mdl_region_count(op[i]); j++)
        if (mdl_body(op[i], j).ptr) split(k, mdl_body(op[i], j));
      first = (MlirOperation){NULL}; /* what it gives is not known before it */
      continue;
    }
    bool grid = mdl_kernel_is_grid(k, op[i]);
    if (grid) flush(k, &s);
    push(k, &s, op[i]);
    if (grid) flush(k, &s);
  }
  flush(k, &s);
}

/* ---- entries ----------------------------------------------------------------------------- */

static bool find_arena(void *user, MlirOperation op)
{
  MdlKernels *k = user;
  MlirBlock body = mdl_body(k->entry, 0);
  MlirValue work = mdl_arg(body, mdl_arg_count(body) - 1);
  bool found = mdl_loop_op(op) == MDL_LOOP_shape && mdl_same(mdl_operand(op, 0), work) &&
               mdl_loop_type_of(k->ir, mdl_result(op, 0)).dim[0] < 0;
  if (found) k->arena = mdl_result(op, 0);
  return !found;
}

/* The cells lie behind everything else. */
static void size_work(MdlKernels *k)
{
  MdlSizes *sizes = k->ir->sizes;
  const MdlSize *bytes = mdl_op_size(k->ir, k->entry, "mdl.work_bytes");
  bytes = mdl_size_add(sizes, bytes, mdl_size_const(sizes, 8 * k->cells));
  if (!bytes) MDL_BUG(k->ir->session, "the size of the work buffer overflows");
  mdl_op_set_size(k->ir, k->entry, "mdl.work_bytes", bytes);
}

static void split_entry(MdlPass *pass, MlirOperation entry)
{
  MdlKernels k = {.pass = pass, .ir = pass->ir, .entry = entry};
  k.on_device = mdl_map_create(k.ir->arena);
  k.dead = mdl_map_create(k.ir->arena);
  mdl_walk(entry, find_arena, &k);
  split(&k, mdl_body(entry, 0));
  for (int i = mdl_map_count(k.dead); i-- > 0;)
    if (mdl_map_value(k.dead, i)) mdl_erase(k.ir, (MlirOperation){(void *)mdl_map_key(k.dead, i)});
  size_work(&k);
  mdl_loop_dce(k.ir, mdl_body(entry, 0));
}

/* Needs: loop form with groups marked by their modes. Keeps: order. Leaves: entries that launch
 * functions with `mdl.kernel`, and touch no data. Other machines: nothing to do. */
bool mdl_pass_kernels(MdlPass *pass, MlirOperation none)
{
  (void)none;
  MlirOperation *entry;
  if (!pass->options->machine->warp) return true;
  int entries = mdl_entries(pass->ir, pass->module, &entry);
  for (int i = 0; i < entries; i++) split_entry(pass, entry[i]);
  return true;
}
