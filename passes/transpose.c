/* The reverse sweep: each op's linear part backwards, last op first, at the end of the block. */
#include "passes/derive.h"

#include <string.h>

static MdlMask with_term(MdlReverse *r, MdlMask mask, MlirValue condition, bool negated)
{
  MdlTerm *term = MDL_NEW(r->ir->arena, MdlTerm, (size_t)mask.terms + 1);
  if (mask.terms) memcpy(term, mask.term, (size_t)mask.terms * sizeof *term);
  term[mask.terms] = (MdlTerm){condition, negated};
  return (MdlMask){mask.terms + 1, term};
}

/* The cotangent goes on to both branches unchanged, masked: products act on the value, and the
 * branch not taken stays zero whatever they multiply with. */
static void transpose_where(MdlReverse *r, MlirOperation op, MlirValue g, MdlMask mask)
{
  MlirValue condition = mdl_operand(op, 0);
  mdl_cotangent_add(r, mdl_operand(op, 1), g, with_term(r, mask, condition, false));
  mdl_cotangent_add(r, mdl_operand(op, 2), g, with_term(r, mask, condition, true));
}

static void transpose_elementwise(MdlReverse *r, MlirOperation op)
{
  MdlMask mask;
  MlirValue g = mdl_cotangent_take(r, mdl_result(op, 0), &mask);
  if (mdl_op(r->ir, op) == MDL_OP_where) {
    transpose_where(r, op, g, mask);
    return;
  }
  for (int i = 0; i < mdl_operand_count(op); i++) {
    if (!mdl_wants(r, op, i)) continue;
    MlirValue part = g;
    MdlPartialKind kind = mdl_partial(r->d, &r->b, op, i, g, &part);
    if (kind == MDL_PARTIAL_minus) part = mdl_build(&r->b, MDL_OP_neg, g);
    if (kind != MDL_PARTIAL_zero) mdl_cotangent_add(r, mdl_operand(op, i), part, mask);
  }
}

/* ---- by the forward rule ----------------------------------------------------------------- */

/* What the forward rule of an op emitted on stand-ins for its tangents. */
typedef struct Linear {
  MlirOperation mark; /* stands before it */
  MlirValue *stand_in;
  int count, room;
  MlirOperation *ops;
  MdlReverse sweep;
} Linear;

static void emit_linear(MdlReverse *r, MlirOperation op, Linear *l, MdlForward *f)
{
  int operands = mdl_operand_count(op);
  l->mark = mdl_build_yield(&r->b, 0, NULL);
  l->stand_in = MDL_NEW(r->ir->arena, MlirValue, (size_t)operands);
  for (int i = 0; i < operands; i++) {
    MlirValue operand = mdl_operand(op, i);
    if (!mdl_wants(r, op, i)) continue;
    MlirValue t = mdl_tangent(f, operand);
    l->stand_in[i] = t.ptr ? t : mdl_zero(r->ir, &r->b, operand);
    mdl_map_set(f->tangent, operand.ptr, (void *)l->stand_in[i].ptr);
    mdl_map_set(l->sweep.varied, l->stand_in[i].ptr, r);
  }
  if (mdl_op(r->ir, op) == MDL_OP_call)
    mdl_linearize_call(f, op);
  else
    mdl_jvp_of(mdl_op(r->ir, op))(f, op);
  for (MlirOperation o = mdl_next(l->mark); !mdl_is_null(o); o = mdl_next(o)) {
    MDL_GROW(r->ir->arena, l->ops, l->count, l->room);
    l->ops[l->count++] = o;
    mdl_varied_op(r->d, o, l->sweep.varied);
  }
}

/* The linear ops go, but for what a loop that was made anew still carries for nobody; dce has that,
 * and what they were made of. */
static void erase_linear(MdlReverse *r, Linear *l)
{
  MdlMap *gone = mdl_map_create(r->ir->arena);
  for (int i = 0; i < mdl_map_count(l->sweep.replaced); i++)
    mdl_map_set(gone, mdl_map_key(l->sweep.replaced, i), r);
  mdl_transpose_end(&l->sweep);
  for (int i = l->count; i-- > 0;) {
    if (mdl_map_has(gone, l->ops[i].ptr)) continue;
    bool is_linear = false, used = false;
    for (int k = 0; k < mdl_result_count(l->ops[i]); k++) {
      is_linear |= mdl_map_has(l->sweep.varied, mdl_result(l->ops[i], k).ptr);
      used |= mdl_has_uses(mdl_result(l->ops[i], k));
    }
    if (is_linear && !used) mdl_erase(r->ir, l->ops[i]);
  }
  mdl_erase(r->ir, l->mark);
}

/* Rows and rules that only have a forward form: it emits linear ops on stand-ins for the tangents,
 * those are swept back, and dropped. */
void mdl_transpose_by_jvp(MdlReverse *r, MlirOperation op)
{
  MdlForward f = {r->d, r->ir, r->b, mdl_map_create(r->ir->arena)};
  Linear l = {.sweep = *r};
  l.sweep.varied = mdl_map_create(r->ir->arena);
  l.sweep.parts = mdl_map_create(r->ir->arena);
  l.sweep.replaced = mdl_map_create(r->ir->arena);
  emit_linear(r, op, &l, &f);
  for (int i = 0; i < mdl_result_count(op); i++) {
    MlirValue t = mdl_tangent(&f, mdl_result(op, i));
    MlirValue g = mdl_cotangent_take(r, mdl_result(op, i), NULL);
    if (g.ptr && t.ptr) mdl_cotangent_add(&l.sweep, t, g, (MdlMask){0, NULL});
  }
  MdlMap *given = mdl_map_create(r->ir->arena);
  mdl_transpose_ops(&l.sweep, l.count, l.ops);
  for (int i = 0; i < mdl_operand_count(op); i++) {
    if (!l.stand_in[i].ptr || mdl_map_has(given, l.stand_in[i].ptr)) continue;
    mdl_map_set(given, l.stand_in[i].ptr, r);
    MlirValue g = mdl_cotangent_take(&l.sweep, l.stand_in[i], NULL);
    if (g.ptr) mdl_give(r, op, i, g);
  }
  if (!r->d->failed) erase_linear(r, &l);
}

static void transpose_structural(MdlReverse *r, MlirOperation op, const MdlOpInfo *row)
{
  if (!strcmp(row->lin, "fn")) {
    mdl_transpose_by_jvp(r, op);
    return;
  }
  MlirValue g = mdl_cotangent_take(r, mdl_result(op, 0), NULL);
  if (g.ptr) mdl_transpose_of(mdl_op(r->ir, op))(r, op, g);
}

static bool is_wanted(const MdlReverse *r, MlirOperation op)
{
  for (int i = 0; i < mdl_result_count(op); i++)
    if (mdl_has_cotangent(r, mdl_result(op, i))) return true;
  return false;
}

static void transpose_op(MdlReverse *r, MlirOperation op)
{
  MdlOp kind = mdl_op(r->ir, op);
  const MdlOpInfo *row = mdl_op_info(kind);
  if (!mdl_operand_count(op) && !mdl_region_count(op)) return; /* a stand-in for a tangent */
  r->b.at = mdl_place_of(r->ir, op);
  if (kind == MDL_OP_call)
    mdl_transpose_call(r, op);
  else if (kind >= MDL_OP_COUNT)
    mdl_transpose_flow(r, op);
  else if (mdl_op_is_nodiff(kind))
    mdl_no_derivative(r->d, op);
  else if (row->elementwise)
    transpose_elementwise(r, op);
  else
    transpose_structural(r, op, row);
}

void mdl_transpose_ops(MdlReverse *r, int count, MlirOperation *ops)
{
  for (int i = count; i-- > 0 && !r->d->failed;)
    if (is_wanted(r, ops[i])) transpose_op(r, ops[i]);
}

void mdl_transpose_end(MdlReverse *r)
{
  for (int i = mdl_map_count(r->replaced); i-- > 0;) {
    MlirOperation op = {(void *)mdl_map_key(r->replaced, i)};
    MlirOperation with = {mdl_map_value(r->replaced, i)};
    for (int k = 0; k < mdl_result_count(op); k++)
      mdl_replace(mdl_result(op, k), mdl_result(with, k));
    mdl_erase(r->ir, op);
  }
  mdl_map_clear(r->replaced);
}
