#include "passes/align.h"
#include "passes/group.h"
#include "passes/nest.h"
#include "passes/phases.h"

#include "ir/signature.h"

#include <stdlib.h>
#include <string.h>

bool mdl_is_group(MlirOperation func) { return mdl_op_has(func, "mdl.group"); }

int mdl_group_in_place(MlirOperation group, int result)
{
  int64_t operand[64];
  int count = mdl_op_ints(group, "mdl.in_place", operand, 64);
  return result < count ? (int)operand[result] : -1;
}

typedef struct Names {
  MdlIr *ir;
  MdlMap *names;
} Names;

static void add_size(Names *n, const MdlSize *size)
{
  const char *name[64];
  int count = mdl_size_names(size, name, 64);
  for (int i = 0; i < count; i++)
    mdl_map_set(n->names, mdl_intern_text(n->ir->arena, name[i]), n->names);
}

static void add_type(Names *n, MlirValue value)
{
  const MdlType *type = mdl_type_of(n->ir, value);
  for (int i = 0; i < type->rank; i++) add_size(n, type->dim[i]);
}

static bool add_op(void *user, MlirOperation op)
{
  Names *n = user;
  MdlOp kind = mdl_op(n->ir, op);
  if (kind == MDL_OP_func) return true;
  for (int i = 0; i < mdl_operand_count(op); i++) add_type(n, mdl_operand(op, i));
  for (int i = 0; i < mdl_result_count(op); i++) add_type(n, mdl_result(op, i));
  if (kind >= MDL_OP_COUNT) return true;
  const MdlOpInfo *row = mdl_op_info(kind);
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  for (int i = 0; i < row->attrs; i++) {
    const MdlSize *size[MDL_MAX_RANK];
    if (row->attr[i].kind != MDL_ATTR_sizes) continue;
    int count = mdl_get_sizes(&attrs, row->attr[i].name, size);
    for (int j = 0; j < count; j++) add_size(n, size[j]);
  }
  if (kind == MDL_OP_size) add_size(n, mdl_get_size(&attrs, "of"));
  return true;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int mdl_group_sizes(MdlIr *ir, MlirOperation group, const char ***names)
{
  Names n = {ir, mdl_map_create(ir->arena)};
  MlirBlock body = mdl_body(group, 0);
  for (int i = 0; i < mdl_arg_count(body); i++) add_type(&n, mdl_arg(body, i));
  mdl_walk(group, add_op, &n);
  int count = mdl_map_count(n.names);
  const char **list = MDL_NEW(ir->arena, const char *, (size_t)count);
  for (int i = 0; i < count; i++) list[i] = mdl_map_key(n.names, i);
  qsort(list, (size_t)count, sizeof *list, by_name);
  *names = list;
  return count;
}

/* ---- what a group is --------------------------------------------------------------------- */

static MlirOperation seed_of(MdlIr *ir, MlirOperation func)
{
  if (mdl_is_rows(func)) return (MlirOperation){NULL};
  for (MlirOperation op = mdl_first(mdl_body(func, 0)); !mdl_is_null(op); op = mdl_next(op))
    if (mdl_nest_of(mdl_op(ir, op)) && !mdl_is_onehot(ir, op)) return op;
  return (MlirOperation){NULL};
}

const MdlType *mdl_group_rows_shape(const MdlGroup *g)
{
  MlirBlock body = mdl_body(g->func, 0);
  MlirOperation end = mdl_terminator(body);
  for (MlirOperation op = mdl_first(body); !mdl_same_op(op, end); op = mdl_next(op))
    if (mdl_is_reduction(mdl_op(g->ir, op))) return mdl_type_of(g->ir, mdl_operand(op, 0));
  const MdlType *most = mdl_type_of(g->ir, mdl_operand(end, 0));
  for (int i = 1; i < mdl_operand_count(end); i++) {
    const MdlType *type = mdl_type_of(g->ir, mdl_operand(end, i));
    if (type->rank > most->rank) most = type;
  }
  return most;
}

/* What flat access is measured by: a whole reduction's operand, else the result. */
static const MdlType *flat_shape(const MdlGroup *g)
{
  MlirOperation end = mdl_terminator(mdl_body(g->func, 0));
  if (mdl_is_rows(g->func))
    return mdl_op_int(g->func, "mdl.rows", 0) ? NULL : mdl_group_rows_shape(g);
  if (mdl_is_null(g->seed)) return mdl_type_of(g->ir, mdl_operand(end, 0));
  const MdlType *result = mdl_type_of(g->ir, mdl_result(g->seed, 0));
  bool whole = mdl_nest_of(mdl_op(g->ir, g->seed)) == mdl_nest_reduce && !result->rank;
  return whole ? mdl_type_of(g->ir, mdl_operand(g->seed, 0)) : NULL;
}

static bool same_dims(const MdlType *a, const MdlType *b)
{
  return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

/* Does every op read its operands where it writes its result, so that one axis can stand for all?
 */
static bool is_flat(const MdlGroup *g, const MdlType *shape)
{
  MlirBlock body = mdl_body(g->func, 0);
  MlirOperation end = mdl_terminator(body);
  if (shape->rank < 2) return false;
  for (int i = 0; i < mdl_arg_count(body); i++) {
    const MdlType *type = mdl_type_of(g->ir, mdl_arg(body, i));
    if (type->rank && !same_dims(type, shape)) return false;
  }
  for (MlirOperation op = mdl_first(body); !mdl_same_op(op, end); op = mdl_next(op)) {
    MdlOp kind = mdl_op(g->ir, op);
    const MdlOpInfo *row = mdl_op_info(kind);
    bool splat = kind == MDL_OP_const || kind == MDL_OP_size ||
                 (kind == MDL_OP_broadcast && !mdl_type_of(g->ir, mdl_operand(op, 0))->rank);
    if (mdl_same_op(op, g->seed) || mdl_is_reduction(kind)) continue;
    if (!splat && kind != MDL_OP_table && row->class != MDL_CLASS_map) return false;
    const MdlType *type = mdl_type_of(g->ir, mdl_result(op, 0));
    if (type->rank && !same_dims(type, shape)) return false;
  }
  return true;
}

MdlGroup mdl_group_read(MdlIr *ir, const MdlMachine *machine, MlirOperation func)
{
  MdlGroup g = {.ir = ir, .machine = machine, .func = func, .seed = seed_of(ir, func)};
  const MdlType *shape = flat_shape(&g);
  g.flat = shape && is_flat(&g, shape);
  return g;
}
