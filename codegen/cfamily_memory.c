/* Declarations, and statements about memory: pointers and what is stored through them. */
#include "codegen/cfamily_stmt.h"

#include <string.h>

void mdl_declare(MdlPrinter *p, MdlDeclaration *d, const char *type, const char *name,
                 const char *init)
{
  const char *one = init ? mdl_text(p->arena, "%s = %s", name, init) : name;
  bool same = d->text && type && !strcmp(d->type, type);
  if (d->text && !same) mdl_line(p, "%s;", d->text);
  if (same)
    d->text = mdl_text(p->arena, "%s, %s", d->text, one);
  else
    d->text = type ? mdl_text(p->arena, "%s %s", type, one) : NULL;
  d->type = type;
}

static bool is_written(MlirValue memory)
{
  MlirOperation user;
  int operand;
  for (int i = 0; mdl_use(memory, i, &user, &operand); i++) {
    MdlLoopOp op = mdl_loop_op(user);
    bool target = ((op == MDL_LOOP_store || op == MDL_LOOP_vstore) && operand == 1) ||
                  (op == MDL_LOOP_copy && operand == 1) || op == MDL_LOOP_none ||
                  op == MDL_LOOP_shape || op == MDL_LOOP_view;
    if (target) return true;
  }
  return false;
}

/* (align - (address & (align - 1))) & (align - 1) */
bool mdl_is_pad(MlirValue value)
{
  static const MdlLoopOp chain[] = {MDL_LOOP_andi, MDL_LOOP_subi, MDL_LOOP_andi, MDL_LOOP_address};
  for (int i = 0; i < 4; i++) {
    MlirOperation op = mdl_def(value);
    if (mdl_is_null(op) || mdl_loop_op(op) != chain[i]) return false;
    value = mdl_operand(op, chain[i] == MDL_LOOP_subi);
  }
  return true;
}

/* char *const arena = align64(work); */
static void print_arena(MdlPrinter *p, MlirValue arena)
{
  const char *name = mdl_print_name(p, arena, "arena");
  const char *align = mdl_text(p->arena, "align%d", mdl_work_align(p->machine));
  mdl_line(p, "char *const %s = %s(work);", name, mdl_need(p, align));
  mdl_stmt_name(p, arena, name);
}

/* A pointer with its extents: the parameter itself, or a local where C wants another type. */
void mdl_print_shape(MdlPrinter *p, MlirOperation op)
{
  MlirValue from = mdl_operand(op, 0), to = mdl_result(op, 0);
  MdlExpr base = mdl_print_expr(p, from);
  if (!strcmp(base.text, "work")) {
    print_arena(p, to);
    return;
  }
  const char *wanted = mdl_stmt_type(p, to);
  const char *given = mdl_map_get(p->c_types, from.ptr);
  MdlLoopType type = mdl_loop_type_of(p->ir, to);
  if (type.element == MDL_bool && given) wanted = given;
  if (!given || !strcmp(given, wanted)) {
    mdl_stmt_expr(p, to, base);
    return;
  }
  const char *given_as = mdl_text(p->arena, "(%s *)", given); /* one cast is enough */
  bool is_cast = !strncmp(base.text, given_as, strlen(given_as));
  const char *from_text = is_cast ? base.text + strlen(given_as) : base.text;
  const char *name = mdl_print_name(p, to, is_cast ? "arena" : base.text);
  const char *constant = is_written(to) ? "" : "const ";
  mdl_line(p, "%s%s *const %s = (%s%s *)%s;", constant, wanted, name, constant, wanted, from_text);
  mdl_stmt_name(p, to, name);
}

/* Where the slice starts, counted from the aligned address. */
static const char *offset_of(MdlPrinter *p, MlirValue shift)
{
  MlirOperation op = mdl_def(shift);
  if (mdl_is_pad(shift)) return "0";
  if (!mdl_is_null(op) && mdl_loop_op(op) == MDL_LOOP_addi && mdl_is_pad(mdl_operand(op, 0)))
    shift = mdl_operand(op, 1);
  return mdl_print_at(p, shift, 12);
}

/* float *const h = (float *)(arena + 256); and what lies there, behind it or above it */
void mdl_print_view(MdlPrinter *p, MlirOperation op)
{
  MlirValue to = mdl_result(op, 0);
  const char *type = mdl_stmt_type(p, to), *name = mdl_print_name(p, to, "t");
  const char *base = mdl_print_at(p, mdl_operand(op, 0), 12);
  const char *doc = mdl_op_text(p->ir, op, "mdl.doc");
  const char *text = mdl_text(p->arena, "%s *const %s = (%s *)(%s + %s);", type, name, type, base,
                              offset_of(p, mdl_operand(op, 1)));
  if (!doc)
    mdl_line(p, "%s", text);
  else if (strlen(text) + strlen(doc) < 90)
    mdl_line(p, "%s /* %s */", text, doc);
  else
    mdl_line(p, "/* %s %s */", name, doc), mdl_line(p, "%s", text);
  mdl_stmt_name(p, to, name);
}

void mdl_print_store(MdlPrinter *p, MlirOperation op)
{
  const char *to = mdl_print_element(p, op, mdl_operand(op, 1), 2);
  MlirValue value = mdl_operand(op, 0);
  MdlLoopType type = mdl_loop_type_of(p->ir, value);
  const char *outer = mdl_print_outer_type(p, mdl_operand(op, 1));
  const char *text = outer ? mdl_text(p->arena, "(%s)%s", outer, mdl_print_at(p, value, 14))
                           : mdl_print_expr(p, value).text;
  mdl_stmt_consume(p, op);
  mdl_stmt_settle(p);
  if (mdl_loop_op(op) == MDL_LOOP_vstore)
    mdl_line(p, "%s(%s%s, %s);",
             mdl_need(p, mdl_text(p->arena, "store%s", mdl_print_suffix(p, &type))),
             *to == '*' ? "" : "&", *to == '*' ? to + 1 : to, text);
  else
    mdl_line(p, "%s = %s;", to, text);
}

void mdl_print_copy(MdlPrinter *p, MlirOperation op)
{
  MdlLoopType type = mdl_loop_type_of(p->ir, mdl_operand(op, 0));
  MlirOperation shape = mdl_def(mdl_operand(op, 0));
  const char *count = "";
  for (int i = 0, dynamic = 0; i < type.rank; i++) {
    const char *extent = type.dim[i] >= 0
                             ? mdl_text(p->arena, "%lld", (long long)type.dim[i])
                             : mdl_text(p->arena, "(size_t)%s",
                                        mdl_print_at(p, mdl_loop_extent(shape, dynamic++), 14));
    count = mdl_text(p->arena, "%s%s * ", count, extent);
  }
  mdl_stmt_settle(p);
  mdl_line(p, "%s(%s, %s, %ssizeof(%s));", mdl_need(p, "memcpy"),
           mdl_print_expr(p, mdl_operand(op, 1)).text, mdl_print_expr(p, mdl_operand(op, 0)).text,
           count, mdl_c_type(p, &(MdlLoopType){.element = type.element}));
}

/* Loads and stores of vectors want their alignment on a GPU. */
static bool has_vectors(MdlPrinter *p, MlirValue memory)
{
  MlirOperation user;
  int operand;
  for (int i = 0; mdl_use(memory, i, &user, &operand); i++) {
    MdlLoopOp op = mdl_loop_op(user);
    if (op == MDL_LOOP_vload || op == MDL_LOOP_vstore) return true;
    if (mdl_op(p->ir, user) == MDL_OP_call && mdl_op_has(mdl_def(memory), "mdl.shared"))
      return true;
    if ((op == MDL_LOOP_shape || op == MDL_LOOP_view) && has_vectors(p, mdl_result(user, 0)))
      return true;
  }
  return false;
}

/* "[4][4][4]", or flat: "[64]". */
static const char *extents_of(MdlPrinter *p, MlirValue memory)
{
  MdlLoopType type = mdl_loop_type_of(p->ir, memory);
  const char *nested = "";
  int64_t count = 1;
  for (int i = 0; i < type.rank; i++) {
    nested = mdl_text(p->arena, "%s[%lld]", nested, (long long)type.dim[i]);
    count *= type.dim[i];
  }
  return mdl_print_is_nested(memory) ? nested : mdl_text(p->arena, "[%lld]", (long long)count);
}

/* float *const rows = (float *)(block_memory<8448>() + 4224); */
static void print_slice(MdlPrinter *p, MlirOperation op, const char *name)
{
  MlirValue to = mdl_result(op, 0);
  const char *type = mdl_stmt_type(p, to), *memory = mdl_need(p, "block_memory");
  long long slice = (long long)mdl_op_int(op, "mdl.slice", 0);
  memory = mdl_text(p->arena, "%s<%lld>()", memory, (long long)mdl_op_int(op, "mdl.slice_of", 0));
  if (slice) memory = mdl_text(p->arena, "(%s + %lld)", memory, slice);
  mdl_line(p, "%s *const %s = (%s *)%s;", type, name, type, memory);
  mdl_stmt_name(p, to, name);
}

/* Small tiles on the stack. */
void mdl_print_alloca(MdlPrinter *p, MlirOperation op)
{
  MlirValue to = mdl_result(op, 0);
  const char *name = mdl_print_name(p, to, "tile"), *type = mdl_stmt_type(p, to);
  const char *shared = mdl_op_has(op, "mdl.shared") ? "__shared__ " : "";
  const char *aligned = p->machine->warp && has_vectors(p, to) ? "__align__(16) " : "";
  if (mdl_op_has(op, "mdl.slice")) {
    print_slice(p, op, name);
    return;
  }
  if (mdl_op_has(op, "mdl.words")) type = "uint32_t";
  mdl_line(p, "%s%s%s %s%s;", shared, aligned, type, name, extents_of(p, to));
  mdl_stmt_name(p, to, name);
}

/* Constant memory by its name; a text as a literal; nothing as NULL. */
void mdl_print_data_at(MdlPrinter *p, MlirOperation op)
{
  MlirOperation global = mdl_symbol(p->ir, p->symbols, mdl_op_text(p->ir, op, "name"));
  MdlLoopData data = mdl_loop_data_read(p->ir, global);
  MdlExpr made = {.text = data.name, .precedence = 16};
  if (data.is_text) made.text = mdl_c_literal(p->arena, data.bytes);
  if (!data.count) made.text = "NULL";
  mdl_stmt_expr(p, mdl_result(op, 0), made);
}
