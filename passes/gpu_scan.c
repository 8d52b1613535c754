/* Scans on a GPU. A team, a warp or a block, takes a line: as many elements at once as it has
 * threads and each of them registers, in rows of 32 neighbours a warp, so that loads and stores are
 * of neighbours; what they come to is carried to the next ones. The order follows from sizes alone.
 * A thread takes a line where lines are short, or many and side by side.
 *
 * A scan with `mdl.part` starts anew at every multiple of it along its axis
 * (passes/gpu_split_scan.c); each such part is a line. */
#include "passes/gpu.h"

enum {
  WARP = 32,
  THREADS = MDL_GPU_THREADS,
  SHORT = 64,        /* a line that a thread takes */
  LONG = 1024,       /* a line that a block takes: a warp takes shorter ones */
  FREE = 4096,       /* what a line of free size counts as */
  MANY_LINES = 8192, /* side by side: a thread each */
  ROWS = 4           /* of a warp at once: as many elements a thread */
};

typedef struct Lines {
  const MdlType *type;
  int axis;
  int64_t part, length; /* `length`: by guess */
  bool backwards;
  int team; /* threads that take a line together; 1: each has its own */
} Lines;

/* Is the axis that of neighbours in memory? */
static bool is_innermost(const MdlGroup *g, const MdlType *type, int axis)
{
  for (int i = axis + 1; i < type->rank; i++)
    if (type->dim[i] != mdl_size_const(g->ir->sizes, 1)) return false;
  return true;
}

static int team_of(const MdlGroup *g, const Lines *l)
{
  double lines = 1;
  bool innermost = is_innermost(g, l->type, l->axis);
  for (int i = 0; i < l->type->rank; i++)
    if (i != l->axis) lines *= (double)mdl_schedule_guess(l->type->dim[i]);
  if (l->length < SHORT || (!innermost && (l->part || lines >= MANY_LINES))) return 1;
  return l->length > LONG ? THREADS : WARP;
}

static Lines read_lines(const MdlGroup *g)
{
  MdlAttrs attrs = mdl_attrs_of(g->ir, g->seed);
  Lines l = {.type = mdl_type_of(g->ir, mdl_result(g->seed, 0))};
  l.axis = (int)mdl_get_int(&attrs, "axis");
  l.backwards = mdl_get_flag(&attrs, "reverse");
  l.part = mdl_op_int(g->seed, "mdl.part", 0);
  l.length = l.part;
  if (!l.part && !mdl_size_is_const(l.type->dim[l.axis], &l.length)) l.length = FREE;
  l.team = team_of(g, &l);
  return l;
}

MdlGpuMode mdl_gpu_scan_mode(const MdlGroup *g)
{
  Lines l = read_lines(g);
  if (l.team > 1) return MDL_GPU_blocks;
  return l.type->rank > 1 || l.part ? MDL_GPU_points : MDL_GPU_one;
}

/* How many lines there are along each axis. */
static MdlType count_lines(const MdlGroup *g, const Lines *l)
{
  MdlType lines = *l->type;
  const MdlSize **along = &lines.dim[l->axis];
  *along =
      l->part ? mdl_size_ceil_div(g->ir->sizes, *along, l->part) : mdl_size_const(g->ir->sizes, 1);
  return lines;
}

const MdlSize *mdl_gpu_scan_points(const MdlGroup *g)
{
  Lines l = read_lines(g);
  MdlType lines = count_lines(g, &l);
  const MdlSize *count = mdl_type_elements(g->ir->sizes, &lines);
  return l.team == WARP && count ? mdl_size_ceil_div(g->ir->sizes, count, THREADS / WARP) : count;
}

/* ---- one line ---------------------------------------------------------------------------- */

typedef struct Scan {
  Lines l;
  MdlNest *n;
  MlirOperation op;
  MdlOp kind;
  MlirValue carry;  /* what the line starts with */
  MlirValue lo, hi; /* of the line: its elements' indices */
  MdlPoint p;       /* of the element at hand */
  /* a team */
  int rows;
  MlirValue first; /* this thread's place in its team's elements */
  MlirValue own;   /* its elements */
} Scan;

static MlirValue number(Scan *s, int64_t value) { return mdl_nest_index(s->n, value); }

/* From the point of lines to a line's ends. */
static void open_line(Scan *s, const MdlPoint *line)
{
  MdlNest *n = s->n;
  MdlArith a = mdl_nest_arith(n, NULL);
  s->p = mdl_point(s->l.type->rank);
  for (int i = 0; i < s->p.rank; i++) s->p.at[i] = line->at[i];
  s->lo = number(s, 0);
  s->hi = mdl_nest_extent(n, s->l.type->dim[s->l.axis]);
  s->carry = mdl_nest_start(&a, s->kind, s->l.type->dtype);
  if (!s->l.part) return;
  MlirValue part = number(s, s->l.part);
  s->lo = mdl_index_mul(&n->b, line->at[s->l.axis], part);
  s->hi = mdl_index_min(&n->b, mdl_index_add(&n->b, s->lo, part), s->hi);
}

/* A loop over the line, in the order of the scan; `at` sets the element. Backwards it counts from
 * 0. */
static void open_loop(Scan *s, MdlLoop *loop, int64_t step)
{
  MdlNest *n = s->n;
  MlirValue lo = s->l.backwards ? number(s, 0) : s->lo;
  MlirValue hi = s->l.backwards ? mdl_index_sub(&n->b, s->hi, s->lo) : s->hi;
  mdl_loop_begin(n, loop, lo, hi, number(s, step), 1, &s->carry);
}

static void set_element(Scan *s, MlirValue counted)
{
  MdlNest *n = s->n;
  MlirValue last = s->l.backwards ? mdl_index_sub(&n->b, s->hi, number(s, 1)) : s->hi;
  s->p.at[s->l.axis] = s->l.backwards ? mdl_index_sub(&n->b, last, counted) : counted;
}

static void by_thread(Scan *s)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlArith a = mdl_nest_arith(n, NULL);
  open_loop(s, &loop, 1);
  set_element(s, loop.iv);
  MlirValue value = mdl_nest_at(n, mdl_operand(s->op, 0), &s->p);
  MlirValue next = mdl_nest_combine(&a, s->kind, s->l.type->dtype, loop.carry[0], value);
  mdl_nest_emit(n, mdl_result(s->op, 0), &s->p, next);
  mdl_loop_end(n, &loop, &next);
}

/* ---- a team ------------------------------------------------------------------------------ */

/* Do all chunks of all lines have all their elements? */
static bool is_whole(const Scan *s)
{
  int64_t length, chunk = (int64_t)s->l.team * s->rows;
  if (!mdl_size_is_const(s->l.type->dim[s->l.axis], &length)) return false;
  if (s->l.part && length % s->l.part) return false;
  return (s->l.part ? s->l.part : length) % chunk == 0;
}

/* The loop over this thread's elements; inside the line alone. */
typedef struct Each {
  MdlLoop loop;
  MdlBranch branch;
} Each;

static void open_each(Scan *s, Each *e, MlirValue chunk, int results, const MlirType *type)
{
  MdlNest *n = s->n;
  mdl_loop_over(n, &e->loop, number(s, s->rows), 0, NULL);
  if (!mdl_is_null(e->loop.op)) mdl_op_set_int(n->ir, e->loop.op, "mdl.unroll", 1);
  MlirValue row = mdl_index_mul(&n->b, e->loop.iv, number(s, WARP));
  MlirValue in = mdl_index_add(&n->b, chunk, mdl_index_add(&n->b, s->first, row));
  MlirValue end = s->l.backwards ? mdl_index_sub(&n->b, s->hi, s->lo) : s->hi;
  set_element(s, in);
  if (is_whole(s)) return;
  MlirValue inside = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, in, end);
  mdl_branch_begin(n, &e->branch, inside, results, type);
}

static void load_own(Scan *s, MlirValue chunk)
{
  MdlNest *n = s->n;
  Each e;
  MdlArith a = mdl_nest_arith(n, NULL);
  MlirType type = mdl_loop_value_type(n->ir, s->l.type->dtype, 1);
  open_each(s, &e, chunk, 1, &type);
  MlirValue value = mdl_nest_at(n, mdl_operand(s->op, 0), &s->p);
  if (!is_whole(s)) {
    mdl_branch_else(n, &e.branch, 1, &value);
    MlirValue none = mdl_nest_start(&a, s->kind, s->l.type->dtype);
    value = mdl_branch_end(n, &e.branch, 1, &none);
  }
  mdl_loop_store(&n->b, value, s->own, &e.loop.iv);
  mdl_loop_end(n, &e.loop, NULL);
}

static void emit_own(Scan *s, MlirValue chunk)
{
  MdlNest *n = s->n;
  Each e;
  open_each(s, &e, chunk, 0, NULL);
  mdl_nest_emit(n, mdl_result(s->op, 0), &s->p, mdl_loop_load(&n->b, s->own, &e.loop.iv, 1));
  if (!is_whole(s)) mdl_gpu_one_end(n, &e.branch);
  mdl_loop_end(n, &e.loop, NULL);
}

/* "block_scan<Add, uint32_t>": sums wrap as unsigned numbers do. */
static const char *function_of(const Scan *s)
{
  MdlDtype dtype = s->l.type->dtype;
  bool most = s->kind == MDL_OP_cummax;
  const char *combine = most ? "Most" : s->kind == MDL_OP_cumprod ? "Multiply" : "Add";
  const char *sign = most && !mdl_is_unsigned(dtype) ? "" : "u";
  const char *type = dtype == MDL_f64 ? "double" : "float";
  if (!mdl_is_float(dtype))
    type = mdl_text(s->n->ir->arena, "%sint%d_t", sign, mdl_dtypes[dtype].bits > 32 ? 64 : 32);
  return mdl_text(s->n->ir->arena, "%s_scan<%s, %s>", s->l.team == WARP ? "warp" : "block", combine,
                  type);
}

static void by_team(Scan *s)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlPass *pass = n->pass;
  MlirType type = mdl_loop_value_type(n->ir, s->l.type->dtype, 1);
  open_loop(s, &loop, (int64_t)s->l.team * s->rows);
  if (!mdl_is_null(loop.op)) mdl_value_set_name(n->ir, loop.carry[0], "carry");
  load_own(s, loop.iv);
  MlirValue operand[] = {s->own, number(s, 0), loop.carry[0]};
  MlirOperation call =
      mdl_loop_device(&n->b, pass->module, pass->symbols, function_of(s), 3, operand, &type);
  emit_own(s, loop.iv);
  MlirValue carry = mdl_result(call, 0);
  mdl_value_set_name(n->ir, carry, "next");
  mdl_loop_end(n, &loop, &carry);
}

static void make_own(Scan *s)
{
  MdlNest *n = s->n;
  MdlLoopType type = {.kind = MDL_LOOP_memory, .rank = 1, .dim = {s->rows}};
  type.element = mdl_loop_register(s->l.type->dtype);
  s->own = mdl_loop_alloca(&n->b, &type);
  mdl_loop_nest_array(n->ir, s->own, false);
  mdl_value_set_name(n->ir, s->own, "own");
}

/* Teams take the lines in turn. */
static void by_teams(Scan *s, int rank, const MlirValue *extent)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlPoint line;
  int64_t rows = (s->l.length + s->l.team - 1) / s->l.team, each = THREADS / s->l.team;
  s->rows = rows < ROWS ? (int)rows : ROWS;
  MlirValue thread = mdl_loop_gpu_index(&n->b, MDL_LOOP_thread), warp = number(s, WARP);
  mdl_value_set_name(n->ir, thread, "thread");
  MlirValue lane = mdl_index_rem(&n->b, thread, warp);
  MlirValue team = mdl_index_div(&n->b, thread, warp);
  s->first = lane;
  if (s->l.team == THREADS)
    s->first =
        mdl_index_add(&n->b, mdl_index_mul(&n->b, team, number(s, (int64_t)WARP * s->rows)), lane);
  mdl_value_set_name(n->ir, s->first, s->l.team == THREADS ? "first" : "lane");
  MlirValue start =
      mdl_index_mul(&n->b, mdl_loop_gpu_index(&n->b, MDL_LOOP_block), number(s, each));
  if (each > 1) start = mdl_index_add(&n->b, start, team);
  MlirValue step =
      mdl_index_mul(&n->b, mdl_loop_gpu_index(&n->b, MDL_LOOP_blocks), number(s, each));
  make_own(s);
  mdl_loop_begin(n, &loop, start, mdl_gpu_product(n, rank, extent), step, 0, NULL);
  mdl_gpu_split(n, rank, extent, loop.iv, &line);
  open_line(s, &line);
  by_team(s);
  mdl_loop_end(n, &loop, NULL);
}

void mdl_gpu_scan(MdlNest *n, MlirOperation op)
{
  Scan s = {.l = read_lines(&n->g), .n = n, .op = op, .kind = mdl_op(n->ir, op)};
  MdlType lines = count_lines(&n->g, &s.l);
  MlirValue extent[MDL_MAX_RANK];
  for (int i = 0; i < lines.rank; i++) extent[i] = mdl_nest_extent(n, lines.dim[i]);
  if (s.l.team > 1) {
    by_teams(&s, lines.rank, extent);
    return;
  }
  if (n->mode == MDL_GPU_one) {
    mdl_nest_scan(n, op);
    return;
  }
  MdlSpace space;
  MdlPoint line;
  mdl_space_begin(n, &space, lines.rank, extent, false);
  while (mdl_space_next(n, &space, &line)) {
    line.number = (MlirValue){NULL};
    open_line(&s, &line);
    by_thread(&s);
  }
}
