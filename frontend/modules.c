/* Modules: loading, what they declare, what they import. */
#include "frontend/sema.h"
#include "frontend/std.h"

#include <string.h>

static MdlDecl *declare(MdlSema *s, MdlModule *m, MdlName name, MdlItem *item, MdlFn *fn)
{
  MdlDecl *decl = MDL_NEW(s->arena, MdlDecl, 1);
  decl->item = item;
  decl->fn = fn;
  decl->module = m;
  decl->name = name;
  MdlDecl *first = mdl_map_get(m->names, name.text);
  if (first) {
    MdlReport *r = mdl_error(s->session, MDL_E0202, name.at, name.text);
    mdl_also(r, first->name.at, "first here");
    return first;
  }
  mdl_map_set(m->names, name.text, decl);
  return decl;
}

/* Fields and functions of a model share one name space. */
static void declare_members(MdlSema *s, MdlDecl *model)
{
  model->members = mdl_map_create(s->arena);
  MdlMap *seen = mdl_map_create(s->arena);
  for (int i = 0; i < model->item->members; i++) {
    MdlMember *member = &model->item->member[i];
    const MdlName *name = member->kind == MDL_MEMBER_fn ? &member->fn->name : &member->name;
    const MdlName *first = mdl_map_get(seen, name->text);
    if (first) {
      MdlReport *r = mdl_error(s->session, MDL_E0202, name->at, name->text);
      mdl_also(r, first->at, "first here");
      continue;
    }
    mdl_map_set(seen, name->text, (void *)(uintptr_t)name);
    if (member->kind != MDL_MEMBER_fn) continue;
    MdlDecl *decl = MDL_NEW(s->arena, MdlDecl, 1);
    decl->fn = member->fn;
    decl->owner = model;
    decl->module = model->module;
    decl->name = member->fn->name;
    mdl_map_set(model->members, decl->name.text, decl);
  }
}

static bool has_open_types(const MdlTypeNode *node)
{
  if (!node) return false;
  if (node->kind == MDL_TYPE_NODE_fn) return true;
  for (int i = 0; i < node->dims; i++)
    if (node->dim[i].kind == MDL_INDEX_ellipsis) return true;
  for (int i = 0; i < node->items; i++)
    if (has_open_types(node->item[i])) return true;
  return false;
}

static bool open_generics(const MdlGeneric *generic, int count)
{
  for (int i = 0; i < count; i++)
    if (generic[i].kind != MDL_GENERIC_size) return true;
  return false;
}

/* A body that can only be checked once its dtypes, structs, functions and constants are known. */
static bool is_template(const MdlDecl *decl)
{
  if (open_generics(decl->fn->generic, decl->fn->generics)) return true;
  if (decl->owner && open_generics(decl->owner->item->generic, decl->owner->item->generics))
    return true;
  for (int i = 0; i < decl->fn->params; i++)
    if (has_open_types(decl->fn->param[i].type)) return true;
  return false;
}

static void check_generics(MdlSema *s, const MdlGeneric *generic, int count)
{
  for (int i = 1; i < count; i++)
    for (int k = 0; k < i; k++) {
      if (generic[i].name.text != generic[k].name.text) continue;
      MdlReport *r = mdl_error(s->session, MDL_E0202, generic[i].name.at, generic[i].name.text);
      mdl_also(r, generic[k].name.at, "first here");
    }
}

static void declare_item(MdlSema *s, MdlModule *m, MdlItem *item)
{
  if (item->kind == MDL_ITEM_import || item->kind == MDL_ITEM_rule) return;
  MdlDecl *decl = declare(s, m, item->name, item, item->fn);
  if (decl->item != item) return;
  check_generics(s, item->generic, item->generics);
  if (item->fn) check_generics(s, item->fn->generic, item->fn->generics);
  if (item->kind == MDL_ITEM_struct || item->kind == MDL_ITEM_model) {
    declare_members(s, decl);
    for (int i = 0; i < mdl_map_count(decl->members); i++) {
      MdlDecl *method = mdl_map_value(decl->members, i);
      method->is_template = is_template(method);
    }
  }
  if (decl->fn) decl->is_template = is_template(decl);
}

static MdlDecl *rule_target(MdlSema *s, MdlModule *m, const MdlItem *item)
{
  MdlDecl *decl = mdl_decl_find(s, m, item->path.part[0].text);
  if (decl && item->path.parts == 2)
    decl = decl->members ? mdl_map_get(decl->members, item->path.part[1].text) : NULL;
  return decl && decl->fn && item->path.parts <= 2 ? decl : NULL;
}

static void declare_rule(MdlSema *s, MdlModule *m, MdlItem *item)
{
  MdlDecl *decl = rule_target(s, m, item);
  if (!decl && !m->tree->ok) return;
  if (!decl) {
    if (mdl_tree_is_broken(m->tree, item->path.part[0].text)) return;
    mdl_error(s->session, MDL_E0201, item->path.at, "function",
              mdl_source_text(s->session, item->path.at));
    return;
  }
  if (decl->rule) {
    MdlReport *r = mdl_error(s->session, MDL_E0710, item->at, decl->name.text);
    mdl_also(r, decl->rule->path.at, "first here");
    mdl_help(r, "keep the `jvp`: it serves both modes");
    return;
  }
  decl->rule = item;
  decl->rule_module = m;
  int wanted = decl->fn->params + (decl->owner != NULL);
  if (item->rule.primals == wanted) return;
  MdlReport *r = mdl_error(s->session, MDL_E0709, item->path.at,
                           mdl_source_text(s->session, item->path.at),
                           mdl_text(s->arena, "%d", item->rule.primals),
                           mdl_text(s->arena, "%d", wanted));
  mdl_also(r, decl->fn->head, "its parameters");
  if (decl->owner) mdl_help(r, "the receiver comes first: `%s(m, …; dm, …)`",
                            mdl_source_text(s->session, item->path.at));
  decl->failed = true;
}

/* ---- imports ----------------------------------------------------------------------------- */

static const char *dotted(MdlSema *s, const MdlPath *path)
{
  const char *text = path->part[0].text;
  for (int i = 1; i < path->parts; i++)
    text = mdl_text(s->arena, "%s.%s", text, path->part[i].text);
  return mdl_intern_text(s->arena, text);
}

static void import_names(MdlSema *s, MdlModule *m, const MdlItem *item, MdlModule *from)
{
  for (int i = 0; i < item->imports; i++) {
    const MdlName *name = &item->import[i];
    MdlDecl *decl = mdl_map_get(from->names, name->text),
            *twice = mdl_map_get(m->imports, name->text);
    if (twice) {
      MdlReport *r = mdl_error(s->session, MDL_E0202, name->at, name->text);
      (void)r;
      continue;
    }
    if (decl) mdl_map_set(m->imports, name->text, decl);
    if (decl || (from->is_std && mdl_builtin_find(name->text))) continue;
    int count = mdl_map_count(from->names);
    const char **names = MDL_NEW(s->arena, const char *, (size_t)count);
    for (int k = 0; k < count; k++) names[k] = mdl_map_key(from->names, k);
    MdlReport *r = mdl_error(s->session, MDL_E0204, name->at,
                             mdl_text(s->arena, "`%s`", from->name), name->text);
    mdl_suggest(s, r, name->text, name->at, names, count);
    MdlDecl *broken = MDL_NEW(s->arena, MdlDecl, 1);
    broken->failed = true, broken->module = from, broken->name = *name, broken->item = NULL;
    mdl_map_set(m->imports, name->text, broken);
    const char *best[1];
    if (mdl_did_you_mean(s->session, name->text, names, count, best, 1) &&
        !mdl_map_has(m->imports, best[0]))
      mdl_map_set(m->imports, best[0], broken); /* what was meant is not reported again */
  }
}

static void import_item(MdlSema *s, MdlModule *m, const MdlItem *item)
{
  MdlModule *from = mdl_module_load(s, dotted(s, &item->path), item->path.at);
  if (from && item->imports) {
    import_names(s, m, item, from);
    return;
  }
  MdlDecl *decl = MDL_NEW(s->arena, MdlDecl, 1);
  decl->module = m;
  decl->name = item->path.part[item->path.parts - 1];
  decl->imported = from;
  decl->failed = !from;
  if (!item->imports) mdl_map_set(m->imports, decl->name.text, decl);
  for (int i = 0; i < item->imports; i++) mdl_map_set(m->imports, item->import[i].text, decl);
}

MdlModule *mdl_module_of_file(MdlSema *s, int file, const char *name, bool is_std)
{
  MdlModule *m = MDL_NEW(s->arena, MdlModule, 1);
  m->name = mdl_intern_text(s->arena, name);
  m->is_std = is_std;
  m->names = mdl_map_create(s->arena);
  m->imports = mdl_map_create(s->arena);
  mdl_map_set(s->modules, m->name, m);
  m->tree = mdl_parse(s->session, file);
  for (int i = 0; i < m->tree->items; i++) declare_item(s, m, m->tree->item[i]);
  for (int i = 0; i < m->tree->items; i++)
    if (m->tree->item[i]->kind == MDL_ITEM_import) import_item(s, m, m->tree->item[i]);
  for (int i = 0; i < m->tree->items; i++)
    if (m->tree->item[i]->kind == MDL_ITEM_rule) declare_rule(s, m, m->tree->item[i]);
  return m;
}

static MdlModule *no_module(MdlSema *s, const char *name, MdlSpan at)
{
  int count = mdl_std_count;
  const char **names = MDL_NEW(s->arena, const char *, (size_t)count);
  for (int i = 0; i < count; i++) names[i] = mdl_std_files[i].module;
  MdlReport *r = mdl_error(s->session, MDL_E0801, at, name);
  mdl_suggest(s, r, name, at, names, count);
  return NULL;
}

MdlModule *mdl_module_load(MdlSema *s, const char *name, MdlSpan at)
{
  MdlModule *known = mdl_map_get(s->modules, mdl_intern_text(s->arena, name));
  if (known) return known;
  const MdlStdFile *shipped = NULL;
  for (int i = 0; i < mdl_std_count; i++)
    if (!strcmp(mdl_std_files[i].module, name)) shipped = &mdl_std_files[i];
  char *path = mdl_text(s->arena, "%s.mdl", name);
  for (char *p = path; *p && strcmp(p, ".mdl"); p++)
    if (*p == '.') *p = '/';
  if (shipped) {
    int file = mdl_file_add(s->session, shipped->path, shipped->bytes, shipped->length, true);
    return mdl_module_of_file(s, file, name, true);
  }
  int file = s->options->load ? s->options->load(s->options->user, s->session, path) : -1;
  if (file < 0) return no_module(s, name, at);
  return mdl_module_of_file(s, file, name, false);
}

MdlDecl *mdl_decl_find(MdlSema *s, MdlModule *module, const char *name)
{
  MdlDecl *decl = mdl_map_get(module->names, name);
  if (!decl) decl = mdl_map_get(module->imports, name);
  if (!decl && s->prelude) decl = mdl_map_get(s->prelude->names, name);
  return decl;
}

/* Top-level names that hide builtins of std are warned of (W103). */
void mdl_module_check_names(MdlSema *s, MdlModule *m)
{
  for (int i = 0; i < mdl_map_count(m->names); i++) {
    const MdlDecl *decl = mdl_map_value(m->names, i);
    const MdlDecl *hidden = mdl_map_get(m->imports, decl->name.text);
    if (!hidden) continue;
    MdlReport *r = mdl_warning(s->session, MDL_W103, decl->name.at, decl->name.text,
                               mdl_text(s->arena, "%s.%s", hidden->module->name, decl->name.text));
    if (!hidden->module->is_std) mdl_also(r, hidden->name.at, "hidden");
  }
}
