/* The typed core: functions, blocks, captures, closing of open element types. */
#include "frontend/sema.h"

#include <string.h>

static void count_op(MdlSema *s)
{
  s->ops++;
  mdl_over_limit(s);
}

bool mdl_over_limit(MdlSema *s)
{
  if (s->ops <= s->session->limits.ops) return false;
  if (!s->is_over)
    mdl_error(s->session, MDL_E0903, s->at,
              mdl_text(s->arena, "%lld", (long long)s->session->limits.ops), "ops");
  return s->is_over = true;
}

/* A size beyond 64 bits that nobody asked about yet. */
static void known_dims(MdlSema *s, MdlCore *operand)
{
  for (int i = 0; i < operand->type.rank; i++) {
    if (operand->type.dim[i]) continue;
    mdl_error(s->session, MDL_E0902, operand->at, "a size");
    operand->type.dim[i] = mdl_size_const(s->sizes, 1);
  }
}

MdlCore *mdl_core_new(MdlSema *s, MdlCoreKind kind, int operands, MdlCore *const *operand)
{
  MdlCore *core = MDL_NEW(s->arena, MdlCore, 1);
  core->kind = kind;
  core->op = MDL_OP_none;
  core->operands = operands;
  core->operand = MDL_NEW(s->arena, MdlCore *, (size_t)operands);
  for (int i = 0; i < operands; i++) {
    core->operand[i] = mdl_core_use(s, operand[i]);
    known_dims(s, operand[i]);
  }
  core->func = s->func;
  core->at = s->at;
  count_op(s);
  MDL_GROW(s->arena, s->block->op, s->block->ops, s->block->capacity);
  s->block->op[s->block->ops++] = core;
  return core;
}

MdlCore *mdl_core_result(MdlSema *s, MdlCore *of, int i, MdlType type, MdlCell *cell)
{
  MdlCore *core = MDL_NEW(s->arena, MdlCore, 1);
  core->kind = MDL_CORE_result;
  core->op = MDL_OP_none;
  core->operands = 1;
  core->operand = MDL_NEW(s->arena, MdlCore *, 1);
  core->operand[0] = of;
  core->index = i;
  core->type = type;
  core->cell = cell;
  core->func = of->func;
  core->at = of->at;
  return core;
}

static MdlCore *argument(MdlSema *s, MdlCoreFunc *func, MdlType type, MdlCell *cell,
                         const char *name)
{
  MdlCore *core = MDL_NEW(s->arena, MdlCore, 1);
  core->kind = MDL_CORE_argument;
  core->op = MDL_OP_none;
  core->type = type;
  core->cell = cell;
  core->func = func;
  core->name = name;
  core->at = s->at;
  return core;
}

/* ---- captures ---------------------------------------------------------------------------- */

static MdlCore *capture(MdlSema *s, MdlCoreFunc *func, MdlCore *value)
{
  if (value->func == func) return value;
  if (!func->parent) MDL_BUG(s->session, "%s uses a value that it cannot see", func->symbol);
  MdlCore *outer = capture(s, func->parent, value);
  for (int i = 0; i < func->captures; i++)
    if (func->captured[i] == outer) return func->capture[i];
  if (func->captures == func->capture_capacity) {
    int capacity = func->capture_capacity ? 2 * func->capture_capacity : 8;
    func->captured = mdl_realloc_array(s->arena, func->captured, (size_t)func->captures,
                                       (size_t)capacity, sizeof *func->captured);
    func->capture = mdl_realloc_array(s->arena, func->capture, (size_t)func->captures,
                                      (size_t)capacity, sizeof *func->capture);
    func->capture_capacity = capacity;
  }
  func->captured[func->captures] = outer;
  func->capture[func->captures] = argument(s, func, outer->type, outer->cell, outer->name);
  return func->capture[func->captures++];
}

MdlCore *mdl_core_use(MdlSema *s, MdlCore *value)
{
  if (value->func == s->func) return value;
  if (value->kind == MDL_CORE_number) {
    MdlCore *copy = mdl_core_new(s, MDL_CORE_number, 0, NULL);
    copy->type = value->type, copy->cell = value->cell, copy->number = value->number;
    return copy;
  }
  return capture(s, s->func, value);
}

/* ---- functions and blocks ---------------------------------------------------------------- */

MdlCoreFunc *mdl_core_func(MdlSema *s, const char *symbol, MdlCoreFunc *parent, MdlSpan at)
{
  MdlCoreFunc *func = MDL_NEW(s->arena, MdlCoreFunc, 1);
  func->symbol = symbol;
  func->parent = parent;
  func->at = at;
  func->body = MDL_NEW(s->arena, MdlCoreBlock, 1);
  if (!parent) return func;
  MDL_GROW(s->arena, parent->child, parent->children, parent->child_capacity);
  parent->child[parent->children++] = func;
  return func;
}

MdlCore *mdl_core_arg(MdlSema *s, MdlCoreFunc *func, MdlType type, const char *name)
{
  MDL_GROW(s->arena, func->arg, func->args, func->arg_capacity);
  return func->arg[func->args++] = argument(s, func, type, NULL, name);
}

/* Names of leaves: m.w for part w of m. */
MdlVal *mdl_core_param(MdlSema *s, MdlCoreFunc *func, const MdlVType *type, const char *name,
                       MdlSpan at)
{
  int count = mdl_leaf_count(type);
  MdlType *leaf = MDL_NEW(s->arena, MdlType, (size_t)count);
  const char **path = MDL_NEW(s->arena, const char *, (size_t)count);
  MdlCore **arg = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  mdl_leaves(s, type, leaf, path);
  for (int i = 0; i < count; i++) {
    const char *shown = name && *path[i] ? mdl_text(s->arena, "%s.%s", name, path[i]) : name;
    arg[i] = mdl_core_arg(s, func, leaf[i], shown);
  }
  return mdl_val_of(s, type, arg, at);
}

MdlCoreBlock *mdl_block_enter(MdlSema *s, MdlCoreBlock **was)
{
  *was = s->block;
  return s->block = MDL_NEW(s->arena, MdlCoreBlock, 1);
}

MdlCore *mdl_block_arg(MdlSema *s, MdlCoreBlock *block, MdlType type, MdlCell *cell)
{
  block->arg = mdl_realloc_array(s->arena, block->arg, (size_t)block->args, (size_t)block->args + 1,
                                 sizeof *block->arg);
  return block->arg[block->args++] = argument(s, s->func, type, cell, NULL);
}

void mdl_core_return(MdlSema *s, int count, MdlVal *const *value)
{
  int leaves = 0, n = 0;
  for (int i = 0; i < count; i++) leaves += mdl_leaf_count(value[i]->type);
  s->func->body->yield = MDL_NEW(s->arena, MdlCore *, (size_t)leaves);
  for (int i = 0; i < count; i++)
    for (int k = 0, m = mdl_leaf_count(value[i]->type); k < m; k++)
      s->func->body->yield[n++] = mdl_core_use(s, value[i]->leaf[k]);
  s->func->body->yields = leaves;
}

bool mdl_core_has_effect(const MdlCoreBlock *block)
{
  for (int i = 0; i < block->ops; i++) {
    const MdlCore *core = block->op[i];
    if (core->kind == MDL_CORE_while || core->kind == MDL_CORE_call) return true;
    if (core->kind == MDL_CORE_recipe) return true;
    if (core->op != MDL_OP_none && mdl_op_info(core->op)->class == MDL_CLASS_effect) return true;
    for (int k = 0; k < 2; k++)
      if (core->block[k] && mdl_core_has_effect(core->block[k])) return true;
  }
  return false;
}

/* ---- open element types ------------------------------------------------------------------ */

bool mdl_core_is_open(const MdlCore *core)
{
  MdlDtype dtype;
  return core->cell && !mdl_cell_dtype(core->cell, &dtype);
}

MdlDtype mdl_core_dtype(MdlSema *s, MdlCore *core)
{
  (void)s;
  if (core->cell) core->type.dtype = mdl_cell_default(core->cell);
  return core->type.dtype;
}

/* An op that takes floats only, whose literals became integers after it was checked. */
static void check_row(MdlSema *s, const MdlCore *core)
{
  if (core->op == MDL_OP_none || !mdl_op_info(core->op)->elementwise || !core->cell) return;
  if (mdl_op_info(core->op)->sig[0] == 'F' && !mdl_is_float(core->type.dtype))
    mdl_error(s->session, MDL_E0307, core->at, mdl_op_info(core->op)->name,
              mdl_dtypes[core->type.dtype].name);
}

/* 2049 in f16: whole numbers that a literal says and the element type does not hold. */
static void check_exact(MdlSema *s, const MdlCore *core)
{
  int64_t whole;
  MdlDtype t = core->type.dtype;
  if (core->kind != MDL_CORE_number || t >= MDL_DTYPE_COUNT || !mdl_is_float(t)) return;
  if (core->at.file < 0 || s->session->files[core->at.file].is_std) return;
  if (!mdl_exact_is_whole(&core->number, &whole) || whole == INT64_MIN) return;
  int digits = t == MDL_f64 ? 53 : t == MDL_f32 ? 24 : t == MDL_f16 ? 11 : 8;
  uint64_t n = (uint64_t)(whole < 0 ? -whole : whole);
  while (n && !(n & 1)) n >>= 1;
  if (n >> digits)
    mdl_warning(s->session, MDL_W107, core->at, mdl_exact_text(s, &core->number),
                mdl_dtypes[t].name);
}

static void close_one(MdlSema *s, MdlCore *core)
{
  if (!core->cell) {
    check_exact(s, core);
    return;
  }
  mdl_core_dtype(s, core);
  if (core->kind == MDL_CORE_number && core->type.dtype != MDL_bool &&
      !mdl_exact_fits(&core->number, core->type.dtype))
    mdl_error(s->session, MDL_E0303, core->at, mdl_exact_text(s, &core->number),
              mdl_dtypes[core->type.dtype].name);
  check_exact(s, core);
  check_row(s, core);
}

static void close_block(MdlSema *s, MdlCoreBlock *block)
{
  for (int i = 0; i < block->args; i++) close_one(s, block->arg[i]);
  for (int i = 0; i < block->ops; i++) {
    MdlCore *core = block->op[i];
    close_one(s, core);
    for (int k = 0; k < core->results; k++) close_one(s, core->result[k]);
    for (int k = 0; k < 2; k++)
      if (core->block[k]) close_block(s, core->block[k]);
  }
}

void mdl_core_close(MdlSema *s, MdlCoreFunc *func)
{
  for (int i = 0; i < func->captures; i++) close_one(s, func->capture[i]);
  for (int i = 0; i < func->args; i++) close_one(s, func->arg[i]);
  close_block(s, func->body);
  for (int i = 0; i < func->children; i++) mdl_core_close(s, func->child[i]);
}

/* ---- sizes and loop names ---------------------------------------------------------------- */

const MdlSize *mdl_atom_new(MdlSema *s, const char *name, MdlCore *core)
{
  const char *unique = mdl_text(s->arena, "%s'%d", name, ++s->count_of_atoms);
  const MdlSize *size = mdl_size_name(s->sizes, mdl_intern_text(s->arena, unique));
  mdl_map_set(s->atoms, mdl_intern_text(s->arena, unique), core);
  return size;
}

bool mdl_size_is_static(MdlSema *s, const MdlSize *size)
{
  (void)s;
  return !strchr(mdl_size_text(size), '\'');
}

const MdlSize *mdl_core_symbolic(MdlSema *s, MdlCore *core, int depth)
{
  int64_t whole;
  if (core->kind == MDL_CORE_size) return core->size;
  if (core->kind == MDL_CORE_number && mdl_exact_is_whole(&core->number, &whole))
    return mdl_size_const(s->sizes, whole);
  if (depth < 16 && (core->op == MDL_OP_add || core->op == MDL_OP_sub || core->op == MDL_OP_mul)) {
    const MdlSize *a = mdl_core_symbolic(s, core->operand[0], depth + 1);
    const MdlSize *b = mdl_core_symbolic(s, core->operand[1], depth + 1);
    if (core->op == MDL_OP_add) return mdl_size_add(s->sizes, a, b);
    if (core->op == MDL_OP_sub) return mdl_size_sub(s->sizes, a, b);
    return mdl_size_mul(s->sizes, a, b);
  }
  for (int i = 0; i < mdl_map_count(s->atoms); i++)
    if (mdl_map_value(s->atoms, i) == core)
      return mdl_size_name(s->sizes, mdl_map_key(s->atoms, i));
  return mdl_atom_new(s, core->name ? core->name : "i", core);
}

void mdl_equation_add(MdlSema *s, const MdlSize *left, const MdlSize *right, MdlSpan at,
                      const char *text)
{
  MdlCoreFunc *func = s->func;
  for (int i = 0; i < func->equations; i++)
    if (func->equation[i].left == left && func->equation[i].right == right) return;
  MDL_GROW(s->arena, func->equation, func->equations, func->equation_capacity);
  func->equation[func->equations++] = (MdlEquation){left, right, at, text};
}

bool mdl_sizes_equate(MdlSema *s, const MdlSize *p, const MdlSize *q, MdlSpan at)
{
  int64_t value;
  if (p == q) return true;
  if (s->is_strict && p && q && mdl_size_is_name(p) && mdl_size_is_name(q)) return false;
  if (!p || !q || !mdl_size_is_static(s, p) || !mdl_size_is_static(s, q)) return false;
  const MdlSize *gap = mdl_size_sub(s->sizes, p, q);
  if (!gap || mdl_size_is_const(gap, &value)) return false;
  mdl_equation_add(s, p, q, at, NULL);
  return true;
}
