/* Arguments matched to parameters. */
#include "frontend/sema.h"

#include <string.h>

const char *mdl_arity_text(MdlSema *s, int least, int most)
{
  if (most >= MDL_MAX_TUPLE) return mdl_text(s->arena, "%d or more arguments", least);
  const char *range = least < most ? mdl_text(s->arena, "%d to ", least) : "";
  return mdl_text(s->arena, "%s%d argument%s", range, most, most == 1 ? "" : "s");
}

static const char *arity(MdlSema *s, int params, const MdlFnParam *param)
{
  int least = 0;
  for (int i = 0; i < params; i++) least += !param[i].preset;
  return mdl_arity_text(s, least, params);
}

/* A builtin's defaults have no text. */
static const char *preset_text(MdlSema *s, const MdlFnParam *param)
{
  if (!param->preset) return "";
  bool is_written = param->node && param->preset->at.file >= 0;
  return mdl_text(s->arena, " = %s",
                  is_written ? mdl_source_text(s->session, param->preset->at) : "…");
}

/* Behind brackets of all kinds, or where none open. */
static uint32_t behind_brackets(const MdlFile *file, uint32_t at)
{
  int depth = 0;
  for (; at < file->length; at++) {
    char c = file->bytes[at];
    depth += (c == '(' || c == '[') - (c == ')' || c == ']');
    if (!depth && c != ')' && c != ']') break;
  }
  return at;
}

/* " -> f32" as it is declared; "" where nothing is. */
static const char *result_text(MdlSema *s, MdlSpan name)
{
  if (name.file < 0) return "";
  const MdlFile *file = &s->session->files[name.file];
  uint32_t at = behind_brackets(file, name.end), end;
  while (at < file->length && file->bytes[at] == ' ') at++;
  if (strncmp(file->bytes + at, "->", 2)) return "";
  int depth = 0;
  for (end = at; end < file->length; end++) {
    char c = file->bytes[end];
    depth += (c == '(' || c == '[') - (c == ')' || c == ']');
    if (!depth && (c == '=' || c == '{' || c == '\n')) break;
  }
  return mdl_text(s->arena, " %s", mdl_source_text(s->session, (MdlSpan){name.file, at, end}));
}

static const char *signature_text(MdlSema *s, const char *name, MdlSpan decl_at, int params,
                                  const MdlFnParam *param)
{
  const char *text = "";
  for (int i = 0; i < params; i++) {
    const char *type = "";
    if (param[i].node)
      type = mdl_text(s->arena, ": %s", mdl_source_text(s->session, param[i].node->at));
    else if (param[i].type)
      type = mdl_text(s->arena, ": %s", mdl_vtype_text(s, param[i].type));
    text = mdl_text(s->arena, "%s%s%s%s%s", text, i ? ", " : "", param[i].name, type,
                    preset_text(s, &param[i]));
  }
  return mdl_text(s->arena, "%s(%s)%s", name, text, result_text(s, decl_at));
}

static bool unknown_parameter(MdlSema *s, const char *name, MdlSpan decl_at, int params,
                              const MdlFnParam *param, const MdlCallArg *arg)
{
  const char *names[MDL_MAX_PARAMS];
  for (int i = 0; i < params; i++) names[i] = param[i].name;
  MdlReport *r = mdl_error(s->session, MDL_E0502, arg->name_at, name, arg->name);
  if (decl_at.file >= 0) mdl_also(r, decl_at, "defined here");
  mdl_suggest(s, r, arg->name, arg->name_at, names, params);
  return false;
}

static bool too_many(MdlSema *s, const char *name, MdlSpan decl_at, int params,
                     const MdlFnParam *param, int args, MdlSpan at)
{
  MdlReport *r = mdl_error(s->session, MDL_E0501, at, name, arity(s, params, param),
                           mdl_text(s->arena, "%d", args), "too many");
  mdl_note(r, "fn %s", signature_text(s, name, decl_at, params, param));
  if (!params) mdl_help(r, "its type says how large: `let t: f32[3] = %s()`", name);
  return false;
}

static bool missing(MdlSema *s, const char *name, MdlSpan decl_at, int params,
                    const MdlFnParam *param, int args, int which, MdlSpan at)
{
  MdlReport *r = mdl_error(s->session, MDL_E0501, at, name, arity(s, params, param),
                           mdl_text(s->arena, "%d", args),
                           mdl_text(s->arena, "`%s` is missing", param[which].name));
  if (param[which].at.file >= 0) mdl_also(r, param[which].at, "no default");
  mdl_note(r, "fn %s", signature_text(s, name, decl_at, params, param));
  return false;
}

bool mdl_match_args(MdlSema *s, const char *name, MdlSpan decl_at, int params,
                    const MdlFnParam *param, int args, MdlCallArg *arg, MdlCallArg **slot,
                    MdlSpan at)
{
  const MdlCallArg *named = NULL;
  for (int i = 0; i < params; i++) slot[i] = NULL;
  for (int i = 0; i < args; i++) {
    int to = -1;
    if (!arg[i].name) {
      if (named) {
        MdlReport *r = mdl_error(s->session, MDL_E0503, arg[i].expr ? arg[i].expr->at : at,
                                 arg[i].expr ? mdl_source_text(s->session, arg[i].expr->at) : "it",
                                 "after a named one");
        mdl_also(r, named->name_at, "named");
        return false;
      }
      if (i >= params) return too_many(s, name, decl_at, params, param, args, at);
      to = i;
    }
    for (int k = 0; arg[i].name && k < params; k++)
      if (param[k].name == arg[i].name) to = k;
    if (arg[i].name) named = &arg[i];
    if (to < 0) return unknown_parameter(s, name, decl_at, params, param, &arg[i]);
    if (slot[to]) {
      mdl_error(s->session, MDL_E0503, arg[i].name ? arg[i].name_at : at, param[to].name, "twice");
      return false;
    }
    slot[to] = &arg[i];
  }
  for (int i = 0; i < params; i++)
    if (!slot[i] && !param[i].preset) return missing(s, name, decl_at, params, param, args, i, at);
  return true;
}

MdlVal *mdl_arg_value(MdlSema *s, MdlCallArg *arg, const MdlVType *want)
{
  if (!arg->value) arg->value = mdl_expr(s, arg->expr, want);
  return arg->value;
}
