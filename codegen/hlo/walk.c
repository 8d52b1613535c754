/* From mdl form to the graph: sizes become numbers, calls their bodies, checks a status value that
 * goes along. */
#include "codegen/hlo/walk.h"

#include <string.h>

static MdlHloOfOp *const functions[MDL_OP_COUNT] = {
#define EW(...)
#define OP(name, ...) [MDL_OP_##name] = mdl_hlo_##name,
#include "ir/ops.def"
};

/* ---- values, types, sizes ---------------------------------------------------------------- */

MdlGraphValue *mdl_hlo_value(MdlHlo *h, MlirValue value)
{
  MdlGraphValue *is = mdl_map_get(h->values, value.ptr);
  if (!is) MDL_BUG(h->ir->session, "a value is used before it is made");
  return is;
}

void mdl_hlo_set(MdlHlo *h, MlirValue value, MdlGraphValue *is)
{
  mdl_map_set(h->values, value.ptr, is);
}

void mdl_hlo_called(MdlHlo *h, MlirValue value, MdlGraphValue *is)
{
  const char *name = mdl_value_name(h->ir, value);
  if (name && !is->given) is->given = name;
}

int64_t mdl_hlo_size_value(MdlHlo *h, const MdlSize *size)
{
  int64_t value = 1;
  const MdlHloOptions *o = h->options;
  if (mdl_size_is_const(size, &value)) return value;
  if (o->size_of && mdl_size_eval(size, o->size_of, o->user, &value)) return value;
  MDL_BUG(h->ir->session, "the size %s has no value", mdl_size_text(size));
}

MdlGraphType mdl_hlo_type(MdlHlo *h, const MdlType *type)
{
  MdlGraphType y = mdl_graph_scalar(type->dtype);
  for (; y.rank < type->rank; y.rank++) y.dim[y.rank] = mdl_hlo_size_value(h, type->dim[y.rank]);
  return y;
}

int mdl_hlo_sizes(MdlHlo *h, const MdlHloCase *c, const char *name, int64_t *values)
{
  const MdlSize *sizes[MDL_MAX_RANK];
  int count = mdl_get_sizes(c->attrs, name, sizes);
  for (int i = 0; i < count; i++) values[i] = mdl_hlo_size_value(h, sizes[i]);
  return count;
}

/* ---- ops --------------------------------------------------------------------------------- */

static void put_op(MdlHlo *h, MlirOperation op, MdlOp kind)
{
  const MdlOpInfo *row = mdl_op_info(kind);
  MdlAttrs attrs = mdl_attrs_of(h->ir, op);
  MdlHloCase c = {.op = op, .kind = kind, .attrs = &attrs};
  for (int i = 0; i < row->operands; i++) c.in[i] = mdl_hlo_value(h, mdl_operand(op, i));
  for (int i = 0; i < row->results; i++)
    c.type[i] = mdl_hlo_type(h, mdl_type_of(h->ir, mdl_result(op, i)));
  if (row->elementwise)
    c.out[0] = mdl_hlo_row(h, kind, c.in);
  else
    functions[kind](h, &c);
  for (int i = 0; i < row->results; i++) {
    mdl_hlo_set(h, mdl_result(op, i), c.out[i]);
    if (c.out[i]->def) mdl_hlo_called(h, mdl_result(op, i), c.out[i]);
  }
}

/* A call is its body: names come out as they stand there. */
static void put_call(MdlHlo *h, MlirOperation op)
{
  MlirOperation callee = mdl_callee(h->ir, h->symbols, op);
  MlirBlock body = mdl_is_null(callee) ? (MlirBlock){NULL} : mdl_body(callee, 0);
  if (!body.ptr) MDL_BUG(h->ir->session, "a call of nothing");
  for (int i = 0; i < mdl_arg_count(body); i++)
    mdl_hlo_set(h, mdl_arg(body, i), mdl_hlo_value(h, mdl_operand(op, i)));
  mdl_hlo_block(h, body);
  MlirOperation end = mdl_terminator(body);
  for (int i = 0; i < mdl_result_count(op); i++)
    mdl_hlo_set(h, mdl_result(op, i), mdl_hlo_value(h, mdl_operand(end, i)));
}

void mdl_hlo_block(MdlHlo *h, MlirBlock block)
{
  for (MlirOperation op = mdl_first(block); !mdl_is_null(op); op = mdl_next(op)) {
    MdlOp kind = mdl_op(h->ir, op);
    h->graph.spot = mdl_spot_of(h->ir, op);
    switch (kind) {
    case MDL_OP_return:
    case MDL_OP_yield:
    case MDL_OP_condition:
      return;
    case MDL_OP_call:
      put_call(h, op);
      break;
    case MDL_OP_for:
    case MDL_OP_while:
    case MDL_OP_if:
      mdl_hlo_flow(h, op, kind);
      break;
    default:
      if (kind >= MDL_OP_COUNT) MDL_BUG(h->ir->session, "an op that mdl form does not have");
      put_op(h, op, kind);
    }
  }
}

/* ---- the entry --------------------------------------------------------------------------- */

/* "m.fc1.w": the parameter's name and the leaf's path. */
static const char *leaf_name(MdlHlo *h, const MdlParam *param, int leaf)
{
  const char *path = h->signature->leaf[leaf].path;
  return *path ? mdl_text(h->arena, "%s.%s", param->name, path) : param->name;
}

/* Names of arguments or results in order: the leaves of parameters with these roles. */
static int leaf_names(MdlHlo *h, bool (*takes)(MdlRole role), const char **names)
{
  int count = 0;
  for (int i = 0; i < h->signature->params; i++) {
    const MdlParam *p = &h->signature->param[i];
    for (int k = 0; k < p->leaves && takes(p->role); k++)
      names[count++] = leaf_name(h, p, p->leaf + k);
  }
  return count;
}

static bool is_argument(MdlRole role) { return role != MDL_ROLE_out; }
static bool is_out(MdlRole role) { return role == MDL_ROLE_out; }
static bool is_inout(MdlRole role) { return role == MDL_ROLE_inout; }

static bool is_known(MdlHlo *h, const char *name)
{
  int64_t value;
  const MdlHloOptions *o = h->options;
  return o->size_of && o->size_of(o->user, name, &value);
}

/* Free sizes have values, and guards hold for them. */
static bool check_sizes(MdlHlo *h, MlirOperation entry)
{
  const MdlSignature *s = h->signature;
  MdlSession *session = h->ir->session;
  for (int i = 0; i < s->sizes; i++) {
    if (is_known(h, s->size[i])) continue;
    mdl_help(mdl_error(session, MDL_E0806, mdl_span_of(h->ir, entry), s->size[i], "hlo"),
             "`-D%s=32`, or bind it in the source: `entry %s32 = %s[%s=32]`", s->size[i], s->entry,
             s->entry, s->size[i]);
    return false;
  }
  for (int i = 0; i < s->guards; i++) {
    const MdlGuard *guard = &s->guard[i];
    int64_t left = mdl_hlo_size_value(h, guard->left);
    int64_t right = guard->right ? mdl_hlo_size_value(h, guard->right) : left < 0 ? 0 : left;
    if (left == right) continue;
    mdl_error(session, MDL_E0851, mdl_span_of(h->ir, entry), s->check[guard->check].text);
    return false;
  }
  return true;
}

static void put_arguments(MdlHlo *h, MlirBlock body, const char *const *names)
{
  for (int i = 0; i < mdl_arg_count(body); i++) {
    MlirValue arg = mdl_arg(body, i);
    MdlGraphType type = mdl_hlo_type(h, mdl_type_of(h->ir, arg));
    h->graph.spot = mdl_spot_of_value(h->ir, arg);
    mdl_hlo_set(h, arg, mdl_graph_arg(&h->graph, h->graph.block, &type, names[i]));
  }
}

static void put_results(MdlHlo *h, MlirOperation end)
{
  int count = mdl_operand_count(end);
  MdlGraphValue **result = MDL_NEW(h->arena, MdlGraphValue *, (size_t)count + 1);
  for (int i = 0; i < count; i++) result[i] = mdl_hlo_value(h, mdl_operand(end, i));
  if (h->status) result[count++] = h->status;
  mdl_graph_return(&h->graph, h->graph.block, count, result);
}

/* Aliases and names of results: outs, then inouts, then the status. */
static void describe(MdlHlo *h, MdlHloModule *m)
{
  const MdlSignature *s = h->signature;
  const char **results = MDL_NEW(h->arena, const char *, (size_t)s->leaves + 1);
  int *alias = MDL_NEW(h->arena, int, (size_t)s->leaves + 1), arg = 0;
  int outs = leaf_names(h, is_out, results);
  int all = outs + leaf_names(h, is_inout, results + outs);
  for (int i = 0; i < s->params; i++)
    for (int k = 0; k < s->param[i].leaves && is_argument(s->param[i].role); k++)
      alias[arg++] = is_inout(s->param[i].role) ? outs++ : -1;
  results[all] = "status";
  m->status = h->status ? all : -1;
  m->result_name = results;
  m->alias = alias;
}

bool mdl_hlo_walk(MdlIr *ir, MlirOperation module, MlirOperation entry,
                  const MdlHloOptions *options, MdlHloModule *m)
{
  MlirBlock body = mdl_body(entry, 0);
  MdlHlo h = {.ir = ir, .arena = ir->arena, .options = options};
  h.signature = mdl_signature_read(ir, entry);
  if (!check_sizes(&h, entry)) return false;
  h.symbols = mdl_symbols(ir, module);
  h.values = mdl_map_create(ir->arena);
  h.graph = (MdlGraph){.arena = ir->arena, .shared = mdl_map_create(ir->arena)};
  h.graph.block = m->main = mdl_graph_block(&h.graph);
  m->name = mdl_text(ir->arena, "%s%s", h.signature->prefix, h.signature->entry);
  const char **names = MDL_NEW(ir->arena, const char *, (size_t)h.signature->leaves + 1);
  leaf_names(&h, is_argument, names);
  put_arguments(&h, body, names);
  mdl_hlo_block(&h, body);
  h.graph.spot = mdl_spot_of(ir, entry);
  put_results(&h, mdl_terminator(body));
  describe(&h, m);
  mdl_graph_name(&h.graph, m->main);
  return true;
}

const char *mdl_hlo_entry(MdlIr *ir, MlirOperation module, MlirOperation entry,
                          const MdlHloOptions *options)
{
  MdlHloModule m;
  if (!mdl_hlo_walk(ir, module, entry, options, &m)) return NULL;
  return options->form == MDL_HLO_text ? mdl_hlo_print_text(ir->arena, &m)
                                       : mdl_hlo_print_stablehlo(ir->arena, &m);
}
