/* HloModule text. Blocks are computations that stand before their use and see nothing outside: what a
 * loop or a branch uses from around it goes in as a tuple. */
#include "codegen/hlo/print.h"
#include "codegen/hlo/walk.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Printer {
  MdlArena *arena;
  FILE *out;   /* computations that are done */
  MdlMap *made; /* MdlGraphBlock -> name of a combining computation */
  int serial;
} Printer;

/* A computation while it is written. */
typedef struct Computation {
  FILE *out;
  const MdlGraphValue *root; /* the value that is its only result; NULL: a tuple follows */
} Computation;

/* ---- types and literals ------------------------------------------------------------------ */

static const char *dtype_name(MdlDtype dtype)
{
  static const char *const names[MDL_DTYPE_COUNT] = {
      [MDL_bool] = "pred", [MDL_i8] = "s8", [MDL_i16] = "s16", [MDL_i32] = "s32", [MDL_i64] = "s64"};
  return names[dtype] ? names[dtype] : mdl_dtypes[dtype].name;
}

static void put_type(FILE *out, const MdlGraphType *type)
{
  fprintf(out, "%s[", dtype_name(type->dtype));
  for (int i = 0; i < type->rank; i++) fprintf(out, "%s%" PRId64, i ? "," : "", type->dim[i]);
  fputc(']', out);
}

static void put_tuple_type(FILE *out, int count, MdlGraphValue *const *a, int more,
                           MdlGraphValue *const *b)
{
  fputc('(', out);
  for (int i = 0; i < count + more; i++) {
    if (i) fputs(", ", out);
    put_type(out, i < count ? &a[i]->type : &b[i - count]->type);
  }
  fputc(')', out);
}

static void put_element(FILE *out, MdlDtype dtype, const MdlGraphLiteral *l, int64_t i)
{
  const MdlDtypeInfo *info = &mdl_dtypes[dtype];
  if (info->kind == 'u' || info->kind == 'b') {
    fprintf(out, "%" PRIu64, mdl_hlo_bits(dtype, l, i));
  } else if (info->kind == 's') {
    fprintf(out, "%" PRId64, l->integer[i]);
  } else {
    double value = mdl_hlo_real(dtype, l, i);
    if (isnan(value))
      fputs("nan", out);
    else if (isinf(value))
      fputs(value > 0 ? "inf" : "-inf", out);
    else if (value == 0 && signbit(value))
      fputs("-0.0", out); /* -0 would be an integer, and 0 */
    else
      fprintf(out, dtype == MDL_f64 ? "%.17g" : "%.9g", value);
  }
}

static void put_nested(FILE *out, const MdlGraphType *type, const MdlGraphLiteral *l, int axis,
                       int64_t *at)
{
  if (axis == type->rank) {
    put_element(out, type->dtype, l, (*at)++);
    return;
  }
  fputs("{ ", out);
  for (int64_t i = 0; i < type->dim[axis]; i++) {
    if (i) fputs(", ", out);
    put_nested(out, type, l, axis + 1, at);
  }
  fputs(" }", out);
}

static void put_literal(FILE *out, const MdlGraphInstr *instr)
{
  const MdlGraphType *type = &instr->result[0].type;
  int64_t at = 0;
  if (!type->rank && type->dtype == MDL_bool)
    fputs(instr->literal.integer[0] ? "true" : "false", out);
  else
    put_nested(out, type, &instr->literal, 0, &at);
}

/* ---- lines ------------------------------------------------------------------------------- */

static void put_spot(FILE *out, const MdlSpot *spot, const char *name)
{
  if (!spot->line && !name) return;
  fputs(", metadata={", out);
  if (name) fputs("op_name=", out), mdl_hlo_quoted(out, name);
  if (name && spot->line) fputc(' ', out);
  if (spot->line) {
    fputs("source_file=", out);
    mdl_hlo_quoted(out, spot->file);
    fprintf(out, " source_line=%d", spot->line);
  }
  fputc('}', out);
}

static void put_names(FILE *out, int count, MdlGraphValue *const *values)
{
  for (int i = 0; i < count; i++) fprintf(out, "%s%%%s", i ? ", " : "", values[i]->name);
}

/* "  ROOT %x = f32[2] " */
static void put_head(const Computation *c, const MdlGraphValue *value)
{
  fprintf(c->out, "  %s%%%s = ", value == c->root ? "ROOT " : "", value->name);
  put_type(c->out, &value->type);
  fputc(' ', c->out);
}

static void put_part(const Computation *c, const MdlGraphValue *value, const char *tuple, int index)
{
  put_head(c, value);
  fprintf(c->out, "get-tuple-element(%%%s), index=%d\n", tuple, index);
}

static void put_root_tuple(const Computation *c, int count, MdlGraphValue *const *a, int more,
                           MdlGraphValue *const *b)
{
  fputs("  ROOT %result-tuple = ", c->out);
  put_tuple_type(c->out, count, a, more, b);
  fputs(" tuple(", c->out);
  put_names(c->out, count, a);
  if (count && more) fputs(", ", c->out);
  put_names(c->out, more, b);
  fputs(")\n", c->out);
}

/* ---- what a block uses from around it ---------------------------------------------------- */

typedef struct Captures {
  MdlArena *arena;
  MdlMap *inside, *seen;
  int count, constants, capacity, constant_capacity;
  MdlGraphValue **value;    /* passed in */
  MdlGraphValue **constant; /* scalars, written again inside: bounds of loops stay visible */
} Captures;

static bool is_scalar_constant(const MdlGraphValue *value)
{
  return value->def && value->def->op == MDL_HLO_constant && !value->type.rank;
}

static void capture(Captures *c, MdlGraphValue *value)
{
  if (mdl_map_has(c->inside, value) || mdl_map_has(c->seen, value)) return;
  mdl_map_set(c->seen, value, value);
  if (is_scalar_constant(value)) {
    MDL_GROW(c->arena, c->constant, c->constants, c->constant_capacity);
    c->constant[c->constants++] = value;
  } else {
    MDL_GROW(c->arena, c->value, c->count, c->capacity);
    c->value[c->count++] = value;
  }
}

static void capture_block(Captures *c, MdlGraphBlock *block)
{
  for (int i = 0; i < block->args; i++) mdl_map_set(c->inside, block->arg[i], block);
  for (int i = 0; i < block->instrs; i++) {
    MdlGraphInstr *instr = block->instr[i];
    if (!instr->live) continue;
    for (int k = 0; k < instr->operands; k++) capture(c, instr->operand[k]);
    for (int k = 0; k < instr->blocks; k++) capture_block(c, instr->block[k]);
    for (int k = 0; k < instr->results; k++) mdl_map_set(c->inside, &instr->result[k], block);
  }
  for (int i = 0; i < block->results; i++) capture(c, block->result[i]);
}

static Captures captures_of(Printer *p, MdlGraphBlock *const *blocks, int count)
{
  Captures c = {.arena = p->arena, .inside = mdl_map_create(p->arena)};
  c.seen = mdl_map_create(p->arena);
  for (int i = 0; i < count; i++) capture_block(&c, blocks[i]);
  return c;
}

/* ---- computations ------------------------------------------------------------------------ */

static void put_instrs(Printer *p, const Computation *c, const MdlGraphBlock *block);

static const char *new_name(Printer *p, const char *what)
{
  return mdl_text(p->arena, "%s.%d", what, p->serial++);
}

static void put_parameter(const Computation *c, const MdlGraphValue *arg)
{
  put_head(c, arg);
  fprintf(c->out, "parameter(%d)", arg->index);
  put_spot(c->out, &arg->spot, arg->given);
  fputc('\n', c->out);
}

static void put_constant(const Computation *c, const MdlGraphInstr *instr)
{
  put_head(c, instr->result);
  fputs("constant(", c->out);
  put_literal(c->out, instr);
  fputc(')', c->out);
  put_spot(c->out, &instr->spot, NULL);
  fputc('\n', c->out);
}

typedef struct Open {
  Computation c;
  char *text;
  size_t length;
} Open;

static void open_computation(Open *o, const char *name, const MdlGraphValue *root)
{
  o->c.out = open_memstream(&o->text, &o->length);
  if (!o->c.out) abort();
  o->c.root = root;
  fprintf(o->c.out, "%%%s {\n", name);
}

/* Those it calls have been written meanwhile. */
static void close_computation(Printer *p, Open *o)
{
  fputs("}\n\n", o->c.out);
  fclose(o->c.out);
  fwrite(o->text, 1, o->length, p->out);
  free(o->text);
}

/* Of a reduction, scatter or sort: parameters one by one. */
static const char *combining(Printer *p, MdlGraphBlock *block)
{
  const char *name = mdl_map_get(p->made, block);
  if (name) return name;
  Open o;
  bool one = block->results == 1;
  name = new_name(p, one && block->result[0]->def ? mdl_hlo_ops[block->result[0]->def->op].hlo : "combine");
  mdl_map_set(p->made, block, (void *)name);
  open_computation(&o, name, one ? block->result[0] : NULL);
  for (int i = 0; i < block->args; i++) put_parameter(&o.c, block->arg[i]);
  put_instrs(p, &o.c, block);
  if (!one) put_root_tuple(&o.c, block->results, block->result, 0, NULL);
  close_computation(p, &o);
  return name;
}

/* Of a loop or branch: one tuple of the arguments and what it captures, of which the body of a loop
 * gives all back. */
static const char *inner(Printer *p, MdlGraphBlock *block, const char *what, const Captures *captures,
                         bool gives_back)
{
  Open o;
  bool one = block->results == 1 && !gives_back;
  const char *name = new_name(p, what);
  Captures own = captures_of(p, &block, 1);
  open_computation(&o, name, one ? block->result[0] : NULL);
  fputs("  %argument-tuple = ", o.c.out);
  put_tuple_type(o.c.out, block->args, block->arg, captures->count, captures->value);
  fputs(" parameter(0)\n", o.c.out);
  for (int i = 0; i < block->args; i++) put_part(&o.c, block->arg[i], "argument-tuple", i);
  for (int i = 0; i < captures->count; i++)
    put_part(&o.c, captures->value[i], "argument-tuple", block->args + i);
  for (int i = 0; i < own.constants; i++) put_constant(&o.c, own.constant[i]->def);
  put_instrs(p, &o.c, block);
  if (!one)
    put_root_tuple(&o.c, block->results, block->result, gives_back ? captures->count : 0,
                   captures->value);
  close_computation(p, &o);
  return name;
}

/* ---- instructions ------------------------------------------------------------------------ */

/* Results out of the tuple that an instruction gave. */
static void put_parts(const Computation *c, const MdlGraphInstr *instr, const char *tuple)
{
  for (int i = 0; i < instr->results; i++) put_part(c, &instr->result[i], tuple, i);
}

static MdlGraphValue **results_of(Printer *p, const MdlGraphInstr *instr)
{
  MdlGraphValue **list = MDL_NEW(p->arena, MdlGraphValue *, (size_t)instr->results);
  for (int i = 0; i < instr->results; i++) list[i] = &instr->result[i];
  return list;
}

static void put_while(Printer *p, const Computation *c, const MdlGraphInstr *instr)
{
  Captures captures = captures_of(p, instr->block, 2);
  const char *condition = inner(p, instr->block[0], "condition", &captures, false);
  const char *body = inner(p, instr->block[1], "body", &captures, true);
  const char *name = new_name(p, "while-loop"), *init = new_name(p, "while-init");
  fprintf(c->out, "  %%%s = ", init);
  put_tuple_type(c->out, instr->operands, instr->operand, captures.count, captures.value);
  fputs(" tuple(", c->out);
  put_names(c->out, instr->operands, instr->operand);
  if (captures.count && instr->operands) fputs(", ", c->out);
  put_names(c->out, captures.count, captures.value);
  fprintf(c->out, ")\n  %%%s = ", name);
  put_tuple_type(c->out, instr->operands, instr->operand, captures.count, captures.value);
  fprintf(c->out, " while(%%%s), condition=%%%s, body=%%%s", init, condition, body);
  put_spot(c->out, &instr->spot, NULL);
  fputc('\n', c->out);
  put_parts(c, instr, name);
}

static void put_if(Printer *p, const Computation *c, const MdlGraphInstr *instr)
{
  static const char *const words[] = {"then", "else"};
  const char *computation[2], *tuple[2];
  for (int i = 0; i < 2; i++) {
    Captures captures = captures_of(p, &instr->block[i], 1);
    computation[i] = inner(p, instr->block[i], words[i], &captures, false);
    tuple[i] = new_name(p, mdl_text(p->arena, "%s-argument", words[i]));
    fprintf(c->out, "  %%%s = ", tuple[i]);
    put_tuple_type(c->out, captures.count, captures.value, 0, NULL);
    fputs(" tuple(", c->out);
    put_names(c->out, captures.count, captures.value);
    fputs(")\n", c->out);
  }
  const char *name = NULL;
  if (instr->results == 1) {
    put_head(c, instr->result);
  } else {
    name = new_name(p, "branches");
    fprintf(c->out, "  %%%s = ", name);
    put_tuple_type(c->out, instr->results, results_of(p, instr), 0, NULL);
    fputc(' ', c->out);
  }
  fprintf(c->out, "conditional(%%%s, %%%s, %%%s), true_computation=%%%s, false_computation=%%%s",
          instr->operand[0]->name, tuple[0], tuple[1], computation[0], computation[1]);
  put_spot(c->out, &instr->spot, NULL);
  fputc('\n', c->out);
  if (name) put_parts(c, instr, name);
}

static void put_plain(Printer *p, const Computation *c, const MdlGraphInstr *instr)
{
  const MdlHloInfo *row = &mdl_hlo_ops[instr->op];
  const char *called = instr->blocks ? combining(p, instr->block[0]) : NULL;
  if (instr->results == 1) {
    put_head(c, instr->result);
  } else {
    fprintf(c->out, "  %%%s = ", instr->name);
    put_tuple_type(c->out, instr->results, results_of(p, instr), 0, NULL);
    fputc(' ', c->out);
  }
  fprintf(c->out, "%s(", row->hlo);
  put_names(c->out, instr->operands, instr->operand);
  fputc(')', c->out);
  if (*row->hlo_attributes) {
    fputs(", ", c->out);
    mdl_hlo_attributes(c->out, row->hlo_attributes, instr, NULL);
  }
  if (called) fprintf(c->out, ", to_apply=%%%s", called);
  put_spot(c->out, &instr->spot, instr->results == 1 ? instr->result->given : NULL);
  fputc('\n', c->out);
  if (instr->results != 1) put_parts(c, instr, instr->name);
}

static void put_instrs(Printer *p, const Computation *c, const MdlGraphBlock *block)
{
  for (int i = 0; i < block->instrs; i++) {
    const MdlGraphInstr *instr = block->instr[i];
    if (!instr->live) continue;
    if (instr->op == MDL_HLO_while)
      put_while(p, c, instr);
    else if (instr->op == MDL_HLO_if)
      put_if(p, c, instr);
    else if (instr->op == MDL_HLO_constant)
      put_constant(c, instr);
    else
      put_plain(p, c, instr);
  }
}

/* ---- the module -------------------------------------------------------------------------- */

static void put_aliases(FILE *out, const MdlHloModule *m)
{
  int count = 0;
  for (int i = 0; i < m->main->args; i++) {
    if (m->alias[i] < 0) continue;
    fprintf(out, "%s {%d}: (%d, {}, may-alias)", count++ ? "," : ", input_output_alias={",
            m->alias[i], i);
  }
  if (count) fputs(" }", out);
}

static void put_rows_first(FILE *out, const MdlGraphType *type)
{
  put_type(out, type);
  if (!type->rank) return;
  for (int i = type->rank; i-- > 0;) fprintf(out, "%c%d", i + 1 == type->rank ? '{' : ',', i);
  fputc('}', out);
}

/* Row-major, all of them: XLA chooses layouts of its own where a module says none. */
static void put_layouts(FILE *out, const MdlGraphBlock *main)
{
  fputs(", entry_computation_layout={(", out);
  for (int i = 0; i < main->args; i++) {
    if (i) fputs(", ", out);
    put_rows_first(out, &main->arg[i]->type);
  }
  fputs(")->(", out);
  for (int i = 0; i < main->results; i++) {
    if (i) fputs(", ", out);
    put_rows_first(out, &main->result[i]->type);
  }
  fputs(")}", out);
}

char *mdl_hlo_print_text(MdlArena *arena, const MdlHloModule *module)
{
  char *text = NULL;
  size_t length = 0;
  Printer p = {.arena = arena, .made = mdl_map_create(arena), .out = open_memstream(&text, &length)};
  const MdlGraphBlock *main = module->main;
  Open o;
  if (!p.out) abort();
  fprintf(p.out, "HloModule %s", module->name);
  put_aliases(p.out, module);
  put_layouts(p.out, main);
  fputs("\n\n", p.out);
  open_computation(&o, "main", NULL);
  for (int i = 0; i < main->args; i++) put_parameter(&o.c, main->arg[i]);
  put_instrs(&p, &o.c, main);
  put_root_tuple(&o.c, main->results, main->result, 0, NULL);
  fputs("ENTRY ", p.out);
  fputs("}\n", o.c.out);
  fclose(o.c.out);
  fwrite(o.text, 1, o.length, p.out);
  free(o.text);
  fclose(p.out);
  char *copy = mdl_text_copy(arena, text, length);
  free(text);
  return copy;
}
