/* The checker's steps: modules, every function by itself with its sizes as opaque names, cycles,
 * then what the entries reach. */
#include "frontend/sema.h"

#include <string.h>

/* ---- cycles of calls --------------------------------------------------------------------- */

static bool find_cycle(MdlSema *s, MdlDecl *decl, MdlDecl **path, int depth, MdlMap *state)
{
  if (depth >= 256) return false;
  mdl_map_set(state, decl, (void *)1);
  path[depth] = decl;
  for (int i = 0; decl->calls && i < mdl_map_count(decl->calls); i++) {
    MdlDecl *to = (MdlDecl *)(uintptr_t)mdl_map_key(decl->calls, i);
    const MdlSpan *at = mdl_map_value(decl->calls, i);
    uintptr_t seen = (uintptr_t)mdl_map_get(state, to);
    if (seen == 2) continue;
    if (seen == 0) {
      bool found = find_cycle(s, to, path, depth + 1, state);
      if (found) mdl_map_set(state, decl, (void *)2);
      if (found) return true;
      continue;
    }
    const char *text = "";
    int from = depth;
    while (from > 0 && path[from] != to) from--;
    for (int k = from; k <= depth; k++)
      text = mdl_text(s->arena, "%s%s -> ", text, path[k]->name.text);
    MdlReport *r = mdl_error(s->session, MDL_E0206, *at, "recursion",
                             mdl_text(s->arena, "%s%s", text, to->name.text));
    for (int k = from + 1; k <= depth && k < from + 5; k++)
      mdl_also(r, path[k]->name.at, "%s", path[k]->name.text);
    mdl_help(r, "a `for`, or a `while … limit n`");
    mdl_map_set(state, decl, (void *)2);
    return true;
  }
  mdl_map_set(state, decl, (void *)2);
  return false;
}

static void check_cycles(MdlSema *s, MdlModule *m, MdlMap *state)
{
  MdlDecl *path[257];
  for (int i = 0; i < mdl_map_count(m->names); i++) {
    MdlDecl *decl = mdl_map_value(m->names, i);
    if (decl->fn && !mdl_map_get(state, decl)) find_cycle(s, decl, path, 0, state);
    for (int k = 0; decl->members && k < mdl_map_count(decl->members); k++) {
      MdlDecl *method = mdl_map_value(decl->members, k);
      if (!mdl_map_get(state, method)) find_cycle(s, method, path, 0, state);
    }
  }
}

/* ---- functions by themselves ------------------------------------------------------------- */

/* Every size stands for itself. */
static int opaque_bindings(MdlSema *s, MdlDecl *decl, MdlBinding *binding)
{
  int count = mdl_decl_generics(s, decl, binding);
  for (int i = 0; i < count; i++)
    if (binding[i].kind == MDL_GENERIC_size)
      binding[i].size = mdl_size_name(s->sizes, binding[i].name);
  return count;
}

static bool opaque_self(MdlSema *s, MdlDecl *decl, MdlVal **self)
{
  MdlBinding binding[MDL_MAX_GENERICS];
  *self = NULL;
  if (!decl->owner) return true;
  int count = opaque_bindings(s, decl->owner, binding);
  const MdlStructOf *of = mdl_struct_of(s, decl->owner, count, binding, decl->owner->name.at);
  if (!of) return false;
  MdlVType *type = MDL_NEW(s->arena, MdlVType, 1);
  type->kind = MDL_KIND_struct;
  type->of = of;
  *self = mdl_val_none(s, decl->name.at);
  (*self)->type = type;
  return true;
}

static void check_function(MdlSema *s, MdlDecl *decl)
{
  MdlBinding binding[MDL_MAX_GENERICS];
  const MdlVType *param[MDL_MAX_PARAMS];
  MdlVal *self;
  MdlFrame frame;
  bool ok = true;
  if (decl->is_template || decl->failed) return;
  if (decl->fn->params > MDL_MAX_PARAMS || decl->fn->generics > MDL_MAX_GENERICS / 2) {
    mdl_error(s->session, MDL_E0903, decl->name.at, mdl_text(s->arena, "%d", MDL_MAX_PARAMS),
              "parameters");
    decl->failed = true;
    return;
  }
  if (!opaque_self(s, decl, &self)) {
    decl->failed = true;
    return;
  }
  int count = opaque_bindings(s, decl, binding);
  mdl_frame_push(s, &frame, decl->module, decl, count, binding);
  for (int i = 0; i < decl->fn->params; i++) {
    param[i] = mdl_type_eval(s, decl->fn->param[i].type);
    ok &= param[i]->kind != MDL_KIND_poison;
  }
  mdl_frame_pop(s);
  MdlInstance *in = ok ? mdl_instance_get(s, decl, count, binding, self, decl->fn->params, param,
                                          NULL, decl->name.at)
                       : NULL;
  if (in && !mdl_instance_check(s, in)) decl->body_failed = true;
  if (!ok) decl->failed = true;
}

static void check_struct(MdlSema *s, MdlDecl *decl)
{
  MdlBinding binding[MDL_MAX_GENERICS];
  int count = opaque_bindings(s, decl, binding);
  for (int i = 0; i < count; i++)
    if (binding[i].kind != MDL_GENERIC_size) return;
  if (!mdl_struct_of(s, decl, count, binding, decl->name.at)) decl->failed = true;
}

static void check_item(MdlSema *s, MdlDecl *decl)
{
  if (decl->imported) return;
  if (decl->fn) {
    check_function(s, decl);
    return;
  }
  if (decl->item->kind == MDL_ITEM_const) mdl_decl_value(s, decl, decl->name.at);
  if (decl->item->kind == MDL_ITEM_struct || decl->item->kind == MDL_ITEM_model)
    check_struct(s, decl);
  for (int i = 0; decl->members && i < mdl_map_count(decl->members); i++)
    check_function(s, mdl_map_value(decl->members, i));
}

static void check_module(MdlSema *s, MdlModule *m)
{
  MdlFrame frame;
  MdlCoreFunc *scratch = mdl_core_func(s, "scratch", NULL, MDL_NO_SPAN);
  for (int i = 0; i < mdl_map_count(m->names); i++) {
    MdlDecl *decl = mdl_map_value(m->names, i);
    s->func = scratch, s->block = scratch->body, s->at = decl->name.at;
    mdl_frame_push(s, &frame, m, NULL, 0, NULL);
    bool was = decl->used;
    check_item(s, decl);
    decl->used = was;
    mdl_frame_pop(s);
  }
}

/* ---- all of it --------------------------------------------------------------------------- */

static MdlSema *sema_create(MdlSession *session, const MdlFrontendOptions *options)
{
  MdlSema *s = MDL_NEW(session->arena, MdlSema, 1);
  s->session = session;
  s->arena = session->arena;
  s->sizes = session->sizes;
  s->options = options;
  s->modules = mdl_map_create(s->arena);
  s->structs = mdl_map_create(s->arena);
  s->instances = mdl_map_create(s->arena);
  s->unknown = mdl_map_create(s->arena);
  s->atoms = mdl_map_create(s->arena);
  s->binders = mdl_map_create(s->arena);
  s->at = MDL_NO_SPAN;
  mdl_report_context(session, mdl_instance_origins, s);
  return s;
}

static bool run(MdlSema *s, int file, MdlProgram *program)
{
  s->prelude = mdl_module_load(s, "std.prelude", MDL_NO_SPAN);
  s->main = mdl_module_of_file(s, file, "", false);
  s->main->is_main = true;
  mdl_phase_next(s->session);
  for (int i = 0; i < mdl_map_count(s->modules); i++) {
    MdlModule *m = mdl_map_value(s->modules, i);
    if (!m->is_std) mdl_module_check_names(s, m);
    if (!m->is_std) check_module(s, m);
  }
  MdlMap *state = mdl_map_create(s->arena);
  for (int i = 0; i < mdl_map_count(s->modules); i++)
    check_cycles(s, mdl_map_value(s->modules, i), state);
  if (mdl_error_count(s->session)) return false;
  mdl_phase_next(s->session);
  return mdl_entries_check(s, program) && !mdl_error_count(s->session);
}

MdlProgram *mdl_frontend_check(MdlSession *session, int file, const MdlFrontendOptions *options)
{
  MdlSema *s = sema_create(session, options);
  MdlProgram *program = MDL_NEW(s->arena, MdlProgram, 1);
  program->session = session;
  program->options = options;
  s->stack = __builtin_frame_address(0); /* a local may lie elsewhere, under ASan */
  bool ok = run(s, file, program);
  if (s->ir) mdl_ir_destroy(s->ir);
  mdl_report_context(session, NULL, NULL);
  return ok ? program : NULL;
}
