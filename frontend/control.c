/* if, for and while: variables that a body assigns become values that it carries. */
#include "frontend/fold.h"

#include <string.h>

enum { MAX_CARRIED = 256 };

/* ---- variables before and after ---------------------------------------------------------- */

typedef struct Vars {
  int count;
  MdlLocal *local[MAX_CARRIED];
  MdlVal *before[MAX_CARRIED], *after[MAX_CARRIED];
} Vars;

static void all_vars(MdlSema *s, Vars *v)
{
  v->count = 0;
  for (MdlLocal *l = s->frame->top; l && v->count < MAX_CARRIED; l = l->next)
    if ((l->kind == MDL_LOCAL_var || l->kind == MDL_LOCAL_inout) && !l->outside &&
        !mdl_is_poison(l->value))
      v->local[v->count++] = l;
  for (int i = 0; i < v->count / 2; i++) { /* in order of declaration */
    MdlLocal *l = v->local[i];
    v->local[i] = v->local[v->count - 1 - i];
    v->local[v->count - 1 - i] = l;
  }
}

static void save(Vars *v)
{
  for (int i = 0; i < v->count; i++) v->before[i] = v->local[i]->value;
}

static void restore(Vars *v)
{
  for (int i = 0; i < v->count; i++) {
    v->after[i] = v->local[i]->value;
    v->local[i]->value = v->before[i];
  }
}

static void keep(Vars *v, const bool *wanted)
{
  int kept = 0;
  for (int i = 0; i < v->count; i++) {
    if (!wanted[i]) continue;
    v->local[kept] = v->local[i];
    v->before[kept] = v->before[i];
    v->after[kept++] = v->after[i];
  }
  v->count = kept;
}

static int leaf_total(int count, MdlVal *const *v)
{
  int leaves = 0;
  for (int i = 0; i < count; i++) leaves += mdl_leaf_count(v[i]->type);
  return leaves;
}

static void put_yields(MdlSema *s, MdlCoreBlock *block, int extra, MdlCore *const *first, int count,
                       MdlVal *const *value)
{
  int n = 0;
  block->yield = MDL_NEW(s->arena, MdlCore *, (size_t)(extra + leaf_total(count, value)));
  for (int i = 0; i < extra; i++) block->yield[n++] = first[i];
  for (int i = 0; i < count; i++)
    for (int k = 0, m = mdl_leaf_count(value[i]->type); k < m; k++)
      block->yield[n++] = mdl_core_use(s, value[i]->leaf[k]);
  block->yields = n;
}

/* Values with the types of `like` made of the results from number `from` on. */
static int take_results(MdlSema *s, MdlCore *core, int from, int count, MdlVal *const *like,
                        MdlVal **value)
{
  for (int i = 0; i < count; i++) {
    value[i] = mdl_val_of(s, like[i]->type, core->result + from, like[i]->at);
    from += mdl_leaf_count(like[i]->type);
  }
  return from;
}

static void add_results(MdlSema *s, MdlCore *core, int count, MdlCore *const *like)
{
  core->results = count;
  core->result = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  for (int i = 0; i < count; i++) {
    core->result[i] = mdl_core_result(s, core, i, like[i]->type, like[i]->cell);
    core->result[i]->name = like[i]->name;
  }
}

/* ---- if ---------------------------------------------------------------------------------- */

static MdlVal *condition_value(MdlSema *s, const MdlExpr *expr)
{
  MdlDtype dtype;
  MdlVal *c = mdl_expr(s, expr, NULL);
  if (mdl_is_poison(c)) return c;
  bool is_bool = mdl_is_kind(c, MDL_KIND_tensor) && !c->type->tensor.rank &&
                 mdl_vtype_dtype(c->type, &dtype) && mdl_is_bool(dtype);
  if (is_bool) return c;
  MdlReport *r = mdl_error(s->session, MDL_E0305, expr->at, mdl_vtype_text(s, c->type));
  if (!mdl_is_kind(c, MDL_KIND_tensor) || !c->type->tensor.rank) mdl_help(r, "`!= 0`");
  return mdl_val_poison(s);
}

typedef struct Branch {
  MdlCoreBlock *block;
  MdlVal *value;
  MdlVal *var[MAX_CARRIED];
} Branch;

static MdlVal *branch_value(MdlSema *s, const MdlExpr *expr, bool is_then, bool statement,
                            const MdlVType *want)
{
  if (is_then) return mdl_block(s, expr->branch.then, want);
  const MdlExpr *other = expr->branch.otherwise;
  if (!other) return mdl_val_none(s, expr->at);
  if (other->kind == MDL_EXPR_if) return mdl_if(s, other, statement, want);
  return mdl_expr(s, other, want);
}

static void run_branch(MdlSema *s, const MdlExpr *expr, bool is_then, bool statement,
                       const MdlVType *want, Vars *vars, Branch *b)
{
  MdlCoreBlock *was;
  b->block = mdl_block_enter(s, &was);
  b->value = branch_value(s, expr, is_then, statement, want);
  mdl_block_leave(s, was);
  restore(vars);
  for (int i = 0; i < vars->count; i++) b->var[i] = vars->after[i];
}

static bool differ(MdlSema *s, const MdlExpr *expr, const MdlVal *a, const MdlVal *b)
{
  MdlReport *r = mdl_error(s->session, MDL_E0306, expr->at, mdl_vtype_text(s, a->type),
                           mdl_vtype_text(s, b->type));
  mdl_also(r, a->at, "%s", mdl_vtype_text(s, a->type));
  mdl_also(r, b->at, "%s", mdl_vtype_text(s, b->type));
  return false;
}

/* Both sides as values of one type, built at the ends of their blocks. */
static bool agree(MdlSema *s, const MdlExpr *expr, Branch *b, MdlVal **x, MdlVal **y)
{
  MdlCoreBlock *was = s->block;
  if (mdl_is_poison(*x) || mdl_is_poison(*y)) return false;
  for (int i = 0; i < 2; i++) {
    MdlVal **v = i ? y : x;
    s->block = b[i].block;
    *v = mdl_settle(s, *v);
    s->block = was;
    if (mdl_is_kind(*v, MDL_KIND_fn)) {
      mdl_error(s->session, MDL_E0312, (*v)->at, "be chosen by if");
      return false;
    }
  }
  const MdlVType *p = (*x)->type, *q = (*y)->type;
  if (p->kind != q->kind) return differ(s, expr, *x, *y);
  if (mdl_vtype_equal(p, q)) return true;
  MdlDtype dp, dq;
  bool known = p->kind == MDL_KIND_tensor && mdl_vtype_dtype(p, &dp);
  bool also = q->kind == MDL_KIND_tensor && mdl_vtype_dtype(q, &dq);
  if (p->kind == MDL_KIND_tensor &&
      (p->tensor.rank != q->tensor.rank || (known && also && dp != dq) ||
       (p->tensor.rank &&
        memcmp(p->tensor.dim, q->tensor.dim, (size_t)p->tensor.rank * sizeof *p->tensor.dim))))
    return differ(s, expr, *x, *y);
  if (p->kind == MDL_KIND_struct) return differ(s, expr, *x, *y);
  bool first = p->kind == MDL_KIND_tensor && !known && also; /* the open one follows */
  s->block = b[first ? 0 : 1].block;
  if (first)
    *x = mdl_coerce(s, *x, q, (*x)->at, NULL, (*y)->at);
  else
    *y = mdl_coerce(s, *y, p, (*y)->at, NULL, (*x)->at);
  s->block = was;
  return !mdl_is_poison(*x) && !mdl_is_poison(*y);
}

static MdlVal *const_if(MdlSema *s, const MdlExpr *expr, bool truth, bool statement,
                        const MdlVType *want)
{
  MdlVal *v = branch_value(s, expr, truth, statement, want);
  if (mdl_is_kind(v, MDL_KIND_none)) v->no_else = !statement && !expr->branch.otherwise;
  return statement && !mdl_is_poison(v) ? mdl_val_none(s, expr->at) : v;
}

static MdlVal *finish_if(MdlSema *s, const MdlExpr *expr, MdlVal *c, Branch *b, Vars *vars,
                         bool has_value)
{
  MdlVal *side[2][MAX_CARRIED + 1];
  int count = vars->count + has_value;
  for (int i = 0; i < 2; i++) {
    if (has_value) side[i][0] = b[i].value;
    for (int k = 0; k < vars->count; k++) side[i][k + has_value] = b[i].var[k];
  }
  for (int k = 0; k < count; k++)
    if (!agree(s, expr, b, &side[0][k], &side[1][k])) return mdl_val_poison(s);
  for (int i = 0; i < 2; i++) {
    MdlCoreBlock *was = s->block;
    s->block = b[i].block;
    put_yields(s, b[i].block, 0, NULL, count, side[i]);
    s->block = was;
  }
  MdlCore *branch = mdl_core_new(s, MDL_CORE_if, 1, c->leaf);
  branch->at = expr->at;
  branch->block[0] = b[0].block, branch->block[1] = b[1].block;
  add_results(s, branch, b[0].block->yields, b[0].block->yield);
  MdlVal *value[MAX_CARRIED + 1];
  take_results(s, branch, 0, count, side[0], value);
  for (int k = 0; k < vars->count; k++) vars->local[k]->value = value[k + has_value];
  if (!has_value) return mdl_val_none(s, expr->at);
  value[0]->at = expr->at;
  return value[0];
}

MdlVal *mdl_if(MdlSema *s, const MdlExpr *expr, bool statement, const MdlVType *want)
{
  bool truth, changed[MAX_CARRIED];
  Branch *b = MDL_NEW(s->arena, Branch, 2);
  Vars *vars = MDL_NEW(s->arena, Vars, 1);
  MdlVal *c = condition_value(s, expr->branch.condition);
  if (!mdl_is_poison(c) && mdl_const_bool(c, &truth))
    return const_if(s, expr, truth, statement, want);
  bool no_else = !statement && !expr->branch.otherwise;
  if (no_else) statement = true;
  all_vars(s, vars);
  save(vars);
  run_branch(s, expr, true, statement, want, vars, &b[0]);
  run_branch(s, expr, false, statement, want ? want : b[0].value->type, vars, &b[1]);
  if (mdl_is_poison(c)) return c;
  for (int i = 0; i < vars->count; i++)
    changed[i] = b[0].var[i] != vars->before[i] || b[1].var[i] != vars->before[i];
  for (int i = 0, kept = 0; i < vars->count; i++) {
    if (!changed[i]) continue;
    b[0].var[kept] = b[0].var[i];
    b[1].var[kept++] = b[1].var[i];
  }
  keep(vars, changed);
  bool none = mdl_is_kind(b[0].value, MDL_KIND_none) && mdl_is_kind(b[1].value, MDL_KIND_none);
  MdlVal *v = finish_if(s, expr, c, b, vars, !statement && !none);
  v->no_else = no_else;
  return v;
}

/* ---- loops --------------------------------------------------------------------------------- */

static void carried_vars(MdlSema *s, const MdlBlock *body, const MdlExpr *condition, Vars *vars)
{
  bool wanted[MAX_CARRIED];
  all_vars(s, vars);
  MdlMap *names = mdl_assigned_names(s, body, condition);
  for (int i = 0; i < vars->count; i++) wanted[i] = mdl_map_has(names, vars->local[i]->name);
  for (int i = 0; i < vars->count; i++) vars->after[i] = NULL;
  save(vars);
  keep(vars, wanted);
  for (int i = 0; i < vars->count; i++)
    vars->before[i] = vars->local[i]->value = mdl_settle(s, vars->local[i]->value);
}

/* The variables inside a loop's block: its arguments. */
static void enter_vars(MdlSema *s, MdlCoreBlock *block, Vars *vars)
{
  for (int i = 0; i < vars->count; i++) {
    const MdlVal *v = vars->before[i];
    int count = mdl_leaf_count(v->type);
    MdlCore **leaf = MDL_NEW(s->arena, MdlCore *, (size_t)count);
    for (int k = 0; k < count; k++) {
      leaf[k] = mdl_block_arg(s, block, v->leaf[k]->type, v->leaf[k]->cell);
      leaf[k]->name = v->leaf[k]->name;
    }
    vars->local[i]->value = mdl_val_of(s, v->type, leaf, v->at);
  }
}

static bool leave_vars(MdlSema *s, Vars *vars, MdlVal **now)
{
  bool ok = true;
  for (int i = 0; i < vars->count; i++) {
    now[i] = mdl_coerce(s, vars->local[i]->value, vars->before[i]->type, vars->local[i]->at, NULL,
                        MDL_NO_SPAN);
    ok &= !mdl_is_poison(now[i]);
  }
  return ok;
}

static int flat(int count, MdlVal *const *v, MdlCore **leaf, int n)
{
  for (int i = 0; i < count; i++)
    for (int k = 0, m = mdl_leaf_count(v[i]->type); k < m; k++) leaf[n++] = v[i]->leaf[k];
  return n;
}

static void after_loop(MdlSema *s, MdlCore *loop, Vars *vars, int skip)
{
  MdlVal *value[MAX_CARRIED];
  take_results(s, loop, skip, vars->count, vars->before, value);
  for (int i = 0; i < vars->count; i++) vars->local[i]->value = value[i];
}

/* ---- limits ------------------------------------------------------------------------------- */

static const MdlSize *limit_of(MdlSema *s, const MdlStmt *stmt)
{
  int64_t value;
  MdlVal *v = mdl_expr(s, stmt->limit, NULL);
  if (mdl_is_poison(v)) return NULL;
  const MdlSize *size = mdl_val_size_of(s, v);
  bool positive =
      size && mdl_size_is_static(s, size) && (!mdl_size_is_const(size, &value) || value > 0);
  if (!positive) mdl_error(s->session, MDL_E0606, stmt->limit->at);
  return positive ? size : NULL;
}

static MdlCore *limited(MdlSema *s, MdlCore *c, MdlCore *rounds, const MdlSize *limit)
{
  MdlCore *more = mdl_emit_map2(s, MDL_OP_lt, rounds, mdl_emit_size(s, limit, MDL_index));
  return mdl_emit_map2(s, MDL_OP_bitand, c, more);
}

/* ---- for --------------------------------------------------------------------------------- */

static MdlCore *index_bound(MdlSema *s, MdlVal *v)
{
  MdlCore *core = mdl_index_core(s, v);
  if (!core || core->type.rank) {
    if (core) mdl_error(s->session, MDL_E0605, v->at, mdl_vtype_text(s, v->type));
    return NULL;
  }
  if (mdl_core_is_open(core)) mdl_cell_decide(core->cell, MDL_i64, v->at);
  return mdl_emit_convert(s, core, MDL_index);
}

static MdlVal *size_like(MdlSema *s, int64_t value, MdlSpan at)
{
  return mdl_val_size(s, mdl_size_const(s->sizes, value), at);
}

/* What the loop's name is bound to in round `i`. */
static MdlVal *element_of(MdlSema *s, MdlVal *domain, const MdlSize *i, MdlSpan at)
{
  if (mdl_is_kind(domain, MDL_KIND_range)) return mdl_val_size(s, i, at);
  if (!mdl_is_kind(domain, MDL_KIND_zip)) return mdl_row_of(s, domain, i, false, at);
  int count = (int)domain->number.above;
  MdlVal **item = MDL_NEW(s->arena, MdlVal *, (size_t)count);
  for (int k = 0; k < count; k++) {
    const MdlSize *round = i;
    if (mdl_is_kind(domain->item[k], MDL_KIND_range)) {
      const MdlSize *from = mdl_val_size_of(s, domain->item[k]->item[0]);
      round = from ? mdl_size_add(s->sizes, i, from) : i;
    }
    item[k] = element_of(s, domain->item[k], round, at);
  }
  return mdl_val_tuple(s, count, item, at);
}

static bool extent_of(MdlSema *s, MdlVal *domain, MdlVal **from, MdlVal **to)
{
  const MdlSize *extent = NULL;
  *from = size_like(s, 0, domain->at);
  if (mdl_is_kind(domain, MDL_KIND_range)) {
    *from = domain->item[0], *to = domain->item[1];
    return true;
  }
  if (mdl_is_kind(domain, MDL_KIND_zip)) {
    *to = mdl_val_size(s, domain->size, domain->at);
    return true;
  }
  if (mdl_vtype_row(s, domain->type, &extent) && mdl_leaf_count(domain->type)) {
    *to = mdl_val_size(s, extent, domain->at);
    return true;
  }
  MdlReport *r = mdl_error(s->session, MDL_E0605, domain->at, mdl_vtype_text(s, domain->type));
  mdl_help(r, "`a..b`, the rows of a tensor, a tuple, or `zip`");
  return false;
}

static void for_tuple(MdlSema *s, const MdlStmt *stmt, MdlVal *tuple)
{
  for (int i = 0; i < tuple->type->items; i++) {
    MdlLocal *top = s->frame->top;
    mdl_bind_pattern(s, stmt->pattern, mdl_val_item(s, tuple, i), MDL_LOCAL_loop);
    mdl_block(s, stmt->body, NULL);
    mdl_locals_leave(s, top);
  }
}

static const char *loop_name(const MdlPattern *pattern)
{
  return pattern->kind == MDL_PATTERN_name ? pattern->name : "i";
}

static void run_body(MdlSema *s, const MdlStmt *stmt, MdlVal *element)
{
  MdlLocal *top = s->frame->top;
  if (stmt->pattern) mdl_bind_pattern(s, stmt->pattern, element, MDL_LOCAL_loop);
  MdlVal *v = mdl_block(s, stmt->body, NULL);
  if (!mdl_is_kind(v, MDL_KIND_none) && !mdl_is_poison(v))
    mdl_error(s->session, MDL_E0602, stmt->body->value->at,
              mdl_source_text(s->session, stmt->body->value->at));
  mdl_locals_leave(s, top);
}

/* for i in a..b limit n: a `while` over the rounds, since b - a is known at run time only. */
static void for_limit(MdlSema *s, const MdlStmt *stmt, MdlVal *domain, MdlVal *from, MdlVal *to)
{
  MdlType index = mdl_type_scalar(MDL_index);
  Vars *vars = MDL_NEW(s->arena, Vars, 1);
  MdlVal *now[MAX_CARRIED];
  const MdlSize *limit = limit_of(s, stmt);
  if (!limit) return;
  carried_vars(s, stmt->body, NULL, vars);
  s->at = stmt->head;
  MdlCore *lo = index_bound(s, from), *hi = index_bound(s, to);
  if (!lo || !hi) return;
  MdlCore *rounds = mdl_emit_map2(s, MDL_OP_sub, hi, lo);
  MdlCore **operand =
      MDL_NEW(s->arena, MdlCore *, (size_t)leaf_total(vars->count, vars->before) + 1);
  operand[0] = mdl_emit_number(s, &index, 0);
  int operands = flat(vars->count, vars->before, operand, 1);
  MdlCore *loop = mdl_core_new(s, MDL_CORE_while, operands, operand);
  loop->limit = mdl_size_text(limit);
  MdlCoreBlock *was;

  loop->block[0] = mdl_block_enter(s, &was);
  MdlCore *done = mdl_block_arg(s, loop->block[0], index, NULL);
  enter_vars(s, loop->block[0], vars);
  MdlCore *first[] = {limited(s, mdl_emit_map2(s, MDL_OP_lt, done, rounds), done, limit), done};
  leave_vars(s, vars, now);
  put_yields(s, loop->block[0], 2, first, vars->count, now);
  mdl_block_leave(s, was);

  loop->block[1] = mdl_block_enter(s, &was);
  done = mdl_block_arg(s, loop->block[1], index, NULL);
  enter_vars(s, loop->block[1], vars);
  MdlCore *i = mdl_emit_map2(s, MDL_OP_add, done, lo);
  i->name = loop_name(stmt->pattern);
  run_body(s, stmt, element_of(s, domain, mdl_atom_new(s, i->name, i), stmt->pattern->at));
  bool ok = leave_vars(s, vars, now);
  first[0] = mdl_emit_map2(s, MDL_OP_add, done, mdl_emit_number(s, &index, 1));
  if (ok) put_yields(s, loop->block[1], 1, first, vars->count, now);
  mdl_block_leave(s, was);
  for (int k = 0; k < vars->count; k++) vars->local[k]->value = vars->before[k];
  if (!ok) return;
  add_results(s, loop, operands, operand);
  after_loop(s, loop, vars, 1);
  mdl_emit_check(s, mdl_emit_map2(s, MDL_OP_ge, loop->result[0], rounds), 4,
                 mdl_size_shown(s, limit));
}

void mdl_for(MdlSema *s, const MdlStmt *stmt)
{
  MdlVal *domain = mdl_expr(s, stmt->value, NULL), *from, *to, *now[MAX_CARRIED];
  if (mdl_is_poison(domain)) return;
  if (mdl_is_kind(domain, MDL_KIND_tuple)) {
    for_tuple(s, stmt, domain);
    return;
  }
  Vars *vars = MDL_NEW(s->arena, Vars, 1);
  if (!extent_of(s, domain, &from, &to)) return;
  if (stmt->limit) {
    for_limit(s, stmt, domain, from, to);
    return;
  }
  carried_vars(s, stmt->body, NULL, vars);
  s->at = stmt->head;
  MdlCore **operand =
      MDL_NEW(s->arena, MdlCore *, (size_t)leaf_total(vars->count, vars->before) + 2);
  operand[0] = index_bound(s, from);
  operand[1] = index_bound(s, to);
  if (!operand[0] || !operand[1]) return;
  int operands = flat(vars->count, vars->before, operand, 2);
  MdlCore *loop = mdl_core_new(s, MDL_CORE_for, operands, operand);
  MdlCoreBlock *was;
  loop->block[0] = mdl_block_enter(s, &was);
  MdlCore *i = mdl_block_arg(s, loop->block[0], mdl_type_scalar(MDL_index), NULL);
  i->name = loop_name(stmt->pattern);
  enter_vars(s, loop->block[0], vars);
  run_body(s, stmt, element_of(s, domain, mdl_atom_new(s, i->name, i), stmt->pattern->at));
  bool ok = leave_vars(s, vars, now);
  if (ok) put_yields(s, loop->block[0], 0, NULL, vars->count, now);
  mdl_block_leave(s, was);
  if (!ok) {
    for (int k = 0; k < vars->count; k++) vars->local[k]->value = vars->before[k];
    return;
  }
  add_results(s, loop, operands - 2, operand + 2);
  after_loop(s, loop, vars, 0);
}

/* ---- while ------------------------------------------------------------------------------- */

/* After the loop its condition must be false: else the limit was too small. */
static void check_limit(MdlSema *s, const MdlStmt *stmt, const MdlSize *limit)
{
  MdlVal *c = condition_value(s, stmt->value);
  if (mdl_is_poison(c)) return;
  s->at = stmt->head;
  mdl_emit_check(s, mdl_emit_map1(s, MDL_OP_bitnot, c->leaf[0]), 4, mdl_size_shown(s, limit));
}

void mdl_while(MdlSema *s, const MdlStmt *stmt)
{
  MdlType index = mdl_type_scalar(MDL_index);
  Vars *vars = MDL_NEW(s->arena, Vars, 1);
  MdlVal *now[MAX_CARRIED];
  const MdlSize *limit = stmt->limit ? limit_of(s, stmt) : NULL;
  if (stmt->limit && !limit) return;
  carried_vars(s, stmt->body, stmt->value, vars);
  s->at = stmt->head;
  int counts = limit ? 1 : 0;
  MdlCore **operand =
      MDL_NEW(s->arena, MdlCore *, (size_t)leaf_total(vars->count, vars->before) + 2);
  if (limit) operand[0] = mdl_emit_number(s, &index, 0);
  int operands = flat(vars->count, vars->before, operand, counts);
  MdlCore *loop = mdl_core_new(s, MDL_CORE_while, operands, operand);
  if (limit) loop->limit = mdl_size_text(limit);
  MdlCoreBlock *was;

  loop->block[0] = mdl_block_enter(s, &was);
  MdlCore *rounds = limit ? mdl_block_arg(s, loop->block[0], index, NULL) : NULL;
  enter_vars(s, loop->block[0], vars);
  MdlVal *c = condition_value(s, stmt->value);
  bool ok = !mdl_is_poison(c) && leave_vars(s, vars, now);
  if (ok) {
    MdlCore *first[] = {limit ? limited(s, mdl_core_use(s, c->leaf[0]), rounds, limit)
                              : mdl_core_use(s, c->leaf[0]),
                        rounds};
    put_yields(s, loop->block[0], 1 + counts, first, vars->count, now);
  }
  mdl_block_leave(s, was);

  loop->block[1] = mdl_block_enter(s, &was);
  rounds = limit ? mdl_block_arg(s, loop->block[1], index, NULL) : NULL;
  enter_vars(s, loop->block[1], vars);
  run_body(s, stmt, NULL);
  ok &= leave_vars(s, vars, now);
  if (ok) {
    MdlCore *first[] = {limit ? mdl_emit_map2(s, MDL_OP_add, rounds, mdl_emit_number(s, &index, 1))
                              : NULL};
    put_yields(s, loop->block[1], counts, first, vars->count, now);
  }
  mdl_block_leave(s, was);
  for (int k = 0; k < vars->count; k++) vars->local[k]->value = vars->before[k];
  if (!ok) return;
  add_results(s, loop, operands, operand);
  after_loop(s, loop, vars, counts);
  if (limit) check_limit(s, stmt, limit);
}
