#include "passes/guard.h"

#include "passes/bounds.h"

#include <string.h>

/* Sizes are checked in i64, wherever the code will run. */
typedef struct Guard {
  MdlEntry *e;
  MlirValue bad; /* i1, no value: nothing yet */
  int64_t most;  /* bytes that one tensor, or the work buffer, may take */
} Guard;

static MlirValue number(Guard *g, int64_t value)
{
  return mdl_loop_number(&g->e->b, MDL_i64, 1, 0, value);
}

static void refuse(Guard *g, MlirValue condition)
{
  g->bad = mdl_is_no_value(g->bad) ? condition
                                   : mdl_loop_binary(&g->e->b, MDL_LOOP_ori, g->bad, condition);
}

static MlirValue size_argument(Guard *g, const char *name)
{
  for (int i = 0; i < g->e->signature->sizes; i++)
    if (g->e->signature->size[i] == name || !strcmp(g->e->signature->size[i], name))
      return mdl_arg(mdl_body(g->e->to, 0), i);
  MDL_BUG(g->e->ir->session, "the size %s is no argument of the entry", name);
}

/* ---- a size as i64 ----------------------------------------------------------------------- */

static void *wide_constant(void *user, int64_t value) { return (void *)number(user, value).ptr; }

static void *wide_name(void *user, const char *name)
{
  return (void *)size_argument(user, name).ptr;
}

static void *wide(Guard *g, MdlLoopOp op, void *a, void *b)
{
  return (void *)mdl_loop_binary(&g->e->b, op, (MlirValue){a}, (MlirValue){b}).ptr;
}

static void *wide_add(void *user, void *a, void *b) { return wide(user, MDL_LOOP_addi, a, b); }
static void *wide_sub(void *user, void *a, void *b) { return wide(user, MDL_LOOP_subi, a, b); }
static void *wide_mul(void *user, void *a, void *b) { return wide(user, MDL_LOOP_muli, a, b); }

static void *wide_div(void *user, void *a, int64_t k)
{
  return wide(user, MDL_LOOP_divsi, a, wide_constant(user, k));
}

static MlirValue wide_size(Guard *g, const MdlSize *size)
{
  static const MdlSizeFold fold = {wide_constant, wide_name, wide_add,
                                   wide_sub,      wide_mul,  wide_div};
  return (MlirValue){mdl_size_fold(size, &fold, g)};
}

/* ---- what is checked --------------------------------------------------------------------- */

/* A size has its own bound. */
static void check_range(Guard *g, const MdlBound *bound)
{
  int i = 0;
  while (!bound->power[i]) i++;
  MlirValue size = mdl_arg(mdl_body(g->e->to, 0), i);
  refuse(g, mdl_loop_compare(&g->e->b, MDL_PREDICATE_lt, size, number(g, 0)));
  refuse(g, mdl_loop_compare(&g->e->b, MDL_PREDICATE_gt, size, number(g, bound->most)));
}

/* a*b*c <= most: what is left of it is divided by each factor in turn. A factor 0 leaves room for any
 * that follows. */
static void check_product(Guard *g, const MdlBound *bound)
{
  MdlBuilder *b = &g->e->b;
  MlirValue room = number(g, bound->most), one = number(g, 1);
  int left = bound->degree;
  for (int i = 0; i < g->e->signature->sizes; i++)
    for (int k = 0; k < bound->power[i]; k++) {
      MlirValue size = mdl_arg(mdl_body(g->e->to, 0), i);
      if (left < bound->degree) refuse(g, mdl_loop_compare(b, MDL_PREDICATE_gt, size, room));
      if (!--left) return;
      MlirValue empty = mdl_loop_compare(b, MDL_PREDICATE_lt, size, one);
      MlirValue some = mdl_loop_select(b, empty, one, size);
      room = mdl_loop_binary(b, MDL_LOOP_divsi, room, some);
    }
}

static void check_bounds(Guard *g)
{
  MdlBound *bound;
  int count = mdl_bounds(g->e->pass, g->e->from, g->e->signature, g->most, &bound);
  for (int i = 0; i < count; i++)
    if (bound[i].degree == 1) check_range(g, &bound[i]);
  for (int i = 0; i < count; i++)
    if (bound[i].degree > 1) check_product(g, &bound[i]);
}

/* Axes that are no plain size are not negative. */
static void check_leaves(Guard *g)
{
  const MdlSignature *s = g->e->signature;
  MdlMap *seen = mdl_map_create(g->e->ir->arena);
  for (int i = 0; i < s->leaves; i++)
    for (int k = 0; k < s->leaf[i].type.rank; k++) {
      const MdlSize *dim = s->leaf[i].type.dim[k], *zero = mdl_size_const(g->e->ir->sizes, 0);
      if (mdl_map_has(seen, dim) || mdl_size_dominates(g->e->ir->sizes, dim, zero)) continue;
      mdl_map_set(seen, dim, g);
      refuse(g, mdl_loop_compare(&g->e->b, MDL_PREDICATE_lt, wide_size(g, dim), number(g, 0)));
    }
}

static void check_guards(Guard *g)
{
  const MdlSignature *s = g->e->signature;
  for (int i = 0; i < s->guards; i++) {
    const MdlGuard *guard = &s->guard[i];
    MlirValue left = wide_size(g, guard->left);
    MlirValue right = guard->right ? wide_size(g, guard->right) : number(g, 0);
    MdlPredicate fails = guard->right ? MDL_PREDICATE_ne : MDL_PREDICATE_lt;
    refuse(g, mdl_loop_compare(&g->e->b, fails, left, right));
  }
}

bool mdl_guard(MdlEntry *e, MlirValue *bad)
{
  Guard g = {.e = e, .bad = {NULL}};
  g.most = e->pass->options->machine->index_bits == 32 ? INT32_MAX : INT64_MAX >> 1;
  check_bounds(&g);
  check_leaves(&g);
  check_guards(&g);
  *bad = g.bad;
  return !mdl_is_no_value(g.bad);
}
