/* Around the bodies of functions: parameters, comments, what a body does not use. */
#include "codegen/cfamily_func.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- the parameters of an entry: C names for the loop-form arguments --------------------- */

void mdl_func_bind(MdlPrinter *p, MlirValue value, const char *text, const char *c_type)
{
  MdlExpr *e = MDL_NEW(p->arena, MdlExpr, 1);
  bool prefixed = strchr(text, '*') || *text == '(' || *text == '&';
  *e = (MdlExpr){.text = text, .precedence = prefixed ? 14 : strchr(text, '-') ? 15 : 16};
  mdl_map_set(p->exprs, value.ptr, e);
  if (c_type) mdl_map_set(p->c_types, value.ptr, (void *)c_type);
}

/* A leaf inside a struct: m->w, m->fc1.b; by value in a value struct: an array decays to the
 * pointer that loop form wants, a scalar needs its address. */
static void bind_leaf(MdlPrinter *p, const MdlSignature *sig, const MdlParam *param, int i,
                      MlirValue value)
{
  const MdlLeaf *leaf = &sig->leaf[param->leaf + i];
  const char *c_type = mdl_dtypes[leaf->type.dtype].c;
  MdlLoopType type = mdl_loop_type_of(p->ir, value);
  const char *own = mdl_c_type(p, &type);
  if (!param->struct_type) {
    bool by_value = type.kind == MDL_LOOP_scalar && type.element != MDL_bool;
    const char *text = by_value && strcmp(own, c_type)
                           ? mdl_text(p->arena, "(%s)%s", own, param->name)
                           : param->name;
    mdl_func_bind(p, value, text, c_type);
    return;
  }
  bool by_value = !mdl_struct_is_view(sig, param->struct_type) && !leaf->type.rank;
  mdl_func_bind(p, value,
                mdl_text(p->arena, "%s%s->%s", by_value ? "&" : "", param->name, leaf->path),
                c_type);
}

void mdl_func_bind_entry(MdlPrinter *p, const MdlSignature *sig, MlirBlock body)
{
  int arg = 0;
  for (int i = 0; i < sig->sizes; i++) mdl_print_unique(p, sig->size[i]);
  for (int i = 0; i < sig->params; i++)
    mdl_map_set(p->names, mdl_intern_text(p->arena, sig->param[i].name), (void *)"");
  for (int i = 0; i < sig->sizes; i++) mdl_func_bind(p, mdl_arg(body, arg++), sig->size[i], NULL);
  for (int i = 0; i < sig->params; i++)
    for (int j = 0; j < sig->param[i].leaves; j++)
      bind_leaf(p, sig, &sig->param[i], j, mdl_arg(body, arg++));
  /* A host aligns what the caller passed; on a device the caller allocated it aligned. */
  const char *work = sig->on_gpu ? "(char *)work" : "work";
  if (sig->has_work) mdl_func_bind(p, mdl_arg(body, arg), work, "char");
}

const char *mdl_func_body(MdlPrinter *p, MlirBlock body)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = p->out;
  p->out = open_memstream(&text, &length);
  if (!p->out) MDL_BUG(p->ir->session, "no memory stream");
  mdl_print_body(p, body);
  fclose(p->out);
  p->out = out;
  const char *kept = mdl_text_copy(p->arena, text, length);
  free(text);
  return kept;
}

static bool is_part_of_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* As a word of its own, and no member's name: blockIdx.x is no `x`. */
static bool mentions(const char *text, const char *word)
{
  size_t length = strlen(word);
  for (const char *at = text; (at = strstr(at, word)); at += length) {
    bool member = (at > text && at[-1] == '.') || (at > text + 1 && !memcmp(at - 2, "->", 2));
    bool inside = at > text && is_part_of_word(at[-1]);
    if (!member && !inside && !is_part_of_word(at[length])) return true;
  }
  return false;
}

void mdl_func_void(MdlPrinter *p, const char *body, const char *name)
{
  if (!mentions(body, name)) mdl_line(p, "(void)%s;", name);
}

bool mdl_func_writes(MdlPrinter *p, MlirValue memory)
{
  MlirOperation user;
  int operand;
  for (int i = 0; mdl_use(memory, i, &user, &operand); i++) {
    MdlLoopOp op = mdl_loop_op(user);
    if ((op == MDL_LOOP_store || op == MDL_LOOP_vstore || op == MDL_LOOP_copy) && operand == 1)
      return true;
    if ((op == MDL_LOOP_shape || op == MDL_LOOP_view) && mdl_func_writes(p, mdl_result(user, 0)))
      return true;
    MlirOperation callee = {NULL};
    if (mdl_op(p->ir, user) == MDL_OP_call) callee = mdl_callee(p->ir, p->symbols, user);
    if (!mdl_is_null(callee) && mdl_body(callee, 0).ptr &&
        mdl_func_writes(p, mdl_arg(mdl_body(callee, 0), operand)))
      return true;
  }
  return false;
}

void mdl_func_doc(MdlPrinter *p, const char *doc)
{
  enum { COLUMNS = 94 };
  const char *start = "/*";
  for (const char *indent = " "; *doc; start = " *") {
    size_t cut = strcspn(doc, "\n");
    if (cut > COLUMNS)
      for (cut = COLUMNS; cut > COLUMNS / 2 && doc[cut] != ' ';) cut--;
    size_t shown = cut;
    while (shown && doc[shown - 1] == ' ') shown--;
    bool last = !doc[cut];
    fprintf(p->out, "%s%s%.*s%s\n", start, indent, (int)shown, doc, last ? " */" : "");
    indent = doc[cut] == ' ' ? "     " : " ";
    doc += cut + !last;
  }
}

const char *mdl_func_result(MdlPrinter *p, MlirOperation func, int i)
{
  MdlLoopType type = mdl_loop_type(p->ir, mdl_func_result_type(func, i));
  return mdl_c_type(p, &type);
}
