/* What an entry reaches: bodies that only their declarations stood for so far, guards, and what
 * cannot be differentiated in reverse. */
#include "frontend/reach.h"

typedef struct Reach {
  MdlSema *s;
  MdlMap *seen;
  MdlReachFn *fn;
  void *user;
  bool ok;
} Reach;

static void visit(Reach *r, MdlCoreFunc *func);

static void visit_block(Reach *r, const MdlCoreBlock *block)
{
  for (int i = 0; i < block->ops; i++) {
    if (block->op[i]->callee) visit(r, block->op[i]->callee);
    for (int k = 0; k < 2; k++)
      if (block->op[i]->block[k]) visit_block(r, block->op[i]->block[k]);
  }
}

/* Callees first. */
static void visit(Reach *r, MdlCoreFunc *func)
{
  if (mdl_map_has(r->seen, func)) return;
  mdl_map_set(r->seen, func, func);
  if (func->instance && !mdl_instance_check(r->s, func->instance)) {
    r->ok = false;
    return;
  }
  visit_block(r, func->body);
  if (func->rule) visit(r, func->rule);
  if (r->fn) r->fn(r->user, func);
}

bool mdl_reach_core(MdlSema *s, MdlCoreFunc *root, MdlReachFn *fn, void *user)
{
  Reach r = {s, mdl_map_create(s->arena), fn, user, true};
  visit(&r, root);
  return r.ok;
}

/* ---- loops whose rounds nobody knows ----------------------------------------------------- */

static bool carries_float(const MdlCore *loop)
{
  for (int i = 0; i < loop->results; i++)
    if (mdl_is_float(loop->result[i]->type.dtype)) return true;
  return false;
}

static bool is_static_bound(MdlSema *s, const MdlCore *bound)
{
  if (bound->kind == MDL_CORE_size) return mdl_size_is_static(s, bound->size);
  return bound->kind == MDL_CORE_number;
}

static const MdlCore *unlimited_in(MdlSema *s, const MdlCoreBlock *block)
{
  for (int i = 0; i < block->ops; i++) {
    const MdlCore *core = block->op[i];
    if (core->kind == MDL_CORE_while && !core->limit && carries_float(core)) return core;
    if (core->kind == MDL_CORE_for && carries_float(core) &&
        !(is_static_bound(s, core->operand[0]) && is_static_bound(s, core->operand[1])))
      return core;
    for (int k = 0; k < 2; k++) {
      const MdlCore *inner = core->block[k] ? unlimited_in(s, core->block[k]) : NULL;
      if (inner) return inner;
    }
  }
  return NULL;
}

typedef struct Unlimited {
  MdlSema *s;
  const MdlCore *loop;
} Unlimited;

/* A function with a rule of its own is not looked into. */
static void find_unlimited(void *user, MdlCoreFunc *func)
{
  Unlimited *u = user;
  if (!u->loop) u->loop = unlimited_in(u->s, func->body);
}

static void check_reverse(MdlSema *s, const MdlCore *core)
{
  Unlimited u = {s, NULL};
  if (core->callee->rule) return;
  mdl_reach_core(s, core->callee, find_unlimited, &u);
  if (!u.loop) return;
  const char *what = u.loop->kind == MDL_CORE_while ? "while" : "for";
  MdlReport *r = mdl_error(s->session, MDL_E0701, u.loop->at, what);
  mdl_label(r, "trips unknown");
  mdl_also(r, core->at, "asked for here");
  mdl_help(r, "`%s … limit 50 {`, or forward mode: `jvp`", what);
}

static void check_block(MdlSema *s, const MdlCoreBlock *block)
{
  for (int i = 0; i < block->ops; i++) {
    const MdlCore *core = block->op[i];
    if (core->kind == MDL_CORE_recipe && core->recipe->kind == MDL_RECIPE_vjp)
      check_reverse(s, core);
    for (int k = 0; k < 2; k++)
      if (core->block[k]) check_block(s, core->block[k]);
  }
}

void mdl_reach_check_reverse(MdlSema *s, MdlCoreFunc *func) { check_block(s, func->body); }
