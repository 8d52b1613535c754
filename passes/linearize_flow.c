/* Forward mode through loops and branches: each carries its tangents along, after its own values.
 * The op is made anew with more slots; what used the old one uses the new one. */
#include "passes/derive.h"

/* Which slots have a tangent: by what reaches the op and goes round in it. */
static bool *varied_slots(MdlForward *f, MlirOperation op, int *count)
{
  MdlMap *varied = mdl_map_create(f->ir->arena);
  for (int i = 0; i < mdl_map_count(f->tangent); i++)
    mdl_map_set(varied, mdl_map_key(f->tangent, i), f);
  mdl_varied_op(f->d, op, varied);
  int results = mdl_result_count(op);
  bool *slot = MDL_NEW(f->ir->arena, bool, (size_t)results);
  *count = 0;
  for (int i = 0; i < results; i++) {
    slot[i] = mdl_map_has(varied, mdl_result(op, i).ptr);
    if (mdl_op(f->ir, op) == MDL_OP_while) /* the condition may pass on other values */
      slot[i] |= mdl_map_has(varied, mdl_arg(mdl_body(op, 0), i).ptr);
    *count += slot[i];
  }
  return slot;
}

/* `values` then the tangents of those in slots, in a list of the arena. */
static MlirValue *with_tangents(MdlForward *f, int count, const MlirValue *values, const bool *slot,
                                int slots)
{
  MlirValue *all = MDL_NEW(f->ir->arena, MlirValue, (size_t)(count + slots));
  for (int i = 0, k = count; i < count; i++) {
    all[i] = values[i];
    if (slot[i]) all[k++] = mdl_tangent_dense(f, values[i]);
  }
  return all;
}

/* Fills a block of the new op from one of the old: its ops, linearized, and an end that passes the
 * tangents on too. `first` is the number of arguments before the slots. */
static void fill(MdlForward *f, MlirBlock from, MlirBlock to, int first, const bool *slot,
                 int slots, int count)
{
  MdlIr *ir = f->ir;
  MdlMap *values = mdl_map_create(ir->arena);
  MlirOperation end = mdl_terminator(from);
  int args = mdl_arg_count(from);
  for (int i = 0, k = args; i < args; i++) {
    mdl_map_value_set(values, mdl_arg(from, i), mdl_arg(to, i));
    const char *name = mdl_value_name(ir, mdl_arg(from, i));
    if (name) mdl_value_set_name(ir, mdl_arg(to, i), name);
    if (i < first || !slot[i - first]) continue;
    mdl_map_set(f->tangent, mdl_arg(to, i).ptr, (void *)mdl_arg(to, k).ptr);
    if (name) mdl_value_set_name(ir, mdl_arg(to, k), mdl_text(ir->arena, "d%s", name));
    k++;
  }
  MdlBuilder b = mdl_builder_at_end(ir, to, mdl_place_of(ir, end));
  int outs = mdl_operand_count(end);
  MlirValue *out = MDL_NEW(ir->arena, MlirValue, (size_t)outs);
  mdl_clone_body(&b, from, values, out);
  bool is_condition = mdl_op(ir, end) == MDL_OP_condition;
  /* A stand-in for the end: it keeps hold of values that inner loops give anew. */
  MlirOperation stand_in = mdl_build_yield(&b, outs, out);
  mdl_linearize_block(f, to);
  for (int i = 0; i < outs; i++) out[i] = mdl_operand(stand_in, i);
  f->b = mdl_builder_before(ir, stand_in);
  f->b.at = b.at;
  MlirValue *all = with_tangents(f, count, out + is_condition, slot, slots);
  if (is_condition)
    mdl_build_condition(&f->b, out[0], count + slots, all);
  else
    mdl_build_yield(&f->b, count + slots, all);
  mdl_erase(ir, stand_in);
}

static void replace_results(MdlForward *f, MlirOperation op, MlirOperation with, const bool *slot)
{
  MdlIr *ir = f->ir;
  static const char *const kept[] = {"mdl.limit"};
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
    if (mdl_op_has(op, kept[i])) mdl_op_set_raw(ir, with, kept[i], mdl_op_raw(op, kept[i]));
  int count = mdl_result_count(op);
  for (int i = 0, k = count; i < count; i++) {
    const char *name = mdl_value_name(ir, mdl_result(op, i));
    if (name) mdl_value_set_name(ir, mdl_result(with, i), name);
    mdl_replace(mdl_result(op, i), mdl_result(with, i));
    if (slot[i]) mdl_tangent_set(f, mdl_result(with, i), mdl_result(with, k++));
  }
  mdl_erase(ir, op);
}

static void linearize_if(MdlForward *f, MlirOperation op, const bool *slot, int slots)
{
  int count = mdl_result_count(op);
  MlirType *type = MDL_NEW(f->ir->arena, MlirType, (size_t)(count + slots));
  for (int i = 0, k = count; i < count; i++) {
    type[i] = mdl_type_make(f->ir, mdl_type_of(f->ir, mdl_result(op, i)));
    if (slot[i]) type[k++] = type[i];
  }
  MlirOperation with = mdl_build_if(&f->b, mdl_operand(op, 0), count + slots, type);
  for (int i = 0; i < 2; i++) fill(f, mdl_body(op, i), mdl_body(with, i), 0, slot, slots, count);
  replace_results(f, op, with, slot);
}

static MlirValue *inits(MdlForward *f, MlirOperation op, int first, const bool *slot, int slots)
{
  int count = mdl_operand_count(op) - first;
  MlirValue *values = MDL_NEW(f->ir->arena, MlirValue, (size_t)count);
  for (int i = 0; i < count; i++) values[i] = mdl_operand(op, first + i);
  return with_tangents(f, count, values, slot, slots);
}

static void linearize_for(MdlForward *f, MlirOperation op, const bool *slot, int slots)
{
  int count = mdl_result_count(op);
  MlirValue *init = inits(f, op, 3, slot, slots);
  MlirOperation with =
      mdl_build_for(&f->b, mdl_operand(op, 0), mdl_operand(op, 1), count + slots, init);
  fill(f, mdl_body(op, 0), mdl_body(with, 0), 1, slot, slots, count);
  replace_results(f, op, with, slot);
}

static void linearize_while(MdlForward *f, MlirOperation op, const bool *slot, int slots)
{
  int count = mdl_result_count(op);
  MlirValue *init = inits(f, op, 0, slot, slots);
  MlirOperation with = mdl_build_while(&f->b, count + slots, init);
  for (int i = 0; i < 2; i++) fill(f, mdl_body(op, i), mdl_body(with, i), 0, slot, slots, count);
  replace_results(f, op, with, slot);
}

void mdl_linearize_flow(MdlForward *f, MlirOperation op)
{
  int slots = 0;
  bool *slot = varied_slots(f, op, &slots);
  if (!slots) return;
  MdlBuilder at = f->b;
  f->b = mdl_builder_before(f->ir, op);
  f->b.at = at.at;
  switch ((int)mdl_op(f->ir, op)) {
  case MDL_OP_if:
    linearize_if(f, op, slot, slots);
    break;
  case MDL_OP_for:
    linearize_for(f, op, slot, slots);
    break;
  default:
    linearize_while(f, op, slot, slots);
    break;
  }
  f->b = at;
}
