/* Words, numbers, strings and sizes as mdl spells them. */
#include "ir/view_print.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Words of the language, and functions that the view itself calls. Names of ops are words too. */
static const char *const words[] = {
    "as",  "bool",   "const",  "else",   "entry",   "false",     "fn",     "for",
    "if",  "import", "in",     "inout",  "jvp",     "let",       "limit",  "model",
    "new", "param",  "state",  "struct", "true",    "var",       "vjp",    "while",
    "_",   "inf",    "nan",    "pi",     "key",     "mdl",       "sum",    "prod",
    "any", "all",    "assert", "full",   "reshape", "transpose", "concat",
};

bool mdl_view_is_word(const char *name)
{
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strcmp(words[i], name)) return true;
  size_t length = strlen(name);
  return mdl_dtype_find(name, length) != MDL_DTYPE_COUNT ||
         (mdl_op_find(name, length) != MDL_OP_none && mdl_op_find(name, length) < MDL_OP_COUNT);
}

static bool reads_back(const char *text, bool single, double value)
{
  if (!single) return strtod(text, NULL) == value;
  return strtof(text, NULL) == (float)value && (float)strtod(text, NULL) == (float)value;
}

static const char *real_text(MdlArena *arena, MdlDtype dtype, double value)
{
  if (isnan(value)) return "nan";
  if (isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0 && signbit(value)) return mdl_text(arena, "-%s(0)", mdl_dtypes[dtype].name);
  bool single = dtype != MDL_f64;
  char text[40];
  for (int digits = 1; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (reads_back(text, single, value)) break;
  }
  /* 1e+06 is written 1e6, and 100000 in full. */
  char *exponent = strchr(text, 'e');
  if (!exponent) return mdl_text(arena, "%s", text);
  int power = atoi(exponent + 1);
  if (power > 0 && power < 7) return mdl_text(arena, "%.0f", value);
  return mdl_text(arena, "%.*se%d", (int)(exponent - text), text, power);
}

const char *mdl_view_number(MdlArena *arena, MdlDtype dtype, double real, int64_t integer)
{
  if (dtype == MDL_bool) return integer ? "true" : "false";
  if (dtype != MDL_index && mdl_is_float(dtype)) return real_text(arena, dtype, real);
  if (dtype == MDL_u64) return mdl_text(arena, "%" PRIu64, (uint64_t)integer);
  return mdl_text(arena, "%" PRId64, integer);
}

const char *mdl_view_string(MdlArena *arena, const char *text)
{
  char *quoted = mdl_alloc(arena, 2 * strlen(text) + 3), *to = quoted;
  *to++ = '"';
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') *to++ = '\\';
    *to++ = *text;
  }
  *to = '"';
  return quoted;
}

/* The normal form is mdl already. */
MdlExpr mdl_view_size(const MdlSize *size)
{
  const char *text = mdl_size_text(size);
  int precedence = MDL_VIEW_ATOM;
  if (strpbrk(text, "*")) precedence = 7;
  if (*text == '-') precedence = 6;
  for (const char *c = text; *c; c++)
    if (*c == ' ') precedence = 6;
  return (MdlExpr){text, precedence, false};
}

static bool is_name(char c) { return isalnum((unsigned char)c) || c == '_'; }

bool mdl_view_mentions(const char *text, const char *name)
{
  size_t length = strlen(name);
  for (const char *at = text; (at = strstr(at, name)); at++)
    if ((at == text || (!is_name(at[-1]) && at[-1] != '.')) && !is_name(at[length])) return true;
  return false;
}

void mdl_view_sizes_of(MdlView *v, const MdlType *type, MdlSizeNames *names)
{
  for (int i = 0; i < type->rank; i++) {
    const char *found[64];
    int count = mdl_size_names(type->dim[i], found, 64);
    for (int j = 0; j < count; j++) {
      int at = 0;
      while (at < names->count && strcmp(names->name[at], found[j])) at++;
      if (at < names->count) continue;
      MDL_GROW(v->arena, names->name, names->count, names->capacity);
      names->name[names->count++] = found[j];
    }
  }
}

const char *mdl_view_size_list(MdlView *v, const MdlSizeNames *names)
{
  const char *text = "";
  for (int i = 0; i < names->count; i++)
    text = mdl_text(v->arena, "%s%s%s", text, i ? ", " : "[", names->name[i]);
  return names->count ? mdl_text(v->arena, "%s]", text) : "";
}
