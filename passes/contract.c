#include "passes/contract.h"

bool mdl_is_contract(const MdlGroup *g)
{
  if (mdl_is_null(g->seed)) return false;
  MdlOp kind = mdl_op(g->ir, g->seed);
  return kind == MDL_OP_dot || kind == MDL_OP_conv;
}

/* ---- what it is -------------------------------------------------------------------------- */

static void read_dot(MdlContract *c)
{
  MdlAttrs attrs = mdl_attrs_of(c->g->ir, c->op);
  int64_t batch[2][MDL_MAX_RANK];
  c->ks = mdl_get_pairs(&attrs, "contract", c->contract[0], c->contract[1]);
  int batches = mdl_get_pairs(&attrs, "batch", batch[0], batch[1]), next = batches;
  for (int o = 0; o < 2; o++) {
    int *axis = c->axis[o];
    for (int i = 0; i < MDL_MAX_RANK; i++) axis[i] = -2;
    for (int i = 0; i < c->ks; i++) axis[c->contract[o][i]] = -1;
    for (int i = 0; i < batches; i++) axis[batch[o][i]] = i;
    for (int i = 0; i < c->in[o]->rank; i++)
      if (axis[i] == -2) axis[i] = next++;
  }
  for (int i = 0; i < c->ks; i++) c->k[i] = c->in[0]->dim[c->contract[0][i]];
}

static void read_conv(MdlContract *c)
{
  MdlAttrs attrs = mdl_attrs_of(c->g->ir, c->op);
  c->is_conv = true;
  c->groups = mdl_get_int(&attrs, "groups");
  mdl_get_ints(&attrs, "stride", c->stride);
  mdl_get_ints(&attrs, "dilate", c->dilate);
  c->ks = c->in[1]->rank - 1;
  for (int i = 0; i < c->ks; i++) c->k[i] = c->in[1]->dim[i + 1];
}

MdlContract mdl_contract_read(const MdlGroup *g)
{
  MdlContract c = {.g = g, .op = g->seed};
  c.result = mdl_type_of(g->ir, mdl_result(c.op, 0));
  for (int o = 0; o < 2; o++) c.in[o] = mdl_type_of(g->ir, mdl_operand(c.op, o));
  if (mdl_op(g->ir, c.op) == MDL_OP_dot)
    read_dot(&c);
  else
    read_conv(&c);
  return c;
}

bool mdl_contract_reads(const MdlContract *c, int operand, int axis)
{
  if (c->is_conv) return operand ? axis == 1 : axis != 1 || c->groups > 1;
  for (int i = 0; i < c->in[operand]->rank; i++)
    if (c->axis[operand][i] == axis) return true;
  return false;
}

int mdl_contract_along(const MdlContract *c, int operand, int axis)
{
  if (!c->is_conv) {
    for (int i = 0; i < c->in[operand]->rank; i++)
      if (c->axis[operand][i] == axis) return i;
    return -1;
  }
  if (operand) return axis == 1 ? 0 : -1;
  if (axis < 2) return axis ? -1 : 0;
  return c->stride[axis - 2] == 1 ? axis : -1;
}

bool mdl_contract_has_lanes(const MdlContract *c, int operand, int axis)
{
  int bytes = mdl_lane_bytes(c->result->dtype), along = mdl_contract_along(c, operand, axis);
  return along >= 0 && bytes >= 4 &&
         mdl_group_lanes(c->g, mdl_operand(c->op, operand), along, bytes);
}

bool mdl_contract_is_along_k(const MdlContract *c, int operand)
{
  int bytes = mdl_lane_bytes(c->result->dtype);
  if (c->is_conv || !c->ks || bytes < 4) return true;
  return mdl_group_lanes(c->g, mdl_operand(c->op, operand), (int)c->contract[operand][c->ks - 1],
                         bytes);
}

/* ---- where it reads ---------------------------------------------------------------------- */

static MdlPoint dot_point(const MdlContract *c, int operand, const MdlPoint *p, const MlirValue *k)
{
  const int *axis = c->axis[operand];
  MdlPoint q = mdl_point(c->in[operand]->rank);
  for (int i = 0; i < q.rank; i++)
    if (axis[i] >= 0) {
      q.at[i] = p->at[axis[i]];
      if (p->lane == axis[i]) q.lane = i;
    }
  for (int i = 0; i < c->ks; i++) q.at[c->contract[operand][i]] = k[i];
  return q;
}

/* a at [n, group*C/groups + k0, spatial*stride + k*dilate]; b at [o, k0, k...] */
static MdlPoint conv_point(const MdlContract *c, MdlNest *n, int operand, const MdlPoint *p,
                           const MlirValue *k)
{
  const MdlType *b = c->in[1];
  MdlPoint q = mdl_point(c->in[0]->rank);
  if (operand) {
    q.at[0] = p->at[1];
    if (p->lane == 1) q.lane = 0;
    for (int i = 1; i < b->rank; i++) q.at[i] = k[i - 1];
    return q;
  }
  q.at[0] = p->at[0];
  q.at[1] = k[0];
  if (p->lane == 0) q.lane = 0;
  if (c->groups > 1) {
    const MdlSize *each = mdl_size_exact_div(n->ir->sizes, b->dim[0], c->groups);
    if (!each) MDL_BUG(n->ir->session, "the channels of a conv are not divisible");
    MlirValue group = c->group;
    if (mdl_is_no_value(group))
      group = mdl_index_div(&n->b, p->at[1], mdl_nest_extent(n, each));
    MlirValue first = mdl_index_mul(&n->b, group, mdl_nest_extent(n, b->dim[1]));
    q.at[1] = mdl_index_add(&n->b, first, k[0]);
  }
  for (int i = 2; i < q.rank; i++) {
    MlirValue at = mdl_index_mul(&n->b, p->at[i], mdl_nest_index(n, c->stride[i - 2]));
    MlirValue in = mdl_index_mul(&n->b, k[i - 1], mdl_nest_index(n, c->dilate[i - 2]));
    q.at[i] = mdl_index_add(&n->b, at, in);
    if (p->lane == i) q.lane = i;
  }
  return q;
}

MdlPoint mdl_contract_point(const MdlContract *c, MdlNest *n, int operand, const MdlPoint *p,
                            const MlirValue *k)
{
  return c->is_conv ? conv_point(c, n, operand, p, k) : dot_point(c, operand, p, k);
}
