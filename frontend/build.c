/* Comprehensions: [for i in 0..N, x in xs : e] is a vmap of a function whose body is e. A row x[i]
 * of an outer value at the comprehension's own index is an argument of that function, mapped with
 * it, so that no gather is needed. */
#include "frontend/fold.h"

#include <string.h>

typedef struct MdlMapped {
  MdlCoreFunc *func;
  const MdlSize *extent;
  int count, capacity;
  MdlCore **outer; /* what is mapped, by argument of func; NULL for the index */
} MdlMapped;

static void add_outer(MdlSema *s, MdlMapped *m, MdlCore *outer)
{
  MDL_GROW(s->arena, m->outer, m->count, m->capacity);
  m->outer[m->count++] = outer;
}

static MdlCore *row_arg(MdlSema *s, MdlMapped *m, MdlCore *outer)
{
  MdlType row = outer->type;
  row.rank--;
  memmove(row.dim, row.dim + 1, (size_t)row.rank * sizeof *row.dim);
  MdlCore *arg = mdl_core_arg(s, m->func, row, outer->name);
  arg->cell = outer->cell;
  add_outer(s, m, outer);
  return arg;
}

MdlCore *mdl_mapped_row(MdlSema *s, MdlCore *base, const MdlSize *index)
{
  if (!mdl_size_is_name(index)) return NULL;
  MdlMapped *m = mdl_map_get(s->binders, mdl_intern_text(s->arena, mdl_size_text(index)));
  if (!m || !base->type.rank || base->type.dim[0] != m->extent) return NULL;
  MdlCoreFunc *above = m->func->parent;
  while (above && above != base->func) above = above->parent;
  if (!above) return NULL;
  for (int i = 0; i < m->count; i++)
    if (m->outer[i] == base) return m->func->arg[i];
  return row_arg(s, m, base);
}

/* ---- one binder inside the other --------------------------------------------------------- */

typedef struct Build {
  MdlSema *s;
  const MdlExpr *expr;
  MdlVal **domain;
} Build;

static const MdlSize *domain_extent(Build *b, MdlVal *domain, const MdlSize **from)
{
  MdlSema *s = b->s;
  const MdlSize *extent = NULL;
  *from = mdl_size_const(s->sizes, 0);
  if (mdl_is_kind(domain, MDL_KIND_range)) {
    const MdlSize *to = mdl_val_size_of(s, domain->item[1]);
    *from = mdl_val_size_of(s, domain->item[0]);
    extent = *from && to ? mdl_size_sub(s->sizes, to, *from) : NULL;
    int64_t length;
    bool negative = extent && mdl_size_is_const(extent, &length) && length < 0;
    if (extent && !negative && mdl_size_is_static(s, extent)) return extent;
    mdl_error(s->session, MDL_E0413, domain->at, mdl_source_text(s->session, domain->at),
              negative ? "its length is negative" : "the length of a range here must be a size");
    return NULL;
  }
  bool rows = mdl_is_kind(domain, MDL_KIND_tensor) || mdl_is_kind(domain, MDL_KIND_struct);
  if (rows && mdl_vtype_row(s, domain->type, &extent) && mdl_leaf_count(domain->type))
    return extent;
  if (!mdl_is_poison(domain))
    mdl_error(s->session, MDL_E0605, domain->at, mdl_vtype_text(s, domain->type));
  return NULL;
}

static const char *binder_name(const MdlPattern *pattern)
{
  return pattern->kind == MDL_PATTERN_name ? pattern->name : "i";
}

/* The index as a value: the argument that runs with the iota. */
static MdlVal *index_element(Build *b, MdlMapped *m, const MdlPattern *pattern, const MdlSize *from)
{
  MdlSema *s = b->s;
  MdlCore *i = mdl_core_arg(s, m->func, mdl_type_scalar(MDL_i64), binder_name(pattern));
  add_outer(s, m, NULL);
  const MdlSize *atom = mdl_atom_new(s, binder_name(pattern), i);
  mdl_map_set(s->binders, mdl_intern_text(s->arena, mdl_size_text(atom)), m);
  return mdl_val_size(s, mdl_size_add(s->sizes, atom, from), pattern->at);
}

static MdlVal *row_element(Build *b, MdlMapped *m, MdlVal *domain, const MdlPattern *pattern)
{
  MdlSema *s = b->s;
  const MdlSize *extent;
  const MdlVType *row = mdl_vtype_row(s, domain->type, &extent);
  int count = mdl_leaf_count(row);
  MdlCore **leaf = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  for (int i = 0; i < count; i++) leaf[i] = row_arg(s, m, domain->leaf[i]);
  return mdl_val_of(s, row, leaf, pattern->at);
}

static MdlVal *build(Build *b, int k, const MdlVType *want);

static MdlVal *body(Build *b, int k, const MdlVType *want)
{
  MdlSema *s = b->s;
  MdlVal *v =
      k == b->expr->build.binders ? mdl_expr(s, b->expr->build.body, want) : build(b, k, want);
  if (mdl_is_poison(v)) return v;
  if (mdl_is_kind(v, MDL_KIND_none) || mdl_is_kind(v, MDL_KIND_fn)) {
    if (mdl_is_kind(v, MDL_KIND_fn))
      mdl_error(s->session, MDL_E0312, v->at, "be an element");
    else
      mdl_error(s->session, MDL_E0603, b->expr->build.body->at, "block", "an element");
    return mdl_val_poison(s);
  }
  return mdl_settle(s, v);
}

static MdlVal *map_body(Build *b, MdlMapped *m, MdlVal *v, const MdlSize *extent)
{
  MdlSema *s = b->s;
  MdlCore **operand = MDL_NEW(s->arena, MdlCore *, (size_t)m->count);
  MdlCoreRecipe *recipe = MDL_NEW(s->arena, MdlCoreRecipe, 1);
  MdlType iota = {.dtype = MDL_i64, .rank = 1, .dim = {extent}};
  const MdlVType *type = mdl_vtype_lead(s, v->type, 1, &extent);
  if (!type) {
    mdl_error(s->session, MDL_E0902, b->expr->at, "the rank");
    return mdl_val_poison(s);
  }
  recipe->kind = MDL_RECIPE_vmap;
  recipe->size = extent;
  recipe->wrts = m->count;
  recipe->wrt = MDL_NEW(s->arena, int64_t, (size_t)m->count);
  for (int i = 0; i < m->count; i++) {
    recipe->wrt[i] = i;
    operand[i] = m->outer[i] ? m->outer[i] : mdl_emit_iota(s, &iota, 0);
  }
  return mdl_emit_call(s, m->func, recipe, m->count, operand, type, b->expr->at);
}

static MdlVal *build(Build *b, int k, const MdlVType *want)
{
  MdlSema *s = b->s;
  const MdlBinder *binder = &b->expr->build.binder[k];
  MdlCoreFunc *was_func = s->func;
  MdlCoreBlock *was_block = s->block;
  MdlLocal *top = s->frame->top;
  const MdlSize *from, *extent = domain_extent(b, b->domain[k], &from), *dim;
  if (!extent) return mdl_val_poison(s);
  MdlMapped *m = MDL_NEW(s->arena, MdlMapped, 1);
  m->func = mdl_core_func(s, "for", s->func, b->expr->at);
  m->extent = extent;
  s->func = m->func, s->block = m->func->body;
  MdlVal *element = mdl_is_kind(b->domain[k], MDL_KIND_range)
                        ? index_element(b, m, binder->pattern, from)
                        : row_element(b, m, b->domain[k], binder->pattern);
  mdl_bind_pattern(s, binder->pattern, element, MDL_LOCAL_loop);
  MdlVal *v = body(b, k + 1, want ? mdl_vtype_row(s, want, &dim) : NULL);
  if (!mdl_is_poison(v)) mdl_core_return(s, 1, &v);
  m->func->result = v->type;
  mdl_locals_leave(s, top);
  s->func = was_func, s->block = was_block, s->at = b->expr->at;
  return mdl_is_poison(v) ? v : map_body(b, m, v, extent);
}

/* A domain may not use the names of the binders before it. */
static const char *depends_on(const MdlExpr *expr, const char *name)
{
  switch (expr->kind) {
  case MDL_EXPR_name:
    return expr->name == name ? name : NULL;
  case MDL_EXPR_binary:
  case MDL_EXPR_range:
    return depends_on(expr->binary.left, name) ? name : depends_on(expr->binary.right, name);
  case MDL_EXPR_index:
    for (int i = 0; i < expr->index.indices; i++)
      if (expr->index.index[i].value && depends_on(expr->index.index[i].value, name)) return name;
    return depends_on(expr->index.base, name);
  case MDL_EXPR_field:
    return depends_on(expr->field.base, name);
  default:
    return NULL;
  }
}

static bool independent(MdlSema *s, const MdlExpr *expr)
{
  for (int i = 1; i < expr->build.binders; i++)
    for (int k = 0; k < i; k++) {
      const MdlPattern *p = expr->build.binder[k].pattern;
      if (p->kind != MDL_PATTERN_name || !depends_on(expr->build.binder[i].domain, p->name))
        continue;
      MdlReport *r = mdl_error(s->session, MDL_E0607, expr->build.binder[i].domain->at, p->name);
      mdl_also(r, p->at, "its binder");
      return false;
    }
  return true;
}

MdlVal *mdl_comprehension(MdlSema *s, const MdlExpr *expr, const MdlVType *want)
{
  Build b = {s, expr, MDL_NEW(s->arena, MdlVal *, (size_t)expr->build.binders)};
  if (!independent(s, expr)) return mdl_val_poison(s);
  for (int i = 0; i < expr->build.binders; i++) {
    b.domain[i] = mdl_expr(s, expr->build.binder[i].domain, NULL);
    if (mdl_is_poison(b.domain[i])) return b.domain[i];
  }
  bool tensor = want && want->kind == MDL_KIND_tensor;
  return build(&b, 0, tensor ? want : NULL);
}
