/* Control flow of entries: scalars are carried as values, tensors stay in their places. What may
 * fail carries the status too. */
#include "passes/entry.h"

#include "passes/place.h"

typedef struct Carried {
  int count;  /* values of the loop-form op */
  int *which; /* position in the group-form op, -1: the status */
  MlirValue *value;
} Carried;

static Carried carried_create(MdlEntry *e, int most)
{
  Carried c = {0, MDL_NEW(e->ir->arena, int, (size_t)most + 1),
               MDL_NEW(e->ir->arena, MlirValue, (size_t)most + 1)};
  return c;
}

static void carry(Carried *c, int which, MlirValue value)
{
  c->which[c->count] = which;
  c->value[c->count++] = value;
}

/* The scalars among `count` operands of op from `first` on, and the status. */
static Carried scalars_of(MdlEntry *e, MlirOperation op, int first, int count, bool fails)
{
  Carried c = carried_create(e, count);
  for (int i = 0; i < count; i++) {
    MlirValue operand = mdl_operand(op, first + i);
    if (!mdl_type_of(e->ir, operand)->rank) carry(&c, i, mdl_entry_scalar(e, operand));
  }
  if (fails) carry(&c, -1, e->status);
  return c;
}

static void yield(MdlEntry *e, MlirOperation end, int first, bool fails)
{
  Carried c = scalars_of(e, end, first, mdl_operand_count(end) - first, fails);
  mdl_build_yield(&e->b, c.count, c.value);
}

/* The arguments of a loop-form block stand for those of the group-form one. */
static void bind_args(MdlEntry *e, const Carried *c, MlirBlock from, int from_first, MlirBlock to,
                      int to_first)
{
  for (int i = 0; i < c->count; i++) {
    MlirValue arg = mdl_arg(to, to_first + i);
    if (c->which[i] < 0) {
      mdl_value_set_name(e->ir, arg, "status");
      e->status = arg;
      continue;
    }
    MlirValue old = mdl_arg(from, from_first + c->which[i]);
    const char *name = mdl_value_name(e->ir, old);
    if (name) mdl_value_set_name(e->ir, arg, name);
    mdl_map_set(e->scalars, old.ptr, (void *)arg.ptr);
  }
}

static void bind_results(MdlEntry *e, const Carried *c, MlirOperation from, MlirOperation to)
{
  for (int i = 0; i < c->count; i++) {
    MlirValue made = mdl_result(to, i);
    if (c->which[i] < 0)
      e->status = made;
    else
      mdl_map_set(e->scalars, mdl_result(from, c->which[i]).ptr, (void *)made.ptr);
  }
}

static void enter(MdlEntry *e, MlirBlock block)
{
  e->b = mdl_builder_at_end(e->ir, block, e->b.at);
}

static void lower_for(MdlEntry *e, MlirOperation op)
{
  bool fails = mdl_entry_fails(e, op);
  Carried c = scalars_of(e, op, 3, mdl_operand_count(op) - 3, fails);
  MlirValue bound[3];
  for (int i = 0; i < 3; i++) bound[i] = mdl_entry_scalar(e, mdl_operand(op, i));
  MlirOperation loop = mdl_loop_for(&e->b, bound[0], bound[1], bound[2], c.count, c.value);
  MdlBuilder outer = e->b;
  MlirBlock from = mdl_body(op, 0), to = mdl_body(loop, 0);
  const char *name = mdl_value_name(e->ir, mdl_arg(from, 0));
  if (name) mdl_value_set_name(e->ir, mdl_arg(to, 0), name);
  mdl_map_set(e->scalars, mdl_arg(from, 0).ptr, (void *)mdl_arg(to, 0).ptr);
  bind_args(e, &c, from, 1, to, 1);
  enter(e, to);
  mdl_entry_block(e, from);
  yield(e, mdl_terminator(from), 0, fails);
  e->b = outer;
  bind_results(e, &c, op, loop);
}

static void lower_if(MdlEntry *e, MlirOperation op)
{
  bool fails = mdl_entry_fails(e, op);
  int results = mdl_result_count(op);
  MlirType *type = MDL_NEW(e->ir->arena, MlirType, (size_t)results + 1);
  Carried c = carried_create(e, results);
  for (int i = 0; i < results; i++) {
    const MdlType *is = mdl_type_of(e->ir, mdl_result(op, i));
    if (is->rank) continue;
    type[c.count] = mdl_loop_value_type(e->ir, is->dtype, 1);
    carry(&c, i, (MlirValue){NULL});
  }
  if (fails) {
    type[c.count] = e->ir->scalar[MDL_i32];
    carry(&c, -1, (MlirValue){NULL});
  }
  MlirOperation branch =
      mdl_build_if(&e->b, mdl_entry_scalar(e, mdl_operand(op, 0)), c.count, type);
  MdlBuilder outer = e->b;
  MlirValue status = e->status;
  for (int region = 0; region < 2; region++) {
    MlirBlock from = mdl_body(op, region);
    e->status = status;
    enter(e, mdl_body(branch, region));
    if (!from.ptr) {
      mdl_build_yield(&e->b, fails, &e->status);
      continue;
    }
    mdl_entry_block(e, from);
    yield(e, mdl_terminator(from), 0, fails);
  }
  e->b = outer;
  for (int i = 0; i < c.count; i++) {
    const char *name =
        c.which[i] < 0 ? "status" : mdl_value_name(e->ir, mdl_result(op, c.which[i]));
    if (name) mdl_value_set_name(e->ir, mdl_result(branch, i), name);
  }
  bind_results(e, &c, op, branch);
}

/* The C printer wants the condition to pass on what the loop carries. */
static void lower_while(MdlEntry *e, MlirOperation op)
{
  bool fails = mdl_entry_fails(e, op);
  Carried c = scalars_of(e, op, 0, mdl_operand_count(op), fails);
  MlirOperation loop = mdl_build_while(&e->b, c.count, c.value);
  MdlBuilder outer = e->b;
  MlirBlock before = mdl_body(op, 0), after = mdl_body(op, 1);
  MlirOperation condition = mdl_terminator(before);
  bind_args(e, &c, before, 0, mdl_body(loop, 0), 0);
  enter(e, mdl_body(loop, 0));
  mdl_entry_block(e, before);
  MlirValue goes_on = mdl_entry_scalar(e, mdl_operand(condition, 0));
  if (fails) {
    MlirValue zero = mdl_loop_number(&e->b, MDL_i32, 1, 0, 0);
    MlirValue fine = mdl_loop_compare(&e->b, MDL_PREDICATE_eq, e->status, zero);
    goes_on = mdl_loop_binary(&e->b, MDL_LOOP_andi, goes_on, fine);
  }
  Carried passed = scalars_of(e, condition, 1, mdl_operand_count(condition) - 1, fails);
  mdl_build_condition(&e->b, goes_on, passed.count, passed.value);
  bind_args(e, &c, after, 0, mdl_body(loop, 1), 0);
  enter(e, mdl_body(loop, 1));
  mdl_entry_block(e, after);
  yield(e, mdl_terminator(after), 0, fails);
  e->b = outer;
  bind_results(e, &c, op, loop);
}

void mdl_entry_flow(MdlEntry *e, MlirOperation op)
{
  switch (mdl_op(e->ir, op)) {
  case MDL_OP_for:
    lower_for(e, op);
    return;
  case MDL_OP_if:
    lower_if(e, op);
    return;
  default:
    lower_while(e, op);
  }
}
