/* Expressions: each kind checked and built. Names are values, values are typed ops. */
#include "frontend/sema.h"

#include <string.h>

static MdlVal *not_a_value(MdlSema *s, const MdlVal *v, const char *wanted)
{
  mdl_error(s->session, MDL_E0208, v->at, wanted, mdl_source_text(s->session, v->at),
            mdl_vtype_text(s, v->type));
  return mdl_val_poison(s);
}

/* ---- operators --------------------------------------------------------------------------- */

static const MdlOp operator_op[MDL_OPERATOR_COUNT] = {
    [MDL_OPERATOR_or] = MDL_OP_bitor,  [MDL_OPERATOR_and] = MDL_OP_bitand,
    [MDL_OPERATOR_eq] = MDL_OP_eq,     [MDL_OPERATOR_ne] = MDL_OP_ne,
    [MDL_OPERATOR_lt] = MDL_OP_lt,     [MDL_OPERATOR_le] = MDL_OP_le,
    [MDL_OPERATOR_gt] = MDL_OP_gt,     [MDL_OPERATOR_ge] = MDL_OP_ge,
    [MDL_OPERATOR_add] = MDL_OP_add,   [MDL_OPERATOR_sub] = MDL_OP_sub,
    [MDL_OPERATOR_mul] = MDL_OP_mul,   [MDL_OPERATOR_div] = MDL_OP_div,
    [MDL_OPERATOR_rem] = MDL_OP_rem,   [MDL_OPERATOR_matmul] = MDL_OP_dot,
    [MDL_OPERATOR_pow] = MDL_OP_pow,   [MDL_OPERATOR_neg] = MDL_OP_neg,
    [MDL_OPERATOR_not] = MDL_OP_bitnot};

static bool is_bool(const MdlVal *v)
{
  MdlDtype dtype;
  return v->type->kind == MDL_KIND_tensor && mdl_vtype_dtype(v->type, &dtype) && mdl_is_bool(dtype);
}

/* && and || take bools; `bitand` is for integers. */
static bool wants_bools(MdlSema *s, const MdlExpr *expr, const MdlVal *v)
{
  if (is_bool(v) || mdl_is_poison(v)) return true;
  if (expr->binary.op != MDL_OPERATOR_not)
    mdl_error(s->session, MDL_E0305, v->at, mdl_vtype_text(s, v->type));
  else
    mdl_error(s->session, MDL_E0307, v->at, mdl_operator_text(expr->binary.op),
              mdl_vtype_text(s, v->type));
  return false;
}

static void append_block(MdlSema *s, MdlCoreBlock *from)
{
  for (int i = 0; i < from->ops; i++) {
    MDL_GROW(s->arena, s->block->op, s->block->ops, s->block->capacity);
    s->block->op[s->block->ops++] = from->op[i];
  }
}

/* The right side of a scalar && or || runs only if it is needed; that only matters where it has an
 * effect. */
static MdlVal *short_circuit(MdlSema *s, const MdlExpr *expr, MdlVal *left, MdlCoreBlock *right,
                             MdlVal *value)
{
  bool is_and = expr->binary.op == MDL_OPERATOR_and;
  MdlType type = mdl_type_scalar(MDL_bool);
  MdlCoreBlock *was;
  MdlCoreBlock *other = mdl_block_enter(s, &was);
  other->yield = MDL_NEW(s->arena, MdlCore *, 1);
  other->yield[0] = mdl_emit_exact(s, &type, NULL, mdl_exact_int(!is_and));
  other->yields = 1;
  mdl_block_leave(s, was);
  right->yield = MDL_NEW(s->arena, MdlCore *, 1);
  right->yield[0] = value->leaf[0];
  right->yields = 1;
  MdlCore *branch = mdl_core_new(s, MDL_CORE_if, 1, left->leaf);
  branch->block[0] = is_and ? right : other;
  branch->block[1] = is_and ? other : right;
  branch->results = 1;
  branch->result = MDL_NEW(s->arena, MdlCore *, 1);
  branch->result[0] = mdl_core_result(s, branch, 0, type, NULL);
  return mdl_val_core(s, branch->result[0], expr->at);
}

static MdlVal *logical(MdlSema *s, const MdlExpr *expr)
{
  MdlOp op = operator_op[expr->binary.op];
  MdlCoreBlock *was;
  MdlVal *left = mdl_expr(s, expr->binary.left, NULL);
  MdlCoreBlock *block = mdl_block_enter(s, &was);
  MdlVal *right = mdl_expr(s, expr->binary.right, NULL);
  mdl_block_leave(s, was);
  if (mdl_is_poison(left)) return left;
  if (mdl_is_poison(right)) return right;
  if (!wants_bools(s, expr, left) || !wants_bools(s, expr, right)) return mdl_val_poison(s);
  bool scalars = !left->type->tensor.rank && !right->type->tensor.rank, truth;
  if (scalars && !mdl_const_bool(left, &truth) && mdl_core_has_effect(block))
    return short_circuit(s, expr, left, block, right);
  append_block(s, block);
  MdlVal *operand[] = {left, right};
  return mdl_apply_map(s, op, mdl_operator_text(expr->binary.op), 2, operand, expr->at);
}

static MdlVal *binary(MdlSema *s, const MdlExpr *expr, const MdlVType *want)
{
  MdlOperator op = expr->binary.op;
  if (op == MDL_OPERATOR_and || op == MDL_OPERATOR_or) return logical(s, expr);
  bool same = op != MDL_OPERATOR_pow && op != MDL_OPERATOR_matmul;
  MdlVal *left = mdl_expr(s, expr->binary.left, want);
  MdlVal *right = mdl_expr(s, expr->binary.right, same ? left->type : NULL);
  if (mdl_is_poison(left)) return left;
  if (mdl_is_poison(right)) return right;
  s->at = expr->at;
  if (op == MDL_OPERATOR_matmul) return mdl_matmul(s, left, right, expr->at);
  MdlVal *operand[] = {left, right};
  return mdl_apply_map(s, operator_op[op], mdl_operator_text(op), 2, operand, expr->at);
}

static MdlVal *unary(MdlSema *s, const MdlExpr *expr, const MdlVType *want)
{
  MdlVal *v = mdl_expr(s, expr->binary.left, want);
  if (mdl_is_poison(v)) return v;
  if (expr->binary.op == MDL_OPERATOR_not && !wants_bools(s, expr, v)) return mdl_val_poison(s);
  return mdl_apply_map(s, operator_op[expr->binary.op], mdl_operator_text(expr->binary.op), 1, &v,
                       expr->at);
}

static MdlVal *range(MdlSema *s, const MdlExpr *expr)
{
  MdlVal *v = mdl_val_none(s, expr->at);
  MdlVal *bound[] = {mdl_expr(s, expr->binary.left, NULL), mdl_expr(s, expr->binary.right, NULL)};
  for (int i = 0; i < 2; i++)
    if (mdl_is_poison(bound[i])) return bound[i];
  v->type = mdl_vtype_kind(s, MDL_KIND_range);
  v->item = MDL_NEW(s->arena, MdlVal *, 2);
  v->item[0] = bound[0], v->item[1] = bound[1];
  return v;
}

/* ---- tuples and lists -------------------------------------------------------------------- */

static MdlVal *tuple(MdlSema *s, const MdlExpr *expr, const MdlVType *want)
{
  MdlVal **item = MDL_NEW(s->arena, MdlVal *, (size_t)expr->list.items);
  bool shaped = want && want->kind == MDL_KIND_tuple && want->items == expr->list.items;
  for (int i = 0; i < expr->list.items; i++) {
    item[i] = mdl_expr(s, expr->list.item[i], shaped ? want->item[i] : NULL);
    if (mdl_no_value(s, item[i], "this", "an element of a tuple", MDL_NO_SPAN))
      return mdl_val_poison(s);
  }
  return mdl_val_tuple(s, expr->list.items, item, expr->at);
}

static MdlVal *number_list(MdlSema *s, int count, MdlVal *const *item, MdlSpan at)
{
  int64_t whole;
  MdlExact *element = MDL_NEW(s->arena, MdlExact, (size_t)count);
  MdlType type = {.dtype = MDL_f32, .rank = 1, .dim = {mdl_size_const(s->sizes, count)}};
  MdlCell *cell = mdl_cell_new(s, false);
  for (int i = 0; i < count; i++) {
    element[i] = item[i]->number;
    cell->is_float |= !mdl_exact_is_whole(&element[i], &whole);
    if (item[i]->cell) mdl_cell_join(cell, item[i]->cell);
  }
  return mdl_val_core(s, mdl_emit_table(s, &type, cell, element), at);
}

/* [[1, 2], [3, 4]]: equal tables of literals, one below the other, stay one table. */
static MdlVal *join_tables(MdlSema *s, int count, MdlVal *const *item, MdlSpan at)
{
  int each = 0;
  const MdlType *row = NULL;
  MdlCell *cell = mdl_cell_new(s, false);
  for (int i = 0; i < count; i++) {
    const MdlCore *core = mdl_is_kind(item[i], MDL_KIND_tensor) ? item[i]->leaf[0] : NULL;
    if (!core || core->op != MDL_OP_table || !core->cell || core->func != s->func) return NULL;
    if (row && !mdl_type_equal(row, &core->type)) return NULL;
    row = &core->type;
    each = core->attr[0].count;
    mdl_cell_join(cell, core->cell);
  }
  if (row->rank >= MDL_MAX_RANK) return NULL;
  MdlExact *element = MDL_NEW(s->arena, MdlExact, (size_t)(each * count));
  MdlType type = {.dtype = MDL_f32, .rank = row->rank + 1};
  type.dim[0] = mdl_size_const(s->sizes, count);
  memcpy(type.dim + 1, row->dim, (size_t)row->rank * sizeof *type.dim);
  for (int i = 0; i < count; i++)
    memcpy(element + i * each, item[i]->leaf[0]->attr[0].table, (size_t)each * sizeof *element);
  return mdl_val_core(s, mdl_emit_table(s, &type, cell, element), at);
}

/* Elements that are computed: all of one type, stacked along a new first axis. */
static MdlVal *stack_list(MdlSema *s, int count, MdlVal **item, MdlSpan at)
{
  MdlCore *stacked = NULL;
  const MdlVal *first = NULL;
  for (int i = 0; i < count && !first; i++)
    if (mdl_is_kind(item[i], MDL_KIND_tensor)) first = item[i];
  if (!first) first = item[0];
  for (int i = 0; i < count; i++) {
    if (!mdl_is_kind(first, MDL_KIND_tensor)) break;
    MdlVal *v = mdl_coerce(s, item[i], first->type, item[i]->at, "the first row", first->at);
    if (mdl_is_poison(v)) return v;
    const MdlSize *dim[MDL_MAX_RANK] = {mdl_size_const(s->sizes, 1)};
    int rank = v->leaf[0]->type.rank;
    if (rank >= s->session->limits.rank) break;
    memcpy(dim + 1, v->leaf[0]->type.dim, (size_t)rank * sizeof *dim);
    MdlCore *row = rank ? mdl_emit_reshape(s, v->leaf[0], rank + 1, dim)
                        : mdl_emit_broadcast(s, v->leaf[0], 1, dim, NULL);
    stacked = stacked ? mdl_emit_concat(s, stacked, row, 0) : row;
  }
  if (stacked) return mdl_val_core(s, stacked, at);
  mdl_error(s->session, MDL_E0307, first->at, "[]", mdl_vtype_text(s, first->type));
  return mdl_val_poison(s);
}

static MdlVal *list(MdlSema *s, const MdlExpr *expr)
{
  int count = expr->list.items;
  MdlVal **item = MDL_NEW(s->arena, MdlVal *, (size_t)count);
  bool numbers = true;
  for (int i = 0; i < count; i++) {
    item[i] = mdl_expr(s, expr->list.item[i], NULL);
    if (mdl_is_poison(item[i])) return item[i];
    numbers &= mdl_is_kind(item[i], MDL_KIND_number);
  }
  s->at = expr->at;
  for (int i = 0; i < count; i++)
    if (mdl_is_kind(item[i], MDL_KIND_fn)) {
      mdl_error(s->session, MDL_E0312, item[i]->at, "be an element");
      return mdl_val_poison(s);
    }
  if (!count) {
    mdl_help(mdl_error(s->session, MDL_E0311, expr->at, "[]"),
             "`let t: f32[0] = []`; tensors do not grow: `[for i in 0..n : …]` builds one");
    return mdl_val_poison(s);
  }
  if (numbers) return number_list(s, count, item, expr->at);
  MdlVal *table = join_tables(s, count, item, expr->at);
  return table ? table : stack_list(s, count, item, expr->at);
}

/* ---- parts ------------------------------------------------------------------------------- */

static bool takes_more(const char *word)
{
  const MdlBuiltinInfo *row = mdl_builtin_find(word);
  return row ? strchr(row->params, ' ') != NULL
             : mdl_op_info(mdl_op_find(word, strlen(word)))->operands > 1;
}

/* x.sum() is sum(x) here, and x.view() is reshape(x). */
static void no_method(MdlReport *r, const char *name, const char *base)
{
  const char *ours = mdl_foreign(name), *word = ours ? ours : name;
  MdlDtype dtype = mdl_dtype_find(word, strlen(word));
  if (dtype != MDL_DTYPE_COUNT)
    mdl_help(r, "`%s(%s)` converts", word, base);
  else if (mdl_builtin_find(word) || mdl_op_find(word, strlen(word)) < MDL_OP_COUNT)
    mdl_help(r, "a function, not a method: `%s(%s%s)`", word, base, takes_more(word) ? ", …" : "");
  else
    mdl_help_foreign(r, MDL_NO_SPAN, name, false);
}

static MdlVal *no_part(MdlSema *s, const MdlExpr *expr, const MdlVal *base)
{
  const MdlName *name = &expr->field.name;
  if (!mdl_is_kind(base, MDL_KIND_struct)) {
    MdlReport *r =
        mdl_error(s->session, MDL_E0204, name->at, mdl_vtype_text(s, base->type), name->text);
    no_method(r, name->text, mdl_source_text(s->session, base->at));
    return mdl_val_poison(s);
  }
  const MdlItem *item = base->type->of->item;
  const char **names = MDL_NEW(s->arena, const char *, (size_t)item->members);
  for (int i = 0; i < item->members; i++)
    names[i] = item->member[i].kind == MDL_MEMBER_fn ? item->member[i].fn->name.text
                                                     : item->member[i].name.text;
  MdlReport *r = mdl_error(s->session, MDL_E0204, name->at,
                           mdl_text(s->arena, "`%s`", base->type->of->text), name->text);
  mdl_also(r, item->name.at, "defined here");
  mdl_suggest(s, r, name->text, name->at, names, item->members);
  return mdl_val_poison(s);
}

static MdlVal *module_part(MdlSema *s, const MdlExpr *expr, const MdlVal *base)
{
  const MdlName *name = &expr->field.name;
  MdlDecl *decl = mdl_map_get(base->module->names, name->text);
  if (decl) return mdl_decl_value(s, decl, expr->at);
  const MdlBuiltinInfo *row = base->module->is_std ? mdl_builtin_find(name->text) : NULL;
  if (row) {
    MdlFnVal *fn = MDL_NEW(s->arena, MdlFnVal, 1);
    fn->kind = MDL_FN_builtin, fn->builtin = row, fn->at = expr->at;
    return mdl_val_fn(s, fn, expr->at);
  }
  mdl_error(s->session, MDL_E0204, name->at, mdl_text(s->arena, "`%s`", base->module->name),
            name->text);
  return mdl_val_poison(s);
}

/* M.init and M.apply of a struct's name. */
static MdlVal *type_part(MdlSema *s, const MdlExpr *expr, const MdlVal *base)
{
  MdlFnVal *fn = MDL_NEW(s->arena, MdlFnVal, 1);
  const MdlVType *type = base->fn->type;
  *fn = *base->fn;
  fn->at = expr->at;
  MdlDecl *decl = type ? NULL : base->fn->decl;
  MdlDecl *method = type            ? mdl_member_find(s, type->of, expr->field.name.text)
                    : decl->members ? mdl_map_get(decl->members, expr->field.name.text)
                                    : NULL;
  if (method) {
    fn->kind = MDL_FN_decl, fn->decl = method, fn->type = NULL;
    return mdl_val_fn(s, fn, expr->at);
  }
  if (!strcmp(expr->field.name.text, "init")) {
    if (!type) fn->type = mdl_type_of_expr(s, expr->field.base);
    if (!fn->type || fn->type->kind != MDL_KIND_struct) return mdl_val_poison(s);
    fn->kind = MDL_FN_init;
    return mdl_val_fn(s, fn, expr->at);
  }
  mdl_error(s->session, MDL_E0204, expr->field.name.at,
            mdl_text(s->arena, "`%s`", mdl_fn_name(s, base->fn)), expr->field.name.text);
  return mdl_val_poison(s);
}

static MdlVal *field(MdlSema *s, const MdlExpr *expr)
{
  MdlVal *base = mdl_expr(s, expr->field.base, NULL);
  if (mdl_is_poison(base)) return base;
  if (mdl_is_kind(base, MDL_KIND_module)) return module_part(s, expr, base);
  if (mdl_is_kind(base, MDL_KIND_fn) && base->fn->kind == MDL_FN_make)
    return type_part(s, expr, base);
  if (!mdl_is_kind(base, MDL_KIND_struct)) return no_part(s, expr, base);
  int i = mdl_field_find(base->type->of, expr->field.name.text);
  if (i >= 0) {
    MdlVal *v = mdl_val_field(s, base, i);
    v->at = expr->at;
    return v;
  }
  MdlDecl *method = mdl_member_find(s, base->type->of, expr->field.name.text);
  if (!method || base->type->stack) return no_part(s, expr, base);
  MdlFnVal *fn = MDL_NEW(s->arena, MdlFnVal, 1);
  fn->kind = MDL_FN_method, fn->decl = method, fn->self = base, fn->at = expr->at;
  return mdl_val_fn(s, fn, expr->at);
}

static MdlVal *member(MdlSema *s, const MdlExpr *expr)
{
  MdlVal *base = mdl_expr(s, expr->member.base, NULL);
  if (mdl_is_poison(base)) return base;
  if (!mdl_is_kind(base, MDL_KIND_tuple)) return not_a_value(s, base, "tuple");
  if (expr->member.number < 0 || expr->member.number >= base->type->items) {
    mdl_error(s->session, MDL_E0204, expr->member.number_at, mdl_vtype_text(s, base->type),
              mdl_text(s->arena, "%lld", (long long)expr->member.number));
    return mdl_val_poison(s);
  }
  MdlVal *v = MDL_NEW(s->arena, MdlVal, 1);
  *v = *mdl_val_item(s, base, (int)expr->member.number);
  v->at = expr->at;
  return v;
}

/* ---- lambdas ----------------------------------------------------------------------------- */

/* Sees the names as they are now: its own copy of the locals, none of which it may assign. */
static MdlVal *lambda(MdlSema *s, const MdlExpr *expr)
{
  MdlFnVal *fn = MDL_NEW(s->arena, MdlFnVal, 1);
  MdlLocal **end;
  fn->kind = MDL_FN_lambda;
  fn->at = expr->at;
  fn->lambda = expr;
  fn->frame = MDL_NEW(s->arena, MdlFrame, 1);
  *fn->frame = *s->frame;
  end = &fn->frame->top;
  for (MdlLocal *l = s->frame->top; l; l = l->next) {
    MdlLocal *copy = MDL_NEW(s->arena, MdlLocal, 1);
    *copy = *l;
    copy->outside = true;
    l->used = true;
    *end = copy;
    end = &copy->next;
  }
  return mdl_val_fn(s, fn, expr->at);
}

/* ---- all kinds --------------------------------------------------------------------------- */

static MdlVal *dtype_value(MdlSema *s, const MdlExpr *expr)
{
  MdlFnVal *fn = MDL_NEW(s->arena, MdlFnVal, 1);
  fn->kind = MDL_FN_convert;
  fn->dtype = expr->dtype;
  fn->at = expr->at;
  return mdl_val_fn(s, fn, expr->at);
}

static MdlVal *truth_value(MdlSema *s, const MdlExpr *expr)
{
  MdlType type = mdl_type_scalar(MDL_bool);
  return mdl_val_core(s, mdl_emit_exact(s, &type, NULL, mdl_exact_int(expr->truth)), expr->at);
}

static MdlVal *number_value(MdlSema *s, const MdlExpr *expr)
{
  return mdl_val_number(s, mdl_exact_parse(&expr->number), expr->at);
}

static MdlVal *text_value(MdlSema *s, const MdlExpr *expr)
{
  MdlVal *v = mdl_val_none(s, expr->at);
  v->type = mdl_vtype_kind(s, MDL_KIND_text);
  v->text = expr->text;
  return v;
}

/* Bodies inside bodies: the tree's depth is bounded, and so is that of calls, but not their
 * product. */
static bool too_deep(MdlSema *s)
{
  ptrdiff_t used = s->stack - (const char *)__builtin_frame_address(0);
  if ((used < 0 ? -used : used) < 4 << 20) return false;
  mdl_error(s->session, MDL_E0901, s->at, mdl_text(s->arena, "%d", s->session->limits.nesting));
  s->ops = s->session->limits.ops + 1;
  s->is_over = true;
  return true;
}

MdlVal *mdl_expr(MdlSema *s, const MdlExpr *expr, const MdlVType *want)
{
  MdlSpan was = s->at;
  MdlVal *v = NULL;
  s->at = expr->at;
  if (mdl_over_limit(s) || too_deep(s)) return mdl_val_poison(s);
  switch (expr->kind) {
  case MDL_EXPR_name:
    v = mdl_name_value(s, expr->name, expr->at, NULL);
    break;
  case MDL_EXPR_number:
    v = number_value(s, expr);
    break;
  case MDL_EXPR_bool:
    v = truth_value(s, expr);
    break;
  case MDL_EXPR_text:
    v = text_value(s, expr);
    break;
  case MDL_EXPR_dtype:
    v = dtype_value(s, expr);
    break;
  case MDL_EXPR_tuple:
    v = tuple(s, expr, want);
    break;
  case MDL_EXPR_list:
    v = list(s, expr);
    break;
  case MDL_EXPR_build:
    v = mdl_comprehension(s, expr, want);
    break;
  case MDL_EXPR_unary:
    v = unary(s, expr, want);
    break;
  case MDL_EXPR_binary:
    v = binary(s, expr, want);
    break;
  case MDL_EXPR_range:
    v = range(s, expr);
    break;
  case MDL_EXPR_call:
    v = mdl_call_expr(s, expr, want);
    break;
  case MDL_EXPR_index:
    v = mdl_index_expr(s, expr);
    break;
  case MDL_EXPR_field:
    v = field(s, expr);
    break;
  case MDL_EXPR_member:
    v = member(s, expr);
    break;
  case MDL_EXPR_if:
    v = mdl_if(s, expr, false, want);
    break;
  case MDL_EXPR_block:
    v = mdl_block(s, expr->block, want);
    break;
  case MDL_EXPR_lambda:
    v = lambda(s, expr);
    break;
  }
  s->at = was;
  return v;
}
