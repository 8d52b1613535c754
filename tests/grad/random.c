#include "tests/grad/random.h"

#include <string.h>

enum { MOST_VALUES = 64, MOST_ELEMENTS = 200 };

typedef struct Maker {
  Bench *bench;
  MdlIr *ir;
  MdlBuilder b;
  int values, depth;
  MlirValue value[MOST_VALUES];
} Maker;

static int below(Maker *m, int n) { return (int)(bench_draw(m->bench) * n); }

static const MdlType *type(Maker *m, MlirValue v) { return mdl_type_of(m->ir, v); }

static void keep(Maker *m, MlirValue v)
{
  if (m->values < MOST_VALUES) m->value[m->values++] = v;
}

static MlirValue any(Maker *m) { return m->value[below(m, m->values)]; }

static MlirValue constant(Maker *m, MlirValue like, double x)
{
  return mdl_build_const(&m->b, type(m, like), x);
}

/* In (0.1, 0.9): where every elementwise row is defined. */
static MlirValue inside(Maker *m, MlirValue v)
{
  MlirValue s = mdl_build(&m->b, MDL_OP_mul, mdl_build(&m->b, MDL_OP_sin, v), constant(m, v, 0.4));
  return mdl_build(&m->b, MDL_OP_add, s, constant(m, v, 0.5));
}

static int64_t elements(Maker *m, const MdlType *t)
{
  int64_t n = 1, d = 0;
  for (int i = 0; i < t->rank; i++) n *= mdl_size_is_const(t->dim[i], &d) ? d : 4;
  (void)m;
  return n;
}

/* A value of this type: one there is, or one made of a scalar. */
static MlirValue same_type(Maker *m, MlirValue like)
{
  for (int tries = 0; tries < 6; tries++) {
    MlirValue v = any(m);
    if (mdl_type_equal(type(m, v), type(m, like))) return v;
    if (!type(m, v)->rank) return mdl_build_splat(&m->b, v, type(m, like));
  }
  return mdl_build(&m->b, MDL_OP_sin, like);
}

static void elementwise(Maker *m)
{
  static const char *const fits[] = {"F:F", "N:N", "FF:F", "NN:N", "FFF:F"};
  for (;;) {
    MdlOp op = (MdlOp)below(m, MDL_OP_COUNT);
    const MdlOpInfo *row = mdl_op_info(op);
    bool fit = false;
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) fit |= !strcmp(row->sig, fits[i]);
    if (!fit || !row->elementwise || mdl_op_is_nodiff(op)) continue;
    MlirValue operand[3], a = any(m);
    for (int i = 0; i < row->operands; i++) operand[i] = inside(m, i ? same_type(m, a) : a);
    keep(m, mdl_build_v(&m->b, op, operand));
    return;
  }
}

static void arithmetic(Maker *m)
{
  static const MdlOp ops[] = {MDL_OP_add, MDL_OP_sub, MDL_OP_mul, MDL_OP_max};
  MlirValue a = any(m);
  keep(m, mdl_build(&m->b, ops[below(m, 4)], a, same_type(m, a)));
}

static void choice(Maker *m)
{
  MlirValue a = any(m), b = same_type(m, a);
  MlirValue c = mdl_build(&m->b, MDL_OP_gt, a, b);
  MlirValue l = mdl_build(&m->b, MDL_OP_log, mdl_build(&m->b, MDL_OP_sub, a, b));
  keep(m, mdl_build(&m->b, MDL_OP_where, c, l, below(m, 2) ? b : constant(m, a, 0)));
}

static MlirValue tensor(Maker *m, int rank)
{
  for (int tries = 0; tries < 8; tries++) {
    MlirValue v = any(m);
    if (type(m, v)->rank >= rank) return v;
  }
  MdlType t = {.dtype = MDL_f64, .rank = 2};
  t.dim[0] = mdl_size_const(m->ir->sizes, 2), t.dim[1] = mdl_size_const(m->ir->sizes, 3);
  return mdl_build_splat(&m->b, mdl_build(&m->b, MDL_OP_sin, m->value[0]), &t);
}

static void reduction(Maker *m)
{
  static const MdlOp ops[] = {MDL_OP_reduce_sum, MDL_OP_reduce_prod, MDL_OP_reduce_max,
                              MDL_OP_reduce_min};
  MlirValue a = tensor(m, 1);
  int64_t axes[] = {below(m, type(m, a)->rank)};
  keep(m, mdl_build_reduce(&m->b, ops[below(m, 4)], a, 1, axes));
}

static void scan(Maker *m)
{
  static const MdlOp ops[] = {MDL_OP_cumsum, MDL_OP_cumprod, MDL_OP_cummax};
  MlirValue a = tensor(m, 1);
  MdlAttrs attrs = mdl_attrs_none(m->ir);
  mdl_put_int(&attrs, "axis", below(m, type(m, a)->rank));
  MdlOp op = MDL_OP_sort;
  if (below(m, 3)) {
    op = ops[below(m, 3)];
    mdl_put_flag(&attrs, "reverse", below(m, 2));
  }
  keep(m, mdl_result(mdl_build_op(&m->b, op, 1, &a, &attrs, NULL), 0));
}

static void product(Maker *m)
{
  MlirValue a = tensor(m, 1), b = any(m);
  for (int i = 0; i < type(m, a)->rank; i++)
    for (int k = 0; k < type(m, b)->rank; k++) {
      int64_t left[] = {i}, right[] = {k};
      if (type(m, a)->dim[i] != type(m, b)->dim[k] || type(m, a)->rank + type(m, b)->rank > 5)
        continue;
      MlirValue y = mdl_build_dot(&m->b, a, b, 1, left, right, 0, NULL, NULL);
      if (elements(m, type(m, y)) <= MOST_ELEMENTS) keep(m, y);
      return;
    }
}

static void move(Maker *m)
{
  MdlSizes *sizes = m->ir->sizes;
  MlirValue a = tensor(m, 1);
  const MdlType *t = type(m, a);
  int rank = t->rank, axis = below(m, rank);
  int64_t perm[MDL_MAX_RANK], step[MDL_MAX_RANK];
  const MdlSize *start[MDL_MAX_RANK], *limit[MDL_MAX_RANK];
  for (int i = 0; i < rank; i++) {
    perm[i] = (i + 1) % rank, step[i] = 1 + (i == axis);
    start[i] = mdl_size_const(sizes, 0), limit[i] = t->dim[i];
  }
  MdlAttrs attrs = mdl_attrs_none(m->ir);
  switch (below(m, 5)) {
  case 0:
    keep(m, mdl_build_transpose(&m->b, a, perm));
    return;
  case 1:
    keep(m, mdl_build_slice(&m->b, a, start, limit, step));
    return;
  case 2:
    if (2 * elements(m, t) <= MOST_ELEMENTS) keep(m, mdl_build_concat(&m->b, a, a, axis));
    return;
  case 3: {
    int64_t axes[] = {axis};
    mdl_put_ints(&attrs, "axes", 1, axes);
    keep(m, mdl_result(mdl_build_op(&m->b, MDL_OP_reverse, 1, &a, &attrs, NULL), 0));
    return;
  }
  default: { /* twice the elements in some order, out of range too */
    MdlType index = {.dtype = MDL_i32, .rank = 1, .dim = {mdl_size_const(sizes, 5)}};
    MlirValue i = mdl_build_iota(&m->b, &index, 0);
    i = mdl_build(&m->b, MDL_OP_sub, mdl_build_const_int(&m->b, &index, 3), i);
    mdl_put_int(&attrs, "axis", axis);
    mdl_put_int(&attrs, "batch", 0);
    MlirValue operand[] = {a, i};
    MlirOperation read = mdl_build_op(&m->b, MDL_OP_gather, 2, operand, &attrs, NULL);
    if (elements(m, type(m, mdl_result(read, 0))) <= MOST_ELEMENTS) keep(m, mdl_result(read, 0));
  }
  }
}

static void steps(Maker *m, int count);

/* What a region computes, brought to the type of what it takes the place of. */
static MlirValue region_result(Maker *m, MlirValue like)
{
  steps(m, 3);
  MlirValue v = m->value[m->values - 1];
  if (!mdl_type_equal(type(m, v), type(m, like))) v = same_type(m, like);
  return mdl_build(&m->b, MDL_OP_tanh, v);
}

static void loop(Maker *m)
{
  MdlType index = mdl_type_scalar(MDL_index);
  MlirValue init[] = {any(m), any(m)};
  MlirValue lo = mdl_build_const_int(&m->b, &index, below(m, 2));
  MlirValue hi = mdl_build_size(&m->b, mdl_size_name(m->ir->sizes, "M"), MDL_index);
  MlirOperation op = mdl_build_for(&m->b, lo, hi, 2, init);
  Maker in = *m;
  MlirBlock body = mdl_body(op, 0);
  in.b = mdl_builder_at_end(m->ir, body, m->b.at);
  in.depth++;
  keep(&in, mdl_arg(body, 1));
  keep(&in, mdl_arg(body, 2));
  keep(&in, mdl_build_convert(&in.b, mdl_arg(body, 0), MDL_f64));
  MlirValue next[] = {region_result(&in, init[0]), region_result(&in, init[1])};
  mdl_build_yield(&in.b, 2, next);
  keep(m, mdl_result(op, 0));
  keep(m, mdl_result(op, 1));
}

static void branch(Maker *m)
{
  MlirValue like = any(m), c = any(m);
  int64_t axes[MDL_MAX_RANK];
  for (int i = 0; i < type(m, c)->rank; i++) axes[i] = i;
  if (type(m, c)->rank) c = mdl_build_reduce(&m->b, MDL_OP_reduce_sum, c, type(m, c)->rank, axes);
  c = mdl_build(&m->b, MDL_OP_gt, c, constant(m, c, 0.1));
  MlirType result = mdl_type_make(m->ir, type(m, like));
  MlirOperation op = mdl_build_if(&m->b, c, 1, &result);
  for (int side = 0; side < 2; side++) {
    Maker in = *m;
    in.b = mdl_builder_at_end(m->ir, mdl_body(op, side), m->b.at);
    in.depth++;
    MlirValue out = region_result(&in, like);
    mdl_build_yield(&in.b, 1, &out);
  }
  keep(m, mdl_result(op, 0));
}

static void steps(Maker *m, int count)
{
  static void (*const makers[])(Maker *) = {elementwise, arithmetic, elementwise, choice,
                                            reduction,   scan,       product,     move,
                                            move,        arithmetic, loop,        branch};
  for (int i = 0; i < count; i++) makers[below(m, m->depth < 2 ? 12 : 10)](m);
}

void random_program(Bench *b, uint64_t seed)
{
  MdlIr *ir = b->ir;
  b->seed = seed * 2654435761u + 1;
  for (int i = 0; i < 8; i++) bench_draw(b);
  mdl_module_destroy(b->module);
  b->module = mdl_module_create(ir, "random.mdl");
  MdlType types[] = {
      {.dtype = MDL_f64}, {.dtype = MDL_f64, .rank = 1}, {.dtype = MDL_f64, .rank = 2}};
  types[1].dim[0] = mdl_size_name(ir->sizes, "M");
  types[2].dim[0] = mdl_size_const(ir->sizes, 2), types[2].dim[1] = types[1].dim[0];
  MlirType arg[3];
  for (int i = 0; i < 3; i++) arg[i] = mdl_type_make(ir, &types[i]);
  MdlFunc f = {.symbol = "f",
               .is_private = true,
               .define = true,
               .args = 3,
               .arg = arg,
               .at = mdl_location(ir, MDL_NO_SPAN, NULL)};
  MlirOperation func = mdl_build_func(ir, b->module, &f);
  Maker m = {.bench = b, .ir = ir, .b = mdl_builder_at_end(ir, mdl_body(func, 0), f.at)};
  for (int i = 0; i < 3; i++) keep(&m, mdl_arg(mdl_body(func, 0), i));
  steps(&m, 6 + below(&m, 8));
  MlirValue out[] = {m.value[m.values - 1], m.value[m.values / 2]};
  for (int i = 0; i < 2; i++) out[i] = mdl_build(&m.b, MDL_OP_sin, out[i]);
  mdl_build_return(&m.b, 2, out);
  mdl_func_refresh_type(ir, func);
}
