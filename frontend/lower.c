/* The typed core into mdl form: one op into one op, one core function into one private function,
 * entries public with their signature. Infers nothing. */
#include "frontend/lower.h"

#include <string.h>

static MlirOperation lower_func(MdlLower *l, MdlCoreFunc *func);

static MlirValue value_of(MdlLower *l, const MdlCore *core)
{
  if (mdl_is_no_value(core->lowered))
    MDL_BUG(l->ir->session, "a value of `%s` is used before it is there",
            core->func ? core->func->symbol : "?");
  return core->lowered;
}

static MlirValue *values_of(MdlLower *l, int count, MdlCore *const *core)
{
  MlirValue *value = MDL_NEW(l->ir->arena, MlirValue, (size_t)count);
  for (int i = 0; i < count; i++) value[i] = value_of(l, core[i]);
  return value;
}

static void take_results(MdlCore *core, MlirOperation op, int first)
{
  for (int i = 0; i < core->results; i++) core->result[i]->lowered = mdl_result(op, first + i);
  if (core->results) core->lowered = core->result[0]->lowered;
}

/* ---- rows of the op table ---------------------------------------------------------------- */

static MlirValue lower_number(MdlLower *l, const MdlCore *core)
{
  MdlAttrs attrs = mdl_attrs_none(l->ir);
  const MdlExact *n = &core->number;
  int64_t whole = 0;
  bool fits = n->real >= -9.2e18L && n->real < 18446744073709551616.0L; /* a float needs no integer */
  if (!mdl_exact_is_whole(n, &whole) && fits)
    whole = n->real >= 9.223372036854775807e18L ? (int64_t)(uint64_t)n->real : (int64_t)n->real;
  mdl_put_number(&attrs, "value", core->type.dtype, (double)n->real, whole);
  return mdl_result(mdl_build_op(&l->b, MDL_OP_const, 0, NULL, &attrs, &core->type), 0);
}

static void put_attr(MdlLower *l, MdlAttrs *attrs, const MdlCoreAttr *a)
{
  (void)l;
  switch (a->kind) {
  case MDL_ATTR_axis:
  case MDL_ATTR_int:
    mdl_put_int(attrs, a->name, a->ints[0]);
    break;
  case MDL_ATTR_axes:
  case MDL_ATTR_perm:
  case MDL_ATTR_dims:
    mdl_put_ints(attrs, a->name, a->count, a->ints);
    break;
  case MDL_ATTR_sizes:
    mdl_put_sizes(attrs, a->name, a->count, a->sizes);
    break;
  case MDL_ATTR_pairs:
    mdl_put_pairs(attrs, a->name, a->count, a->ints, a->more);
    break;
  case MDL_ATTR_flag:
    mdl_put_flag(attrs, a->name, a->ints[0] != 0);
    break;
  case MDL_ATTR_text:
    mdl_put_text(attrs, a->name, a->text);
    break;
  case MDL_ATTR_number:
    break; /* lower_table */
  }
}

static void put_element(unsigned char *to, const MdlExact *n, MdlDtype dtype)
{
  int64_t whole = 0;
  bool is_whole = mdl_exact_is_whole(n, &whole);
  if (!is_whole && !mdl_is_float(dtype)) whole = (int64_t)n->real;
  if (dtype == MDL_f64) {
    double real = (double)n->real;
    memcpy(to, &real, sizeof real);
  } else if (mdl_is_float(dtype)) {
    float real = (float)n->real;
    memcpy(to, &real, sizeof real);
  } else {
    for (int i = 0; i < mdl_dtypes[dtype].bytes; i++)
      to[i] = (unsigned char)((uint64_t)whole >> 8 * i);
  }
}

/* Tables of half floats are written as f32 and converted: the rounding is the op's. */
static MlirValue lower_table(MdlLower *l, const MdlCore *core)
{
  MdlAttrs attrs = mdl_attrs_none(l->ir);
  MdlType type = core->type;
  if (mdl_is_half(type.dtype)) type.dtype = MDL_f32;
  size_t bytes = (size_t)mdl_dtypes[type.dtype].bytes;
  int count = core->attr[0].count;
  unsigned char *data = mdl_alloc(l->ir->arena, bytes * (size_t)count);
  for (int i = 0; i < count; i++)
    put_element(data + bytes * (size_t)i, &core->attr[0].table[i], type.dtype);
  mdl_put_table(&attrs, "values", &type, data);
  MlirValue v = mdl_result(mdl_build_op(&l->b, MDL_OP_table, 0, NULL, &attrs, &type), 0);
  return mdl_build_convert(&l->b, v, core->type.dtype);
}

static void lower_op(MdlLower *l, MdlCore *core)
{
  MdlAttrs attrs = mdl_attrs_none(l->ir);
  const MdlOpInfo *row = mdl_op_info(core->op);
  if (core->op == MDL_OP_table) {
    core->lowered = lower_table(l, core);
    return;
  }
  for (int i = 0; i < core->attrs; i++) put_attr(l, &attrs, &core->attr[i]);
  bool given = strchr(strchr(row->sig, ':'), 'Z') != NULL;
  MlirValue *operand = values_of(l, core->operands, core->operand);
  MdlType type = core->type;
  if (core->op == MDL_OP_sort) type.dtype = MDL_i32;
  MlirOperation op =
      mdl_build_op(&l->b, core->op, core->operands, operand, &attrs, given ? &type : NULL);
  if (core->results)
    take_results(core, op, 0);
  else if (row->results)
    core->lowered = mdl_result(op, 0);
}

/* ---- sizes ------------------------------------------------------------------------------- */

typedef struct Fold {
  MdlLower *l;
  const MdlCore *core;
  MdlDtype dtype;
} Fold;

static void *boxed(Fold *f, MlirValue value)
{
  MlirValue *box = MDL_NEW(f->l->ir->arena, MlirValue, 1);
  *box = value;
  return box;
}

static void *fold_const(void *user, int64_t value)
{
  Fold *f = user;
  MdlType type = mdl_type_scalar(f->dtype);
  return boxed(f, mdl_build_const_int(&f->l->b, &type, value));
}

static void *fold_name(void *user, const char *name)
{
  Fold *f = user;
  MdlSizes *sizes = f->l->ir->sizes;
  const char *names[32];
  int count = mdl_size_names(f->core->size, names, 32), at = 0;
  for (int i = 0; i < count && i < 32; i++) {
    if (!strchr(names[i], '\'')) continue;
    if (!strcmp(names[i], name))
      return boxed(f, mdl_build_convert(&f->l->b, value_of(f->l, f->core->operand[at]), f->dtype));
    at++;
  }
  return boxed(f, mdl_build_size(&f->l->b, mdl_size_name(sizes, name), f->dtype));
}

static void *binary(Fold *f, MdlOp op, void *a, void *b)
{
  return boxed(f, mdl_build(&f->l->b, op, *(MlirValue *)a, *(MlirValue *)b));
}

static void *fold_add(void *user, void *a, void *b) { return binary(user, MDL_OP_add, a, b); }
static void *fold_sub(void *user, void *a, void *b) { return binary(user, MDL_OP_sub, a, b); }
static void *fold_mul(void *user, void *a, void *b) { return binary(user, MDL_OP_mul, a, b); }

static void *fold_floor_div(void *user, void *a, int64_t k)
{
  return binary(user, MDL_OP_div, a, fold_const(user, k));
}

static MlirValue lower_size(MdlLower *l, const MdlCore *core)
{
  static const MdlSizeFold fold = {fold_const, fold_name, fold_add,
                                   fold_sub,   fold_mul,  fold_floor_div};
  if (!core->operands) return mdl_build_size(&l->b, core->size, core->type.dtype);
  Fold f = {l, core, core->type.dtype};
  return *(MlirValue *)mdl_size_fold(core->size, &fold, &f);
}

/* ---- calls and recipes ------------------------------------------------------------------- */

static MlirOperation recipe_callee(MdlLower *l, const MdlCore *core, MlirOperation of)
{
  const MdlCoreRecipe *r = core->recipe;
  int captures = core->callee->captures;
  MdlRecipe recipe = {.kind = r->kind, .wrts = r->wrts, .outs = r->outs, .out = r->out};
  int64_t *wrt = MDL_NEW(l->ir->arena, int64_t, (size_t)r->wrts);
  for (int i = 0; i < r->wrts; i++) wrt[i] = r->wrt[i] + captures;
  recipe.of = mdl_op_text(l->ir, of, "sym_name");
  recipe.wrt = wrt;
  recipe.size = r->size;
  return mdl_recipe_declare(l->ir, l->module, l->symbols, &recipe,
                            mdl_location(l->ir, core->at, NULL));
}

static void lower_call(MdlLower *l, MdlCore *core)
{
  MlirOperation callee = lower_func(l, core->callee);
  if (core->kind == MDL_CORE_recipe) callee = recipe_callee(l, core, callee);
  MlirValue *operand = values_of(l, core->operands, core->operand);
  MlirOperation call = mdl_build_call(&l->b, callee, operand);
  take_results(core, call, 0);
  for (int i = 0; i < core->results; i++)
    if (core->results == 1 && core->result[i]->name)
      mdl_value_set_name(l->ir, core->result[i]->lowered, core->result[i]->name);
}

/* ---- regions ----------------------------------------------------------------------------- */

static void lower_block(MdlLower *l, const MdlCoreBlock *block);

/* Fills a region's block: arguments from number `first` on are the core's. */
static MdlBuilder enter(MdlLower *l, MlirOperation op, int region, const MdlCoreBlock *block)
{
  MdlBuilder was = l->b;
  MlirBlock body = mdl_body(op, region);
  l->b = mdl_builder_at_end(l->ir, body, l->b.at);
  for (int i = 0; i < block->args; i++) block->arg[i]->lowered = mdl_arg(body, i);
  lower_block(l, block);
  return was;
}

static void lower_if(MdlLower *l, MdlCore *core)
{
  MlirType *type = MDL_NEW(l->ir->arena, MlirType, (size_t)core->results);
  for (int i = 0; i < core->results; i++) type[i] = mdl_type_make(l->ir, &core->result[i]->type);
  MlirOperation op = mdl_build_if(&l->b, value_of(l, core->operand[0]), core->results, type);
  for (int k = 0; k < 2; k++) {
    MdlBuilder was = enter(l, op, k, core->block[k]);
    mdl_build_yield(&l->b, core->block[k]->yields,
                    values_of(l, core->block[k]->yields, core->block[k]->yield));
    l->b = was;
  }
  take_results(core, op, 0);
}

static void lower_for(MdlLower *l, MdlCore *core)
{
  MlirValue *operand = values_of(l, core->operands, core->operand);
  MlirOperation op = mdl_build_for(&l->b, operand[0], operand[1], core->operands - 2, operand + 2);
  MdlBuilder was = enter(l, op, 0, core->block[0]);
  mdl_build_yield(&l->b, core->block[0]->yields,
                  values_of(l, core->block[0]->yields, core->block[0]->yield));
  l->b = was;
  take_results(core, op, 0);
}

static void lower_while(MdlLower *l, MdlCore *core)
{
  MlirValue *operand = values_of(l, core->operands, core->operand);
  MlirOperation op = mdl_build_while(&l->b, core->operands, operand);
  MdlBuilder was = enter(l, op, 0, core->block[0]);
  MlirValue *yield = values_of(l, core->block[0]->yields, core->block[0]->yield);
  mdl_build_condition(&l->b, yield[0], core->block[0]->yields - 1, yield + 1);
  l->b = was;
  was = enter(l, op, 1, core->block[1]);
  mdl_build_yield(&l->b, core->block[1]->yields,
                  values_of(l, core->block[1]->yields, core->block[1]->yield));
  l->b = was;
  if (core->limit) mdl_op_set_text(l->ir, op, "mdl.limit", core->limit);
  take_results(core, op, 0);
}

static void lower_core(MdlLower *l, MdlCore *core)
{
  l->b.at = mdl_location(l->ir, core->at, core->name);
  switch (core->kind) {
  case MDL_CORE_op:
    lower_op(l, core);
    break;
  case MDL_CORE_number:
    core->lowered = lower_number(l, core);
    break;
  case MDL_CORE_size:
    core->lowered = lower_size(l, core);
    break;
  case MDL_CORE_argument:
  case MDL_CORE_result:
    break;
  case MDL_CORE_call:
  case MDL_CORE_recipe:
    lower_call(l, core);
    break;
  case MDL_CORE_if:
    lower_if(l, core);
    break;
  case MDL_CORE_for:
    lower_for(l, core);
    break;
  case MDL_CORE_while:
    lower_while(l, core);
    break;
  }
}

static void lower_block(MdlLower *l, const MdlCoreBlock *block)
{
  for (int i = 0; i < block->ops; i++) lower_core(l, block->op[i]);
}

/* ---- functions --------------------------------------------------------------------------- */

static void lower_callees(MdlLower *l, const MdlCoreBlock *block)
{
  for (int i = 0; i < block->ops; i++) {
    if (block->op[i]->callee) lower_func(l, block->op[i]->callee);
    for (int k = 0; k < 2; k++)
      if (block->op[i]->block[k]) lower_callees(l, block->op[i]->block[k]);
  }
}

static void arguments(MdlLower *l, const MdlCoreFunc *func, MdlFunc *f)
{
  f->args = func->captures + func->args;
  MlirType *type = MDL_NEW(l->ir->arena, MlirType, (size_t)f->args);
  const char **name = MDL_NEW(l->ir->arena, const char *, (size_t)f->args);
  for (int i = 0; i < f->args; i++) {
    const MdlCore *arg = i < func->captures ? func->capture[i] : func->arg[i - func->captures];
    type[i] = mdl_type_make(l->ir, &arg->type);
    name[i] = arg->name;
  }
  f->arg = type, f->arg_name = name;
}

static MlirOperation build_func(MdlLower *l, MdlCoreFunc *func, const char *symbol, bool is_private)
{
  MdlFunc f = {.symbol = symbol, .is_private = is_private, .define = true};
  f.at = mdl_location(l->ir, func->at, NULL);
  arguments(l, func, &f);
  f.results = func->body->yields;
  MlirType *result = MDL_NEW(l->ir->arena, MlirType, (size_t)f.results);
  for (int i = 0; i < f.results; i++) result[i] = mdl_type_make(l->ir, &func->body->yield[i]->type);
  f.result = result;
  MlirOperation op = mdl_build_func(l->ir, l->module, &f);
  mdl_map_set(l->symbols, symbol, op.ptr);
  MlirBlock body = mdl_body(op, 0);
  for (int i = 0; i < f.args; i++) {
    MdlCore *arg = i < func->captures ? func->capture[i] : func->arg[i - func->captures];
    arg->lowered = mdl_arg(body, i);
    if (arg->at.file >= 0) mdl_arg_set_span(l->ir, arg->lowered, arg->at);
  }
  MdlBuilder was = l->b;
  l->b = mdl_builder_at_end(l->ir, body, f.at);
  lower_block(l, func->body);
  l->b.at = f.at;
  mdl_build_return(&l->b, f.results, values_of(l, f.results, func->body->yield));
  l->b = was;
  return op;
}

/* Callees first, so that the module reads bottom up and no builder is lost half-way. */
static MlirOperation lower_func(MdlLower *l, MdlCoreFunc *func)
{
  if (!mdl_is_null(func->lowered)) return func->lowered;
  lower_callees(l, func->body);
  const char *symbol =
      mdl_symbol_unique(l->ir, l->symbols, mdl_intern_text(l->ir->arena, func->symbol));
  func->lowered = build_func(l, func, symbol, true);
  if (func->is_remat) mdl_op_set_unit(l->ir, func->lowered, "mdl.remat");
  if (func->rule) { /* which may call the function itself */
    MlirOperation rule = lower_func(l, func->rule);
    mdl_op_set_symbol(l->ir, func->lowered, func->rule_is_vjp ? "mdl.vjp" : "mdl.jvp",
                      mdl_op_text(l->ir, rule, "sym_name"));
  }
  return func->lowered;
}

static void lower_entry(MdlLower *l, MdlEntry *e)
{
  lower_callees(l, e->func->body);
  MlirOperation op = build_func(l, e->func, mdl_intern_text(l->ir->arena, e->symbol), false);
  mdl_signature_write(l->ir, op, &e->signature);
}

int mdl_program_entries(const MdlProgram *program) { return program->entries; }

MlirOperation mdl_frontend_lower(MdlIr *ir, MdlProgram *program)
{
  if (!program->entries) {
    mdl_error(ir->session, MDL_E0802, MDL_NO_SPAN);
    return (MlirOperation){NULL};
  }
  MdlLower l = {.ir = ir, .program = program};
  l.module = mdl_module_create(ir, program->options->source);
  l.symbols = mdl_symbols(ir, l.module);
  /* entries own their names */
  for (int i = 0; i < program->entries; i++)
    mdl_map_set(l.symbols, mdl_intern_text(ir->arena, program->entry[i].symbol), l.module.ptr);
  for (int i = 0; i < program->entries; i++) lower_entry(&l, &program->entry[i]);
  return l.module;
}
