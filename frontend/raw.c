/* mdl.gather(z, y, axis=1, batch=0): any row of the op table by name, operands in order, then its
 * attributes. The form that the reading view falls back to. Types come from ir/typing.h. */
#include "frontend/fold.h"
#include "ir/typing.h"

#include <string.h>

typedef struct Raw {
  MdlSema *s;
  const MdlOpInfo *row;
  MdlCore *operand[MDL_MAX_OPERANDS];
  MdlCoreAttr attr[8];
  int attrs;
  MdlAttrs typed;
  MdlSpan at;
} Raw;

static bool wrong(Raw *r, MdlSpan at, const char *what)
{
  mdl_error(r->s->session, MDL_E0307, at, mdl_text(r->s->arena, "mdl.%s", r->row->name), what);
  return false;
}

static bool whole_of(Raw *r, const MdlExpr *e, int64_t *value)
{
  MdlVal *v = mdl_expr(r->s, e, NULL);
  const MdlSize *size = mdl_val_size_of(r->s, v);
  bool truth;
  if (size && mdl_size_is_const(size, value)) return true;
  if (mdl_const_bool(v, &truth)) return *value = truth, true;
  return wrong(r, e->at, "this: an integer stands here");
}

static int list_of(const MdlExpr *e, MdlExpr *const **item)
{
  if (e->kind != MDL_EXPR_list && e->kind != MDL_EXPR_tuple) return -1;
  *item = e->list.item;
  return e->list.items;
}

static bool ints_of(Raw *r, const MdlExpr *e, int *count, const int64_t **ints)
{
  MdlExpr *const *item;
  *count = list_of(e, &item);
  if (*count < 0 || *count > MDL_MAX_RANK) return wrong(r, e->at, "this: a list stands here");
  int64_t *list = MDL_NEW(r->s->arena, int64_t, (size_t)*count);
  for (int i = 0; i < *count; i++)
    if (!whole_of(r, item[i], &list[i])) return false;
  *ints = list;
  return true;
}

static bool sizes_of(Raw *r, const MdlExpr *e, MdlCoreAttr *a)
{
  MdlExpr *const *item;
  a->count = list_of(e, &item);
  if (a->count < 0 || a->count > MDL_MAX_RANK) return wrong(r, e->at, "this: a list stands here");
  const MdlSize **list = MDL_NEW(r->s->arena, const MdlSize *, (size_t)a->count);
  for (int i = 0; i < a->count; i++) {
    MdlVal *v = mdl_expr(r->s, item[i], NULL);
    list[i] = mdl_val_size_of(r->s, v);
    if (!list[i]) return wrong(r, item[i]->at, "this: a size stands here");
  }
  a->sizes = list;
  return true;
}

static bool pairs_of(Raw *r, const MdlExpr *e, MdlCoreAttr *a)
{
  MdlExpr *const *item;
  int other;
  if (list_of(e, &item) != 2) return wrong(r, e->at, "this: two lists stand here");
  return ints_of(r, item[0], &a->count, &a->ints) && ints_of(r, item[1], &other, &a->more) &&
         (other == a->count || wrong(r, e->at, "lists of different length"));
}

static bool attr_of(Raw *r, const MdlAttrInfo *info, const MdlExpr *e, MdlCoreAttr *a)
{
  int64_t value;
  int64_t *one = MDL_NEW(r->s->arena, int64_t, 1);
  switch (info->kind) {
  case MDL_ATTR_axis:
  case MDL_ATTR_int:
  case MDL_ATTR_flag:
    if (!whole_of(r, e, &value)) return false;
    *one = value;
    a->ints = one, a->count = 1;
    return true;
  case MDL_ATTR_axes:
  case MDL_ATTR_perm:
  case MDL_ATTR_dims:
    return ints_of(r, e, &a->count, &a->ints);
  case MDL_ATTR_sizes:
    return sizes_of(r, e, a);
  case MDL_ATTR_pairs:
    return pairs_of(r, e, a);
  case MDL_ATTR_text: {
    MdlVal *v = mdl_expr(r->s, e, NULL);
    const MdlSize *size = mdl_val_size_of(r->s, v);
    if (mdl_is_kind(v, MDL_KIND_text))
      a->text = v->text;
    else if (size)
      a->text = mdl_size_text(size);
    else
      return wrong(r, e->at, "this: a text stands here");
    return true;
  }
  case MDL_ATTR_number:
    break;
  }
  return wrong(r, e->at, "a number attribute: write the value itself");
}

static void typed_attr(Raw *r, const MdlCoreAttr *a)
{
  MdlAttrs *t = &r->typed;
  switch (a->kind) {
  case MDL_ATTR_axis:
  case MDL_ATTR_int:
    mdl_put_int(t, a->name, a->ints[0]);
    break;
  case MDL_ATTR_axes:
  case MDL_ATTR_perm:
  case MDL_ATTR_dims:
    mdl_put_ints(t, a->name, a->count, a->ints);
    break;
  case MDL_ATTR_sizes:
    mdl_put_sizes(t, a->name, a->count, a->sizes);
    break;
  case MDL_ATTR_pairs:
    mdl_put_pairs(t, a->name, a->count, a->ints, a->more);
    break;
  case MDL_ATTR_flag:
    mdl_put_flag(t, a->name, a->ints[0] != 0);
    break;
  case MDL_ATTR_text:
    mdl_put_text(t, a->name, a->text);
    break;
  case MDL_ATTR_number:
    break;
  }
}

/* Attributes that are left out are empty lists, and flags that are down. */
static bool read_attrs(Raw *r, int args, MdlCallArg *arg)
{
  for (int i = 0; i < r->row->attrs; i++) {
    MdlCoreAttr *a = &r->attr[r->attrs++];
    a->name = r->row->attr[i].name;
    a->kind = r->row->attr[i].kind;
    const MdlExpr *e = NULL;
    for (int k = 0; k < args; k++)
      if (arg[k].name && !strcmp(arg[k].name, a->name)) e = arg[k].expr;
    bool single = a->kind == MDL_ATTR_axis || a->kind == MDL_ATTR_int || a->kind == MDL_ATTR_text;
    if (!e && single)
      return wrong(r, r->at, mdl_text(r->s->arena, "no `%s`: it is missing", a->name));
    static const int64_t down = 0;
    if (a->kind == MDL_ATTR_flag) a->ints = &down, a->count = 1;
    if (e && !attr_of(r, &r->row->attr[i], e, a)) return false;
    typed_attr(r, a);
  }
  for (int k = 0; k < args; k++) {
    bool known = !arg[k].name;
    for (int i = 0; i < r->row->attrs; i++)
      known |= arg[k].name && !strcmp(arg[k].name, r->row->attr[i].name);
    if (known) continue;
    mdl_error(r->s->session, MDL_E0502, arg[k].name_at,
              mdl_text(r->s->arena, "mdl.%s", r->row->name), arg[k].name);
    return false;
  }
  return true;
}

static bool read_operands(Raw *r, int args, MdlCallArg *arg)
{
  int count = 0;
  for (int k = 0; k < args; k++) {
    if (arg[k].name) continue;
    if (count >= r->row->operands) return wrong(r, r->at, "so many operands");
    MdlVal *v = mdl_arg_value(r->s, &arg[k], NULL);
    r->operand[count] = mdl_is_kind(v, MDL_KIND_size) ? mdl_index_core(r->s, v)
                                                      : mdl_val_core_of(r->s, v, r->row->name);
    if (!r->operand[count]) return false;
    count++;
  }
  if (count == r->row->operands) return true;
  mdl_error(r->s->session, MDL_E0501, r->at, mdl_text(r->s->arena, "mdl.%s", r->row->name),
            mdl_arity_text(r->s, r->row->operands, r->row->operands),
            mdl_text(r->s->arena, "%d", count),
            "operands are missing");
  return false;
}

static MdlVal *build(Raw *r, const MdlVType *want)
{
  MdlSema *s = r->s;
  MdlTyping typing = {.ir = s->ir, .operands = r->row->operands, .attrs = &r->typed};
  bool given = strchr(strchr(r->row->sig, ':'), 'Z') != NULL;
  typing.op = (MdlOp)(r->row - mdl_ops());
  for (int i = 0; i < r->row->operands; i++) {
    mdl_core_dtype(s, r->operand[i]);
    typing.in[i] = &r->operand[i]->type;
  }
  const MdlVType *first =
      want && want->kind == MDL_KIND_tuple && want->items ? want->item[0] : want;
  if (given && first && first->kind == MDL_KIND_tensor) typing.given = &first->tensor;
  MdlType indices;
  if (typing.op == MDL_OP_sort) {
    indices = mdl_type_with(typing.in[0], MDL_i32);
    typing.given = &indices;
  }
  if (given && !typing.given) {
    mdl_error(s->session, MDL_E0311, r->at, mdl_source_text(s->session, r->at));
    return mdl_val_poison(s);
  }
  if (!mdl_type_infer(&typing)) {
    wrong(r, r->at, mdl_text(s->arena, "this: %s", typing.why ? typing.why : "types do not fit"));
    return mdl_val_poison(s);
  }
  s->at = r->at;
  MdlCore *core = mdl_core_new(s, MDL_CORE_op, r->row->operands, r->operand);
  core->op = typing.op;
  core->type = typing.out[0];
  core->attrs = r->attrs;
  core->attr = r->attr;
  if (!r->row->results) return mdl_val_none(s, r->at);
  if (r->row->results == 1) return mdl_val_core(s, core, r->at);
  core->results = r->row->results;
  core->result = MDL_NEW(s->arena, MdlCore *, (size_t)core->results);
  MdlVal *item[MDL_MAX_RESULTS];
  for (int i = 0; i < core->results; i++) {
    core->result[i] = mdl_core_result(s, core, i, typing.out[i], NULL);
    item[i] = mdl_val_core(s, core->result[i], r->at);
  }
  return mdl_val_tuple(s, core->results, item, r->at);
}

MdlVal *mdl_call_raw(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg,
                     const MdlVType *want, MdlSpan at)
{
  Raw *r = MDL_NEW(s->arena, Raw, 1);
  if (!s->ir) s->ir = mdl_ir_create(s->session);
  r->s = s, r->at = at;
  r->row = mdl_op_info(fn->op);
  r->typed = mdl_attrs_none(s->ir);
  if (!read_operands(r, args, arg) || !read_attrs(r, args, arg)) return mdl_val_poison(s);
  return build(r, want);
}

/* mdl.struct(leaf, leaf, …): a value of the wanted struct from all its leaves in order, those of a
 * stack with their leading axes. */
MdlVal *mdl_call_leaves(MdlSema *s, int args, MdlCallArg *arg, const MdlVType *want, MdlSpan at)
{
  if (!want || want->kind != MDL_KIND_struct) {
    mdl_error(s->session, MDL_E0311, at, mdl_source_text(s->session, at));
    return mdl_val_poison(s);
  }
  int count = mdl_leaf_count(want);
  MdlType *leaf = MDL_NEW(s->arena, MdlType, (size_t)count);
  MdlCore **core = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  mdl_leaves(s, want, leaf, NULL);
  if (args != count) {
    mdl_error(s->session, MDL_E0501, at, "mdl.struct", mdl_arity_text(s, count, count),
              mdl_text(s->arena, "%d", args), "one a leaf");
    return mdl_val_poison(s);
  }
  for (int i = 0; i < count; i++) {
    MdlVal *v = mdl_arg_value(s, &arg[i], NULL);
    core[i] = mdl_val_core_of(s, v, "mdl.struct");
    if (!core[i]) return mdl_val_poison(s);
    mdl_core_dtype(s, core[i]);
    if (mdl_type_equal(&core[i]->type, &leaf[i])) continue;
    mdl_error(s->session, MDL_E0404, v->at, mdl_type_text(s->arena, &leaf[i]),
              mdl_type_text(s->arena, &core[i]->type));
    return mdl_val_poison(s);
  }
  return mdl_val_of(s, want, core, at);
}
