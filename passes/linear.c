/* Is a custom jvp rule linear in its tangents? Each value is zero, a constant (no tangent in it) or
 * linear; anything else is an error at the op that makes it. */
#include "passes/derive.h"

#include <string.h>

typedef enum Kind { ZERO = 1, CONSTANT, LINEAR } Kind;

typedef struct Check {
  MdlDerive *d;
  MdlIr *ir;
  MlirOperation func, rule;
  MdlMap *kind; /* value -> Kind */
  bool ok;
} Check;

/* Elementwise rows that are linear: operands that may be together, `|` between alternatives. The
 * others must be constant; a partial that is constant is not enough (floor has slope 0). */
static const struct {
  MdlOp op;
  const char *lin;
} rows[] = {
    {MDL_OP_add, "a+b"}, {MDL_OP_sub, "a+b"},   {MDL_OP_neg, "a"},     {MDL_OP_mul, "a*b"},
    {MDL_OP_div, "a"},   {MDL_OP_where, "b+c"}, {MDL_OP_fma, "a*b+c"},
};

static const char *lin_of(MdlOp op)
{
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].op == op) return rows[i].lin;
  const MdlOpInfo *row = mdl_op_info(op);
  return !row->elementwise && row->lin && strcmp(row->lin, "fn") && !mdl_op_is_nodiff(op) ? row->lin
                                                                                          : "";
}

static Kind kind_of(const Check *c, MlirValue value)
{
  Kind kind = (Kind)(intptr_t)mdl_map_get(c->kind, value.ptr);
  return kind ? kind : CONSTANT; /* defined outside */
}

static bool set(Check *c, MlirValue value, Kind kind)
{
  if (mdl_map_has(c->kind, value.ptr) && kind_of(c, value) == kind) return false;
  mdl_map_set(c->kind, value.ptr, (void *)(intptr_t)kind);
  return true;
}

/* `why` NULL: the op itself is not linear. */
static void report(Check *c, MlirOperation op, const char *why)
{
  if (!c->ok) return;
  c->ok = false;
  MdlIr *ir = c->ir;
  MlirBlock body = mdl_body(c->rule, 0);
  const char *tangent = "its tangent", *name = NULL;
  int first = mdl_func_args(c->func);
  bool has_tangent = first < mdl_arg_count(body);
  if (has_tangent) name = mdl_value_name(ir, mdl_arg(body, first));
  if (name) tangent = name;
  MdlReport *r = mdl_error(ir->session, MDL_E0708, mdl_span_of(ir, op),
                           mdl_op_text(ir, c->func, "sym_name"), tangent);
  if (why)
    mdl_label(r, "%s", why);
  else
    mdl_label(r, "`%s` is not linear", mdl_op_info(mdl_op(ir, op))->name);
  if (has_tangent) mdl_also(r, mdl_span_of_arg(ir, mdl_arg(body, first)), "tangent");
}

static const char *const mixed = "a sum of what has the tangent and what has not";
static const char *const squared = "a product of tangents";

static bool is_zero(Check *c, MlirOperation op)
{
  if (mdl_op(c->ir, op) != MDL_OP_const) return false;
  MdlAttrs attrs = mdl_attrs_of(c->ir, op);
  double real = 1;
  int64_t integer = 1;
  return mdl_get_number(&attrs, "value", &real, &integer) && real == 0;
}

static bool check_block(Check *c, MlirBlock block);

/* What two ways of making a value give: linear and zero is linear, linear and constant is not. */
static Kind join(Check *c, MlirOperation op, Kind a, Kind b)
{
  if (a == b) return a;
  if (a == ZERO) return b;
  if (b == ZERO) return a;
  report(c, op, mixed);
  return LINEAR;
}

static bool check_region_op(Check *c, MlirOperation op)
{
  int at = mdl_slots_at(c->ir, op), count = mdl_result_count(op);
  bool is_if = mdl_op(c->ir, op) == MDL_OP_if;
  for (int i = 0; i < at; i++)
    if (kind_of(c, mdl_operand(op, i)) == LINEAR) report(c, op, "decided by the tangent");
  Kind *slot = MDL_NEW(c->ir->arena, Kind, (size_t)count + 1);
  for (int i = 0; i < count; i++) slot[i] = is_if ? ZERO : kind_of(c, mdl_operand(op, at + i));
  for (bool again = true; again && c->ok;) {
    again = false;
    for (int r = 0; r < mdl_region_count(op); r++) {
      MlirBlock body = mdl_body(op, r);
      if (!body.ptr) continue;
      int first = mdl_arg_count(body) - (is_if ? 0 : count);
      for (int i = 0; i < count && !is_if; i++) set(c, mdl_arg(body, first + i), slot[i]);
      if (!check_block(c, body)) return false;
      MlirOperation end = mdl_terminator(body);
      int skip = mdl_slots_at(c->ir, end);
      for (int i = 0; i < skip; i++)
        if (kind_of(c, mdl_operand(end, i)) == LINEAR) report(c, op, "decided by the tangent");
      for (int i = 0; i < count; i++) {
        Kind now = join(c, op, slot[i], kind_of(c, mdl_operand(end, skip + i)));
        again |= now != slot[i] && !is_if;
        slot[i] = now;
      }
    }
  }
  for (int i = 0; i < count; i++) set(c, mdl_result(op, i), slot[i]);
  return c->ok;
}

static bool check_op(Check *c, MlirOperation op)
{
  MdlOp kind = mdl_op(c->ir, op);
  if (mdl_region_count(op)) return check_region_op(c, op);
  const char *lin = kind < MDL_OP_COUNT ? lin_of(kind) : "";
  int linear = 0, constant = 0, zeros = 0, outside = 0;
  for (int i = 0; i < mdl_operand_count(op); i++) {
    Kind is = kind_of(c, mdl_operand(op, i));
    bool here = strchr(lin, 'a' + i) != NULL;
    linear += is == LINEAR && here, outside += is == LINEAR && !here;
    constant += is == CONSTANT && here, zeros += is == ZERO && here;
  }
  bool is_product = strchr(lin, '*') != NULL;
  Kind result = is_zero(c, op) ? ZERO : CONSTANT;
  if (is_product && zeros) result = ZERO;
  if (!is_product && zeros && !linear && !constant) result = ZERO;
  if (linear) result = LINEAR;
  bool mixes = linear && (is_product ? linear > 1 && kind != MDL_OP_fma : constant > 0);
  if (outside || mixes) report(c, op, outside ? NULL : is_product ? squared : mixed);
  for (int i = 0; i < mdl_result_count(op); i++) set(c, mdl_result(op, i), result);
  return c->ok;
}

static bool check_block(Check *c, MlirBlock block)
{
  MlirOperation end = mdl_terminator(block);
  for (MlirOperation op = mdl_first(block); !mdl_same_op(op, end); op = mdl_next(op))
    if (!check_op(c, op)) return false;
  return true;
}

bool mdl_check_linear(MdlDerive *d, MlirOperation func, MlirOperation rule)
{
  Check c = {d, d->ir, func, rule, mdl_map_create(d->ir->arena), true};
  MlirBlock body = mdl_body(rule, 0);
  for (int i = mdl_func_args(func); i < mdl_arg_count(body); i++) set(&c, mdl_arg(body, i), LINEAR);
  if (!check_block(&c, body)) return false;
  MlirOperation end = mdl_terminator(body);
  for (int i = 0; i < mdl_operand_count(end); i++)
    if (kind_of(&c, mdl_operand(end, i)) == CONSTANT) report(&c, end, "without the tangent");
  return c.ok;
}
