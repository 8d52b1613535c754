/* Functions that the host may provide, in header, source and manifest. */
#include "codegen/c/abi.h"

#include <string.h>

static const char print_block[] =
    "#ifndef MDL_ELEMENT\n"
    "#define MDL_ELEMENT\n"
    "/* Element types, as numbers: the same in every header. */\n"
    "typedef enum {\n"
    "  MDL_BOOL, /* a byte, 0 or 1 */\n"
    "  MDL_I8,\n"
    "  MDL_I16,\n"
    "  MDL_I32,\n"
    "  MDL_I64,\n"
    "  MDL_U8,\n"
    "  MDL_U16,\n"
    "  MDL_U32,\n"
    "  MDL_U64,\n"
    "  MDL_F16,\n"
    "  MDL_BF16,\n"
    "  MDL_F32,\n"
    "  MDL_F64,\n"
    "  MDL_ELEMENTS\n"
    "} mdl_element;\n"
    "#endif\n"
    "/* What `print` of the source calls: in program order, with the text, the element type, and the\n"
    " * dense, row-major value, which lives as long as the call. rank 0: a scalar; shape is not read.\n"
    " * The program defines it, or takes runtime/mdl.h's; else nothing is printed. */\n"
    "void mdl_print(const char *text, int element, int rank, const int64_t *shape, const void *data);\n"
    "\n";

static const char print_nothing[] =
    "/* Any other definition in the program goes before this one. */\n"
    "#if defined(__GNUC__)\n"
    "__attribute__((weak)) void mdl_print(const char *text, int element, int rank,\n"
    "    const int64_t *shape, const void *data)\n"
    "{\n"
    "  (void)text;\n"
    "  (void)element;\n"
    "  (void)rank;\n"
    "  (void)shape;\n"
    "  (void)data;\n"
    "}\n"
    "#endif\n\n";

typedef struct Hook {
  const char *name, *declaration, *weak;
} Hook;
static const Hook hooks[] = {{"mdl_print", print_block, print_nothing}};
enum { HOOKS = sizeof hooks / sizeof *hooks };

static bool uses(MdlIr *ir, MlirOperation module, const char *name)
{
  MlirOperation op = mdl_first(mdl_module_body(module));
  for (; !mdl_is_null(op); op = mdl_next(op)) {
    const char *hook = mdl_op_text(ir, op, "mdl.hook");
    if (hook && !strcmp(hook, name)) return true;
  }
  return false;
}

const char *mdl_c_hooks_declared(MdlIr *ir, MlirOperation module)
{
  const char *text = "";
  for (int i = 0; i < HOOKS; i++)
    if (uses(ir, module, hooks[i].name)) text = mdl_text(ir->arena, "%s%s", text, hooks[i].declaration);
  return text;
}

const char *mdl_c_hooks_weak(MdlIr *ir, MlirOperation module)
{
  const char *text = "";
  for (int i = 0; i < HOOKS; i++)
    if (uses(ir, module, hooks[i].name)) text = mdl_text(ir->arena, "%s%s", text, hooks[i].weak);
  return text;
}

const char *mdl_c_hooks_json(MdlIr *ir, MlirOperation module)
{
  const char *text = "";
  for (int i = 0; i < HOOKS; i++)
    if (uses(ir, module, hooks[i].name))
      text = mdl_text(ir->arena, "%s%s\"%s\"", text, *text ? ", " : "", hooks[i].name);
  return mdl_text(ir->arena, "[%s]", text);
}
