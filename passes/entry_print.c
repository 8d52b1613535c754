/* print: a function a place of the source that hands the value to the host's mdl_print.
 *
 *   static void train_print(ptrdiff_t B, const float *h)
 *   {
 *     int64_t shape[2];
 *     shape[0] = B; shape[1] = 64;
 *     mdl_print("h", MDL_F32, 2, shape, h);
 *   }
 */
#include "passes/entry.h"

#include "passes/group_doc.h"
#include "passes/place.h"

#include <string.h>

typedef struct Print {
  MdlEntry *e;
  const MdlType *type;
  const char *text;
  MdlBuilder b; /* in its function */
} Print;

static MlirValue number(Print *p, MdlDtype dtype, int64_t value)
{
  return mdl_loop_number(&p->b, dtype, 1, 0, value);
}

static MlirValue stack(Print *p, MdlDtype cell, int64_t count, const char *name)
{
  MdlLoopType type = {.kind = MDL_LOOP_memory, .element = cell, .rank = count >= 0};
  type.dim[0] = count;
  MlirType memory = mdl_loop_type_make(p->e->ir, &type);
  MlirValue made = mdl_loop_build(&p->b, MDL_LOOP_alloca, memory, 0, NULL);
  mdl_value_set_name(p->e->ir, made, name);
  return made;
}

/* The numbers as they lie in constant memory; none at rank 0. */
static MlirValue fixed_shape(Print *p, const int64_t *dim)
{
  MdlLoopData data = {.name = mdl_text(p->e->ir->arena, "%sshape", p->e->signature->prefix),
                      .element = MDL_i64,
                      .count = p->type->rank,
                      .bytes = dim};
  return mdl_loop_data(&p->b, p->e->pass->module, p->e->pass->symbols, &data);
}

static MlirValue shape(Print *p, const MlirValue *extent)
{
  int64_t dim[MDL_MAX_RANK];
  bool fixed = true;
  for (int i = 0; i < p->type->rank; i++)
    fixed &= mdl_size_is_const(p->type->dim[i], &dim[i]);
  if (fixed) return fixed_shape(p, dim);
  MlirValue memory = stack(p, MDL_i64, p->type->rank, "shape");
  for (int i = 0, next = 0; i < p->type->rank; i++) {
    bool known = mdl_size_is_const(p->type->dim[i], &dim[i]);
    MlirValue size = known ? number(p, MDL_i64, dim[i])
                           : mdl_loop_cast(&p->b, MDL_LOOP_index_cast, extent[next++], MDL_i64);
    MlirValue at = number(p, MDL_index, i);
    mdl_loop_store(&p->b, size, memory, &at);
  }
  MdlLoopType cell = {.kind = MDL_LOOP_memory, .element = MDL_i64};
  return mdl_loop_shape(&p->b, memory, &cell, NULL);
}

/* A scalar is put where it can be pointed to. */
static MlirValue pointer_to(Print *p, MlirValue value)
{
  if (p->type->rank) return value;
  MdlArith a = {&p->b, p->e->pass->options->machine, 1};
  MlirValue cell = stack(p, mdl_loop_cell(p->type->dtype), -1, "value");
  mdl_loop_store(&p->b, mdl_arith_to_cell(&a, value, p->type->dtype), cell, NULL);
  return cell;
}

static MlirValue text_of(Print *p)
{
  MdlLoopData data = {.name = mdl_text(p->e->ir->arena, "%stext", p->e->signature->prefix),
                      .element = MDL_i8,
                      .count = (int64_t)strlen(p->text) + 1,
                      .bytes = p->text,
                      .is_text = true};
  return mdl_loop_data(&p->b, p->e->pass->module, p->e->pass->symbols, &data);
}

static void call_host(Print *p, const MlirValue *extent, MlirValue value)
{
  MdlEntry *e = p->e;
  MlirValue arg[] = {text_of(p), number(p, MDL_i32, p->type->dtype),
                     number(p, MDL_i32, p->type->rank), shape(p, extent), pointer_to(p, value)};
  enum { ARGS = sizeof arg / sizeof *arg };
  MdlDtype cell = mdl_loop_cell(p->type->dtype);
  const MlirType type[ARGS] = {mdl_loop_pointer_type(e->ir, MDL_i8), e->ir->scalar[MDL_i32],
                               e->ir->scalar[MDL_i32], mdl_loop_pointer_type(e->ir, MDL_i64),
                               mdl_loop_pointer_type(e->ir, cell)};
  MlirOperation hook = mdl_loop_hook(&p->b, e->pass->module, e->pass->symbols, "mdl_print",
                                     mdl_dtypes[cell].name, ARGS, type);
  mdl_build_call(&p->b, hook, arg);
}

/* The function: an index a free axis, then the value or the memory it is in. */
static MlirOperation declare(MdlEntry *e, const MdlType *type, MlirValue value, int free)
{
  MlirType *arg = MDL_NEW(e->ir->arena, MlirType, (size_t)free + 1);
  const char **name = MDL_NEW(e->ir->arena, const char *, (size_t)free + 1);
  int64_t known;
  for (int i = 0, next = 0; i < type->rank; i++) {
    if (mdl_size_is_const(type->dim[i], &known)) continue;
    name[next] = mdl_size_is_name(type->dim[i]) ? mdl_size_text(type->dim[i]) : NULL;
    arg[next++] = e->ir->scalar[MDL_index];
  }
  arg[free] = type->rank ? mdl_loop_pointer_type(e->ir, type->dtype)
                         : mdl_loop_value_type(e->ir, type->dtype, 1);
  name[free] = mdl_value_name(e->ir, value);
  const MdlSignature *s = e->signature;
  const char *base = mdl_text(e->ir->arena, "%s%s_print", s->prefix, s->entry);
  MdlFunc func = {.symbol = mdl_symbol_unique(e->ir, e->pass->symbols, base),
                  .is_private = true,
                  .define = true,
                  .args = free + 1,
                  .arg = arg,
                  .arg_name = name,
                  .at = e->b.at};
  MlirOperation made = mdl_build_func(e->ir, e->pass->module, &func);
  mdl_map_set(e->pass->symbols, mdl_intern_text(e->ir->arena, func.symbol), made.ptr);
  return made;
}

void mdl_entry_print(MdlEntry *e, MlirOperation op)
{
  MlirValue operand = mdl_operand(op, 0);
  const MdlType *type = mdl_type_of(e->ir, operand);
  MdlAttrs attrs = mdl_attrs_of(e->ir, op);
  MlirValue arg[MDL_MAX_RANK + 1], inner[MDL_MAX_RANK];
  int free = mdl_extent_values(&e->extents, type, arg);
  arg[free] = type->rank ? mdl_place_memory(e, operand) : mdl_entry_scalar(e, operand);
  MlirOperation func = declare(e, type, operand, free);
  MlirBlock body = mdl_body(func, 0);
  Print p = {.e = e, .type = type, .text = mdl_get_text(&attrs, "text")};
  p.b = mdl_builder_at_end(e->ir, body, e->b.at);
  for (int i = 0; i < free; i++) inner[i] = mdl_arg(body, i);
  call_host(&p, inner, mdl_arg(body, free));
  mdl_build_return(&p.b, 0, NULL);
  const char *file;
  int line = mdl_line_of(e->ir, op, &file);
  mdl_op_set_text(e->ir, func, "mdl.doc", mdl_text(e->ir->arena, "print   %s:%d", mdl_doc_file(file), line));
  mdl_build_call(&e->b, func, arg);
}
