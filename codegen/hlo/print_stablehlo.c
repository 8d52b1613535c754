/* StableHLO in generic form: text that any MLIR reads, whatever version of the dialect it has. */
#include "codegen/hlo/print.h"
#include "codegen/hlo/walk.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- types and literals ------------------------------------------------------------------ */

static void put_type(FILE *out, const MdlGraphType *type)
{
  fputs("tensor<", out);
  for (int i = 0; i < type->rank; i++) fprintf(out, "%" PRId64 "x", type->dim[i]);
  fprintf(out, "%s>", mdl_dtypes[type->dtype].mlir);
}

/* A float needs a point, and infinities and NaN their bits. */
static void put_element(FILE *out, MdlDtype dtype, const MdlGraphLiteral *l, int64_t i)
{
  const MdlDtypeInfo *info = &mdl_dtypes[dtype];
  if (info->kind == 'b')
    fputs(l->integer[i] ? "true" : "false", out);
  else if (info->kind == 'u')
    fprintf(out, "%" PRIu64, mdl_hlo_bits(dtype, l, i));
  else if (info->kind == 's')
    fprintf(out, "%" PRId64, l->integer[i]);
  else if (!isfinite(mdl_hlo_real(dtype, l, i)))
    fprintf(out, "0x%0*" PRIX64, info->bits / 4, mdl_hlo_bits(dtype, l, i));
  else
    fprintf(out, dtype == MDL_f64 ? "%.16e" : "%.8e", mdl_hlo_real(dtype, l, i));
}

static void put_nested(FILE *out, const MdlGraphType *type, const MdlGraphLiteral *l, int axis,
                       int64_t *at)
{
  if (axis == type->rank) {
    put_element(out, type->dtype, l, (*at)++);
    return;
  }
  fputc('[', out);
  for (int64_t i = 0; i < type->dim[axis]; i++) {
    if (i) fputs(", ", out);
    put_nested(out, type, l, axis + 1, at);
  }
  fputc(']', out);
}

/* Little endian. Not for bools: MLIR's versions disagree about their bits. */
static void put_blob(FILE *out, MdlDtype dtype, const MdlGraphLiteral *l)
{
  static const char digits[] = "0123456789ABCDEF";
  fputs("\"0x", out);
  for (int64_t i = 0; i < l->count; i++) {
    uint64_t bits = mdl_hlo_bits(dtype, l, i);
    for (int k = 0; k < mdl_dtypes[dtype].bytes; k++, bits >>= 8) {
      fputc(digits[bits >> 4 & 15], out);
      fputc(digits[bits & 15], out);
    }
  }
  fputc('"', out);
}

static void put_literal(FILE *out, const MdlGraphInstr *instr)
{
  enum { FEW = 32 };
  const MdlGraphType *type = &instr->result[0].type;
  const MdlGraphLiteral *l = &instr->literal;
  int64_t at = 0;
  fputs("dense<", out);
  if (l->count > FEW && type->dtype != MDL_bool)
    put_blob(out, type->dtype, l);
  else if (l->count)
    put_nested(out, type, l, 0, &at);
  fputs("> : ", out);
  put_type(out, type);
}

/* ---- instructions ------------------------------------------------------------------------ */

static void put_indent(FILE *out, int depth) { fprintf(out, "%*s", 2 * depth, ""); }

static void put_spot(FILE *out, const MdlSpot *spot, const char *name)
{
  if (!spot->line && !name) return;
  fputs(" loc(", out);
  if (name) mdl_hlo_quoted(out, name);
  if (name && spot->line) fputc('(', out);
  if (spot->line) {
    mdl_hlo_quoted(out, spot->file);
    fprintf(out, ":%d:%d", spot->line, spot->column);
  }
  if (name && spot->line) fputc(')', out);
  fputc(')', out);
}

static void put_name(FILE *out, const MdlGraphValue *value)
{
  if (value->def && value->def->results != 1)
    fprintf(out, "%%%s#%d", value->def->name, value->index);
  else
    fprintf(out, "%%%s", value->name);
}

static void put_names(FILE *out, int count, MdlGraphValue *const *values)
{
  fputc('(', out);
  for (int i = 0; i < count; i++) {
    if (i) fputs(", ", out);
    put_name(out, values[i]);
  }
  fputc(')', out);
}

static void put_types(FILE *out, int count, MdlGraphValue *const *values)
{
  fputc('(', out);
  for (int i = 0; i < count; i++) {
    if (i) fputs(", ", out);
    put_type(out, &values[i]->type);
  }
  fputc(')', out);
}

static void put_block(FILE *out, const MdlGraphBlock *block, int depth);

static void put_instr(FILE *out, const MdlGraphInstr *instr, int depth)
{
  const MdlHloInfo *row = &mdl_hlo_ops[instr->op];
  const MdlGraphValue *first = instr->result;
  put_indent(out, depth);
  if (instr->results == 1)
    fprintf(out, "%%%s = ", first->name);
  else if (instr->results)
    fprintf(out, "%%%s:%d = ", instr->name, instr->results);
  fprintf(out, "\"%s\"", row->stablehlo);
  put_names(out, instr->operands, instr->operand);
  if (*row->attributes) {
    fputs(" <{", out);
    mdl_hlo_attributes(out, row->attributes, instr, put_literal);
    fputs("}>", out);
  }
  for (int i = 0; i < instr->blocks; i++) {
    fputs(i ? ", {\n" : " ({\n", out);
    put_block(out, instr->block[i], depth + 1);
    put_indent(out, depth);
    fputs(i + 1 < instr->blocks ? "}" : "})", out);
  }
  fputs(" : ", out);
  put_types(out, instr->operands, instr->operand);
  fputs(" -> ", out);
  if (instr->results == 1) {
    put_type(out, &first->type);
  } else {
    fputc('(', out);
    for (int i = 0; i < instr->results; i++) {
      if (i) fputs(", ", out);
      put_type(out, &instr->result[i].type);
    }
    fputc(')', out);
  }
  put_spot(out, &instr->spot, instr->results == 1 ? first->given : NULL);
  fputc('\n', out);
}

static void put_end(FILE *out, const char *op, const MdlGraphBlock *block, int depth)
{
  put_indent(out, depth);
  fprintf(out, "\"%s\"", op);
  put_names(out, block->results, block->result);
  fputs(" : ", out);
  put_types(out, block->results, block->result);
  fputs(" -> ()\n", out);
}

static void put_instrs(FILE *out, const MdlGraphBlock *block, int depth)
{
  for (int i = 0; i < block->instrs; i++)
    if (block->instr[i]->live) put_instr(out, block->instr[i], depth);
}

static void put_block(FILE *out, const MdlGraphBlock *block, int depth)
{
  if (block->args) {
    put_indent(out, depth - 1);
    fputs("^bb0(", out);
    for (int i = 0; i < block->args; i++) {
      fprintf(out, "%s%%%s: ", i ? ", " : "", block->arg[i]->name);
      put_type(out, &block->arg[i]->type);
      put_spot(out, &block->arg[i]->spot, block->arg[i]->given);
    }
    fputs("):\n", out);
  }
  put_instrs(out, block, depth);
  put_end(out, "stablehlo.return", block, depth);
}

/* ---- the module -------------------------------------------------------------------------- */

static void put_signature(FILE *out, const MdlHloModule *m)
{
  const MdlGraphBlock *main = m->main;
  fputs("  func.func public @main(", out);
  for (int i = 0; i < main->args; i++) {
    const MdlGraphValue *arg = main->arg[i];
    fprintf(out, "%s%%%s: ", i ? ", " : "", arg->name);
    put_type(out, &arg->type);
    if (m->alias[i] >= 0) fprintf(out, " {tf.aliasing_output = %d : i32}", m->alias[i]);
    put_spot(out, &arg->spot, arg->given);
  }
  fputs(") -> (", out);
  for (int i = 0; i < main->results; i++) {
    if (i) fputs(", ", out);
    put_type(out, &main->result[i]->type);
    fputs(" {jax.result_info = ", out);
    mdl_hlo_quoted(out, m->result_name[i]);
    fputc('}', out);
  }
  fputs(") {\n", out);
}

char *mdl_hlo_print_stablehlo(MdlArena *arena, const MdlHloModule *module)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (!out) abort();
  fprintf(out, "module @%s {\n", module->name);
  put_signature(out, module);
  put_instrs(out, module->main, 2);
  put_end(out, "func.return", module->main, 2);
  fputs("  }\n}\n", out);
  fclose(out);
  char *copy = mdl_text_copy(arena, text, length);
  free(text);
  return copy;
}
