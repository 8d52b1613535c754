/* Elements of memory: row-major indices. */
#include "codegen/cfamily_stmt.h"

#include <string.h>

enum { POSTFIX = 15, PREFIX = 14, SUM = 12 };

/* Of memory so large that an index of ints may be none: its first term widens. */
static bool is_large(MdlPrinter *p, const MdlLoopType *memory)
{
  int64_t elements = 1;
  for (int i = 0; p->machine->warp && i < memory->rank; i++)
    if (memory->dim[i] < 0 || __builtin_mul_overflow(elements, memory->dim[i], &elements))
      return true;
  return p->machine->warp && elements > INT32_MAX;
}

/* index*extent + next: does it take more than the ints that it is made of? `range` becomes its. */
static bool widens(MdlIndexRange *range, MdlIndexRange extent, MdlIndexRange next)
{
  bool ints = mdl_range_is_int(*range) && mdl_range_is_int(extent);
  *range = mdl_range_sum(mdl_range_product(*range, extent), next);
  return ints && !mdl_range_is_int(*range);
}

/* Horner over the extents: ((i * N + j) * K + k). */
static const char *linear_index(MdlPrinter *p, MlirOperation access, MlirValue memory, int first)
{
  MdlLoopType type = mdl_loop_type_of(p->ir, memory);
  const char *text = mdl_print_expr(p, mdl_operand(access, first)).text;
  MlirOperation shape = mdl_def(memory);
  bool large = is_large(p, &type);
  MdlIndexRange range = {0, 0};
  if (large) range = mdl_print_range(p, mdl_operand(access, first));
  int dynamic = type.dim[0] < 0;
  for (int i = 1; i < type.rank; i++) {
    bool simple = !strpbrk(text, " "), known = type.dim[i] >= 0;
    MdlIndexRange by = {type.dim[i], type.dim[i]};
    MlirValue size = known ? (MlirValue){NULL} : mdl_loop_extent(shape, dynamic++);
    MlirValue index = mdl_operand(access, first + i);
    const char *extent = known ? mdl_text(p->arena, "%lld", (long long)type.dim[i])
                               : mdl_print_at(p, size, PREFIX);
    if (large && !known) by = mdl_print_range(p, size);
    const char *wide = large && widens(&range, by, mdl_print_range(p, index)) ? "(ptrdiff_t)" : "";
    const char *scaled =
        mdl_text(p->arena, simple ? "%s%s * %s" : "%s(%s) * %s", wide, text, extent);
    const char *next = mdl_print_at(p, index, SUM);
    if (!strcmp(text, "0"))
      text = next;
    else if (!strcmp(next, "0"))
      text = scaled;
    else
      text = mdl_text(p->arena, "%s + %s", scaled, next);
  }
  return text;
}

const char *mdl_print_element(MdlPrinter *p, MlirOperation access, MlirValue memory, int first)
{
  const char *base = mdl_print_at(p, memory, POSTFIX);
  const char *text = mdl_print_expr(p, memory).text;
  int rank = mdl_loop_type_of(p->ir, memory).rank;
  if (mdl_print_is_nested(memory)) return mdl_print_nested(p, access, memory, first, rank);
  if (!rank && *text == '&') return text + 1; /* m->b, not *&m->b */
  if (!rank) return mdl_text(p->arena, "*%s", base);
  return mdl_text(p->arena, "%s[%s]", base, linear_index(p, access, memory, first));
}
