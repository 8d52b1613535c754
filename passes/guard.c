#include "passes/guard.h"

#include <string.h>

/* Sizes are checked in i64, wherever the code will run. */
typedef struct Guard {
  MdlEntry *e;
  MlirValue bad; /* i1, no value: nothing yet */
  int64_t most;  /* bytes that one tensor may take */
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

/* Past this a polynomial of the module could wrap around in i64. */
enum { SIZE_BITS = 31 };

static int64_t largest_size(const Guard *g)
{
  return INT64_C(1) << (g->e->pass->options->machine->index_bits == 32 ? 27 : SIZE_BITS);
}

static void check_range(Guard *g, int i)
{
  MlirValue size = mdl_arg(mdl_body(g->e->to, 0), i);
  refuse(g, mdl_loop_compare(&g->e->b, MDL_PREDICATE_lt, size, number(g, 0)));
  refuse(g, mdl_loop_compare(&g->e->b, MDL_PREDICATE_gt, size, number(g, largest_size(g))));
}

/* Every axis is a number or a plain size, which check_range has bounded. */
static bool is_plain(const MdlType *type)
{
  int64_t dim;
  for (int i = 0; i < type->rank; i++)
    if (!mdl_size_is_const(type->dim[i], &dim) && !mdl_size_is_name(type->dim[i])) return false;
  return true;
}

/* No axis is negative, and bytes * dims stays within memory: what is left of it is divided by each
 * axis in turn. An empty axis leaves room for any other. */
static void check_tensor(Guard *g, const MdlType *type)
{
  MdlBuilder *b = &g->e->b;
  int64_t known = mdl_dtypes[type->dtype].bytes, dim;
  int left = 0;
  for (int i = 0; i < type->rank; i++)
    if (mdl_size_is_const(type->dim[i], &dim))
      known *= dim ? dim : 1;
    else
      left++;
  bool bounded = known <= g->most / largest_size(g); /* with one plain size, by check_range */
  if (left == 1 && is_plain(type) && bounded) return;
  MlirValue room = number(g, g->most / known), one = number(g, 1);
  for (int i = 0; i < type->rank; i++) {
    if (mdl_size_is_const(type->dim[i], &dim)) continue;
    MlirValue size = wide_size(g, type->dim[i]);
    bool plain = mdl_size_is_name(type->dim[i]);
    if (!plain) refuse(g, mdl_loop_compare(b, MDL_PREDICATE_lt, size, number(g, 0)));
    if (!plain || !bounded) refuse(g, mdl_loop_compare(b, MDL_PREDICATE_gt, size, room));
    bounded = false;
    if (!--left) continue;
    MlirValue some = mdl_loop_select(b, mdl_loop_compare(b, MDL_PREDICATE_lt, size, one), one, size);
    room = mdl_loop_binary(b, MDL_LOOP_divsi, room, some);
  }
}

static bool seen(const MdlType *const *types, int count, const MdlType *type)
{
  for (int i = 0; i < count; i++)
    if (types[i]->rank == type->rank && !memcmp(types[i]->dim, type->dim, sizeof type->dim) &&
        mdl_dtypes[types[i]->dtype].bytes >= mdl_dtypes[type->dtype].bytes)
      return true;
  return false;
}

static void check_leaves(Guard *g)
{
  const MdlSignature *s = g->e->signature;
  const MdlType **types = MDL_NEW(g->e->ir->arena, const MdlType *, (size_t)s->leaves);
  int count = 0;
  for (int i = 0; i < s->leaves; i++) {
    const MdlType *type = &s->leaf[i].type;
    bool free = false;
    int64_t dim;
    for (int j = 0; j < type->rank; j++) free |= !mdl_size_is_const(type->dim[j], &dim);
    if (!free || seen(types, count, type)) continue;
    types[count++] = type;
    check_tensor(g, type);
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
  g.most = e->pass->options->machine->index_bits == 32 ? INT32_MAX : INT64_C(1) << 62;
  for (int i = 0; i < e->signature->sizes; i++) check_range(&g, i);
  check_leaves(&g);
  check_guards(&g);
  *bad = g.bad;
  return !mdl_is_no_value(g.bad);
}
