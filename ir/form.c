/* Forms and the verifier that runs after every pass. */
#include "ir/form.h"

#include "ir/typing.h"

#include <string.h>

#include <mlir-c/BuiltinAttributes.h>

static const char *const names[] = {"mdl", "group", "loops"};

const char *mdl_form_name(MdlForm form) { return names[form]; }

bool mdl_form_find(const char *name, MdlForm *form)
{
  for (int i = 0; i < 3; i++)
    if (!strcmp(names[i], name)) return *form = (MdlForm)i, true;
  return false;
}

MdlForm mdl_form_of(MdlIr *ir, MlirOperation module)
{
  MdlForm form = MDL_FORM_mdl;
  const char *name = mdl_op_text(ir, module, "mdl.form");
  if (name) mdl_form_find(name, &form);
  return form;
}

void mdl_form_set(MdlIr *ir, MlirOperation module, MdlForm form)
{
  mdl_op_set_text(ir, module, "mdl.form", names[form]);
}

/* Ops of loop form, by full name. func and scf come from ir/core_ops.def. */
static const char *const loop_ops[] = {
#define LOOP_OP(name, ...) name,
#include "ir/loop_ops.def"
    NULL};

typedef struct Check {
  MdlIr *ir;
  MdlForm form;
  const char *why;
} Check;

static bool complain(Check *check, MlirOperation op, const char *what)
{
  const char *file = "?";
  int line = mdl_line_of(check->ir, op, &file);
  MlirStringRef name = mlirIdentifierStr(mlirOperationGetName(op));
  check->why = mdl_text(check->ir->arena, "%s:%d: %.*s: %s", file, line, (int)name.length,
                        name.data, what);
  return false;
}

static bool check_loop_op(Check *check, MlirOperation op)
{
  MlirStringRef name = mlirIdentifierStr(mlirOperationGetName(op));
  for (int i = 0; loop_ops[i]; i++)
    if (strlen(loop_ops[i]) == name.length && !memcmp(loop_ops[i], name.data, name.length))
      return true;
  return complain(check, op, "does not belong in loop form");
}

static bool check_types(Check *check, MlirOperation op, MdlOp kind)
{
  const MdlOpInfo *row = mdl_op_info(kind);
  MdlAttrs attrs = mdl_attrs_of(check->ir, op);
  MdlTyping typing = {.ir = check->ir, .op = kind, .operands = row->operands, .attrs = &attrs};
  for (int i = 0; i < row->operands; i++) {
    typing.in[i] = mdl_type_read(check->ir, mlirValueGetType(mdl_operand(op, i)));
    if (!typing.in[i]) return complain(check, op, "an operand's type is none of mdl form");
  }
  const MdlType *out[MDL_MAX_RESULTS] = {0};
  for (int i = 0; i < row->results; i++) {
    out[i] = mdl_type_read(check->ir, mlirValueGetType(mdl_result(op, i)));
    if (!out[i]) return complain(check, op, "a result's type is none of mdl form");
  }
  typing.given = out[0];
  if (!mdl_type_infer(&typing)) return complain(check, op, typing.why);
  for (int i = 0; i < row->results; i++)
    if (!mdl_type_equal(&typing.out[i], out[i]))
      return complain(check, op,
                      mdl_text(check->ir->arena, "result %d is %s, not %s", i,
                               mdl_type_text(check->ir->arena, out[i]),
                               mdl_type_text(check->ir->arena, &typing.out[i])));
  return true;
}

static bool check_op(void *user, MlirOperation op)
{
  Check *check = user;
  MdlOp kind = mdl_op(check->ir, op);
  if (kind != MDL_OP_none && kind >= MDL_OP_COUNT) return true; /* func and scf: MLIR's own */
  if (check->form == MDL_FORM_loops) return check_loop_op(check, op);
  if (kind == MDL_OP_none) return complain(check, op, "does not belong in mdl form");
  return check_types(check, op, kind);
}

const char *mdl_verify(MdlIr *ir, MlirOperation module)
{
  mdl_ir_said(ir);
  if (!mlirOperationVerify(module)) return mdl_ir_said(ir);
  Check check = {ir, mdl_form_of(ir, module), NULL};
  mdl_walk(module, check_op, &check);
  return check.why;
}
