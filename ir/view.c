#include "ir/view.h"

#include "ir/view_print.h"

#include <stdlib.h>
#include <string.h>

/* Notes stand in one column, unless a line is longer than this. */
enum { NOTE_COLUMN = 72 };

void mdl_view_flush(MdlView *v)
{
  int column = 0;
  for (int i = 0; i < v->lines; i++) {
    int width = (int)strlen(v->line[i].text);
    if (v->line[i].note && width > column && width <= NOTE_COLUMN) column = width;
  }
  for (int i = 0; i < v->lines; i++) {
    const MdlViewLine *line = &v->line[i];
    if (line->note)
      fprintf(v->out, "%-*s  // %s\n", column, line->text, line->note);
    else
      fprintf(v->out, "%s\n", line->text);
  }
  v->lines = 0;
}

/* ---- functions --------------------------------------------------------------------------- */

static void begin_function(MdlView *v, const MdlSizeNames *sizes)
{
  v->names = mdl_namer_create(v->arena, mdl_view_is_word);
  for (int i = 0; i < sizes->count; i++) mdl_namer_reserve(v->names, sizes->name[i]);
  for (int i = 0; i < mdl_map_count(v->item_names); i++)
    mdl_namer_reserve(v->names, mdl_map_value(v->item_names, i));
  v->text = mdl_map_create(v->arena);
}

static void set_text(MdlView *v, MlirValue value, const char *text)
{
  mdl_view_set(v, value, (MdlExpr){text, MDL_VIEW_ATOM, false});
}

/* The head alone, or with the only expression: `fn f(x: f32) -> f32 = x**2`. */
static void end_function(MdlView *v, const char *head, const char *result, const char *note)
{
  if (!v->lines && result) {
    mdl_view_line(v, mdl_text(v->arena, "%s = %s", head, result), note);
    return;
  }
  if (result) mdl_view_line(v, result, note);
  mdl_view_line(v, "", NULL);
  memmove(v->line + 1, v->line, (size_t)(v->lines - 1) * sizeof *v->line);
  v->line[0] = (MdlViewLine){mdl_text(v->arena, "%s {", head), NULL};
  v->depth = 0;
  mdl_view_line(v, "}", NULL);
}

static const char *joined(MdlView *v, int count, const char *const *texts)
{
  const char *text = "";
  for (int i = 0; i < count; i++)
    text = mdl_text(v->arena, "%s%s%s", text, i ? ", " : "", texts[i]);
  return text;
}

static const char *param_type(MdlView *v, const MdlSignature *s, const MdlParam *p)
{
  return p->struct_type ? mdl_view_struct_type(v, s, p) : mdl_view_type(v, &s->leaf[p->leaf].type);
}

/* "inout m: Logistic[D]"; its leaves are the arguments from *arg on. */
static const char *view_param(MdlView *v, const MdlSignature *s, const MdlParam *p, MlirBlock body,
                              int *arg)
{
  const char *name = mdl_namer_unique(v->names, p->name);
  for (int i = 0; i < p->leaves; i++) {
    const char *path = s->leaf[p->leaf + i].path;
    const char *text = *path ? mdl_text(v->arena, "%s.%s", name, path) : name;
    set_text(v, mdl_arg(body, (*arg)++), mdl_intern_text(v->arena, text));
  }
  return mdl_text(v->arena, "%s%s: %s%s%s", p->role == MDL_ROLE_inout ? "inout " : "", name,
                  param_type(v, s, p), p->preset ? " = " : "", p->preset ? p->preset : "");
}

static MdlSizeNames entry_sizes(const MdlSignature *s)
{
  return (MdlSizeNames){s->sizes, s->sizes, s->size};
}

static void view_guards(MdlView *v, const MdlSignature *s)
{
  for (int i = 0; i < s->guards; i++) {
    const MdlGuard *g = &s->guard[i];
    const char *text =
        g->right ? mdl_text(v->arena, "%s == %s", mdl_size_text(g->left), mdl_size_text(g->right))
                 : mdl_text(v->arena, "%s >= 0", mdl_size_text(g->left));
    mdl_view_line(v, mdl_text(v->arena, "assert(%s, %s)", text, mdl_view_string(v->arena, text)),
                  mdl_text(v->arena, "%4d", s->check[g->check].line));
  }
}

/* Assigns the inout leaves; returns the text of the out results, NULL for none. */
static const char *view_results(MdlView *v, const MdlSignature *s, MlirOperation end)
{
  int outs = 0, leaves = 0, values = mdl_operand_count(end);
  for (int i = 0; i < s->params; i++)
    if (s->param[i].role == MDL_ROLE_out) outs++, leaves += s->param[i].leaves;
  const char **out = MDL_NEW(v->arena, const char *, (size_t)leaves);
  for (int i = 0; i < leaves; i++) out[i] = mdl_view_plain(v, mdl_operand(end, i), 0);

  int inouts = values - leaves, at = 0, arg = 0;
  const char **target = MDL_NEW(v->arena, const char *, (size_t)inouts);
  MlirValue *value = MDL_NEW(v->arena, MlirValue, (size_t)inouts);
  MlirBlock body = mdl_block_of(end);
  for (int i = 0; i < s->params; i++) {
    const MdlParam *p = &s->param[i];
    for (int j = 0; p->role != MDL_ROLE_out && j < p->leaves; j++, arg++) {
      if (p->role != MDL_ROLE_inout) continue;
      value[at] = mdl_operand(end, leaves + at);
      target[at++] = mdl_view_get(v, mdl_arg(body, arg))->text;
    }
  }
  mdl_view_assign(v, inouts, target, value, end, leaves, out);
  if (!outs) return NULL;

  const char **result = MDL_NEW(v->arena, const char *, (size_t)outs);
  at = outs = 0;
  for (int i = 0; i < s->params; i++) {
    const MdlParam *p = &s->param[i];
    if (p->role != MDL_ROLE_out) continue;
    result[outs++] = p->struct_type ? mdl_view_struct_value(v, s, p, out, &at) : out[at++];
  }
  return outs == 1 ? result[0] : mdl_text(v->arena, "(%s)", joined(v, outs, result));
}

/* Line and type of what a function gives. */
static const char *result_note(MdlView *v, MlirOperation func)
{
  MlirOperation end = mdl_terminator(mdl_body(func, 0));
  bool is_one = mdl_operand_count(end) == 1;
  MlirOperation def = is_one ? mdl_def(mdl_operand(end, 0)) : (MlirOperation){NULL};
  return mdl_view_note(v, mdl_is_null(def) ? end : def,
                       is_one ? mdl_operand(end, 0) : (MlirValue){NULL});
}

/* "f32", "(f32, Logistic[D])", "" */
static const char *result_type(MdlView *v, const MdlSignature *s)
{
  const char *text = "";
  int outs = 0;
  for (int i = 0; i < s->params; i++)
    if (s->param[i].role == MDL_ROLE_out)
      text = mdl_text(v->arena, "%s%s%s", text, outs++ ? ", " : "", param_type(v, s, &s->param[i]));
  if (!outs) return "";
  return mdl_text(v->arena, outs == 1 ? " -> %s" : " -> (%s)", text);
}

static void view_entry(MdlView *v, MlirOperation func)
{
  const MdlSignature *s = mdl_signature_read(v->ir, func);
  MlirBlock body = mdl_body(func, 0);
  MlirOperation end = mdl_terminator(body);
  MdlSizeNames sizes = entry_sizes(s);
  begin_function(v, &sizes);
  const char **param = MDL_NEW(v->arena, const char *, (size_t)s->params);
  int params = 0, arg = 0;
  for (int i = 0; i < s->params; i++)
    if (s->param[i].role != MDL_ROLE_out)
      param[params++] = view_param(v, s, &s->param[i], body, &arg);
  const char *head =
      mdl_text(v->arena, "entry fn %s%s(%s)%s", s->entry, mdl_view_size_list(v, &sizes),
               joined(v, params, param), result_type(v, s));
  v->depth = 1;
  view_guards(v, s);
  mdl_view_block(v, body);
  const char *result = view_results(v, s, end);
  if (result && !v->lines) v->depth = 0;
  end_function(v, head, result, result_note(v, func));
  mdl_view_flush(v);
}

/* A private function: arguments and results are leaves. */
static void view_function(MdlView *v, MlirOperation func)
{
  MlirBlock body = mdl_body(func, 0);
  MlirOperation end = mdl_terminator(body);
  int args = mdl_arg_count(body), results = mdl_operand_count(end);
  MdlSizeNames sizes = {0};
  for (int i = 0; i < args; i++) mdl_view_sizes_of(v, mdl_type_of(v->ir, mdl_arg(body, i)), &sizes);
  begin_function(v, &sizes);
  const char *symbol = mdl_op_text(v->ir, func, "sym_name");
  const char *params = "", *types = "", *values = "";
  for (int i = 0; i < args; i++) {
    const char *arg = mdl_value_name(v->ir, mdl_arg(body, i));
    arg = arg ? mdl_namer_unique(v->names, arg) : mdl_namer_numbered(v->names, "a");
    set_text(v, mdl_arg(body, i), arg);
    params = mdl_text(v->arena, "%s%s%s: %s", params, i ? ", " : "", arg,
                      mdl_view_type(v, mdl_type_of(v->ir, mdl_arg(body, i))));
  }
  for (int i = 0; i < results; i++)
    types = mdl_text(v->arena, "%s%s%s", types, i ? ", " : "",
                     mdl_view_type(v, mdl_type_of(v->ir, mdl_operand(end, i))));
  if (results > 1) types = mdl_text(v->arena, "(%s)", types);
  const char *name = mdl_map_get(v->item_names, symbol);
  const char *head = mdl_text(v->arena, "fn %s%s(%s)%s%s", name, mdl_view_size_list(v, &sizes),
                              params, results ? " -> " : "", types);
  v->depth = 1;
  mdl_view_block(v, body);
  for (int i = 0; i < results; i++)
    values = mdl_text(v->arena, "%s%s%s", values, i ? ", " : "",
                      mdl_view_plain(v, mdl_operand(end, i), 0));
  if (results > 1) values = mdl_text(v->arena, "(%s)", values);
  if (!v->lines) v->depth = 0;
  end_function(v, head, results ? values : NULL, result_note(v, func));
  mdl_view_flush(v);
}

/* Functions and structs share one name space; entries keep their names. */
static void name_items(MdlView *v, int count, const MlirOperation *ops)
{
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < count; i++) {
      const char *symbol = mdl_op_text(v->ir, ops[i], "sym_name");
      if (!symbol || mdl_is_entry(ops[i]) != (pass == 0)) continue;
      const char *base = pass ? symbol : mdl_signature_read(v->ir, ops[i])->entry;
      mdl_map_set(v->item_names, symbol, (void *)mdl_namer_unique(v->items, base));
    }
}

char *mdl_view(MdlIr *ir, MlirOperation module)
{
  MdlView v = {.ir = ir, .arena = ir->arena, .symbols = mdl_symbols(ir, module)};
  char *text = NULL;
  size_t length = 0;
  v.out = open_memstream(&text, &length);
  if (!v.out) MDL_BUG(ir->session, "no memory stream");
  v.items = mdl_namer_create(ir->arena, mdl_view_is_word);
  v.item_names = mdl_map_create(ir->arena);
  MlirOperation *ops;
  int count = mdl_list(ir, mdl_module_body(module), &ops);
  name_items(&v, count, ops);
  for (int i = 0; i < count; i++) {
    if (!mdl_is_entry(ops[i])) continue;
    const MdlSignature *s = mdl_signature_read(ir, ops[i]);
    for (int j = 0; j < s->structs; j++) mdl_view_struct(&v, s, &s->struct_type[j]);
  }
  for (int i = 0; i < count; i++) {
    if (mdl_op(ir, ops[i]) != MDL_OP_func) continue;
    if (i && ftell(v.out)) fputc('\n', v.out);
    if (mdl_is_entry(ops[i]))
      view_entry(&v, ops[i]);
    else if (mdl_body(ops[i], 0).ptr)
      view_function(&v, ops[i]);
    else
      fprintf(v.out, "// %s has no body yet\n", mdl_op_text(ir, ops[i], "sym_name"));
  }
  fclose(v.out);
  char *copy = mdl_text_copy(ir->arena, text, length);
  free(text);
  return copy;
}
