/* `@`: NumPy's matmul. Vectors are rows or columns, leading dims are a batch. */
#include "frontend/sema.h"

#include <string.h>

static bool is_one(const MdlSize *size)
{
  int64_t value;
  return mdl_size_is_const(size, &value) && value == 1;
}

static MdlVal *disagree(MdlSema *s, MdlVal *a, MdlVal *b, const MdlSize *p, const MdlSize *q,
                        MdlSpan at)
{
  MdlReport *r = mdl_error(s->session, MDL_E0405, at, mdl_size_shown(s, p), mdl_size_shown(s, q));
  mdl_also(r, a->at, "%s", mdl_vtype_text(s, a->type));
  mdl_also(r, b->at, "%s", mdl_vtype_text(s, b->type));
  const MdlType *t = &b->type->tensor;
  if (t->rank == 2 && t->dim[1] == p)
    mdl_help(r, "`transpose(%s)`", mdl_source_text(s->session, b->at));
  return mdl_val_poison(s);
}

static bool is_numeric(MdlSema *s, MdlVal *v)
{
  MdlDtype dtype;
  bool known = mdl_is_kind(v, MDL_KIND_tensor) && mdl_vtype_dtype(v->type, &dtype);
  if (mdl_is_kind(v, MDL_KIND_tensor) && v->type->tensor.rank && (!known || !mdl_is_bool(dtype)))
    return true;
  mdl_error(s->session, MDL_E0307, v->at, "@", mdl_vtype_text(s, v->type));
  return false;
}

static bool same_dtype(MdlSema *s, MdlVal *a, MdlVal *b, MdlSpan at)
{
  MdlCore *x = a->leaf[0], *y = b->leaf[0];
  bool open = mdl_core_is_open(x), also = mdl_core_is_open(y);
  if (open && also) {
    mdl_cell_join(x->cell, y->cell);
    return true;
  }
  if (open) mdl_cell_decide(x->cell, mdl_core_dtype(s, y), at);
  if (also) mdl_cell_decide(y->cell, mdl_core_dtype(s, x), at);
  MdlDtype p = mdl_core_dtype(s, x), q = mdl_core_dtype(s, y);
  if (p == q) return true;
  MdlReport *r = mdl_error(s->session, MDL_E0302, at, "@", mdl_dtypes[p].name, mdl_dtypes[q].name);
  mdl_also(r, a->at, "%s", mdl_vtype_text(s, a->type));
  mdl_also(r, b->at, "%s", mdl_vtype_text(s, b->type));
  mdl_help(r, "convert one side");
  return false;
}

/* The leading dims of x as `batch`: broadcast where they are missing or 1. */
static MdlCore *with_batch(MdlSema *s, MdlCore *x, int batch, const MdlSize *const *dim)
{
  const MdlSize *want[MDL_MAX_RANK];
  int64_t dims[MDL_MAX_RANK];
  int own = x->type.rank - 2, lead = batch - own;
  memcpy(want, dim, (size_t)batch * sizeof *dim);
  want[batch] = x->type.dim[own], want[batch + 1] = x->type.dim[own + 1];
  for (int i = 0; i < x->type.rank; i++) dims[i] = lead + i;
  if (!lead && !memcmp(want, x->type.dim, (size_t)(batch + 2) * sizeof *want)) return x;
  return mdl_emit_broadcast(s, x, batch + 2, want, dims);
}

static int batch_dims(const MdlType *a, const MdlType *b, const MdlSize **dim)
{
  int ra = a->rank - 2, rb = b->rank - 2, rank = ra > rb ? ra : rb;
  for (int i = 0; i < rank; i++) {
    int ia = i - (rank - ra), ib = i - (rank - rb);
    const MdlSize *p = ia >= 0 ? a->dim[ia] : NULL, *q = ib >= 0 ? b->dim[ib] : NULL;
    if (p && q && p != q && !is_one(p) && !is_one(q)) return -1;
    dim[i] = !p || (is_one(p) && q) ? q : p;
  }
  return rank;
}

static MdlCore *batched(MdlSema *s, MdlVal *va, MdlVal *vb, MdlSpan at)
{
  MdlCore *a = va->leaf[0], *b = vb->leaf[0];
  const MdlSize *dim[MDL_MAX_RANK];
  int64_t axes[MDL_MAX_RANK], ca, cb;
  int batch = batch_dims(&a->type, &b->type, dim);
  if (batch < 0) {
    MdlReport *r = mdl_error(s->session, MDL_E0401, at, mdl_vtype_text(s, va->type),
                             mdl_vtype_text(s, vb->type), "@");
    mdl_also(r, va->at, "%s", mdl_vtype_text(s, va->type));
    mdl_also(r, vb->at, "%s", mdl_vtype_text(s, vb->type));
    return NULL;
  }
  for (int i = 0; i < batch; i++) axes[i] = i;
  if (b->type.rank == 2) { /* one matrix for the whole batch: rows of all of them in one product */
    ca = a->type.rank - 1, cb = 0;
    return mdl_emit_dot(s, a, b, 1, &ca, &cb, 0, NULL, NULL);
  }
  a = with_batch(s, a, batch, dim);
  b = with_batch(s, b, batch, dim);
  ca = batch + 1, cb = batch;
  return mdl_emit_dot(s, a, b, 1, &ca, &cb, batch, axes, axes);
}

MdlVal *mdl_matmul(MdlSema *s, MdlVal *a, MdlVal *b, MdlSpan at)
{
  if (!is_numeric(s, a) || !is_numeric(s, b) || !same_dtype(s, a, b, at)) return mdl_val_poison(s);
  const MdlType *x = &a->type->tensor, *y = &b->type->tensor;
  const MdlSize *inner = x->dim[x->rank - 1], *other = y->dim[y->rank > 1 ? y->rank - 2 : 0];
  int64_t ca = x->rank - 1, cb = y->rank > 1 ? y->rank - 2 : 0;
  if (inner != other) return disagree(s, a, b, inner, other, at);
  s->at = at;
  MdlCore *core;
  if (x->rank == 1 || y->rank == 1)
    core = mdl_emit_dot(s, a->leaf[0], b->leaf[0], 1, &ca, &cb, 0, NULL, NULL);
  else
    core = batched(s, a, b, at);
  return core ? mdl_val_core(s, core, at) : mdl_val_poison(s);
}
