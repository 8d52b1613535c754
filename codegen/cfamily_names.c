/* Names, types, numbers and sizes as C spells them. */
#include "codegen/cfamily.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Words of C99 and C++ and what the emitted file itself uses. */
static const char *const words[] = {
    "alignas", "alignof",   "and",     "and_eq",   "asm",       "auto",     "bitand",
    "bitor",   "bool",      "break",   "case",     "catch",     "char",     "class",
    "compl",   "concept",   "const",   "continue", "decltype",  "default",  "delete",
    "do",      "double",    "else",    "enum",     "errno",     "explicit", "export",
    "extern",  "false",     "float",   "for",      "friend",    "goto",     "if",
    "inline",  "int",       "long",    "mutable",  "namespace", "new",      "noexcept",
    "not",     "not_eq",    "nullptr", "operator", "or",        "or_eq",    "out",
    "private", "protected", "public",  "register", "requires",  "restrict", "return",
    "short",   "signed",    "sizeof",  "static",   "struct",    "switch",   "template",
    "this",    "throw",     "true",    "try",      "typedef",   "typeid",   "typename",
    "union",   "unsigned",  "using",   "virtual",  "void",      "volatile", "wchar_t",
    "while",   "work",      "xor",     "xor_eq",   "memcpy",    "memset",   "stream",
    "linux",   "unix",      "NULL",    "EOF",      "INT8_MIN",  "exp",      "log",
    "sin",     "cos",       "sqrt",    "abs",      "y0",        "y1",       "j0",
    "j1",      "main",      "signal",  "div"};

bool mdl_is_c_word(const char *name)
{
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strcmp(words[i], name)) return true;
  return !strncmp(name, "mdl_", 4) || !strncmp(name, "MDL_", 4) || !strncmp(name, "__", 2);
}

const char *mdl_print_unique(MdlPrinter *p, const char *base)
{
  char *clean = mdl_text(p->arena, "%s", base);
  for (char *c = clean; *c; c++)
    if (!isalnum((unsigned char)*c) && *c != '_') *c = '_';
  if (isdigit((unsigned char)*clean)) clean = mdl_text(p->arena, "t%s", clean);
  const char *name = mdl_intern_text(p->arena, clean);
  if (mdl_is_c_word(name)) name = mdl_intern_text(p->arena, mdl_text(p->arena, "%s_", clean));
  for (int i = 1; mdl_map_get(p->names, name) || mdl_map_has(p->symbols, name); i++)
    name = mdl_intern_text(p->arena, mdl_text(p->arena, "%s_%d", clean, i));
  mdl_map_set(p->names, name, (void *)name);
  MDL_GROW(p->arena, p->local, p->locals, p->local_capacity);
  p->local[p->locals++] = name;
  return name;
}

MdlScope mdl_scope_open(const MdlPrinter *p) { return (MdlScope){p->locals, p->temporaries}; }

void mdl_scope_close(MdlPrinter *p, MdlScope scope)
{
  while (p->locals > scope.locals) mdl_map_set(p->names, p->local[--p->locals], NULL);
  p->temporaries = scope.temporaries;
}

const char *mdl_print_name(MdlPrinter *p, MlirValue value, const char *fallback)
{
  const char *name = mdl_value_name(p->ir, value);
  return mdl_print_unique(p, name ? name : fallback);
}

const char *mdl_c_type(MdlPrinter *p, const MdlLoopType *type)
{
  static const char *const vectors[] = {[MDL_i8] = "i8",   [MDL_i16] = "i16", [MDL_i32] = "i32",
                                        [MDL_i64] = "i64", [MDL_f32] = "f32", [MDL_f64] = "f64"};
  if (type->kind == MDL_LOOP_vector || (type->kind == MDL_LOOP_memory && type->lanes > 1)) {
    if (p->machine->warp) /* in C++: codegen/cuda/vectors.c */
      return mdl_need(p, type->element == MDL_bool
                             ? mdl_text(p->arena, "boolx%d", type->lanes)
                             : mdl_text(p->arena, "%sx%d", vectors[type->element], type->lanes));
    /* a mask has the width of what was compared: lanes fill a register */
    static const MdlDtype masks[] = {[1] = MDL_i8, [2] = MDL_i16, [4] = MDL_i32, [8] = MDL_i64};
    int bytes = type->lanes ? p->machine->vector_bytes / type->lanes : 0;
    MdlDtype element = type->element == MDL_bool && bytes <= 8 ? masks[bytes] : type->element;
    return mdl_text(p->arena, "%sx%d", vectors[element], type->lanes);
  }
  switch (type->element) {
  case MDL_bool:
    return "int";
  case MDL_index:
    return "ptrdiff_t";
  default:
    return mdl_dtypes[type->element].c;
  }
}

/* ---- numbers ----------------------------------------------------------------------------- */

static const char *float_text(MdlPrinter *p, MdlDtype dtype, double value)
{
  bool single = dtype == MDL_f32;
  if (isnan(value) || isinf(value)) {
    const char *bits = isnan(value) ? (single ? "0x7fc00000u" : "0x7ff8000000000000u")
                       : value > 0  ? (single ? "0x7f800000u" : "0x7ff0000000000000u")
                                    : (single ? "0xff800000u" : "0xfff0000000000000u");
    return mdl_text(p->arena, "%s(%s)", mdl_need(p, single ? "float_of_bits" : "double_of_bits"),
                    bits);
  }
  char text[40];
  for (int digits = single ? 6 : 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value) break;
  }
  bool whole = !strpbrk(text, ".e");
  return mdl_text(p->arena, "%s%s%s", text, whole ? ".0" : "", single ? "f" : "");
}

const char *mdl_c_number(MdlPrinter *p, MdlDtype dtype, double real, int64_t integer)
{
  if (mdl_is_float(dtype)) return float_text(p, dtype, real);
  if (dtype == MDL_i64 && integer == INT64_MIN) return "INT64_MIN";
  if (dtype == MDL_i32 && integer == INT32_MIN) return "INT32_MIN";
  if (dtype == MDL_i64 && (integer > INT32_MAX || integer < INT32_MIN))
    return mdl_text(p->arena, "INT64_C(%lld)", (long long)integer);
  return mdl_text(p->arena, "%lld", (long long)integer);
}

/* ---- sizes ------------------------------------------------------------------------------- */

typedef struct SizeText {
  MdlArena *arena;
  const char *type;
} SizeText;

static void *size_constant(void *user, int64_t value)
{
  SizeText *s = user;
  return mdl_text(s->arena, "%lld", (long long)value);
}

static void *size_name(void *user, const char *name)
{
  SizeText *s = user;
  return s->type ? mdl_text(s->arena, "(%s)(%s)", s->type, name) : mdl_text(s->arena, "%s", name);
}

static bool is_sum(const char *text)
{
  int depth = 0;
  for (; *text; text++) {
    depth += (*text == '(') - (*text == ')');
    if (!depth && (*text == '+' || (*text == '-' && text[1] == ' '))) return true;
  }
  return false;
}

static bool is_quotient(const char *text)
{
  int depth = 0;
  for (; *text; text++) {
    depth += (*text == '(') - (*text == ')');
    if (!depth && *text == '/') return true;
  }
  return false;
}

static void *size_binary(SizeText *s, const char *a, const char *op, const char *b, bool product)
{
  bool left = product && is_sum(a), right = (product || *op == '-') && is_sum(b);
  right |= product && is_quotient(b); /* 16 * ((N + 1) / 2) rounds before it multiplies */
  return mdl_text(s->arena, "%s%s%s %s %s%s%s", left ? "(" : "", a, left ? ")" : "", op,
                  right ? "(" : "", b, right ? ")" : "");
}

static void *size_add(void *user, void *a, void *b) { return size_binary(user, a, "+", b, false); }
static void *size_sub(void *user, void *a, void *b) { return size_binary(user, a, "-", b, false); }
static void *size_mul(void *user, void *a, void *b) { return size_binary(user, a, "*", b, true); }

static void *size_div(void *user, void *a, int64_t k)
{
  SizeText *s = user;
  /* in brackets of its own: 16*floor(N/16) is not 16*N/16 */
  return mdl_text(s->arena, "((%s) / %lld)", (char *)a, (long long)k);
}

const char *mdl_c_size(MdlArena *arena, const MdlSize *size, const char *type)
{
  static const MdlSizeFold fold = {size_constant, size_name, size_add,
                                   size_sub,      size_mul,  size_div};
  SizeText user = {arena, type};
  return mdl_size_fold(size, &fold, &user);
}

const char *mdl_c_code(int code)
{
  static const char *const names[] = {"MDL_OK",         "MDL_BAD_SIZE",   "MDL_BAD_INDEX",
                                      "MDL_BAD_ASSERT", "MDL_OVER_LIMIT", "MDL_BAD_VALUE",
                                      "MDL_BAD_ALIGN",  "MDL_DEVICE"};
  return code >= 0 && code < 8 ? names[code] : "?";
}

const char *mdl_c_element(MdlDtype dtype)
{
  static const char *const names[] = {"MDL_BOOL", "MDL_I8",  "MDL_I16", "MDL_I32", "MDL_I64",
                                      "MDL_U8",   "MDL_U16", "MDL_U32", "MDL_U64", "MDL_F16",
                                      "MDL_BF16", "MDL_F32", "MDL_F64"};
  return names[dtype];
}

/* Octal escapes end after three digits, so that what follows is never taken for more of them; `?`
 * is escaped because of trigraphs. */
const char *mdl_c_literal(MdlArena *arena, const char *text)
{
  char *out = mdl_alloc_array(arena, 4 * strlen(text) + 3, 1), *to = out;
  *to++ = '"';
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c >= ' ' && c < 127 && !strchr("\"\\?", c))
      *to++ = (char)c;
    else
      to += sprintf(to, "\\%03o", c);
  }
  *to++ = '"';
  *to = '\0';
  return out;
}

const char *mdl_need(MdlPrinter *p, const char *function)
{
  const char *name = mdl_intern_text(p->arena, function);
  mdl_map_set(p->needs, name, (void *)name);
  return name;
}

/* ---- lines ------------------------------------------------------------------------------- */

/* How well a line breaks behind this character: 0 not at all. Commas and && before ?: before + and
 * the rest; the fewer brackets around it the better. */
static int break_quality(const char *text, size_t end, int depth)
{
  char last = text[end], before = end ? text[end - 1] : ' ';
  bool pause = last == ',' || (last == before && (last == '&' || last == '|'));
  int strength = pause ? 4 : strchr("?:=", last) ? 3 : strchr("+-", last) ? 2
                         : strchr("*/&|^<>", last) ? 1 : 0;
  return strength ? 8 * (32 - (depth < 31 ? depth : 31)) + strength : 0;
}

/* Where to break a line that is too long: at the best place behind its first third, the last of
 * equals; else the last place of all. */
static size_t break_at(const char *text, size_t most)
{
  size_t at = 0, any = 0;
  int best = 0, depth = 0;
  for (size_t i = 0; i < most && text[i]; i++) {
    depth += (text[i] == '(' || text[i] == '[') - (text[i] == ')' || text[i] == ']');
    if (text[i + 1] != ' ' || i + 1 >= most) continue;
    int quality = break_quality(text, i, depth);
    if (quality) any = i + 1;
    if (i < most / 3 || quality < best || !quality) continue;
    best = quality;
    at = i + 1;
  }
  return at ? at : any;
}

void mdl_line(MdlPrinter *p, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  const char *text = mdl_text_v(p->arena, format, arguments);
  va_end(arguments);
  size_t indent = (size_t)(2 * p->indent);
  while (strlen(text) + indent > 100) {
    size_t at = indent < 90 ? break_at(text, 100 - indent) : 0;
    if (!at) break;
    fprintf(p->out, "%*s%.*s\n", (int)indent, "", (int)at, text);
    text += at + 1;
    indent = (size_t)(2 * p->indent) + 4;
  }
  fprintf(p->out, "%*s%s\n", *text ? (int)indent : 0, "", text);
}
