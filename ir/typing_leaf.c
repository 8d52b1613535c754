/* Types of leaves, conversions and effects. */
#include "ir/typing_rules.h"

#include <mlir-c/BuiltinAttributes.h>

/* ---- leaves ------------------------------------------------------------------------------ */

bool mdl_type_const(MdlTyping *t)
{
  double real;
  int64_t integer;
  if (!mdl_get_number(t->attrs, "value", &real, &integer))
    return mdl_type_no(t, "a constant is one number");
  t->out[0] = *t->given;
  return true;
}

bool mdl_type_size(MdlTyping *t)
{
  const char *text = mdl_get_text(t->attrs, "of");
  if (!mdl_size_parse(t->ir->sizes, text, __builtin_strlen(text)))
    return mdl_type_no(t, "`%s` is no size", text);
  if (t->given->rank || mdl_is_bool(t->given->dtype))
    return mdl_type_no(t, "a size is one number, not %s", mdl_type_text(t->ir->arena, t->given));
  t->out[0] = *t->given;
  return true;
}

bool mdl_type_iota(MdlTyping *t)
{
  int axis;
  if (!mdl_type_axis(t, "axis", t->given->rank, &axis)) return false;
  if (mdl_is_bool(t->given->dtype)) return mdl_type_no(t, "iota counts in numbers, not bools");
  t->out[0] = *t->given;
  return true;
}

/* Tables of f16 and bf16 are written as f32. */
bool mdl_type_table(MdlTyping *t)
{
  MlirAttribute values = t->attrs->count ? t->attrs->value[0] : mlirAttributeGetNull();
  if (mlirAttributeIsNull(values) || !mlirAttributeIsADenseElements(values))
    return mdl_type_no(t, "a table lists its elements");
  const MdlType *written = mdl_type_read(t->ir, mlirAttributeGetType(values));
  if (!written) return mdl_type_no(t, "a table's elements have an element type of the language");
  MdlType wanted = *t->given;
  if (mdl_is_half(wanted.dtype)) wanted.dtype = MDL_f32;
  if (!mdl_type_equal(written, &wanted))
    return mdl_type_no(t, "a table of %s for %s", mdl_type_text(t->ir->arena, written),
                       mdl_type_text(t->ir->arena, t->given));
  t->out[0] = *t->given;
  return true;
}

/* ---- conversions ------------------------------------------------------------------------- */

bool mdl_type_convert(MdlTyping *t)
{
  MdlType same = mdl_type_with(t->given, t->in[0]->dtype);
  if (!mdl_type_equal(&same, t->in[0]))
    return mdl_type_no(t, "a conversion keeps the shape: %s to %s",
                       mdl_type_text(t->ir->arena, t->in[0]),
                       mdl_type_text(t->ir->arena, t->given));
  t->out[0] = *t->given;
  return true;
}

bool mdl_type_bitcast(MdlTyping *t)
{
  MdlDtype from = t->in[0]->dtype, to = t->given->dtype;
  if (from == MDL_bool || to == MDL_bool || from == MDL_index || to == MDL_index)
    return mdl_type_no(t, "bools and sizes have no bits to reuse");
  if (mdl_dtypes[from].bits != mdl_dtypes[to].bits)
    return mdl_type_no(t, "%s has %d bits, %s has %d", mdl_dtypes[from].name, mdl_dtypes[from].bits,
                       mdl_dtypes[to].name, mdl_dtypes[to].bits);
  return mdl_type_convert(t);
}

bool mdl_type_stop_grad(MdlTyping *t)
{
  t->out[0] = *t->in[0];
  return true;
}

/* ---- effects: no result ------------------------------------------------------------------ */

bool mdl_type_check(MdlTyping *t)
{
  (void)t;
  return true;
}

bool mdl_type_print(MdlTyping *t)
{
  (void)t;
  return true;
}
