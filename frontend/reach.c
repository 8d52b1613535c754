/* What an entry reaches: bodies that only their declarations stood for so far, and guards. */
#include "frontend/reach.h"

typedef struct Reach {
  MdlSema *s;
  MdlMap *seen;
  MdlReachFn *fn;
  void *user;
  int depth;
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
  if (r->depth > r->s->session->limits.nesting * 4) {
    mdl_error(r->s->session, MDL_E0901, func->at,
              mdl_text(r->s->arena, "%d", r->s->session->limits.nesting * 4));
    r->ok = false;
    return;
  }
  r->depth++;
  if (func->instance && !mdl_instance_check(r->s, func->instance)) {
    r->ok = false;
    return;
  }
  visit_block(r, func->body);
  if (func->rule) visit(r, func->rule);
  r->depth--;
  if (r->fn) r->fn(r->user, func);
}

bool mdl_reach_core(MdlSema *s, MdlCoreFunc *root, MdlReachFn *fn, void *user)
{
  Reach r = {s, mdl_map_create(s->arena), fn, user, 0, true};
  visit(&r, root);
  return r.ok;
}
