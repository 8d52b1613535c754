/* Structs and models: their types with sizes filled in, making a value, initial values. */
#include "frontend/sema.h"

#include <string.h>

static MdlStructOf *struct_new(MdlSema *s, MdlDecl *decl, int bindings, const MdlBinding *binding)
{
  MdlStructOf *of = MDL_NEW(s->arena, MdlStructOf, 1);
  MdlBinding *copy = MDL_NEW(s->arena, MdlBinding, (size_t)bindings);
  if (bindings) memcpy(copy, binding, (size_t)bindings * sizeof *copy);
  of->item = decl->item;
  of->module = decl->module;
  of->bindings = bindings;
  of->binding = copy;
  of->text = decl->name.text;
  if (bindings)
    of->text = mdl_text(s->arena, "%s[%s]", decl->name.text, mdl_bindings_text(s, bindings, copy));
  size_t members = (size_t)decl->item->members;
  of->name = MDL_NEW(s->arena, const char *, members);
  of->field = MDL_NEW(s->arena, const MdlVType *, members);
  of->member = MDL_NEW(s->arena, const MdlMember *, members);
  return of;
}

const MdlStructOf *mdl_struct_of(MdlSema *s, MdlDecl *decl, int bindings, const MdlBinding *binding,
                                 MdlSpan at)
{
  MdlStructOf *of = struct_new(s, decl, bindings, binding);
  const char *key = mdl_text(s->arena, "%s:%s", decl->module->name, of->text);
  key = mdl_intern_text(s->arena, key);
  const MdlStructOf *known = mdl_map_get(s->structs, key);
  if (known) return known;
  if (decl->state == 1 || s->depth > s->session->limits.nesting) {
    mdl_error(s->session, MDL_E0206, at, "a struct holds itself", decl->name.text);
    return NULL;
  }
  MdlFrame frame;
  bool ok = true;
  mdl_frame_push(s, &frame, decl->module, decl, bindings, (MdlBinding *)(uintptr_t)of->binding);
  decl->state = 1;
  s->depth++;
  for (int i = 0; i < decl->item->members; i++) {
    const MdlMember *member = &decl->item->member[i];
    if (member->kind == MDL_MEMBER_fn) continue;
    const MdlVType *type = mdl_type_eval(s, member->type);
    ok &= type->kind != MDL_KIND_poison;
    if (ok) of->leaves += mdl_leaf_count(type);
    if (ok && of->leaves > MDL_MAX_LEAVES) ok = mdl_too_many_leaves(s, member->at);
    of->name[of->fields] = member->name.text;
    of->member[of->fields] = member;
    of->field[of->fields++] = type;
  }
  s->depth--;
  decl->state = 2;
  mdl_frame_pop(s);
  if (!ok) return NULL;
  mdl_map_set(s->structs, key, of);
  return of;
}

/* ---- making a value ---------------------------------------------------------------------- */

static const char *field_list(MdlSema *s, const MdlItem *item)
{
  const char *text = "";
  for (int i = 0; i < item->members; i++) {
    const MdlMember *m = &item->member[i];
    if (m->kind == MDL_MEMBER_fn) continue;
    text = mdl_text(s->arena, "%s%s%s: %s", text, *text ? ", " : "", m->name.text,
                    mdl_source_text(s->session, m->type->at));
  }
  return text;
}

/* Arguments by field: args[i] of member i, or NULL after a report. */
static bool match_fields(MdlSema *s, const MdlItem *item, int args, MdlCallArg *arg,
                         MdlCallArg **of_member, MdlSpan at)
{
  int next = 0;
  for (int i = 0; i < args; i++) {
    int to = -1;
    if (arg[i].name) {
      for (int k = 0; k < item->members; k++)
        if (item->member[k].kind != MDL_MEMBER_fn && item->member[k].name.text == arg[i].name)
          to = k;
    } else {
      while (next < item->members && item->member[next].kind == MDL_MEMBER_fn) next++;
      if (next < item->members) to = next++;
    }
    if (to < 0) {
      if (arg[i].name) {
        const char **names = MDL_NEW(s->arena, const char *, (size_t)item->members);
        for (int k = 0; k < item->members; k++) names[k] = item->member[k].name.text;
        MdlReport *e = mdl_error(s->session, MDL_E0204, arg[i].name_at,
                                 mdl_text(s->arena, "`%s`", item->name.text), arg[i].name);
        mdl_also(e, item->name.at, "defined here");
        mdl_suggest(s, e, arg[i].name, arg[i].name_at, names, item->members);
        return false;
      }
      const char *name = "one more";
      MdlReport *r = mdl_error(s->session, MDL_E0502, at, item->name.text, name);
      mdl_note(r, "%s(%s)", item->name.text, field_list(s, item));
      return false;
    }
    if (of_member[to]) {
      mdl_error(s->session, MDL_E0503, arg[i].name ? arg[i].name_at : at,
                item->member[to].name.text, "twice");
      return false;
    }
    of_member[to] = &arg[i];
  }
  for (int k = 0; k < item->members; k++) {
    if (item->member[k].kind == MDL_MEMBER_fn || of_member[k]) continue;
    MdlReport *r = mdl_error(s->session, MDL_E0504, at, item->name.text, item->member[k].name.text);
    mdl_also(r, item->member[k].name.at, "declared here");
    return false;
  }
  return true;
}

MdlVal *mdl_make_struct(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at)
{
  const MdlStructOf *given = fn->type ? fn->type->of : NULL;
  const MdlItem *item = given ? given->item : fn->decl->item;
  MdlModule *module = given ? given->module : fn->decl->module;
  MdlDecl *decl = given ? mdl_map_get(module->names, item->name.text) : fn->decl;
  MdlBinding binding[MDL_MAX_GENERICS];
  int bindings = mdl_decl_generics(s, decl, binding);
  for (int i = 0; given && i < bindings; i++) binding[i] = given->binding[i];
  for (int i = 0; !given && i < fn->bindings; i++) binding[i] = fn->binding[i];

  size_t members = (size_t)item->members;
  MdlCallArg **of_member = MDL_NEW(s->arena, MdlCallArg *, members);
  MdlVal **value = MDL_NEW(s->arena, MdlVal *, members);
  if (!match_fields(s, item, args, arg, of_member, at)) return mdl_val_poison(s);
  MdlFrame frame;
  for (size_t k = 0; k < members; k++) {
    if (!of_member[k]) continue;
    value[k] = of_member[k]->value;
    if (!value[k]) {
      const MdlVType *want =
          given ? given->field[mdl_field_find(given, item->member[k].name.text)] : NULL;
      value[k] = mdl_expr(s, of_member[k]->expr, want);
    }
    if (mdl_is_poison(value[k])) return value[k];
    mdl_frame_push(s, &frame, module, decl, bindings, binding);
    bool ok =
        mdl_unify(s, item->member[k].type, value[k]->type, item->member[k].name.text, value[k]->at);
    mdl_frame_pop(s);
    if (!ok) return mdl_val_poison(s);
  }
  for (int i = 0; i < bindings; i++)
    if (mdl_binding_is_open(&binding[i])) {
      MdlReport *r = mdl_error(s->session, MDL_E0406, at, binding[i].name);
      mdl_also(r, binding[i].at, "declared here");
      return mdl_val_poison(s);
    }
  const MdlStructOf *of = mdl_struct_of(s, decl, bindings, binding, at);
  if (!of) return mdl_val_poison(s);

  MdlVType *type = MDL_NEW(s->arena, MdlVType, 1);
  type->kind = MDL_KIND_struct;
  type->of = of;
  MdlCore **leaf = MDL_NEW(s->arena, MdlCore *, (size_t)mdl_leaf_count(type));
  int leaves = 0, field = 0;
  for (size_t k = 0; k < members; k++) {
    if (!value[k]) continue;
    MdlVal *v = mdl_coerce(s, value[k], of->field[field++], value[k]->at, "declared here",
                           item->member[k].type->at);
    if (mdl_is_poison(v)) return v;
    for (int i = 0, n = mdl_leaf_count(v->type); i < n; i++) leaf[leaves++] = v->leaf[i];
  }
  return mdl_val_of(s, type, leaf, at);
}
