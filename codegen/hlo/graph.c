#include "codegen/hlo/graph.h"

#include <string.h>

const MdlHloInfo mdl_hlo_ops[MDL_HLO_COUNT] = {
#define HLO(name, stablehlo, hlo, attributes, hlo_attributes, computations)                        \
  [MDL_HLO_##name] = {#name, stablehlo, hlo, attributes, hlo_attributes, computations},
#include "codegen/hlo/hlo_ops.def"
};

MdlHloOp mdl_hlo_find(const char *name, size_t length)
{
  for (int i = 0; i < MDL_HLO_COUNT; i++)
    if (strlen(mdl_hlo_ops[i].name) == length && !memcmp(mdl_hlo_ops[i].name, name, length))
      return (MdlHloOp)i;
  return MDL_HLO_COUNT;
}

/* ---- types ------------------------------------------------------------------------------- */

MdlGraphType mdl_graph_scalar(MdlDtype dtype)
{
  return (MdlGraphType){.dtype = dtype == MDL_index ? MDL_i64 : dtype};
}

MdlGraphType mdl_graph_with(const MdlGraphType *shape, MdlDtype dtype)
{
  MdlGraphType type = *shape;
  type.dtype = dtype == MDL_index ? MDL_i64 : dtype;
  return type;
}

bool mdl_graph_same_shape(const MdlGraphType *a, const MdlGraphType *b)
{
  for (int i = 0; i < a->rank && a->rank == b->rank; i++)
    if (a->dim[i] != b->dim[i]) return false;
  return a->rank == b->rank;
}

int64_t mdl_graph_elements(const MdlGraphType *type)
{
  int64_t count = 1;
  for (int i = 0; i < type->rank; i++) count *= type->dim[i];
  return count;
}

/* ---- blocks ------------------------------------------------------------------------------ */

MdlGraphBlock *mdl_graph_block(MdlGraph *g) { return MDL_NEW(g->arena, MdlGraphBlock, 1); }

MdlGraphValue *mdl_graph_arg(MdlGraph *g, MdlGraphBlock *block, const MdlGraphType *type,
                             const char *given)
{
  MdlGraphValue *arg = MDL_NEW(g->arena, MdlGraphValue, 1);
  *arg = (MdlGraphValue){.type = *type, .index = block->args, .given = given, .spot = g->spot};
  block->arg = mdl_realloc_array(g->arena, block->arg, (size_t)block->args,
                                 (size_t)block->args + 1, sizeof *block->arg);
  return block->arg[block->args++] = arg;
}

void mdl_graph_return(MdlGraph *g, MdlGraphBlock *block, int count, MdlGraphValue *const *values)
{
  block->results = count;
  block->result = MDL_NEW(g->arena, MdlGraphValue *, (size_t)count);
  for (int i = 0; i < count; i++) block->result[i] = values[i];
}

/* ---- instructions ------------------------------------------------------------------------ */

MdlGraphInstr *mdl_graph_instr(MdlGraph *g, MdlHloOp op, int operands,
                               MdlGraphValue *const *operand, int results,
                               const MdlGraphType *type)
{
  MdlGraphBlock *block = g->block;
  MdlGraphInstr *instr = MDL_NEW(g->arena, MdlGraphInstr, 1);
  *instr = (MdlGraphInstr){.op = op, .operands = operands, .results = results, .spot = g->spot};
  instr->operand = MDL_NEW(g->arena, MdlGraphValue *, (size_t)operands);
  for (int i = 0; i < operands; i++) instr->operand[i] = operand[i];
  instr->result = MDL_NEW(g->arena, MdlGraphValue, (size_t)results);
  for (int i = 0; i < results; i++)
    instr->result[i] = (MdlGraphValue){.type = type[i], .def = instr, .index = i};
  MDL_GROW(g->arena, block->instr, block->instrs, block->capacity);
  block->instr[block->instrs++] = instr;
  return instr;
}

void mdl_graph_list(MdlGraph *g, MdlGraphInstr *instr, int list, int count, const int64_t *values)
{
  int64_t *copy = MDL_NEW(g->arena, int64_t, (size_t)count);
  for (int i = 0; i < count; i++) copy[i] = values[i];
  instr->list[list] = (MdlGraphList){count, copy};
}

static MdlGraphValue *plain(MdlGraph *g, MdlHloOp op, int operands, MdlGraphValue *const *operand,
                            const MdlGraphType *type)
{
  return mdl_graph_instr(g, op, operands, operand, 1, type)->result;
}

MdlGraphValue *mdl_graph_unary(MdlGraph *g, MdlHloOp op, MdlGraphValue *a)
{
  return plain(g, op, 1, &a, &a->type);
}

MdlGraphValue *mdl_graph_binary(MdlGraph *g, MdlHloOp op, MdlGraphValue *a, MdlGraphValue *b)
{
  return plain(g, op, 2, (MdlGraphValue *[]){a, b}, &a->type);
}

MdlGraphValue *mdl_graph_compare(MdlGraph *g, const char *direction, MdlGraphValue *a,
                                 MdlGraphValue *b)
{
  MdlGraphType type = mdl_graph_with(&a->type, MDL_bool);
  MdlGraphValue *y = plain(g, MDL_HLO_compare, 2, (MdlGraphValue *[]){a, b}, &type);
  y->def->word = direction;
  return y;
}

MdlGraphValue *mdl_graph_select(MdlGraph *g, MdlGraphValue *p, MdlGraphValue *a, MdlGraphValue *b)
{
  return plain(g, MDL_HLO_select, 3, (MdlGraphValue *[]){p, a, b}, &a->type);
}

MdlGraphValue *mdl_graph_convert(MdlGraph *g, MdlGraphValue *a, MdlDtype dtype)
{
  MdlGraphType type = mdl_graph_with(&a->type, dtype);
  return type.dtype == a->type.dtype ? a : plain(g, MDL_HLO_convert, 1, &a, &type);
}

MdlGraphValue *mdl_graph_bitcast(MdlGraph *g, MdlGraphValue *a, MdlDtype dtype)
{
  MdlGraphType type = mdl_graph_with(&a->type, dtype);
  return type.dtype == a->type.dtype ? a : plain(g, MDL_HLO_bitcast_convert, 1, &a, &type);
}

MdlGraphValue *mdl_graph_literal(MdlGraph *g, const MdlGraphType *type, MdlGraphLiteral literal)
{
  MdlGraphValue *y = plain(g, MDL_HLO_constant, 0, NULL, type);
  y->def->literal = literal;
  return y;
}

MdlGraphValue *mdl_graph_number(MdlGraph *g, const MdlGraphType *type, double real,
                                int64_t integer)
{
  double *reals = MDL_NEW(g->arena, double, 1);
  int64_t *integers = MDL_NEW(g->arena, int64_t, 1);
  MdlGraphType scalar = mdl_graph_scalar(type->dtype);
  *reals = real;
  *integers = integer;
  MdlGraphValue *y = mdl_graph_literal(g, &scalar, (MdlGraphLiteral){1, reals, integers});
  return mdl_graph_splat(g, y, type);
}

MdlGraphValue *mdl_graph_iota(MdlGraph *g, const MdlGraphType *type, int axis)
{
  MdlGraphValue *y = plain(g, MDL_HLO_iota, 0, NULL, type);
  y->def->number = axis;
  return y;
}

/* The axes of a in the order of their places, which XLA wants to rise. */
static MdlGraphValue *in_order(MdlGraph *g, MdlGraphValue *a, int64_t *to)
{
  int64_t perm[MDL_GRAPH_RANK];
  MdlGraphType type = a->type;
  bool rises = true;
  for (int i = 0; i < type.rank; i++) {
    int at = i;
    for (; at > 0 && to[perm[at - 1]] > to[i]; at--) perm[at] = perm[at - 1];
    perm[at] = i;
    rises &= at == i;
  }
  if (rises) return a;
  int64_t was[MDL_GRAPH_RANK];
  memcpy(was, to, sizeof was);
  for (int i = 0; i < type.rank; i++) {
    to[i] = was[perm[i]];
    type.dim[i] = a->type.dim[perm[i]];
  }
  MdlGraphValue *y = plain(g, MDL_HLO_transpose, 1, &a, &type);
  mdl_graph_list(g, y->def, 0, type.rank, perm);
  return y;
}

MdlGraphValue *mdl_graph_broadcast(MdlGraph *g, MdlGraphValue *a, const MdlGraphType *type,
                                   const int64_t *dims)
{
  MdlGraphType kept = mdl_graph_scalar(a->type.dtype);
  int64_t to[MDL_GRAPH_RANK] = {0};
  for (int i = 0; i < a->type.rank; i++) {
    if (a->type.dim[i] != type->dim[dims[i]]) continue;
    to[kept.rank] = dims[i];
    kept.dim[kept.rank++] = a->type.dim[i];
  }
  a = in_order(g, mdl_graph_reshape(g, a, &kept), to);
  if (mdl_graph_same_shape(&a->type, type)) return a;
  MdlGraphValue *y = plain(g, MDL_HLO_broadcast_in_dim, 1, &a, type);
  mdl_graph_list(g, y->def, 0, kept.rank, to);
  return y;
}

MdlGraphValue *mdl_graph_splat(MdlGraph *g, MdlGraphValue *scalar, const MdlGraphType *type)
{
  return type->rank ? mdl_graph_broadcast(g, scalar, type, NULL) : scalar;
}

MdlGraphValue *mdl_graph_reshape(MdlGraph *g, MdlGraphValue *a, const MdlGraphType *type)
{
  return mdl_graph_same_shape(&a->type, type) ? a : plain(g, MDL_HLO_reshape, 1, &a, type);
}

MdlGraphValue *mdl_graph_pad(MdlGraph *g, MdlGraphValue *a, MdlGraphValue *with,
                             const MdlGraphType *type, const int64_t *lo, const int64_t *hi,
                             const int64_t *inner)
{
  MdlGraphValue *y = plain(g, MDL_HLO_pad, 2, (MdlGraphValue *[]){a, with}, type);
  mdl_graph_list(g, y->def, 0, type->rank, lo);
  mdl_graph_list(g, y->def, 1, type->rank, hi);
  mdl_graph_list(g, y->def, 2, type->rank, inner);
  return y;
}

/* ---- liveness and names ------------------------------------------------------------------ */

typedef struct Namer {
  MdlArena *arena;
  MdlMap *taken; /* interned names */
  int serial;
} Namer;

static void mark_block(MdlGraphBlock *block);

static void mark(MdlGraphValue *value)
{
  if (value->def) value->def->live = true;
}

/* Users stand after what they use, so one pass backwards does. */
static void mark_block(MdlGraphBlock *block)
{
  for (int i = 0; i < block->results; i++) mark(block->result[i]);
  for (int i = block->instrs; i-- > 0;) {
    MdlGraphInstr *instr = block->instr[i];
    if (!instr->live) continue;
    for (int k = 0; k < instr->blocks; k++) mark_block(instr->block[k]);
    for (int k = 0; k < instr->operands; k++) mark(instr->operand[k]);
  }
}

/* HLO text takes no name that is a type's: s2, f32, bf16, pred. */
static bool is_type_name(const char *name)
{
  static const char *const words[] = {"pred", "tuple", "token", "opaque", "buffer"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strcmp(name, words[i])) return true;
  const char *digits = name + (*name == 'b' && name[1] == 'f') + 1;
  return *name && strchr("sufcb", *name) && *digits >= '0' && *digits <= '9';
}

/* Letters that both texts take in a name. */
static const char *sanitized(MdlArena *arena, const char *name)
{
  if (is_type_name(name)) name = mdl_text(arena, "%s_", name);
  char *out = mdl_text_copy(arena, name, strlen(name));
  for (char *c = out; *c; c++) {
    bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
    bool inside = (*c >= '0' && *c <= '9') || *c == '.' || *c == '-';
    if (!letter && (!inside || c == out)) *c = '_';
  }
  return out;
}

static const char *unique(Namer *n, const char *base)
{
  const char *name = mdl_intern_text(n->arena, base);
  for (int i = 1; mdl_map_has(n->taken, name); i++)
    name = mdl_intern_text(n->arena, mdl_text(n->arena, "%s_%d", base, i));
  mdl_map_set(n->taken, name, (void *)name);
  return name;
}

static void name_value(Namer *n, MdlGraphValue *value, const char *kind)
{
  const char *base = value->given && *value->given ? sanitized(n->arena, value->given)
                                                   : mdl_text(n->arena, "%s.%d", kind, n->serial++);
  value->name = unique(n, base);
}

static void name_block(Namer *n, MdlGraphBlock *block)
{
  if (block->named) return;
  block->named = true;
  for (int i = 0; i < block->args; i++) name_value(n, block->arg[i], "arg");
  for (int i = 0; i < block->instrs; i++) {
    MdlGraphInstr *instr = block->instr[i];
    if (!instr->live) continue;
    for (int k = 0; k < instr->blocks; k++) name_block(n, instr->block[k]);
    const char *kind = mdl_hlo_ops[instr->op].name;
    if (instr->results != 1) instr->name = unique(n, mdl_text(n->arena, "%s.%d", kind, n->serial++));
    for (int k = 0; k < instr->results; k++) name_value(n, &instr->result[k], kind);
  }
}

void mdl_graph_name(MdlGraph *g, MdlGraphBlock *main)
{
  Namer n = {.arena = g->arena, .taken = mdl_map_create(g->arena)};
  mark_block(main);
  name_block(&n, main);
}
