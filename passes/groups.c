#include "passes/gpu_split.h"
#include "passes/group.h"
#include "passes/gpu.h"
#include "passes/group_doc.h"
#include "passes/partition.h"

#include "ir/signature.h"

#include <ctype.h>
#include <string.h>

/* ---- one group becomes a function -------------------------------------------------------- */

typedef struct Outline {
  MdlPass *pass;
  MdlIr *ir;
  MlirOperation entry;
  MdlMap *symbols;
} Outline;

/* "logreg_step_gw": the entry and what the group makes. */
static const char *symbol_for(Outline *o, const char *made)
{
  const MdlSignature *s = mdl_signature_read(o->ir, o->entry);
  char *name = mdl_text(o->ir->arena, "%s%s_%s", s->prefix, s->entry, made);
  for (char *c = name; *c; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  return mdl_symbol_unique(o->ir, o->symbols, mdl_intern_text(o->ir->arena, name));
}

/* Constants and sizes are made inside; everything else from outside is an argument. */
static bool is_made_inside(MdlIr *ir, MlirValue value)
{
  MdlOp op = mdl_def_op(ir, value);
  return op == MDL_OP_const || op == MDL_OP_size;
}

static void collect_arguments(Outline *o, const MdlCluster *c, MdlMap *inside, MdlMap *args)
{
  for (int i = 0; i < c->ops; i++) mdl_map_set(inside, c->op[i].ptr, (void *)c->op[i].ptr);
  for (int i = 0; i < c->ops; i++)
    for (int j = 0; j < mdl_operand_count(c->op[i]); j++) {
      MlirValue value = mdl_operand(c->op[i], j);
      MlirOperation def = mdl_def(value);
      if (!mdl_is_null(def) && mdl_map_has(inside, def.ptr)) continue;
      if (!is_made_inside(o->ir, value)) mdl_map_set(args, value.ptr, (void *)value.ptr);
    }
}

/* What a number of the entry is to the ops that read it. */
static const char *role_of(Outline *o, MlirValue value)
{
  MlirOperation user;
  int operand;
  if (!mdl_use(value, 0, &user, &operand)) return "s";
  switch (mdl_op(o->ir, user)) {
  case MDL_OP_broadcast:
  case MDL_OP_convert:
  case MDL_OP_reshape:
  case MDL_OP_stop_grad: return role_of(o, mdl_result(user, 0));
  case MDL_OP_mul: return "scale";
  case MDL_OP_div: return operand ? "divisor" : "dividend";
  case MDL_OP_add:
  case MDL_OP_sub: return "shift";
  case MDL_OP_max:
  case MDL_OP_min:
  case MDL_OP_lt:
  case MDL_OP_le:
  case MDL_OP_gt:
  case MDL_OP_ge: return "bound";
  case MDL_OP_pow: return "power";
  default: return "s";
  }
}

/* A number that the source gives no name is called by what it does, in the entry as in the group. */
static void name_numbers(Outline *o, MdlMap *args)
{
  for (int i = 0; i < mdl_map_count(args); i++) {
    MlirValue value = {mdl_map_key(args, i)};
    if (mdl_type_of(o->ir, value)->rank || mdl_value_name(o->ir, value)) continue;
    if (!mdl_is_null(mdl_def(value)) && mdl_result_count(mdl_def(value)) == 1)
      mdl_value_set_name(o->ir, value, role_of(o, value));
  }
}

static MlirOperation build_function(Outline *o, const MdlCluster *c, MdlMap *args)
{
  int count = mdl_map_count(args), results = c->roots;
  MlirType *type = MDL_NEW(o->ir->arena, MlirType, (size_t)(count + results));
  const char **name = MDL_NEW(o->ir->arena, const char *, (size_t)count);
  for (int i = 0; i < count; i++) {
    MlirValue value = {mdl_map_key(args, i)};
    type[i] = mdl_type_make(o->ir, mdl_type_of(o->ir, value));
    name[i] = mdl_value_name(o->ir, value);
  }
  for (int i = 0; i < results; i++)
    type[count + i] = mdl_type_make(o->ir, mdl_type_of(o->ir, c->root[i]));
  MdlFunc func = {.symbol = symbol_for(o, mdl_group_made(o->ir, c)),
                  .is_private = true,
                  .define = true,
                  .args = count,
                  .arg = type,
                  .arg_name = name,
                  .results = results,
                  .result = type + count,
                  .at = mdl_location_named(o->ir, mdl_location_of(mdl_def(c->root[0])), NULL)};
  MlirOperation made = mdl_build_func(o->ir, o->pass->module, &func);
  mdl_map_set(o->symbols, mdl_intern_text(o->ir->arena, func.symbol), (void *)made.ptr);
  return made;
}

static void fill_function(Outline *o, const MdlCluster *c, MdlMap *args, MlirOperation func)
{
  MlirBlock body = mdl_body(func, 0);
  MdlBuilder b = mdl_builder_at_end(o->ir, body, mdl_location_of(mdl_def(c->root[0])));
  MdlMap *values = mdl_map_create(o->ir->arena);
  for (int i = 0; i < mdl_map_count(args); i++)
    mdl_map_value_set(values, (MlirValue){mdl_map_key(args, i)}, mdl_arg(body, i));
  for (int i = 0; i < c->ops; i++) {
    for (int j = 0; j < mdl_operand_count(c->op[i]); j++) {
      MlirValue value = mdl_operand(c->op[i], j);
      if (is_made_inside(o->ir, value) && mdl_same(mdl_map_value_get(values, value), value))
        mdl_clone_op(&b, mdl_def(value), values, NULL, NULL);
    }
    mdl_clone_op(&b, c->op[i], values, NULL, NULL);
  }
  MlirValue results[MDL_MAX_ROOTS];
  for (int i = 0; i < c->roots; i++) results[i] = mdl_map_value_get(values, c->root[i]);
  mdl_build_return(&b, c->roots, results);
}

static const char *class_of(Outline *o, const MdlCluster *c)
{
  static const char *const classes[] = {
      [MDL_CLASS_map] = "map",           [MDL_CLASS_leaf] = "map",
      [MDL_CLASS_move] = "map",          [MDL_CLASS_reduce] = "reduce",
      [MDL_CLASS_contract] = "contract", [MDL_CLASS_conv] = "conv",
      [MDL_CLASS_gather] = "gather",     [MDL_CLASS_scatter] = "scatter",
      [MDL_CLASS_window] = "window",     [MDL_CLASS_scan] = "scan",
      [MDL_CLASS_sort] = "sort",         [MDL_CLASS_effect] = "effect",
      [MDL_CLASS_core] = "core"};
  if (c->rows >= 0) return "rows";
  MlirOperation owner = mdl_is_null(c->seed) ? mdl_def(c->root[0]) : c->seed;
  return classes[mdl_op_info(mdl_op(o->ir, owner))->class];
}

/* The call goes to the end of the block: steps come in the order in which they are to stand. */
static void outline(Outline *o, const MdlCluster *c, MlirOperation end)
{
  mdl_group_name(o->ir, c);
  MdlMap *inside = mdl_map_create(o->ir->arena), *args = mdl_map_create(o->ir->arena);
  collect_arguments(o, c, inside, args);
  name_numbers(o, args);
  MlirOperation func = build_function(o, c, args);
  fill_function(o, c, args, func);
  mdl_op_set_text(o->ir, func, "mdl.group", class_of(o, c));
  if (c->rows >= 0) mdl_op_set_int(o->ir, func, "mdl.rows", c->rows);
  if (c->rows >= 0 && o->pass->options->machine->warp)
    mdl_op_set_int(o->ir, func, "mdl.team", mdl_gpu_team(o->ir, func));
  if (o->pass->options->tf32 && o->pass->options->machine->warp)
    mdl_op_set_int(o->ir, func, "mdl.tf32", 1);
  mdl_op_set_text(o->ir, func, "mdl.doc", mdl_group_doc(o->ir, c));
  MlirValue *operand = MDL_NEW(o->ir->arena, MlirValue, (size_t)mdl_map_count(args));
  for (int i = 0; i < mdl_map_count(args); i++) operand[i] = (MlirValue){mdl_map_key(args, i)};
  MdlBuilder b = mdl_builder_before(o->ir, end);
  b.at = mdl_location_of(mdl_def(c->root[0]));
  MlirOperation call = mdl_build_call(&b, func, operand);
  for (int i = 0; i < c->roots; i++) {
    const char *name = mdl_value_name(o->ir, c->root[i]);
    if (name) mdl_value_set_name(o->ir, mdl_result(call, i), name);
    mdl_replace(c->root[i], mdl_result(call, i));
  }
}

/* ---- a block, then the blocks inside it -------------------------------------------------- */

/* Ops that went into groups have no users left but each other: last first. */
static void erase_grouped(Outline *o, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(o->ir, block, &op);
  for (int i = count; i-- > 0;) {
    MdlOp kind = mdl_op(o->ir, op[i]);
    if (kind >= MDL_OP_COUNT || mdl_op_info(kind)->class == MDL_CLASS_effect) continue;
    bool used = false;
    for (int j = 0; j < mdl_result_count(op[i]); j++) used |= mdl_has_uses(mdl_result(op[i], j));
    if (!used) mdl_erase(o->ir, op[i]);
  }
}

static void group_block(Outline *o, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(o->ir, block, &op);
  for (int i = 0; i < count; i++)
    for (int j = 0; j < mdl_region_count(op[i]); j++)
      if (mdl_body(op[i], j).ptr) group_block(o, mdl_body(op[i], j));
  MdlPiece *step;
  MlirOperation end = mdl_terminator(block);
  int steps = mdl_merge(o->ir, o->pass->options->machine, block, &step);
  for (int i = 0; i < steps; i++)
    if (step[i].cluster)
      outline(o, step[i].cluster, end);
    else
      mdl_move_before(step[i].op, end);
  erase_grouped(o, block);
}

/* Tensor ops of entries become groups. Needs: mdl form, everything inlined. Keeps: scalar ops, scf
 * and effects where they are. Leaves: private functions with `mdl.group`, one loop nest each, and
 * entries that read as the list of their calls; reshapes of whole tensors, which are views. */
bool mdl_pass_groups(MdlPass *pass, MlirOperation none)
{
  (void)none;
  MlirOperation *entry;
  int count = mdl_entries(pass->ir, pass->module, &entry);
  for (int i = 0; i < count; i++) {
    Outline o = {pass, pass->ir, entry[i], pass->symbols};
    mdl_join_elements(pass->ir, mdl_body(entry[i], 0));
    mdl_normalise(pass->ir, mdl_body(entry[i], 0));
    if (pass->options->machine->warp) mdl_gpu_onehot_sums(pass->ir, mdl_body(entry[i], 0));
    if (pass->options->machine->warp) mdl_gpu_row_totals(pass->ir, mdl_body(entry[i], 0));
    if (pass->options->machine->warp) mdl_gpu_split_args(pass->ir, mdl_body(entry[i], 0));
    if (pass->options->machine->warp) mdl_gpu_split_long(pass->ir, mdl_body(entry[i], 0));
    group_block(&o, mdl_body(entry[i], 0));
  }
  return true;
}
