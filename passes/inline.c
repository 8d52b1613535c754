#include "passes/reach.h"

#include "ir/recipe.h"

typedef struct Inline {
  MdlPass *pass;
  MdlMap *derived; /* functions that a recipe can reach */
  MdlMap *done;    /* function -> its op count, or BUSY while its callees are inlined */
} Inline;

enum { BUSY = -1 };

static bool count_op(void *user, MlirOperation op)
{
  (void)op;
  ++*(intptr_t *)user;
  return true;
}

/* A function with a rule of its own, or one to be computed again, is seen as one op by recipes. */
static bool waits(const Inline *in, MlirOperation caller, MlirOperation callee)
{
  bool is_special = mdl_op_has(callee, "mdl.jvp") || mdl_op_has(callee, "mdl.vjp") ||
                    mdl_op_has(callee, "mdl.remat");
  return !mdl_body(callee, 0).ptr || (is_special && mdl_map_has(in->derived, caller.ptr));
}

/* What the caller calls it wins over the callee's name. */
static void take_name(MdlIr *ir, MlirValue result, MlirValue value, MlirValue before)
{
  const char *name = mdl_value_name(ir, result);
  if (name && !mdl_same(value, before) && !mdl_is_null(mdl_def(value)))
    mdl_value_set_name(ir, value, name);
}

static void inline_call(MdlIr *ir, MlirOperation call, MlirOperation callee)
{
  MlirBlock body = mdl_body(callee, 0);
  MlirOperation end = mdl_terminator(body);
  MdlMap *values = mdl_map_create(ir->arena);
  for (int i = 0; i < mdl_arg_count(body); i++)
    mdl_map_value_set(values, mdl_arg(body, i), mdl_operand(call, i));
  MlirValue *out = MDL_NEW(ir->arena, MlirValue, (size_t)mdl_operand_count(end));
  MdlBuilder b = mdl_builder_before(ir, call);
  int results = mdl_clone_body(&b, body, values, out);
  for (int i = 0; i < results; i++) {
    bool is_arg = mdl_is_null(mdl_def(mdl_operand(end, i)));
    take_name(ir, mdl_result(call, i), out[i], is_arg ? out[i] : mdl_operand(end, i));
    mdl_replace(mdl_result(call, i), out[i]);
  }
  mdl_erase(ir, call);
}

static bool too_many(Inline *in, MlirOperation func)
{
  MdlSession *session = in->pass->ir->session;
  mdl_error(session, MDL_E0903, mdl_span_of(in->pass->ir, func),
            mdl_text(session->arena, "%lld", (long long)session->limits.ops), "operations");
  return false;
}

/* Callees first, so each body is copied when nothing in it is left to inline. */
static bool inline_in(Inline *in, MlirOperation func)
{
  MdlIr *ir = in->pass->ir;
  if (mdl_map_has(in->done, func.ptr)) {
    if ((intptr_t)mdl_map_get(in->done, func.ptr) == BUSY)
      MDL_BUG(ir->session, "`%s` calls itself", mdl_op_text(ir, func, "sym_name"));
    return true;
  }
  mdl_map_set(in->done, func.ptr, (void *)(intptr_t)BUSY);
  intptr_t ops = 0;
  mdl_walk(func, count_op, &ops);
  MlirOperation *call;
  int calls = mdl_list_kind(ir, func, MDL_OP_call, &call);
  for (int i = 0; i < calls; i++) {
    MlirOperation callee = mdl_callee(ir, in->pass->symbols, call[i]);
    if (mdl_is_null(callee))
      MDL_BUG(ir->session, "a call of `%s`, which is not there",
              mdl_op_text(ir, call[i], "callee"));
    if (waits(in, func, callee)) continue;
    if (!inline_in(in, callee)) return false;
    ops += (intptr_t)mdl_map_get(in->done, callee.ptr);
    if (ops > ir->session->limits.ops) return too_many(in, func);
    inline_call(ir, call[i], callee);
    in->pass->changed = true;
  }
  mdl_map_set(in->done, func.ptr, (void *)ops);
  return true;
}

/* Put bodies in place of calls, inside regions too. Needs: mdl form. Keeps: calls of recipes, and
 * in functions that a recipe can reach, calls of functions with a custom rule or `remat`. Leaves:
 * no other call; functions that nobody calls any more stay for prune. */
bool mdl_pass_inline(MdlPass *pass, MlirOperation none)
{
  (void)none;
  MdlArena *arena = pass->ir->arena;
  Inline in = {pass, mdl_map_create(arena), mdl_map_create(arena)};
  MlirOperation *op = NULL;
  int count = mdl_list(pass->ir, mdl_module_body(pass->module), &op);
  for (int i = 0; i < count; i++)
    if (mdl_is_recipe(op[i])) mdl_reach(pass, op[i], in.derived);
  for (int i = 0; i < count; i++)
    if (!inline_in(&in, op[i])) return false;
  return true;
}
