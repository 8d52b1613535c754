/* Parts that run in one nest. Two parts merge when one reads what the other makes at the point where
 * it is made, or both read the same tensor over the same axes, and nothing outside would then have to
 * run in the middle. What they may become:
 *   rows   reductions over the last axes and maps around them: softmax, norms, losses and their
 *          gradients, phase after phase over one row; sums over the same elements in one loop
 *   maps   of one shape, with several results, behind at most one other nest (a dot, a conv)
 * `mdl_phases_read` (phases.h) finds the phases of such a group again. */
#include "passes/align.h"
#include "passes/gpu.h"
#include "passes/partition.h"
#include "passes/schedule.h"

#include <stdlib.h>

/* ---- the block as a graph: parts, and the ops that stay ---------------------------------- */

typedef struct Edge {
  int node;
  bool pointwise; /* reads every element where it is made, over the same axes */
  int leading;    /* axes that are read where they are made */
  MlirValue value;
} Edge;

typedef struct Node {
  MdlPart *part; /* NULL: an op that stays */
  MlirOperation op;
  int position, cluster, next; /* the cluster's first node; the next one in it, -1: none */
  const MdlType *shape; /* what its loops run over */
  int kept;             /* a reduction: axes that stay in front; -1: none of that kind */
  bool reduces, is_map;
  int edges, capacity;
  Edge *edge; /* what it needs */
} Node;

typedef struct Merge {
  MdlIr *ir;
  bool gpu;
  MlirBlock block;
  int nodes, parts;
  Node *node; /* parts first */
  MdlMap *made_by;  /* op whose results others see -> Node */
  MdlMap *position; /* op -> its place in the block, from 1 */
  int *stamp, stamps, *stack;
} Merge;

static int position_of(const Merge *m, MlirOperation op)
{
  return (int)(intptr_t)mdl_map_get(m->position, op.ptr);
}

static void add_edge(Merge *m, Node *to, Edge edge)
{
  for (int i = 0; i < to->edges; i++) {
    if (!mdl_same(to->edge[i].value, edge.value) || to->edge[i].node != edge.node) continue;
    to->edge[i].pointwise &= edge.pointwise;
    if (edge.leading < to->edge[i].leading) to->edge[i].leading = edge.leading;
    return;
  }
  MDL_GROW(m->ir->arena, to->edge, to->edges, to->capacity);
  to->edge[to->edges++] = edge;
}

static void need(Merge *m, Node *to, MlirValue value, int leading)
{
  MlirOperation def = mdl_def(value);
  Node *from = mdl_is_null(def) ? NULL : mdl_map_get(m->made_by, def.ptr);
  const MdlType *type = mdl_type_of(m->ir, value);
  int node = from ? (int)(from - m->node) : -1; /* -1: from before the block */
  bool pointwise = to->shape && leading == type->rank && type->rank == to->shape->rank &&
                   mdl_same_leading(type, to->shape, leading);
  if (from != to) add_edge(m, to, (Edge){node, pointwise, leading, value});
}

static void lower(MdlMap *leading, MlirOperation op, int at)
{
  int known = (int)(intptr_t)mdl_map_get(leading, op.ptr);
  if (!known || at + 1 < known) mdl_map_set(leading, op.ptr, (void *)(intptr_t)(at + 1));
}

static bool is_inside(const MdlPart *part, int before, MlirOperation op)
{
  for (int i = 0; i < before; i++)
    if (mdl_same_op(part->op[i], op)) return true;
  return false;
}

/* Walks a part from its root down: how far each op is asked where its own loops stand. */
static void read_part(Merge *m, Node *node)
{
  MdlPart *part = node->part;
  MdlMap *leading = mdl_map_create(m->ir->arena); /* op -> axes + 1 */
  mdl_map_set(leading, part->root.ptr, (void *)(intptr_t)(MDL_MAX_RANK + 1));
  for (int i = part->ops; i-- > 0;) {
    MlirOperation op = part->op[i];
    int asked = (int)(intptr_t)mdl_map_get(leading, op.ptr) - 1;
    bool seed = mdl_same_op(op, part->seed);
    for (int j = 0; j < mdl_operand_count(op); j++) {
      MlirValue operand = mdl_operand(op, j);
      MlirOperation def = mdl_def(operand);
      int rank = mdl_type_of(m->ir, operand)->rank;
      int at = seed ? (node->reduces ? rank : 0) : mdl_leading(m->ir, op, j, asked);
      if (!mdl_is_null(def)) lower(leading, def, at);
      if (!is_inside(part, i, def)) need(m, node, operand, at);
    }
  }
}

typedef struct Captures {
  Merge *m;
  Node *node;
} Captures;

static bool need_operands(void *user, MlirOperation op)
{
  Captures *c = user;
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (mdl_value_block(mdl_operand(op, i)).ptr == c->m->block.ptr)
      need(c->m, c->node, mdl_operand(op, i), 0);
  return true;
}

static bool is_effect(MdlIr *ir, MlirOperation op)
{
  MdlOp kind = mdl_op(ir, op);
  if (mdl_region_count(op) || kind >= MDL_OP_COUNT) return true;
  return mdl_op_info(kind)->class == MDL_CLASS_effect;
}

static void describe(Merge *m, Node *node)
{
  MlirOperation seed = node->part->seed;
  const MdlType *root = mdl_type_of(m->ir, mdl_result(node->part->root, 0));
  node->shape = root;
  node->kept = -1;
  node->is_map = mdl_is_null(seed) && mdl_op(m->ir, node->part->root) != MDL_OP_dynamic_update;
  if (mdl_is_null(seed) || !mdl_is_reduction(mdl_op(m->ir, seed))) return;
  node->kept = mdl_reduction_kept(m->ir, seed);
  node->reduces = node->kept >= 0;
  if (node->reduces) node->shape = mdl_type_of(m->ir, mdl_operand(seed, 0));
}

static void read_graph(Merge *m, MdlPart *part)
{
  MlirOperation *op;
  int ops = mdl_list(m->ir, m->block, &op), last = -1;
  MdlMap *grouped = mdl_map_create(m->ir->arena);
  m->node = MDL_NEW(m->ir->arena, Node, (size_t)(m->parts + ops));
  for (int i = 0; i < ops; i++) mdl_map_set(m->position, op[i].ptr, (void *)(intptr_t)(i + 1));
  for (int i = 0; i < m->parts; i++) {
    Node *node = &m->node[m->nodes++];
    node->part = &part[i];
    node->position = position_of(m, part[i].root);
    describe(m, node);
    mdl_map_set(m->made_by, part[i].root.ptr, node);
    for (int j = 0; j < part[i].ops; j++) mdl_map_set(grouped, part[i].op[j].ptr, node);
  }
  for (int i = 0; i < ops - 1; i++) {
    if (mdl_map_has(grouped, op[i].ptr)) continue;
    Node *node = &m->node[m->nodes++];
    node->op = op[i];
    node->position = i + 1;
    mdl_map_set(m->made_by, op[i].ptr, node);
  }
  for (int i = 0; i < m->nodes; i++) {
    Node *node = &m->node[i];
    node->cluster = i;
    node->next = -1;
    if (node->part) {
      read_part(m, node);
      continue;
    }
    mdl_walk(node->op, need_operands, &(Captures){m, node});
    if (!is_effect(m->ir, node->op)) continue; /* effects keep their order */
    if (last >= 0) add_edge(m, node, (Edge){last, false, 0, {NULL}});
    last = i;
  }
}

/* ---- is there a way around --------------------------------------------------------------- */

static void push_needs(Merge *m, int cluster, int from, int to, int *depth, bool *found)
{
  for (int i = cluster; i >= 0; i = m->node[i].next)
    for (int j = 0; j < m->node[i].edges; j++) {
      int needs = m->node[i].edge[j].node;
      if (needs < 0) continue;
      needs = m->node[needs].cluster;
      *found |= needs == to && cluster != from;
      if (needs == from || needs == to || m->stamp[needs] == m->stamps) continue;
      m->stamp[needs] = m->stamps;
      m->stack[(*depth)++] = needs;
    }
}

/* Does `from` need `to` through a third one? */
static bool leads_around(Merge *m, int from, int to)
{
  int depth = 0;
  bool found = false;
  m->stamps++;
  push_needs(m, from, from, to, &depth, &found);
  while (depth && !found) push_needs(m, m->stack[--depth], from, to, &depth, &found);
  return found;
}

/* ---- what two clusters would be ---------------------------------------------------------- */

typedef struct Union {
  Merge *m;
  int cluster[2];
  int rows;        /* as MdlCluster */
  bool has_seed;   /* something other than rows owns the nest */
} Union;

enum { NO_ROWS = -1 };

/* Calls for the members of both: for (Node *n = first(u); n; n = after(u, n)). */
static Node *first(const Union *u) { return &u->m->node[u->cluster[0]]; }

static Node *after(const Union *u, const Node *node)
{
  if (node->next >= 0) return &u->m->node[node->next];
  bool more = node->cluster == u->cluster[0] && u->cluster[1] != u->cluster[0];
  return more ? &u->m->node[u->cluster[1]] : NULL;
}

static bool holds(const Union *u, int node)
{
  if (node < 0) return false;
  int cluster = u->m->node[node].cluster;
  return cluster == u->cluster[0] || cluster == u->cluster[1];
}

static bool may_finish(const Union *u, const Node *node)
{
  if (mdl_is_null(node->part->seed)) return false; /* an update in place */
  switch (mdl_op_info(mdl_op(u->m->ir, node->part->seed))->class) {
  case MDL_CLASS_contract:
  case MDL_CLASS_conv:
  case MDL_CLASS_window:
  case MDL_CLASS_reduce: return true;
  default: return false;
  }
}

/* Rows are shared by teams of threads: a sum over all rows would have to wait for all teams, and
 * maps alone have a thread an element. A function of the device returns one scalar. */
static bool suits_gpu(const Union *u, bool reduces)
{
  const MdlType *shape = first(u)->shape;
  for (const Node *n = first(u); n; n = after(u, n)) {
    if (!n->shape->rank || (n->reduces && !n->kept)) return false;
    if (!reduces && n->shape->rank != shape->rank) return false;
  }
  return true;
}

/* The axes that the row loops would run over; false: the members do not go together. */
static bool choose_rows(Union *u)
{
  const Node *shortest = first(u), *row = NULL;
  int seeds = 0, reductions = 0;
  for (const Node *n = first(u); n; n = after(u, n)) {
    if (n->shape->rank < shortest->shape->rank) shortest = n;
    reductions += n->reduces;
    if (n->reduces && n->kept > 0) row = n;
    if (n->reduces || n->is_map) continue;
    if (seeds++ || !may_finish(u, n)) return false;
  }
  u->has_seed = seeds > 0;
  if (seeds && reductions) return false;
  if (u->m->gpu && !suits_gpu(u, reductions)) return false;
  u->rows = row ? row->kept : reductions ? 0 : NO_ROWS;
  const MdlType *shape = row ? row->shape : first(u)->shape;
  int common = row ? u->rows : shortest->shape->rank;
  for (const Node *n = first(u); n; n = after(u, n)) {
    if (n->reduces && n->kept > 0 && n->kept != u->rows) return false;
    if (!mdl_same_leading(n->shape, shape, common)) return false;
    if (row || n->shape->rank == common) continue;
    if (reductions || seeds || !common) return false;
    u->rows = common; /* maps over rows, and over what is in them */
  }
  return true;
}

/* What one member makes for another must be there when it is read. */
static bool reads_fit(const Union *u)
{
  for (const Node *n = first(u); n; n = after(u, n))
    for (int i = 0; i < n->edges; i++) {
      const Edge *edge = &n->edge[i];
      if (!holds(u, edge->node)) continue;
      bool of_row =
          u->rows != NO_ROWS && mdl_is_per_row(mdl_type_of(u->m->ir, edge->value), u->rows);
      if (!edge->pointwise && (!of_row || edge->leading < u->rows)) return false;
    }
  return true;
}

/* Is there less to do together: one reads the other, or both the same tensor over the same axes? */
static bool pays(const Union *u)
{
  for (int i = u->cluster[0]; i >= 0; i = u->m->node[i].next)
    for (int j = u->cluster[1]; j >= 0; j = u->m->node[j].next) {
      const Node *a = &u->m->node[i], *b = &u->m->node[j];
      bool alike = a->shape->rank == b->shape->rank &&
                   mdl_same_leading(a->shape, b->shape, a->shape->rank);
      for (int k = 0; k < a->edges; k++)
        for (int l = 0; l < b->edges; l++) {
          if (a->edge[k].node == j || b->edge[l].node == i) return true;
          if (alike && mdl_same(a->edge[k].value, b->edge[l].value) && a->edge[k].pointwise &&
              b->edge[l].pointwise && a->shape->rank)
            return true;
        }
    }
  return false;
}

/* ---- roots ------------------------------------------------------------------------------- */

static bool reads(const Node *node, int of)
{
  for (int i = 0; i < node->edges; i++)
    if (node->edge[i].node == of) return true;
  return false;
}

/* Does anything outside of the union use what the part makes? */
static bool is_root(const Union *u, int part)
{
  if (u->m->node[part].part->is_kept) return true;
  for (int i = 0; i < u->m->parts; i++)
    if (!holds(u, i) && reads(&u->m->node[i], part)) return true;
  return false;
}

static int count_roots(const Union *u)
{
  int roots = 0;
  for (const Node *n = first(u); n; n = after(u, n)) roots += is_root(u, (int)(n - u->m->node));
  return roots;
}

/* A sum over all rows is there only when the last row is done. */
static bool totals_leave(const Union *u)
{
  if (u->rows <= 0) return true;
  for (const Node *n = first(u); n; n = after(u, n)) {
    if (!n->reduces || n->kept) continue;
    for (const Node *other = first(u); other; other = after(u, other))
      if (reads(other, (int)(n - u->m->node))) return false;
  }
  return true;
}

static bool try_merge(Merge *m, int a, int b, bool seeds)
{
  Union u = {.m = m, .cluster = {m->node[a].cluster, m->node[b].cluster}};
  if (u.cluster[0] == u.cluster[1] || !m->node[a].part || !m->node[b].part) return false;
  if (u.cluster[1] < u.cluster[0]) {
    int first_one = u.cluster[1];
    u.cluster[1] = u.cluster[0];
    u.cluster[0] = first_one;
  }
  if (!pays(&u) || !choose_rows(&u) || u.has_seed != seeds || !reads_fit(&u) || !totals_leave(&u)) return false;
  if (leads_around(m, u.cluster[0], u.cluster[1]) || leads_around(m, u.cluster[1], u.cluster[0]))
    return false;
  if (count_roots(&u) > MDL_MAX_ROOTS) return false;
  int end = u.cluster[0];
  while (m->node[end].next >= 0) end = m->node[end].next;
  m->node[end].next = u.cluster[1];
  for (int i = u.cluster[1]; i >= 0; i = m->node[i].next) m->node[i].cluster = u.cluster[0];
  return true;
}

/* First along what flows, then beside each other, until nothing changes. */
static void merge_all(Merge *m, bool seeds)
{
  for (bool changed = true; changed;) {
    changed = false;
    for (int i = 0; i < m->parts; i++)
      for (int j = 0; j < m->node[i].edges; j++)
        if (m->node[i].edge[j].node >= 0) changed |= try_merge(m, i, m->node[i].edge[j].node, seeds);
    MdlMap *reader = mdl_map_create(m->ir->arena);
    for (int i = 0; i < m->parts; i++)
      for (int j = 0; j < m->node[i].edges; j++) {
        const void *value = m->node[i].edge[j].value.ptr;
        int known = (int)(intptr_t)mdl_map_get(reader, value);
        if (known) changed |= try_merge(m, known - 1, i, seeds);
        mdl_map_set(reader, value, (void *)(intptr_t)(i + 1));
      }
  }
}

/* ---- clusters ---------------------------------------------------------------------------- */

typedef struct Place {
  int position;
  MlirOperation op;
  MdlPart *part; /* of which it is the root */
  int node;
} Place;

static int by_position(const void *a, const void *b)
{
  return ((const Place *)a)->position - ((const Place *)b)->position;
}

static void list_ops(Merge *m, MdlCluster *c)
{
  int most = 0, count = 0;
  for (int i = 0; i < c->parts; i++) most += c->part[i]->ops;
  Place *place = MDL_NEW(m->ir->arena, Place, (size_t)most);
  for (int i = 0; i < c->parts; i++)
    for (int j = 0; j < c->part[i]->ops; j++) {
      MlirOperation op = c->part[i]->op[j];
      place[count++] = (Place){position_of(m, op), op, NULL, 0};
    }
  qsort(place, (size_t)count, sizeof *place, by_position);
  c->op = MDL_NEW(m->ir->arena, MlirOperation, (size_t)count);
  for (int i = 0; i < count; i++)
    if (!i || place[i].position != place[i - 1].position) c->op[c->ops++] = place[i].op;
}

static void list_parts(Merge *m, MdlCluster *c, int cluster)
{
  Union u = {.m = m, .cluster = {cluster, cluster}};
  for (int i = cluster; i >= 0; i = m->node[i].next) c->parts++;
  Place *place = MDL_NEW(m->ir->arena, Place, (size_t)c->parts);
  for (int i = cluster, j = 0; i >= 0; i = m->node[i].next, j++) {
    MdlPart *part = m->node[i].part;
    place[j] = (Place){m->node[i].position, part->root, part, i};
    if (!mdl_is_null(part->seed) && !m->node[i].reduces) c->seed = part->seed;
  }
  qsort(place, (size_t)c->parts, sizeof *place, by_position);
  c->part = MDL_NEW(m->ir->arena, MdlPart *, (size_t)c->parts);
  for (int i = 0; i < c->parts; i++) {
    c->part[i] = place[i].part;
    if (c->parts > 1 && !is_root(&u, place[i].node)) continue;
    for (int j = 0; j < mdl_result_count(place[i].op); j++)
      c->root[c->roots++] = mdl_result(place[i].op, j);
  }
}

/* A reduction that a GPU runs as a group of rows even alone: a block would have too little to do. */
static bool is_short_row(const Node *node)
{
  int64_t length = 1;
  if (!node->reduces || !node->kept) return false;
  for (int i = node->kept; i < node->shape->rank; i++)
    length *= mdl_schedule_guess(node->shape->dim[i]);
  return length <= 1024;
}

/* The members as one group; a single part stays what it was. */
static MdlCluster *make_cluster(Merge *m, int cluster)
{
  MdlCluster *c = MDL_NEW(m->ir->arena, MdlCluster, 1);
  list_parts(m, c, cluster);
  list_ops(m, c);
  c->rows = NO_ROWS;
  if (c->parts == 1) {
    c->seed = c->part[0]->seed;
    if (m->gpu && is_short_row(&m->node[cluster])) c->rows = m->node[cluster].kept;
    return c;
  }
  Union u = {.m = m, .cluster = {cluster, cluster}};
  choose_rows(&u);
  c->rows = u.rows;
  return c;
}

/* ---- the order --------------------------------------------------------------------------- */

typedef struct Order {
  Merge *m;
  int steps;
  MdlPiece *step;
  bool *done; /* by cluster */
} Order;

/* What it needs, then the step itself. */
static void take_step(Order *o, int cluster)
{
  Merge *m = o->m;
  if (o->done[cluster]) return;
  o->done[cluster] = true;
  for (int i = cluster; i >= 0; i = m->node[i].next)
    for (int j = 0; j < m->node[i].edges; j++)
      if (m->node[i].edge[j].node >= 0) take_step(o, m->node[m->node[i].edge[j].node].cluster);
  const Node *node = &m->node[cluster];
  o->step[o->steps++] =
      (MdlPiece){.cluster = node->part ? make_cluster(m, cluster) : NULL, .op = node->op};
}

/* A cluster comes as late as its last member did, unless something needs it before. */
static int last_position(const Merge *m, int node)
{
  int last = 0;
  for (int i = m->node[node].cluster; i >= 0; i = m->node[i].next)
    if (m->node[i].position > last) last = m->node[i].position;
  return last;
}

int mdl_merge(MdlIr *ir, const MdlMachine *machine, MlirBlock block, MdlPiece **steps)
{
  MdlPart *part;
  Merge m = {.ir = ir, .block = block, .parts = mdl_partition(ir, machine, block, &part)};
  m.gpu = machine->warp;
  if (m.gpu) m.parts = mdl_gpu_split_totals(ir, m.parts, &part);
  m.made_by = mdl_map_create(ir->arena);
  m.position = mdl_map_create(ir->arena);
  read_graph(&m, part);
  m.stamp = MDL_NEW(ir->arena, int, (size_t)m.nodes);
  m.stack = MDL_NEW(ir->arena, int, (size_t)m.nodes);
  merge_all(&m, false); /* rows and maps */
  merge_all(&m, true);  /* what is left finishes a dot, a conv */
  Order o = {&m, 0, MDL_NEW(ir->arena, MdlPiece, (size_t)m.nodes),
             MDL_NEW(ir->arena, bool, (size_t)m.nodes)};
  Place *place = MDL_NEW(ir->arena, Place, (size_t)m.nodes);
  for (int i = 0; i < m.nodes; i++) place[i] = (Place){last_position(&m, i), m.node[i].op, NULL, i};
  qsort(place, (size_t)m.nodes, sizeof *place, by_position);
  for (int i = 0; i < m.nodes; i++) take_step(&o, m.node[place[i].node].cluster);
  *steps = o.step;
  return o.steps;
}
