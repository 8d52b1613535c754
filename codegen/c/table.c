/* Constant memory: the module's tables as arrays. */
#include "codegen/c/table.h"

#include <math.h>
#include <string.h>

/* Element i of the cells of one type, as they lie. */
static void read_cell(const MdlLoopData *data, int64_t i, double *real, int64_t *integer)
{
  const char *at = (const char *)data->bytes;
  int bytes = mdl_dtypes[data->element].bytes;
  union {
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
  } cell;
  memcpy(&cell, at + (data->is_splat ? 0 : i * bytes), (size_t)bytes);
  *real = data->element == MDL_f32 ? (double)cell.f32 : cell.f64;
  *integer = bytes == 1 ? cell.i8 : bytes == 2 ? cell.i16 : bytes == 4 ? cell.i32 : cell.i64;
}

/* What is no number by division, which C takes as a constant expression, unlike a function. */
static const char *constant_text(MdlPrinter *p, MdlDtype element, double real, int64_t integer)
{
  bool single = element == MDL_f32;
  if (!mdl_is_float(element) || isfinite(real)) return mdl_c_number(p, element, real, integer);
  const char *top = isnan(real) ? "0.0" : real > 0 ? "1.0" : "-1.0", *f = single ? "f" : "";
  return mdl_text(p->arena, "%s%s / 0.0%s", top, f, f);
}

/* static const float line_w[6] = {1.0f, 2.0f, ...}; texts are literals where they are used. */
static void print_table(MdlPrinter *p, const char *qualifier, const MdlLoopData *data)
{
  const char *text = mdl_text(p->arena, "%s %s %s[%lld] = {", qualifier,
                              mdl_dtypes[data->element].c, data->name, (long long)data->count);
  for (int64_t i = 0; i < data->count; i++) {
    double real;
    int64_t integer;
    read_cell(data, i, &real, &integer);
    const char *number = constant_text(p, data->element, real, integer);
    if (strlen(text) + strlen(number) > 96) {
      mdl_line(p, "%s", text);
      text = "   ";
    }
    text =
        mdl_text(p->arena, "%s%s%s%s", text, i ? " " : "", number, i + 1 < data->count ? "," : "");
  }
  mdl_line(p, "%s};", text);
}

void mdl_c_tables(MdlPrinter *p, MlirOperation module, const char *qualifier)
{
  int count = 0;
  MlirOperation op = mdl_first(mdl_module_body(module));
  for (; !mdl_is_null(op) && mdl_loop_op(op) == MDL_LOOP_data; op = mdl_next(op)) {
    MdlLoopData data = mdl_loop_data_read(p->ir, op);
    if (data.is_text || !data.count) continue;
    print_table(p, qualifier, &data);
    count++;
  }
  if (count) fprintf(p->out, "\n");
}
