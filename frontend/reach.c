/* What an entry reaches: bodies that only their declarations stood for so far, and guards. */
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
