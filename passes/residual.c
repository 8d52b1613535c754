#include "passes/residual.h"

/* ---- dropping ---------------------------------------------------------------------------- */

static bool is_no_effect(void *user, MlirOperation op)
{
  return mdl_op_info(mdl_op(user, op))->class != MDL_CLASS_effect;
}

typedef struct Effects {
  MdlIr *ir;
  int count, room;
  MlirOperation *op;
} Effects;

static bool add_effect(void *user, MlirOperation op)
{
  Effects *e = user;
  if (is_no_effect(e->ir, op)) return true;
  MDL_GROW(e->ir->arena, e->op, e->count, e->room);
  e->op[e->count++] = op;
  return true;
}

void mdl_drop_effects(MdlIr *ir, int count, MlirOperation *ops)
{
  Effects effects = {.ir = ir};
  for (int i = 0; i < count; i++) mdl_walk(ops[i], add_effect, &effects);
  for (int i = 0; i < effects.count; i++) mdl_erase(ir, effects.op[i]);
}

static void drop_if_dead(MdlIr *ir, MlirOperation op)
{
  bool used = !mdl_result_count(op); /* the mark, terminators */
  for (int k = 0; k < mdl_result_count(op) && !used; k++) used = mdl_has_uses(mdl_result(op, k));
  if (!used && mdl_walk(op, is_no_effect, ir)) mdl_erase(ir, op);
}

static int list_before(MdlIr *ir, MlirBlock body, MlirOperation mark, MlirOperation **ops)
{
  int count = 0;
  mdl_list(ir, body, ops);
  while (!mdl_same_op((*ops)[count], mark)) count++;
  return count;
}

void mdl_drop_dead_forward(MdlDerive *d, MlirBlock body, MlirOperation mark)
{
  MlirOperation *ops = NULL;
  int count = list_before(d->ir, body, mark, &ops);
  mdl_drop_effects(d->ir, count, ops);
  for (int i = list_before(d->ir, body, mark, &ops); i-- > 0;) drop_if_dead(d->ir, ops[i]);
}

void mdl_drop_dead_backward(MdlDerive *d, MlirBlock body, MlirOperation mark)
{
  MlirOperation *ops = NULL;
  for (int i = mdl_list(d->ir, body, &ops); !mdl_same_op(ops[--i], mark);)
    drop_if_dead(d->ir, ops[i]);
}

/* ---- the graph --------------------------------------------------------------------------- */

/* Every forward value is two nodes with an edge of its bytes between: cutting it keeps the value.
 * Source and sink are nodes 0 and 1, value i has nodes 2*i + 2 (in) and 2*i + 3 (out). */
typedef struct Edge {
  int to, next;
  int64_t room;
} Edge;

typedef struct Graph {
  MdlDerive *d;
  MdlIr *ir;
  const MdlResiduals *choice;
  MdlMap *index; /* value -> i + 1 */
  int values, value_room;
  MlirValue *value;
  int edges, edge_room;
  Edge *edge;
  int nodes, *first, *level, *at;
} Graph;

static const int64_t ENDLESS = INT64_C(1) << 60;

static void add_edge(Graph *g, int from, int to, int64_t room)
{
  for (int back = 0; back < 2; back++) {
    MDL_GROW(g->ir->arena, g->edge, g->edges, g->edge_room);
    g->edge[g->edges] = (Edge){to, g->first[from], back ? 0 : room};
    g->first[from] = g->edges++;
    int swap = from;
    from = to, to = swap;
  }
}

static void add_value(Graph *g, MlirValue value)
{
  MDL_GROW(g->ir->arena, g->value, g->values, g->value_room);
  g->value[g->values++] = value;
  mdl_map_set(g->index, value.ptr, (void *)(intptr_t)g->values);
}

static int index_of(const Graph *g, MlirValue value)
{
  return (int)(intptr_t)mdl_map_get(g->index, value.ptr) - 1;
}

static bool nominal(void *user, const char *name, int64_t *value)
{
  (void)user;
  (void)name;
  *value = 64;
  return true;
}

static int64_t bytes_of(Graph *g, MlirValue value)
{
  const MdlType *type = mdl_type_of(g->ir, value);
  const MdlSize *count = mdl_type_elements(g->ir->sizes, type);
  int64_t elements = 0;
  for (int i = 0; i < g->choice->frees; i++)
    if (mdl_same(g->choice->free_value[i], value)) return 1;
  if (!count || !mdl_size_eval(count, nominal, NULL, &elements) || elements > ENDLESS >> 20)
    return ENDLESS >> 16;
  int bytes = type->dtype == MDL_index ? 8 : mdl_dtypes[type->dtype].bytes;
  return elements * bytes + 1; /* of two equal cuts, the one with fewer values */
}

static bool is_cheap_inside(void *user, MlirOperation op)
{
  MdlIr *ir = user;
  MdlOp kind = mdl_op(ir, op);
  if (kind == MDL_OP_if || kind == MDL_OP_yield) return true;
  switch (mdl_op_info(kind)->class) {
  case MDL_CLASS_map:
  case MDL_CLASS_leaf:
  case MDL_CLASS_move:
  case MDL_CLASS_gather:
    return true;
  case MDL_CLASS_reduce:
  case MDL_CLASS_contract:
  case MDL_CLASS_conv:
  case MDL_CLASS_scatter:
  case MDL_CLASS_window:
  case MDL_CLASS_scan:
  case MDL_CLASS_sort:
  case MDL_CLASS_effect:
  case MDL_CLASS_core:
    return false;
  }
  return false;
}

typedef struct Users {
  Graph *g;
  MlirOperation op;
  bool is_backward;
} Users;

/* Edges from the forward values that the op (or an op inside it) takes. */
static bool add_uses(void *user, MlirOperation inside)
{
  Users *u = user;
  for (int i = 0; i < mdl_operand_count(inside); i++) {
    int from = index_of(u->g, mdl_operand(inside, i));
    if (from < 0) continue;
    if (u->is_backward) add_edge(u->g, 2 * from + 3, 1, ENDLESS);
    for (int k = 0; k < mdl_result_count(u->op) && !u->is_backward; k++)
      add_edge(u->g, 2 * from + 3, 2 * index_of(u->g, mdl_result(u->op, k)) + 2, ENDLESS);
  }
  return true;
}

static void connect(Graph *g)
{
  const MdlResiduals *choice = g->choice;
  g->nodes = 2 * g->values + 2;
  g->first = MDL_NEW(g->ir->arena, int, (size_t)g->nodes);
  for (int i = 0; i < g->nodes; i++) g->first[i] = -1;
  for (int i = 0; i < g->values; i++) {
    add_edge(g, 2 * i + 2, 2 * i + 3, bytes_of(g, g->value[i]));
    if (i < choice->given) add_edge(g, 0, 2 * i + 2, ENDLESS);
  }
  bool is_backward = false;
  for (MlirOperation op = mdl_first(choice->body); !mdl_is_null(op); op = mdl_next(op)) {
    if (mdl_same_op(op, choice->mark)) {
      is_backward = true;
      continue;
    }
    Users users = {g, op, is_backward};
    if (is_backward || mdl_walk(op, is_cheap_inside, g->ir)) {
      mdl_walk(op, add_uses, &users);
      continue;
    }
    for (int k = 0; k < mdl_result_count(op); k++)
      add_edge(g, 0, 2 * index_of(g, mdl_result(op, k)) + 2, ENDLESS);
  }
}

/* ---- maximal flow (Dinic 1970) ----------------------------------------------------------- */

static bool find_levels(Graph *g, int *queue)
{
  for (int i = 0; i < g->nodes; i++) g->level[i] = -1;
  int head = 0, tail = 0;
  queue[tail++] = 0;
  g->level[0] = 0;
  while (head < tail) {
    int node = queue[head++];
    for (int e = g->first[node]; e >= 0; e = g->edge[e].next) {
      int to = g->edge[e].to;
      if (g->edge[e].room <= 0 || g->level[to] >= 0) continue;
      g->level[to] = g->level[node] + 1;
      queue[tail++] = to;
    }
  }
  return g->level[1] >= 0;
}

/* One path of the level graph, without recursion: `path` holds its edges. */
static int64_t push(Graph *g, int *path)
{
  int depth = 0, node = 0;
  while (node != 1) {
    int *e = &g->at[node];
    while (*e >= 0 && (g->edge[*e].room <= 0 || g->level[g->edge[*e].to] != g->level[node] + 1))
      *e = g->edge[*e].next;
    if (*e >= 0) {
      path[depth++] = *e;
      node = g->edge[*e].to;
    } else {
      if (!depth) return 0;
      node = g->edge[path[--depth] ^ 1].to;
      g->at[node] = g->edge[g->at[node]].next;
    }
  }
  int64_t room = ENDLESS;
  for (int i = 0; i < depth; i++)
    if (g->edge[path[i]].room < room) room = g->edge[path[i]].room;
  for (int i = 0; i < depth; i++) {
    g->edge[path[i]].room -= room;
    g->edge[path[i] ^ 1].room += room;
  }
  return room;
}

static void fill_edges(Graph *g)
{
  int *scratch = MDL_NEW(g->ir->arena, int, (size_t)g->nodes);
  g->level = MDL_NEW(g->ir->arena, int, (size_t)g->nodes);
  g->at = MDL_NEW(g->ir->arena, int, (size_t)g->nodes);
  while (find_levels(g, scratch)) {
    for (int i = 0; i < g->nodes; i++) g->at[i] = g->first[i];
    while (push(g, scratch)) continue;
  }
}

/* Nodes from which the sink can still be reached: the cut on that side computes least again. */
static bool *reaching_sink(Graph *g)
{
  bool *reaches = MDL_NEW(g->ir->arena, bool, (size_t)g->nodes);
  int *todo = MDL_NEW(g->ir->arena, int, (size_t)g->nodes), count = 0;
  reaches[1] = true;
  todo[count++] = 1;
  while (count) {
    int node = todo[--count];
    for (int e = g->first[node]; e >= 0; e = g->edge[e].next) {
      int from = g->edge[e].to;
      if (reaches[from] || g->edge[e ^ 1].room <= 0) continue;
      reaches[from] = true;
      todo[count++] = from;
    }
  }
  return reaches;
}

void mdl_choose_residuals(MdlDerive *d, MdlResiduals *choice)
{
  Graph g = {.d = d, .ir = d->ir, .index = mdl_map_create(d->ir->arena), .choice = choice};
  for (int i = 0; i < choice->given; i++) add_value(&g, choice->given_value[i]);
  MlirOperation op = mdl_first(choice->body);
  for (; !mdl_same_op(op, choice->mark); op = mdl_next(op))
    for (int k = 0; k < mdl_result_count(op); k++)
      if (index_of(&g, mdl_result(op, k)) < 0) add_value(&g, mdl_result(op, k));
  connect(&g);
  fill_edges(&g);
  bool *reaches = reaching_sink(&g);
  choice->keep = MDL_NEW(d->ir->arena, MlirValue, (size_t)g.values);
  choice->count = 0;
  for (int i = 0; i < g.values; i++)
    if (!reaches[2 * i + 2] && reaches[2 * i + 3]) choice->keep[choice->count++] = g.value[i];
}
