/* Maps that turn an operand around on a GPU: its last axis is another one of the result. A block
 * brings squares of 32 by 32 through shared memory, so that neighbouring threads load neighbours and
 * store neighbours. The square is one column wider, so that a column lies in as many banks as a
 * row. */
#include "passes/gpu_maps.h"

enum {
  SIDE = 32,
  ROWS = MDL_GPU_THREADS / SIDE, /* of a square at once */
  LEAST_SIDE = 16,               /* of an extent that is worth squares */
  LEAST_POINTS = 4096,
  MOST_TURNED = 4 /* operands: 48 KiB of shared memory */
};

typedef struct Turn {
  const MdlGroup *g;
  const MdlType *type; /* the result's */
  int along;           /* the operands' last axis, in the result */
  int turned;
  MlirValue value[MOST_TURNED]; /* results of transposes */
} Turn;

/* ---- when -------------------------------------------------------------------------------- */

static bool reaches(const MdlGroup *g, MlirValue from, MlirValue value)
{
  MlirOperation op = mdl_def(from);
  if (mdl_same(from, value)) return true;
  for (int i = 0; !mdl_is_null(op) && i < mdl_operand_count(op); i++)
    if (reaches(g, mdl_operand(op, i), value)) return true;
  return false;
}

/* Is `value` asked for at the point of `from` only? */
static bool is_at_point(const MdlGroup *g, MlirValue from, MlirValue value)
{
  MlirOperation op = mdl_def(from);
  if (mdl_is_null(op) || mdl_same(from, value)) return true;
  if (mdl_op_info(mdl_op(g->ir, op))->class != MDL_CLASS_map) return !reaches(g, from, value);
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (!is_at_point(g, mdl_operand(op, i), value)) return false;
  return true;
}

static bool has_dims_of(const MdlType *a, const MdlType *b)
{
  for (int i = 0; i < b->rank && a->rank == b->rank; i++)
    if (a->dim[i] != b->dim[i]) return false;
  return a->rank == b->rank;
}

/* The axis of an argument's transpose along which its memory runs; -1: its last, or no such op. */
static int turned_axis(const Turn *t, MlirOperation op)
{
  int64_t perm[MDL_MAX_RANK];
  MlirOperation end = mdl_terminator(mdl_body(t->g->func, 0));
  int last = t->type->rank - 1, axis = 0;
  if (mdl_op(t->g->ir, op) != MDL_OP_transpose || !mdl_is_null(mdl_def(mdl_operand(op, 0))))
    return -1;
  if (!has_dims_of(mdl_type_of(t->g->ir, mdl_result(op, 0)), t->type)) return -1;
  for (int i = 0; i < mdl_operand_count(end); i++)
    if (!is_at_point(t->g, mdl_operand(end, i), mdl_result(op, 0))) return -1;
  MdlAttrs attrs = mdl_attrs_of(t->g->ir, op);
  mdl_get_ints(&attrs, "perm", perm);
  while (perm[axis] != last) axis++;
  return axis == last ? -1 : axis;
}

static bool is_worth_it(const Turn *t)
{
  int64_t points;
  const MdlSize *all = mdl_type_elements(t->g->ir->sizes, t->type);
  if (!all || (mdl_size_is_const(all, &points) && points < LEAST_POINTS)) return false;
  return mdl_schedule_guess(t->type->dim[t->along]) >= LEAST_SIDE &&
         mdl_schedule_guess(t->type->dim[t->type->rank - 1]) >= LEAST_SIDE;
}

static bool read_turn(const MdlGroup *g, Turn *t)
{
  MlirOperation *op, end = mdl_terminator(mdl_body(g->func, 0));
  *t = (Turn){.g = g, .along = -1, .type = mdl_type_of(g->ir, mdl_operand(end, 0))};
  if (!mdl_is_null(g->seed) || g->flat || t->type->rank < 2) return false;
  for (int i = 0; i < mdl_operand_count(end); i++)
    if (!has_dims_of(mdl_type_of(g->ir, mdl_operand(end, i)), t->type)) return false;
  int count = mdl_list(g->ir, mdl_body(g->func, 0), &op);
  for (int i = 0; i < count; i++) {
    int axis = turned_axis(t, op[i]);
    if (axis < 0 || (t->along >= 0 && axis != t->along) || t->turned == MOST_TURNED) continue;
    t->along = axis;
    t->value[t->turned++] = mdl_result(op[i], 0);
  }
  return t->turned && is_worth_it(t);
}

bool mdl_gpu_turns(const MdlGroup *g)
{
  Turn t;
  return read_turn(g, &t);
}

static bool square_type(const Turn *t, MdlType *squares)
{
  const int side[] = {t->along, t->type->rank - 1};
  *squares = *t->type;
  for (int i = 0; i < 2; i++) {
    squares->dim[side[i]] = mdl_size_ceil_div(t->g->ir->sizes, t->type->dim[side[i]], SIDE);
    if (!squares->dim[side[i]]) return false;
  }
  return true;
}

const MdlSize *mdl_gpu_squares(const MdlGroup *g)
{
  Turn t;
  MdlType squares;
  if (!read_turn(g, &t) || !square_type(&t, &squares)) return NULL;
  return mdl_type_elements(g->ir->sizes, &squares);
}

/* ---- loops ------------------------------------------------------------------------------- */

typedef struct Square {
  Turn t;
  MdlNest *n;
  MlirValue memory[MOST_TURNED];
  MlirValue lane, row; /* of this thread */
  MdlPoint origin;
} Square;

static void make_memory(Square *s)
{
  MdlNest *n = s->n;
  for (int i = 0; i < s->t.turned; i++) {
    MdlLoopType type = {.kind = MDL_LOOP_memory, .rank = 2, .dim = {SIDE, SIDE + 1}};
    type.element = mdl_loop_cell(mdl_nest_type(n, s->t.value[i])->dtype);
    s->memory[i] = mdl_loop_shared(&n->extents.top, &type);
    mdl_op_set_unit(n->ir, mdl_def(s->memory[i]), "mdl.nested");
    mdl_value_set_name(n->ir, s->memory[i], "square");
  }
}

/* Each thread's elements of the square, `ROWS` apart: `at` is where along its rows' axis, `lane`
 * along the other. Inside the tensor alone. */
static MlirValue open_elements(Square *s, MdlLoop *loop, MdlBranch *branch, int rows, int lanes,
                               MdlPoint *p)
{
  MdlNest *n = s->n;
  mdl_loop_over(n, loop, mdl_nest_index(n, SIDE / ROWS), 0, NULL);
  mdl_op_set_int(n->ir, loop->op, "mdl.unroll", 1);
  MlirValue down = mdl_index_mul(&n->b, mdl_nest_index(n, ROWS), loop->iv);
  MlirValue row = mdl_index_add(&n->b, s->row, down), inside[2];
  const int axis[] = {rows, lanes};
  *p = s->origin;
  for (int i = 0; i < 2; i++) {
    p->at[axis[i]] = mdl_index_add(&n->b, p->at[axis[i]], i ? s->lane : row);
    MlirValue extent = mdl_nest_extent(n, s->t.type->dim[axis[i]]);
    inside[i] = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, p->at[axis[i]], extent);
  }
  mdl_branch_begin(n, branch, mdl_loop_binary(&n->b, MDL_LOOP_andi, inside[0], inside[1]), 0, NULL);
  return row;
}

static void close_elements(Square *s, MdlLoop *loop, MdlBranch *branch)
{
  mdl_gpu_one_end(s->n, branch);
  mdl_loop_end(s->n, loop, NULL);
}

/* As the operands lie. */
static void load_square(Square *s)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlBranch branch;
  MdlPoint p;
  MdlArith a = mdl_nest_arith(n, NULL);
  MlirValue row = open_elements(s, &loop, &branch, s->t.type->rank - 1, s->t.along, &p);
  const MlirValue to[] = {row, s->lane};
  for (int i = 0; i < s->t.turned; i++) {
    MdlDtype dtype = mdl_nest_type(n, s->t.value[i])->dtype;
    MlirValue value = mdl_nest_at(n, s->t.value[i], &p);
    mdl_loop_store(&n->b, mdl_arith_to_cell(&a, value, dtype), s->memory[i], to);
  }
  close_elements(s, &loop, &branch);
}

/* As the results lie: the rest of the map finds what was loaded. */
static void finish_square(Square *s)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlBranch branch;
  MdlPoint p;
  MdlArith a = mdl_nest_arith(n, NULL);
  MlirValue row = open_elements(s, &loop, &branch, s->t.along, s->t.type->rank - 1, &p);
  const MlirValue from[] = {s->lane, row};
  for (int i = 0; i < s->t.turned; i++) {
    MlirValue cell = mdl_loop_load(&n->b, s->memory[i], from, 1);
    MdlDtype dtype = mdl_nest_type(n, s->t.value[i])->dtype;
    mdl_nest_remember(n, s->t.value[i], &p, mdl_arith_of_cell(&a, cell, dtype));
  }
  mdl_nest_finish(n, &p);
  close_elements(s, &loop, &branch);
}

static void open_square(Square *s, MdlLoop *loop)
{
  MdlNest *n = s->n;
  MdlType squares;
  MlirValue extent[MDL_MAX_RANK];
  if (!square_type(&s->t, &squares)) MDL_BUG(n->ir->session, "the size of a tensor overflows");
  for (int i = 0; i < squares.rank; i++) extent[i] = mdl_nest_extent(n, squares.dim[i]);
  mdl_loop_begin(n, loop, mdl_loop_gpu_index(&n->b, MDL_LOOP_block),
                 mdl_gpu_product(n, squares.rank, extent),
                 mdl_loop_gpu_index(&n->b, MDL_LOOP_blocks), 0, NULL);
  mdl_gpu_split(n, squares.rank, extent, loop->iv, &s->origin);
  const int side[] = {s->t.along, squares.rank - 1};
  for (int i = 0; i < 2; i++) {
    MlirValue first = mdl_index_mul(&n->b, s->origin.at[side[i]], mdl_nest_index(n, SIDE));
    if (mdl_loop_def_op(first) == MDL_LOOP_muli)
      mdl_value_set_name(n->ir, first, i ? "left" : "top");
    s->origin.at[side[i]] = first;
  }
}

void mdl_gpu_turn(MdlNest *n)
{
  Square s = {.n = n};
  MdlLoop loop;
  if (!read_turn(&n->g, &s.t)) MDL_BUG(n->ir->session, "a map that turns nothing");
  MlirValue thread = mdl_loop_gpu_index(&n->b, MDL_LOOP_thread);
  s.lane = mdl_index_rem(&n->b, thread, mdl_nest_index(n, SIDE));
  s.row = mdl_index_div(&n->b, thread, mdl_nest_index(n, SIDE));
  mdl_value_set_name(n->ir, s.lane, "lane");
  mdl_value_set_name(n->ir, s.row, "row");
  make_memory(&s);
  open_square(&s, &loop);
  load_square(&s);
  mdl_loop_barrier(&n->b);
  finish_square(&s);
  mdl_loop_barrier(&n->b);
  mdl_loop_end(n, &loop, NULL);
}
