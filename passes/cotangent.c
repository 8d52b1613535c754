/* Cotangents: a list of contributions per value, added up when the sweep reaches what made it. */
#include "passes/derive.h"

typedef struct Part {
  MlirValue g;
  MdlMask mask;
  MlirOperation at; /* sparse: the gather or dynamic_slice; null: dense */
} Part;

typedef struct Parts {
  int count, room;
  Part *part; /* in the order they came: the last use first */
} Parts;

bool mdl_is_varied(const MdlReverse *r, MlirValue value)
{
  return mdl_map_has(r->varied, value.ptr);
}

bool mdl_wants(const MdlReverse *r, MlirOperation op, int operand)
{
  return mdl_is_varied(r, mdl_operand(op, operand));
}

static void add(MdlReverse *r, MlirValue value, Part part)
{
  if (!mdl_is_varied(r, value)) return;
  Parts *parts = mdl_map_get(r->parts, value.ptr);
  if (!parts) mdl_map_set(r->parts, value.ptr, parts = MDL_NEW(r->ir->arena, Parts, 1));
  MDL_GROW(r->ir->arena, parts->part, parts->count, parts->room);
  parts->part[parts->count++] = part;
}

void mdl_cotangent_add(MdlReverse *r, MlirValue value, MlirValue g, MdlMask mask)
{
  add(r, value, (Part){g, mask, {NULL}});
}

void mdl_cotangent_add_at(MdlReverse *r, MlirValue value, MlirOperation at, MlirValue g)
{
  add(r, value, (Part){g, {0, NULL}, at});
}

void mdl_give(MdlReverse *r, MlirOperation op, int operand, MlirValue g)
{
  mdl_cotangent_add(r, mdl_operand(op, operand), g, (MdlMask){0, NULL});
}

bool mdl_has_cotangent(const MdlReverse *r, MlirValue value)
{
  const Parts *parts = mdl_map_get(r->parts, value.ptr);
  return parts && parts->count;
}

/* ---- masks ------------------------------------------------------------------------------- */

static bool has_term(MdlMask mask, MdlTerm term)
{
  for (int i = 0; i < mask.terms; i++)
    if (mdl_same(mask.term[i].condition, term.condition) && mask.term[i].negated == term.negated)
      return true;
  return false;
}

/* Terms of a that are (or are not) in b. */
static MdlMask split(MdlReverse *r, MdlMask a, MdlMask b, bool in)
{
  MdlTerm *term = MDL_NEW(r->ir->arena, MdlTerm, (size_t)a.terms);
  MdlMask mask = {0, term};
  for (int i = 0; i < a.terms; i++)
    if (has_term(b, a.term[i]) == in) term[mask.terms++] = a.term[i];
  return mask;
}

/* The cotangent with its mask applied, innermost condition last. */
static MlirValue select_by(MdlReverse *r, MlirValue g, MdlMask mask)
{
  for (int i = mask.terms - 1; i >= 0; i--) {
    MlirValue zero = mdl_zero(r->ir, &r->b, g);
    MdlTerm t = mask.term[i];
    g = t.negated ? mdl_build(&r->b, MDL_OP_where, t.condition, zero, g)
                  : mdl_build(&r->b, MDL_OP_where, t.condition, g, zero);
  }
  return g;
}

/* ---- sums -------------------------------------------------------------------------------- */

static MlirValue add_pairwise(MdlReverse *r, int count, const MlirValue *term)
{
  if (count == 1) return term[0];
  int half = (count + 1) / 2;
  MlirValue left = add_pairwise(r, half, term);
  return mdl_build(&r->b, MDL_OP_add, left, add_pairwise(r, count - half, term + half));
}

/* base + the slice at `at`: one scatter_add, or a window read, added to and put back. */
static MlirValue add_slices(MdlReverse *r, MlirValue base, const Part *part)
{
  MlirValue index = mdl_operand(part->at, 1);
  MdlAttrs attrs = mdl_attrs_of(r->ir, part->at);
  MlirValue operand[] = {base, index, part->g};
  if (mdl_op(r->ir, part->at) == MDL_OP_gather) return mdl_scatter_back(r, part->at, base, part->g);
  MlirOperation there =
      mdl_build_op(&r->b, MDL_OP_dynamic_slice, 2, operand, &attrs, mdl_type_of(r->ir, part->g));
  operand[2] = mdl_build(&r->b, MDL_OP_add, mdl_result(there, 0), part->g);
  return mdl_result(mdl_build_op(&r->b, MDL_OP_dynamic_update, 3, operand, &attrs, NULL), 0);
}

/* Alone, a window is simply put into zeros. */
static MlirValue put_slices(MdlReverse *r, MlirValue value, const Part *part)
{
  MlirValue zero = mdl_zero(r->ir, &r->b, value);
  if (mdl_op(r->ir, part->at) == MDL_OP_gather) return add_slices(r, zero, part);
  MdlAttrs attrs = mdl_attrs_of(r->ir, part->at);
  MlirValue operand[] = {zero, mdl_operand(part->at, 1), part->g};
  return mdl_result(mdl_build_op(&r->b, MDL_OP_dynamic_update, 3, operand, &attrs, NULL), 0);
}

static MlirValue sum_dense(MdlReverse *r, const Parts *parts, MdlMask common)
{
  MlirValue *term = MDL_NEW(r->ir->arena, MlirValue, (size_t)parts->count);
  int terms = 0;
  for (int i = parts->count - 1; i >= 0; i--) {
    const Part *part = &parts->part[i];
    if (!mdl_is_null(part->at)) continue;
    term[terms++] = select_by(r, part->g, split(r, part->mask, common, false));
  }
  return terms ? add_pairwise(r, terms, term) : (MlirValue){NULL};
}

static MdlMask common_mask(MdlReverse *r, const Parts *parts)
{
  MdlMask common = parts->part[parts->count - 1].mask;
  for (int i = parts->count - 1; i >= 0; i--) common = split(r, common, parts->part[i].mask, true);
  return common;
}

MlirValue mdl_cotangent_take(MdlReverse *r, MlirValue value, MdlMask *mask)
{
  Parts *parts = mdl_map_get(r->parts, value.ptr);
  MdlMask common = {0, NULL};
  if (mask) *mask = common;
  if (!parts || !parts->count) return (MlirValue){NULL};
  if (mask) *mask = common = common_mask(r, parts);
  MlirValue sum = sum_dense(r, parts, common);
  for (int i = parts->count - 1; i >= 0; i--) {
    const Part *part = &parts->part[i];
    if (mdl_is_null(part->at)) continue;
    sum = sum.ptr ? add_slices(r, sum, part) : put_slices(r, value, part);
  }
  parts->count = 0;
  mdl_name_after(r->ir, sum, 'g', value);
  return sum;
}
