/* Expressions: one op without effects as C text. */
#include "codegen/cfamily_stmt.h"

#include <stdarg.h>
#include <string.h>

enum { NAME = 16, POSTFIX = 15, PREFIX = 14, COMPARE = 10, AND = 5, OR = 4, CHOICE = 3 };

static MdlExpr expr(MdlPrinter *p, int precedence, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static MdlExpr expr(MdlPrinter *p, int precedence, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  MdlExpr made = {.text = mdl_text_v(p->arena, format, arguments), .precedence = precedence};
  va_end(arguments);
  return made;
}

MdlExpr mdl_print_expr(MdlPrinter *p, MlirValue value)
{
  double real;
  int64_t integer;
  const MdlExpr *known = mdl_map_get(p->exprs, value.ptr);
  if (known) return *known;
  if (mdl_loop_constant(p->ir, value, &real, &integer)) return mdl_print_op(p, mdl_def(value));
  MDL_BUG(p->ir->session, "a value is printed before its definition");
}

const char *mdl_print_at(MdlPrinter *p, MlirValue value, int precedence)
{
  MdlExpr e = mdl_print_expr(p, value);
  return e.precedence < precedence ? mdl_text(p->arena, "(%s)", e.text) : e.text;
}

static const char *unsigned_type(MdlDtype dtype)
{
  return dtype == MDL_i64 ? "uint64_t" : "uint32_t";
}

/* "u32x8": where the sign of a vector's lanes matters. */
static const char *unsigned_vector(MdlPrinter *p, const MdlLoopType *type)
{
  const char *name = mdl_text(p->arena, "u%s", mdl_c_type(p, type) + 1);
  return mdl_need(p, name);
}

/* Vectors of a GPU are a class of C++ (codegen/cuda/vectors.c): a scalar stands for its splat, masks
 * are of bools, casts convert. */
static bool is_class(MdlPrinter *p, const MdlLoopType *type)
{
  return p->machine->warp && type->kind == MDL_LOOP_vector;
}

static MdlExpr cast(MdlPrinter *p, const char *type, const char *text)
{
  return expr(p, PREFIX, "(%s)%s", type, text);
}

/* An operand of a binary operator. Bit operators bind in ways that compilers warn about: whatever
 * stands beside one is bracketed, but for a chain of the same. */
static const char *operand(MdlPrinter *p, const MdlLoopInfo *row, MlirValue value, bool right)
{
  if (!strchr("&|^<>", *row->c)) return mdl_print_at(p, value, row->precedence + right);
  bool chains = !right && strchr("&|^", *row->c);
  if (chains && mdl_print_expr(p, value).precedence == row->precedence)
    return mdl_print_expr(p, value).text;
  return mdl_print_at(p, value, PREFIX);
}

/* and, or of two bools as a person writes them. */
static MdlExpr logical(MdlPrinter *p, MlirOperation op, bool both)
{
  int precedence = both ? AND : OR;
  const char *side[2];
  for (int i = 0; i < 2; i++) /* compilers warn of `&&` where a side is known */
    if (mdl_loop_def_op(mdl_operand(op, i)) == MDL_LOOP_constant)
      return expr(p, both ? 8 : 6, "%s %c %s", mdl_print_at(p, mdl_operand(op, 0), PREFIX),
                  both ? '&' : '|', mdl_print_at(p, mdl_operand(op, 1), PREFIX));
  for (int i = 0; i < 2; i++) {
    MdlExpr e = mdl_print_expr(p, mdl_operand(op, i));
    bool tight = e.precedence > AND || (!i && e.precedence == precedence);
    side[i] = tight ? e.text : mdl_text(p->arena, "(%s)", e.text);
  }
  return expr(p, precedence, "%s %s %s", side[0], both ? "&&" : "||", side[1]);
}

/* An operand of a wrapping operator, as unsigned. */
static const char *unsigned_operand(MdlPrinter *p, const MdlLoopInfo *row, MlirValue value,
                                    const char *type, bool right)
{
  MdlExpr e = mdl_print_expr(p, value);
  if (!e.raw) return mdl_text(p->arena, "(%s)%s", type, mdl_print_at(p, value, PREFIX));
  int needed = strchr("&|^<>", *row->c) ? PREFIX : row->precedence + right;
  return e.raw_precedence < needed ? mdl_text(p->arena, "(%s)", e.raw) : e.raw;
}

static MdlExpr wrapping(MdlPrinter *p, MlirOperation op, const MdlLoopInfo *row, MdlDtype element)
{
  const char *u = unsigned_type(element);
  const char *left = unsigned_operand(p, row, mdl_operand(op, 0), u, false);
  const char *right = unsigned_operand(p, row, mdl_operand(op, 1), u, true);
  const char *raw = mdl_text(p->arena, "%s %s %s", left, row->c, right);
  MdlExpr made = cast(p, mdl_dtypes[element].c, mdl_text(p->arena, "(%s)", raw));
  made.raw = raw;
  made.raw_precedence = row->precedence;
  return made;
}

/* a ^ true */
static bool is_negation(MdlPrinter *p, MlirOperation op, const MdlLoopType *type)
{
  double real;
  int64_t integer;
  bool tells = type->kind == MDL_LOOP_scalar || is_class(p, type);
  return type->element == MDL_bool && tells && mdl_loop_op(op) == MDL_LOOP_xori &&
         mdl_loop_constant(p->ir, mdl_operand(op, 1), &real, &integer) && integer;
}

static bool is_literal(const char *text) { return !text[strspn(text, "0123456789")]; }

/* An operand as unsigned, without a cast: what is computed out of threadIdx.x and the like, a name
 * or number that is not negative; or NULL. */
static const char *unsigned_index(MdlPrinter *p, MlirValue value, int precedence)
{
  MdlExpr e = mdl_print_expr(p, value);
  bool plain = e.precedence == NAME && mdl_print_is_int(p, value) &&
               mdl_print_range(p, value).lo >= 0;
  if (!e.raw) return plain ? e.text : NULL;
  return e.raw_precedence < precedence ? mdl_text(p->arena, "(%s)", e.raw) : e.raw;
}

/* Of an index on a GPU: out of unsigned terms (threadIdx.x / 32), whose differences would wrap, as
 * unsigned too, to be cast where it meets others; out of ints what is none as ptrdiff_t. */
static bool index_of_gpu(MdlPrinter *p, MlirOperation op, const MdlLoopInfo *row, MdlExpr *made)
{
  MlirValue a = mdl_operand(op, 0), b = mdl_operand(op, 1), result = mdl_result(op, 0);
  const char *left = unsigned_index(p, a, row->precedence);
  const char *right = unsigned_index(p, b, row->precedence + 1);
  bool some = mdl_print_expr(p, a).raw || mdl_print_expr(p, b).raw;
  if (strchr("+*/%", *row->c) && some && left && right && mdl_print_is_int(p, result)) {
    const char *raw = mdl_text(p->arena, "%s %s %s", left, row->c, right);
    *made = cast(p, "int", mdl_text(p->arena, "(%s)", raw));
    made->raw = raw;
    made->raw_precedence = row->precedence;
    return true;
  }
  bool wider = mdl_print_is_int(p, a) && mdl_print_is_int(p, b) && !mdl_print_is_int(p, result);
  if (!wider || !strchr("+-*<", *row->c)) return false;
  *made = expr(p, row->precedence, "(ptrdiff_t)%s %s %s", mdl_print_at(p, a, PREFIX), row->c,
               operand(p, row, b, true));
  return true;
}

/* Bools are ints that are 0 or 1; indices do not overflow; other integers wrap, so they meet as
 * unsigned. */
static MdlExpr binary(MdlPrinter *p, MlirOperation op, const MdlLoopInfo *row)
{
  MlirValue a = mdl_operand(op, 0), b = mdl_operand(op, 1);
  MdlLoopType type = mdl_loop_type_of(p->ir, a);
  bool plain = !row->is_unsigned || type.element == MDL_index || type.element == MDL_bool ||
               type.kind == MDL_LOOP_vector;
  MdlLoopOp kind = mdl_loop_op(op);
  if (type.element == MDL_bool && type.kind == MDL_LOOP_scalar &&
      (kind == MDL_LOOP_andi || kind == MDL_LOOP_ori))
    return logical(p, op, kind == MDL_LOOP_andi);
  bool negates = is_negation(p, op, &type);
  if (is_class(p, &type)) mdl_need(p, negates ? "not" : mdl_text(p->arena, "operator%s", row->c));
  if (negates) return expr(p, PREFIX, "!%s", mdl_print_at(p, a, PREFIX));
  MdlExpr index;
  if (p->machine->warp && type.element == MDL_index && type.kind == MDL_LOOP_scalar &&
      index_of_gpu(p, op, row, &index))
    return index;
  bool keeps_bits = !strcmp(row->c, "/") || !strcmp(row->c, "%") || !strcmp(row->c, ">>");
  if (row->is_unsigned && keeps_bits && type.kind == MDL_LOOP_vector) {
    const char *u = unsigned_vector(p, &type);
    return cast(p, mdl_c_type(p, &type),
                mdl_text(p->arena, "((%s)%s %s (%s)%s)", u, mdl_print_at(p, a, PREFIX), row->c, u,
                         mdl_print_at(p, b, PREFIX)));
  }
  if (plain)
    return expr(p, row->precedence, "%s %s %s", operand(p, row, a, false), row->c,
                operand(p, row, b, true));
  const char *u = unsigned_type(type.element);
  bool narrow = type.element == MDL_i8 || type.element == MDL_i16;
  if (!narrow) return wrapping(p, op, row, type.element);
  const char *widen = mdl_text(p->arena, "(%s)", u);
  if (keeps_bits) widen = mdl_text(p->arena, "%s(u%s)", widen, mdl_dtypes[type.element].c);
  const char *left = mdl_text(p->arena, "%s%s", widen, mdl_print_at(p, a, PREFIX));
  const char *right = mdl_text(p->arena, "%s%s", widen, mdl_print_at(p, b, PREFIX));
  return cast(p, mdl_c_type(p, &type), mdl_text(p->arena, "(%s %s %s)", left, row->c, right));
}

/* aligned(16, x, y): (x | y) % 16 == 0 of addresses. */
static bool is_alignment(MdlPrinter *p, MlirOperation op, const char **text)
{
  MlirOperation rest = mdl_def(mdl_operand(op, 0));
  if (!p->machine->warp || mdl_is_null(rest) || mdl_loop_op(rest) != MDL_LOOP_remsi) return false;
  MlirValue bits = mdl_operand(rest, 0);
  if (!mdl_print_is_address(bits)) return false;
  const char *pointers = "";
  for (MlirOperation at; (at = mdl_def(bits)), true; bits = mdl_operand(at, 0)) {
    bool last = mdl_loop_op(at) == MDL_LOOP_address;
    MlirOperation address = last ? at : mdl_def(mdl_operand(at, 1));
    pointers = mdl_text(p->arena, ", %s%s", mdl_print_expr(p, mdl_operand(address, 0)).text, pointers);
    if (last) break;
  }
  *text = mdl_text(p->arena, "%s(%s%s)", mdl_need(p, "aligned"),
                   mdl_print_expr(p, mdl_operand(rest, 1)).text, pointers);
  return true;
}

static MdlExpr compare(MdlPrinter *p, MlirOperation op)
{
  const char *aligned;
  if (is_alignment(p, op, &aligned)) return expr(p, POSTFIX, "%s", aligned);
  static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">="};
  MlirValue a = mdl_operand(op, 0), b = mdl_operand(op, 1);
  MdlLoopType type = mdl_loop_type_of(p->ir, a);
  MdlPredicate predicate = mdl_loop_predicate(op);
  if (is_class(p, &type)) mdl_need(p, mdl_text(p->arena, "operator%s", signs[predicate]));
  bool is_unsigned = predicate >= MDL_PREDICATE_ult;
  if (type.element == MDL_index && mdl_print_expr(p, a).raw && is_literal(mdl_print_expr(p, b).text))
    return expr(p, COMPARE, "%s %s %s", mdl_print_expr(p, a).raw, signs[predicate],
                mdl_print_expr(p, b).text); /* threadIdx.x == 0 */
  bool ints = mdl_print_is_int(p, a) && mdl_print_is_int(p, b);
  const char *u = "";
  if (is_unsigned)
    u = type.kind == MDL_LOOP_vector ? mdl_text(p->arena, "(%s)", unsigned_vector(p, &type))
        : type.element != MDL_index  ? mdl_text(p->arena, "(u%s)", mdl_dtypes[type.element].c)
                                     : (ints ? "(unsigned)" : "(size_t)");
  int tight = is_unsigned ? PREFIX : COMPARE + 1;
  return expr(p, COMPARE, "%s%s %s %s%s", u, mdl_print_at(p, a, tight), signs[predicate], u,
              mdl_print_at(p, b, tight));
}

/* The suffix of prelude functions: fma1, fma8, fmad4, load_i32x8. */
const char *mdl_print_suffix(MdlPrinter *p, const MdlLoopType *type)
{
  if (is_class(p, type)) mdl_c_type(p, type); /* the functions want their type */
  if (type->kind == MDL_LOOP_vector && !mdl_is_float(type->element))
    return mdl_text(p->arena, "_%s", mdl_c_type(p, type));
  if (type->kind == MDL_LOOP_vector)
    return mdl_text(p->arena, "%s%d", type->element == MDL_f64 ? "d" : "", type->lanes);
  return type->element == MDL_f64 ? "d1" : "1";
}

static MdlExpr call(MdlPrinter *p, MlirOperation op, const MdlLoopInfo *row)
{
  MdlLoopType type = mdl_loop_type_of(p->ir, mdl_result(op, 0));
  const char *name = mdl_need(p, mdl_text(p->arena, "%s%s", row->c, mdl_print_suffix(p, &type)));
  const char *text = mdl_text(p->arena, "%s(", name);
  for (int i = 0; i < mdl_operand_count(op); i++)
    text = mdl_text(p->arena, "%s%s%s", text, i ? ", " : "",
                    mdl_print_expr(p, mdl_operand(op, i)).text);
  return expr(p, POSTFIX, "%s)", text);
}

static MdlExpr convert_class(MdlPrinter *p, MlirOperation op, const MdlLoopInfo *row)
{
  MlirValue a = mdl_operand(op, 0);
  MdlLoopType to = mdl_loop_type_of(p->ir, mdl_result(op, 0)), from = mdl_loop_type_of(p->ir, a);
  const char *text = mdl_print_at(p, a, PREFIX), *type = mdl_c_type(p, &to);
  if (row->is_unsigned && from.element != MDL_bool)
    text = mdl_text(p->arena, "(%s)%s", unsigned_vector(p, &from), text);
  if (mdl_loop_op(op) == MDL_LOOP_fptoui)
    text = mdl_text(p->arena, "(%s)%s", unsigned_vector(p, &to), text);
  if (mdl_loop_op(op) == MDL_LOOP_extsi && from.element == MDL_bool)
    return expr(p, PREFIX, "%s(%s)%s", mdl_need(p, "negate") ? "-" : "", type, text);
  if (mdl_loop_op(op) != MDL_LOOP_trunci || to.element != MDL_bool) return cast(p, type, text);
  mdl_need(p, "operator&");
  mdl_need(p, "operator!=");
  return expr(p, COMPARE, "(%s & 1) != 0", mdl_print_at(p, a, 9));
}

/* A lane of a mask that holds is -1: an integer of the same width already, but for its sign. */
static MdlExpr of_mask(MdlPrinter *p, MlirOperation op, const MdlLoopType *to)
{
  MlirValue a = mdl_operand(op, 0);
  const char *mask = mdl_print_at(p, a, PREFIX);
  MdlLoopType from = mdl_loop_type_of(p->ir, a);
  if (mdl_loop_op(op) == MDL_LOOP_extsi) return mdl_print_expr(p, a);
  if (!mdl_is_float(to->element)) return expr(p, PREFIX, "-%s", mask);
  const char *convert = mdl_text(p->arena, "%s_of_%s", mdl_c_type(p, to), mdl_c_type(p, &from));
  return expr(p, POSTFIX, "%s(-%s)", mdl_need(p, convert), mask);
}

static bool is_compared(MlirValue value)
{
  MlirOperation user;
  int operand;
  for (int i = 0; mdl_use(value, i, &user, &operand); i++)
    if (mdl_loop_op(user) == MDL_LOOP_cmpi) return true;
  return false;
}

static MdlExpr convert(MdlPrinter *p, MlirOperation op, const MdlLoopInfo *row)
{
  MlirValue a = mdl_operand(op, 0);
  MdlLoopType to = mdl_loop_type_of(p->ir, mdl_result(op, 0)), from = mdl_loop_type_of(p->ir, a);
  const char *text = mdl_print_at(p, a, PREFIX);
  if (mdl_loop_def_op(a) == MDL_LOOP_lanes)
    return expr(p, POSTFIX, "%s()", mdl_need(p, mdl_text(p->arena, "lanes_%s", mdl_c_type(p, &to))));
  if (is_class(p, &to)) return convert_class(p, op, row);
  if (from.kind == MDL_LOOP_vector && from.element == MDL_bool) return of_mask(p, op, &to);
  if (from.kind == MDL_LOOP_vector)
    return expr(
        p, POSTFIX, "%s(%s)",
        mdl_need(p, mdl_text(p->arena, "%s_of_%s", mdl_c_type(p, &to), mdl_c_type(p, &from))),
        mdl_print_expr(p, a).text);
  MdlLoopOp kind = mdl_loop_op(op);
  MlirOperation before = mdl_def(a);
  if (kind == MDL_LOOP_index_cast && !mdl_is_null(before) &&
      mdl_loop_op(before) == MDL_LOOP_index_cast &&
      mdl_loop_type_of(p->ir, mdl_operand(before, 0)).element == to.element)
    return mdl_print_expr(p, mdl_operand(before, 0)); /* a size there and back */
  if (from.element == MDL_i32 && mdl_print_is_int(p, mdl_result(op, 0))) {
    MdlExpr same = mdl_print_expr(p, a);
    same.raw = NULL;
    return same;
  }
  if (row->is_unsigned && from.element != MDL_bool)
    text = mdl_text(p->arena, "(u%s)%s", mdl_dtypes[from.element].c, text);
  if (kind == MDL_LOOP_extui && from.element == MDL_bool && is_compared(mdl_result(op, 0)))
    return expr(p, CHOICE, "%s ? 1 : 0", mdl_print_at(p, a, CHOICE + 1)); /* gcc warns of 3 < bool */
  if (kind == MDL_LOOP_extsi && from.element == MDL_bool) text = mdl_text(p->arena, "-%s", text);
  if (kind == MDL_LOOP_trunci && to.element == MDL_bool)
    return expr(p, COMPARE, "(%s & 1) != 0", mdl_print_at(p, a, 9));
  if (kind == MDL_LOOP_fptoui) text = mdl_text(p->arena, "(u%s)%s", mdl_dtypes[to.element].c, text);
  return cast(p, mdl_c_type(p, &to), text);
}

static MdlExpr class_bits(MdlPrinter *p, const MdlLoopType *from, const MdlLoopType *to,
                          const char *text)
{
  const char *name = mdl_is_float(to->element)
                         ? mdl_text(p->arena, "%s_of_bits", mdl_c_type(p, to))
                         : mdl_text(p->arena, "bits_of_%s", mdl_c_type(p, from));
  return expr(p, POSTFIX, "%s(%s)", mdl_need(p, name), text);
}

static MdlExpr bits(MdlPrinter *p, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  MdlLoopType to = mdl_loop_type_of(p->ir, mdl_result(op, 0)), from = mdl_loop_type_of(p->ir, a);
  const char *text = mdl_print_expr(p, a).text;
  if (is_class(p, &to)) return class_bits(p, &from, &to, text);
  if (to.kind == MDL_LOOP_vector) return cast(p, mdl_c_type(p, &to), mdl_print_at(p, a, PREFIX));
  bool wide = mdl_dtypes[to.element].bytes == 8;
  if (mdl_is_float(to.element)) {
    const char *raw = mdl_print_expr(p, a).raw;
    if (!raw) raw = mdl_text(p->arena, "(uint%d_t)%s", wide ? 64 : 32, mdl_print_at(p, a, PREFIX));
    return expr(p, POSTFIX, "%s(%s)", mdl_need(p, wide ? "double_of_bits" : "float_of_bits"), raw);
  }
  if (!mdl_is_float(from.element)) return mdl_print_expr(p, a);
  const char *raw =
      mdl_text(p->arena, "%s(%s)", mdl_need(p, wide ? "bits_of_double" : "bits_of_float"), text);
  MdlExpr made = cast(p, mdl_c_type(p, &to), raw);
  made.raw = raw;
  made.raw_precedence = POSTFIX;
  return made;
}

static MdlExpr constant(MdlPrinter *p, MlirOperation op)
{
  double real = 0;
  int64_t integer = 0;
  MdlLoopType type = mdl_loop_type_of(p->ir, mdl_result(op, 0));
  mdl_loop_constant(p->ir, mdl_result(op, 0), &real, &integer);
  bool splats = type.kind == MDL_LOOP_vector && !is_class(p, &type);
  bool mask = splats && type.element == MDL_bool;
  const char *text = mdl_c_number(p, type.element, real, mask ? -(integer != 0) : integer);
  if (splats)
    return expr(p, POSTFIX, "%s(%s)",
                mdl_need(p, mdl_text(p->arena, "splat_%s", mdl_c_type(p, &type))), text);
  MdlExpr made = expr(p, *text == '-' ? PREFIX : NAME, "%s", text);
  if (type.element != MDL_i32 && type.element != MDL_i64) return made;
  uint64_t bits = type.element == MDL_i32 ? (uint32_t)integer : (uint64_t)integer;
  made.raw = mdl_text(p->arena, bits > 0xffff ? "0x%llxu" : "%lluu", (unsigned long long)bits);
  made.raw_precedence = NAME;
  return made;
}

const char *mdl_print_outer_type(MdlPrinter *p, MlirValue memory)
{
  const char *outer = mdl_map_get(p->c_types, memory.ptr);
  MdlLoopType type = mdl_loop_type_of(p->ir, memory);
  if (!outer || type.element == MDL_bool || !strcmp(outer, "bool")) return NULL;
  return strcmp(outer, mdl_c_type(p, &(MdlLoopType){.element = type.element})) ? outer : NULL;
}

static MdlExpr load(MdlPrinter *p, MlirOperation op)
{
  MlirValue memory = mdl_operand(op, 0);
  MdlLoopType type = mdl_loop_type_of(p->ir, mdl_result(op, 0));
  const char *element = mdl_print_element(p, op, memory, 1);
  bool direct = *element == '*';
  MdlExpr made = {.text = element, .precedence = direct ? PREFIX : POSTFIX, .reads = true};
  if (mdl_print_outer_type(p, memory))
    made = (MdlExpr){.text = mdl_text(p->arena, "(%s)%s", mdl_c_type(p, &type), element),
                     .precedence = PREFIX,
                     .reads = true};
  if (mdl_loop_op(op) == MDL_LOOP_vload)
    made.text = mdl_text(p->arena, "%s(%s%s)",
                         mdl_need(p, mdl_text(p->arena, "load%s", mdl_print_suffix(p, &type))),
                         direct ? "" : "&", direct ? element + 1 : element);
  return made;
}

static MdlExpr choose(MdlPrinter *p, MlirOperation op)
{
  MdlLoopType type = mdl_loop_type_of(p->ir, mdl_result(op, 0));
  MlirValue c = mdl_operand(op, 0), a = mdl_operand(op, 1), b = mdl_operand(op, 2);
  if (mdl_loop_type_of(p->ir, c).kind == MDL_LOOP_vector)
    return expr(p, POSTFIX, "%s(%s, %s, %s)",
                mdl_need(p, mdl_text(p->arena, "select_%s", mdl_c_type(p, &type))),
                mdl_print_expr(p, c).text, mdl_print_expr(p, a).text, mdl_print_expr(p, b).text);
  return expr(p, CHOICE, "%s ? %s : %s", mdl_print_at(p, c, CHOICE + 1),
              mdl_print_at(p, a, CHOICE + 1), mdl_print_at(p, b, CHOICE));
}

static MdlExpr shuffle(MdlPrinter *p, MlirOperation op)
{
  int64_t lane[64];
  int count = mdl_loop_lanes(op, lane, 64);
  const char *text = "";
  for (int i = 0; i < count; i++) text = mdl_text(p->arena, "%s, %lld", text, (long long)lane[i]);
  MdlLoopType from = mdl_loop_type_of(p->ir, mdl_operand(op, 0));
  if (is_class(p, &from)) /* a splat becomes a vector */
    return expr(p, POSTFIX, "%s<%s>(%s(%s), %s(%s))", mdl_need(p, "shuffle"), text + 2,
                mdl_c_type(p, &from), mdl_print_expr(p, mdl_operand(op, 0)).text,
                mdl_c_type(p, &from), mdl_print_expr(p, mdl_operand(op, 1)).text);
  return expr(p, POSTFIX, "__builtin_shufflevector(%s, %s%s)",
              mdl_print_expr(p, mdl_operand(op, 0)).text,
              mdl_print_expr(p, mdl_operand(op, 1)).text, text);
}

static MdlExpr splat(MdlPrinter *p, MlirOperation op)
{
  MdlLoopType type = mdl_loop_type_of(p->ir, mdl_result(op, 0));
  if (is_class(p, &type)) {
    MdlExpr made = mdl_print_expr(p, mdl_operand(op, 0));
    made.raw = NULL;
    return made;
  }
  const char *name = mdl_need(p, mdl_text(p->arena, "splat_%s", mdl_c_type(p, &type)));
  if (type.element == MDL_bool) /* a lane of a mask is all ones */
    return expr(p, POSTFIX, "%s(-%s)", name, mdl_print_at(p, mdl_operand(op, 0), PREFIX));
  return expr(p, POSTFIX, "%s(%s)", name, mdl_print_expr(p, mdl_operand(op, 0)).text);
}

/* v[2]. What is computed out of scalars alone is one. */
static MdlExpr extract(MdlPrinter *p, MlirOperation op)
{
  MlirValue from = mdl_operand(op, 0);
  MdlLoopType type = mdl_loop_type_of(p->ir, from);
  MdlLoopOp made = mdl_loop_def_op(from);
  if (is_class(p, &type) && (made == MDL_LOOP_splat || made == MDL_LOOP_constant))
    return mdl_print_expr(p, from);
  const char *text = mdl_print_at(p, from, POSTFIX);
  if (is_class(p, &type) && mdl_print_expr(p, from).precedence < POSTFIX)
    text = mdl_text(p->arena, "%s%s", mdl_c_type(p, &type), text);
  return expr(p, POSTFIX, "%s[%lld]", text, (long long)mdl_loop_lane(op));
}

/* f32x4(a, b, c, d) */
static MdlExpr elements(MdlPrinter *p, MlirOperation op, const MdlLoopType *type)
{
  const char *text = "";
  if (!is_class(p, type)) MDL_BUG(p->ir->session, "a vector of C out of elements");
  for (int i = 0; i < mdl_operand_count(op); i++)
    text = mdl_text(p->arena, "%s%s%s", text, i ? ", " : "",
                    mdl_print_expr(p, mdl_operand(op, i)).text);
  mdl_need(p, "elements");
  return expr(p, POSTFIX, "%s(%s)", mdl_c_type(p, type), text);
}

/* "block_reduce<Add>", "warp_reduce<Add>" over whole warps, "warp_reduce<Add, 8>" */
static const char *reduce_name(MdlPrinter *p, MlirOperation op, const char *combine)
{
  MdlLoopOp kind = mdl_loop_op(op);
  const char *name = mdl_need(p, mdl_loop_info(kind)->c);
  int team = kind == MDL_LOOP_team_reduce ? mdl_loop_team(op) : 32;
  if (team == 32) return mdl_text(p->arena, "%s<%s>", name, mdl_need(p, combine));
  return mdl_text(p->arena, "%s<%s, %d>", name, mdl_need(p, combine), team);
}

/* block_reduce<Add>(s), on a type that a shuffle takes, and on which sums may wrap. */
static MdlExpr all_reduce(MdlPrinter *p, MlirOperation op)
{
  static const char *const words[] = {"Add",  "Multiply", "Most", "Least",
                                      "Most", "Least",    "And",  "Or"};
  MdlLoopType type = mdl_loop_type_of(p->ir, mdl_result(op, 0));
  MdlAllReduce kind = mdl_loop_all_reduce_kind(op);
  const char *text = mdl_print_at(p, mdl_operand(op, 0), PREFIX);
  const char *call = reduce_name(p, op, words[kind]);
  if (mdl_is_float(type.element) || type.element == MDL_bool)
    return expr(p, POSTFIX, "%s(%s)", call, mdl_print_expr(p, mdl_operand(op, 0)).text);
  bool is_signed = kind == MDL_ALL_max || kind == MDL_ALL_min;
  const char *wide = type.element == MDL_i64 ? "int64_t" : "int32_t";
  /* a narrow unsigned value is kept with a sign */
  const char *narrow = is_signed || mdl_dtypes[type.element].bytes >= 4
                           ? ""
                           : mdl_text(p->arena, "(u%s)", mdl_dtypes[type.element].c);
  const char *given =
      mdl_text(p->arena, "%s((%s%s)%s%s)", call, is_signed ? "" : "u", wide, narrow, text);
  return cast(p, mdl_c_type(p, &type), given);
}

/* (int)threadIdx.x, for what is not all unsigned */
static MdlExpr launch_index(MdlPrinter *p, MdlLoopOp kind)
{
  MdlExpr made = cast(p, "int", mdl_loop_info(kind)->c);
  made.raw = mdl_loop_info(kind)->c;
  made.raw_precedence = POSTFIX;
  return made;
}

static MdlExpr other(MdlPrinter *p, MlirOperation op, MdlLoopOp kind)
{
  MdlLoopType type = mdl_loop_type_of(p->ir, mdl_result(op, 0));
  switch (kind) {
  case MDL_LOOP_constant:
    return constant(p, op);
  case MDL_LOOP_bitcast:
  case MDL_LOOP_vbitcast:
    return bits(p, op);
  case MDL_LOOP_load:
  case MDL_LOOP_vload:
    return load(p, op);
  case MDL_LOOP_select:
    return choose(p, op);
  case MDL_LOOP_splat:
    return splat(p, op);
  case MDL_LOOP_shuffle:
    return shuffle(p, op);
  case MDL_LOOP_elements:
    return elements(p, op, &type);
  case MDL_LOOP_extract:
    return extract(p, op);
  case MDL_LOOP_lanes:
    if (type.element == MDL_index) return expr(p, POSTFIX, "%s", ""); /* its cast prints it */
    return expr(p, POSTFIX, "%s()",
                mdl_need(p, mdl_text(p->arena, "lanes_%s", mdl_c_type(p, &type))));
  case MDL_LOOP_address:
    return expr(p, PREFIX, "(ptrdiff_t)(uintptr_t)%s", mdl_print_at(p, mdl_operand(op, 0), PREFIX));
  case MDL_LOOP_thread:
  case MDL_LOOP_block:
  case MDL_LOOP_threads:
  case MDL_LOOP_blocks:
    return launch_index(p, kind);
  case MDL_LOOP_all_reduce:
  case MDL_LOOP_team_reduce:
    return all_reduce(p, op);
  default:
    MDL_BUG(p->ir->session, "%s is no expression", mdl_loop_info(kind)->mlir);
  }
}

static bool reads_memory(MdlPrinter *p, MlirOperation op)
{
  for (int i = 0; i < mdl_operand_count(op); i++) {
    const MdlExpr *e = mdl_map_get(p->exprs, mdl_operand(op, i).ptr);
    if (e && e->reads) return true;
  }
  return false;
}

MdlExpr mdl_print_op(MdlPrinter *p, MlirOperation op)
{
  MdlLoopOp kind = mdl_loop_op(op);
  if (kind == MDL_LOOP_none) MDL_BUG(p->ir->session, "an op of no loop form is printed");
  const MdlLoopInfo *row = mdl_loop_info(kind);
  MdlExpr made = {0};
  switch (row->kind) {
  case MDL_LOOP_KIND_binary:
    made = binary(p, op, row);
    break;
  case MDL_LOOP_KIND_unary:
    mdl_need(p, "negate");
    made = expr(p, row->precedence, "%s%s", row->c,
                mdl_print_at(p, mdl_operand(op, 0), row->precedence + 1));
    break;
  case MDL_LOOP_KIND_compare:
    made = compare(p, op);
    break;
  case MDL_LOOP_KIND_convert:
    made = convert(p, op, row);
    break;
  case MDL_LOOP_KIND_call:
    made = call(p, op, row);
    break;
  case MDL_LOOP_KIND_other:
    made = other(p, op, kind);
    break;
  }
  made.reads |= reads_memory(p, op);
  return made;
}
