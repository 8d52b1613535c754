/* Calls of what is no declared function: lambdas, builtins, rows of the op table, conversions. */
#include "frontend/sema.h"

#include <string.h>

/* ---- lambdas ----------------------------------------------------------------------------- */

MdlVal *mdl_call_lambda(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at)
{
  MdlFnParam param[MDL_MAX_PARAMS];
  MdlCallArg *slot[MDL_MAX_PARAMS];
  int params = mdl_fn_params(s, fn, param);
  if (params < 0 || !mdl_match_args(s, "fn", fn->at, params, param, args, arg, slot, at))
    return mdl_val_poison(s);
  if (s->depth > s->session->limits.nesting) {
    mdl_error(s->session, MDL_E0901, at, mdl_text(s->arena, "%d", s->session->limits.nesting));
    return mdl_val_poison(s);
  }
  MdlFrame frame = *fn->frame;
  MdlVal *value[MDL_MAX_PARAMS];
  for (int i = 0; i < params; i++) {
    value[i] = mdl_arg_value(s, slot[i], param[i].type);
    if (param[i].type && param[i].type->kind != MDL_KIND_fn)
      value[i] = mdl_coerce(s, value[i], param[i].type, value[i]->at, NULL, param[i].at);
    if (mdl_is_poison(value[i])) return value[i];
  }
  frame.parent = s->frame;
  frame.quiet = true;
  s->frame = &frame;
  s->depth++;
  s->ops += 16; /* lambdas are inlined: their number is bounded, too */
  for (int i = 0; i < params; i++)
    mdl_local_add(s, param[i].name, value[i], MDL_LOCAL_parameter, param[i].at);
  MdlVal *v = mdl_expr(s, fn->lambda->lambda.body, NULL);
  s->depth--;
  mdl_frame_pop(s);
  return v;
}

/* ---- builtins and rows ------------------------------------------------------------------- */

/* `name*` is no parameter of its own; *rest tells how many stand before it, or -1. */
static int builtin_params(MdlSema *s, const MdlBuiltinInfo *row, MdlFnParam *param, int *rest)
{
  int count = 0;
  static const MdlExpr left_out = {0};
  *rest = -1;
  for (const char *p = row->params; *p;) {
    size_t n = strcspn(p, " ");
    char end = p[n - 1];
    size_t length = end == '?' || end == '*' ? n - 1 : n;
    if (end == '*')
      *rest = count;
    else
      param[count++] = (MdlFnParam){.name = mdl_intern(s->arena, p, length),
                                    .at = MDL_NO_SPAN,
                                    .preset = end == '?' ? &left_out : NULL};
    p += n;
    while (*p == ' ') p++;
  }
  return count;
}

MdlVal *mdl_call_builtin(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg,
                         const MdlVType *want, MdlSpan at)
{
  MdlFnParam param[MDL_BUILTIN_PARAMS + 1];
  MdlCallArg *slot[MDL_BUILTIN_PARAMS + 1];
  int rest, params = builtin_params(s, fn->builtin, param, &rest);
  MdlBuiltinCall call = {
      .row = fn->builtin, .name = fn->builtin->name, .which = fn->builtin->which};
  call.want = want;
  call.at = at;
  call.key = s->frame->key;
  int order = 0;
  MdlCallArg *plain = MDL_NEW(s->arena, MdlCallArg, (size_t)args);
  call.rest = MDL_NEW(s->arena, MdlVal *, (size_t)args);
  for (int i = 0, by_order = 0; i < args; i++) {
    MdlVal *v = mdl_arg_value(s, &arg[i], NULL);
    if (mdl_is_poison(v)) return v;
    if (mdl_no_value(s, v, "this", "an argument", MDL_NO_SPAN)) return mdl_val_poison(s);
    if (!arg[i].name && rest >= 0 && by_order++ >= rest)
      call.rest[call.rests++] = v;
    else
      plain[order++] = arg[i];
  }
  if (!mdl_match_args(s, call.name, MDL_NO_SPAN, params, param, order, plain, slot, at))
    return mdl_val_poison(s);
  for (int i = 0; i < params; i++) call.arg[i] = slot[i] ? slot[i]->value : NULL;
  s->at = at;
  if (want && want->kind == MDL_KIND_poison) return mdl_val_poison(s);
  return fn->builtin->fn(s, &call);
}

MdlVal *mdl_call_row(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at)
{
  static const char *const letters[] = {"a", "b", "c"};
  MdlFnParam param[MDL_MAX_OPERANDS] = {{0}};
  MdlCallArg *slot[MDL_MAX_OPERANDS];
  MdlVal *operand[MDL_MAX_OPERANDS];
  const MdlOpInfo *row = mdl_op_info(fn->op);
  for (int i = 0; i < row->operands; i++)
    param[i] = (MdlFnParam){.name = mdl_intern_text(s->arena, letters[i]), .at = MDL_NO_SPAN};
  if (!mdl_match_args(s, row->name, MDL_NO_SPAN, row->operands, param, args, arg, slot, at))
    return mdl_val_poison(s);
  for (int i = 0; i < row->operands; i++) operand[i] = mdl_arg_value(s, slot[i], NULL);
  return mdl_apply_map(s, fn->op, row->name, row->operands, operand, at);
}

static MdlVal *convert(MdlSema *s, MdlVal *v, MdlDtype dtype, MdlSpan at)
{
  MdlType scalar = mdl_type_scalar(dtype);
  if (mdl_is_poison(v)) return v;
  if (mdl_is_kind(v, MDL_KIND_number)) {
    MdlExact number = v->number;
    if (dtype == MDL_bool)
      return mdl_val_core(s, mdl_emit_exact(s, &scalar, NULL, mdl_exact_int(number.real != 0)), at);
    if (mdl_is_float(dtype) || mdl_exact_fits(&number, dtype))
      return mdl_val_core(s, mdl_emit_exact(s, &scalar, NULL, number), at);
    mdl_error(s->session, MDL_E0303, v->at, mdl_exact_text(s, &number), mdl_dtypes[dtype].name);
    return mdl_val_poison(s);
  }
  if (mdl_is_kind(v, MDL_KIND_size) && dtype != MDL_bool) {
    bool direct = mdl_is_integer(dtype) || mdl_size_is_static(s, v->size);
    MdlCore *size = mdl_emit_size(s, v->size, direct ? dtype : MDL_i64);
    return mdl_val_core(s, mdl_emit_convert(s, size, dtype), at);
  }
  if (mdl_is_kind(v, MDL_KIND_struct)) {
    mdl_error(s->session, MDL_E0307, at, mdl_dtypes[dtype].name, mdl_vtype_text(s, v->type));
    return mdl_val_poison(s);
  }
  MdlCore *core = mdl_val_core_of(s, v, mdl_dtypes[dtype].name);
  if (!core) return mdl_val_poison(s);
  if (dtype == MDL_bool && mdl_core_dtype(s, core) != MDL_bool)
    return mdl_val_core(s, mdl_emit_map2(s, MDL_OP_ne, core, mdl_emit_like(s, core, 0)), at);
  return mdl_val_core(s, mdl_emit_convert(s, core, dtype), at);
}

MdlVal *mdl_call_convert(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at)
{
  MdlFnParam param = {.name = mdl_intern_text(s->arena, "x"), .at = MDL_NO_SPAN};
  MdlCallArg *slot;
  if (!mdl_match_args(s, mdl_dtypes[fn->dtype].name, MDL_NO_SPAN, 1, &param, args, arg, &slot, at))
    return mdl_val_poison(s);
  MdlVal *v = mdl_arg_value(s, slot, NULL);
  s->at = at;
  return convert(s, v, fn->dtype, at);
}
