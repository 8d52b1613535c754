#include "codegen/hlo/print.h"

#include "ir/eval.h"

#include <inttypes.h>
#include <string.h>

const char *mdl_hlo_comparison(MdlDtype dtype)
{
  char kind = mdl_dtypes[dtype].kind;
  return kind == 'f' ? "FLOAT" : kind == 's' ? "SIGNED" : "UNSIGNED";
}

double mdl_hlo_real(MdlDtype dtype, const MdlGraphLiteral *literal, int64_t i)
{
  return mdl_round_to(dtype, literal->real[i]);
}

uint64_t mdl_hlo_bits(MdlDtype dtype, const MdlGraphLiteral *literal, int64_t i)
{
  unsigned char memory[8] = {0};
  uint64_t bits = 0;
  double real = literal->real[i];
  uint64_t integer = (uint64_t)literal->integer[i];
  MdlTensor t = {.dtype = dtype, .count = 1};
  if (mdl_is_float(dtype))
    t.real = &real;
  else
    t.integer = &integer;
  mdl_tensor_store(&t, memory);
  for (int k = 0; k < 8; k++) bits |= (uint64_t)memory[k] << 8 * k;
  return bits;
}

void mdl_hlo_quoted(FILE *out, const char *text)
{
  fputc('"', out);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') fputc('\\', out);
    fputc(*text, out);
  }
  fputc('"', out);
}

/* ---- pieces ------------------------------------------------------------------------------ */

static void listed(FILE *out, const MdlGraphList *list, const char *open, const char *between,
                   const char *close)
{
  fputs(open, out);
  for (int i = 0; i < list->count; i++)
    fprintf(out, "%s%" PRId64, i ? between : "", list->at[i]);
  fputs(close, out);
}

static void times(FILE *out, const MdlGraphList *list)
{
  listed(out, list, "", "x", "");
}

static void pairs(FILE *out, const MdlGraphList *lo, const MdlGraphList *hi)
{
  fputs("dense<", out);
  if (lo->count) fputc('[', out);
  for (int i = 0; i < lo->count; i++)
    fprintf(out, "%s[%" PRId64 ", %" PRId64 "]", i ? ", " : "", lo->at[i], hi->at[i]);
  if (lo->count) fputc(']', out);
  fprintf(out, "> : tensor<%dx2xi64>", lo->count);
}

static void bounds(FILE *out, const MdlGraphList *l)
{
  fputc('{', out);
  for (int i = 0; i < l[0].count; i++)
    fprintf(out, "%s[%" PRId64 ":%" PRId64 ":%" PRId64 "]", i ? ", " : "", l[0].at[i], l[1].at[i],
            l[2].at[i]);
  fputc('}', out);
}

static void padding(FILE *out, const MdlGraphList *lo, const MdlGraphList *hi,
                    const MdlGraphList *inner)
{
  for (int i = 0; i < lo->count; i++) {
    fprintf(out, "%s%" PRId64 "_%" PRId64, i ? "x" : "", lo->at[i], hi->at[i]);
    if (inner) fprintf(out, "_%" PRId64, inner->at[i]);
  }
}

static bool all_ones(const MdlGraphList *list)
{
  for (int i = 0; i < list->count; i++)
    if (list->at[i] != 1) return false;
  return true;
}

static void window(FILE *out, const MdlGraphList *l)
{
  static const char *const names[] = {"size", "stride", "", "", "lhs_dilate", "rhs_dilate"};
  fputc('{', out);
  for (int i = 0; i < 6 && l[0].count; i++) {
    if (i == 2) {
      fputs(" pad=", out);
      padding(out, &l[2], &l[3], NULL);
    }
    if (i == 2 || i == 3 || (i && all_ones(&l[i]))) continue;
    fprintf(out, "%s%s=", i ? " " : "", names[i]);
    times(out, &l[i]);
  }
  fputc('}', out);
}

static void axes(FILE *out, int count, const char *before)
{
  for (int i = 0; i < count; i++) fprintf(out, "%s%d", before, i);
}

/* ---- templates --------------------------------------------------------------------------- */

void mdl_hlo_attributes(FILE *out, const char *text, const MdlGraphInstr *instr,
                        void (*literal)(FILE *out, const MdlGraphInstr *instr))
{
  for (; *text; text++) {
    if (*text != '%') {
      fputc(*text, out);
      continue;
    }
    char what = *++text;
    const MdlGraphList *list = &instr->list[0];
    if (strchr("ablp", what) && what) list = &instr->list[*++text - '0'];
    switch (what) {
    case 'a':
      listed(out, list, list->count ? "array<i64: " : "array<i64", ", ", ">");
      break;
    case 'b':
      listed(out, list, "[", ", ", "]");
      break;
    case 'l':
      listed(out, list, "{", ",", "}");
      break;
    case 'n':
      fprintf(out, "%" PRId64, instr->number);
      break;
    case 'w':
      fputs(instr->word, out);
      break;
    case 't':
      fputs(mdl_hlo_comparison(instr->operand[0]->type.dtype), out);
      break;
    case 'p':
      pairs(out, list, &instr->list[*++text - '0']);
      break;
    case 's':
      bounds(out, list);
      break;
    case 'g':
      padding(out, list, list + 1, list + 2);
      break;
    case 'v':
      window(out, list);
      break;
    case 'd':
      axes(out, list->count, ", ");
      break;
    case 'D':
      axes(out, list->count, "");
      break;
    case 'k':
      literal(out, instr);
      break;
    }
  }
}
