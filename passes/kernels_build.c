/* One kernel out of a segment of an entry: cells, arguments, barriers between its steps. */
#include "passes/arith.h"
#include "passes/entry.h"
#include "passes/gpu.h"
#include "passes/kernels.h"

#include <string.h>

/* ---- cells: scalars between kernels, in the work buffer ---------------------------------- */

/* Where the entry keeps nothing else in the work buffer: made at the entry's start. */
static MlirValue open_arena(MdlKernels *k)
{
  MlirBlock body = mdl_body(k->entry, 0);
  MdlBuilder b = mdl_builder_before(k->ir, mdl_first(body));
  MdlLoopType bytes = {.kind = MDL_LOOP_memory, .element = MDL_i8, .rank = 1, .dim = {-1}};
  int64_t align = mdl_work_align(k->pass->options->machine);
  MlirValue extent = mdl_loop_number(&b, MDL_index, 1, 0, align);
  return mdl_loop_shape(&b, mdl_arg(body, mdl_arg_count(body) - 1), &bytes, &extent);
}

/* As slices of the work buffer say it: the cells lie behind them. */
static void note_extent(MdlKernels *k, MlirOperation view, int64_t shift)
{
  MdlSizes *sizes = k->ir->sizes;
  const MdlSize *cells = mdl_op_size(k->ir, k->entry, "mdl.work_bytes");
  const MdlSize *offset = mdl_size_add(sizes, cells, mdl_size_const(sizes, shift));
  if (!offset) return;
  mdl_op_set_size(k->ir, view, "mdl.offset", offset);
  mdl_op_set_text(k->ir, view, "mdl.bytes", "8");
}

static MlirValue cell_of(MdlKernels *k, MlirValue value)
{
  MlirValue known = {mdl_map_get(k->on_device, value.ptr)};
  if (!mdl_same(known, value)) return known;
  if (mdl_is_no_value(k->arena)) k->arena = open_arena(k);
  MlirOperation shape = mdl_def(k->arena);
  MdlBuilder b = mdl_builder_after(k->ir, shape);
  MdlDtype element = mdl_loop_type_of(k->ir, value).element;
  MdlDtype cell = mdl_loop_cell(element == MDL_index ? MDL_i64 : element);
  MlirValue offset = mdl_index_add(&b, mdl_loop_extent(shape, 0),
                                   mdl_loop_number(&b, MDL_index, 1, 0, 8 * k->cells++));
  MdlLoopType type = {.kind = MDL_LOOP_memory, .element = cell};
  MlirValue pointer = mdl_loop_view(&b, k->arena, offset, &type, NULL);
  note_extent(k, mdl_def(pointer), 8 * (k->cells - 1));
  const char *name = mdl_value_name(k->ir, value);
  mdl_value_set_name(k->ir, pointer, mdl_text(k->ir->arena, "%s_at", name ? name : "s"));
  mdl_map_set(k->on_device, value.ptr, (void *)pointer.ptr);
  return pointer;
}

static MlirValue load_cell(MdlBuilder *b, const MdlMachine *machine, MlirValue pointer,
                           MdlDtype element)
{
  MdlArith a = {b, machine, 1};
  MlirValue value = mdl_loop_load(b, pointer, NULL, 1);
  if (element == MDL_index) return mdl_loop_cast(b, MDL_LOOP_index_cast, value, MDL_index);
  return mdl_arith_of_cell(&a, value, element);
}

static void store_cell(MdlBuilder *b, const MdlMachine *machine, MlirValue value, MlirValue pointer)
{
  MdlArith a = {b, machine, 1};
  MdlDtype element = mdl_loop_type_of(b->ir, value).element;
  if (element == MDL_index)
    value = mdl_loop_cast(b, MDL_LOOP_index_cast, value, MDL_i64);
  else
    value = mdl_arith_to_cell(&a, value, element);
  mdl_loop_store(b, value, pointer, NULL);
}

/* ---- what a segment takes and leaves ----------------------------------------------------- */

typedef struct Uses {
  MdlKernels *k;
  MdlMap *made, *taken; /* values that the segment defines; values from outside, in order */
  MdlMap *loads;        /* scalars of the caller's: read before anything is stored */
  MdlMap *work;         /* the segment's ops, each behind what is done anew for it */
} Uses;

/* A value from outside: one that is handed in, or what is done anew and what that takes. */
static void take(Uses *u, MlirValue value)
{
  MlirOperation def = mdl_def(value);
  if (mdl_map_has(u->made, value.ptr) || mdl_map_has(u->taken, value.ptr)) return;
  bool pure =
      !mdl_is_null(def) && !mdl_kernel_on_host(u->k, value) && mdl_kernel_is_pure(u->k, def);
  if (!pure) {
    mdl_map_set(u->taken, value.ptr, (void *)value.ptr);
    return;
  }
  bool loads = mdl_loop_op(def) == MDL_LOOP_load;
  if (mdl_map_has(u->work, def.ptr) || mdl_map_has(u->loads, def.ptr)) return;
  for (int i = 0; i < mdl_operand_count(def); i++) take(u, mdl_operand(def, i));
  mdl_map_set(loads ? u->loads : u->work, def.ptr, (void *)def.ptr);
}

static void note_made(Uses *u, MlirOperation op)
{
  for (int i = 0; i < mdl_result_count(op); i++)
    mdl_map_set(u->made, mdl_result(op, i).ptr, (void *)op.ptr);
  for (int i = 0; i < mdl_region_count(op); i++) {
    MlirBlock body = mdl_body(op, i);
    for (int j = 0; body.ptr && j < mdl_arg_count(body); j++)
      mdl_map_set(u->made, mdl_arg(body, j).ptr, (void *)op.ptr);
  }
}

static bool collect(void *user, MlirOperation op)
{
  Uses *u = user;
  for (int i = 0; i < mdl_operand_count(op); i++) take(u, mdl_operand(op, i));
  note_made(u, op);
  return true;
}

static bool is_inside(const MdlSegment *s, MlirOperation op)
{
  for (int j = 0; j < s->ops; j++) {
    MlirOperation at = op; /* or an op that holds it */
    while (!mdl_is_null(at) && !mdl_same_op(at, s->op[j])) at = mdl_parent(at);
    if (!mdl_is_null(at)) return true;
  }
  return false;
}

/* Does anything but this segment need it? What is done anew elsewhere does for those who need that;
 * `asked`: what was looked at. */
static bool is_wanted(const MdlKernels *k, const MdlSegment *s, MlirValue value, MdlMap *asked)
{
  MlirOperation user;
  int operand;
  if (mdl_map_has(asked, value.ptr)) return false;
  mdl_map_set(asked, value.ptr, (void *)value.ptr);
  for (int i = 0; mdl_use(value, i, &user, &operand); i++) {
    if (is_inside(s, user)) continue;
    if (!mdl_kernel_is_pure(k, user)) return true;
    for (int j = 0; j < mdl_result_count(user); j++)
      if (is_wanted(k, s, mdl_result(user, j), asked)) return true;
  }
  return false;
}

/* ---- making a kernel --------------------------------------------------------------------- */

static const char *kernel_name(MdlKernels *k, const MdlSegment *s)
{
  MlirOperation group = mdl_kernel_group(k, s->op[0]);
  const char *entry = mdl_op_text(k->ir, k->entry, "sym_name"), *what = "scalars";
  if (mdl_kernel_spread(k, s))
    for (int i = 0; i < s->ops; i++) {
      MdlOp kind = mdl_op(k->ir, s->op[i]);
      if (kind == MDL_OP_if && !strcmp(what, "scalars")) what = "branch";
      if (kind == MDL_OP_for || kind == MDL_OP_while) what = "loop";
    }
  const char *base =
      s->ops == 1 && !mdl_is_null(group)
          ? mdl_text(k->ir->arena, "%s_kernel", mdl_op_text(k->ir, group, "sym_name"))
          : mdl_text(k->ir->arena, "%s_%s", entry, what);
  return mdl_symbol_unique(k->ir, k->pass->symbols, mdl_intern_text(k->ir->arena, base));
}

/* A group's blocks. Those whose blocks share the points take one each. */
static const MdlSize *blocks_of(const MdlKernels *k, MlirOperation group, int64_t threads)
{
  const MdlSize *points = mdl_op_size(k->ir, group, "mdl.points");
  bool by_threads = !strcmp(mdl_gpu_mode_of(k->ir, group), "points");
  int64_t each = mdl_op_int(group, "mdl.each", 1);
  return by_threads ? mdl_size_ceil_div(k->ir->sizes, points, threads * each) : points;
}

enum {
  SPREAD = 8, /* blocks of a group, on average, whose work a barrier for the whole grid is worth */
  MANY = 1024 /* what a free number of blocks counts as */
};

typedef struct Spread {
  const MdlKernels *k;
  int64_t groups, blocks;
  const MdlSize *most; /* of one group; a sum where sizes decide which has most */
} Spread;

static bool add_group(void *user, MlirOperation op)
{
  Spread *s = user;
  int64_t known;
  MdlSizes *sizes = s->k->ir->sizes;
  if (!mdl_kernel_is_grid(s->k, op)) return true;
  const MdlSize *blocks = blocks_of(s->k, mdl_kernel_group(s->k, op), MDL_GPU_THREADS);
  if (!blocks) MDL_BUG(s->k->ir->session, "the number of blocks overflows");
  s->groups++;
  s->blocks += !mdl_size_is_const(blocks, &known) ? MANY : known < MANY ? known : MANY;
  if (!mdl_size_dominates(sizes, s->most, blocks))
    s->most =
        mdl_size_dominates(sizes, blocks, s->most) ? blocks : mdl_size_add(sizes, s->most, blocks);
  return true;
}

const MdlSize *mdl_kernel_spread(const MdlKernels *k, const MdlSegment *s)
{
  Spread all = {.k = k, .most = mdl_size_const(k->ir->sizes, 0)};
  for (int i = 0; i < s->ops; i++)
    if (mdl_region_count(s->op[i])) mdl_walk(s->op[i], add_group, &all);
  if (!all.groups || all.blocks < SPREAD * all.groups) return NULL;
  return all.most;
}

/* The launch's shape: from the group, or one block, or one thread; or all blocks that fit on a GPU
 * at once, where a loop or a branch holds groups of many. */
void mdl_kernel_mark(MdlKernels *k, MlirOperation kernel, const MdlSegment *s)
{
  MlirOperation group = mdl_kernel_group(k, s->op[0]);
  const MdlSize *spread = mdl_kernel_spread(k, s);
  bool grid = s->ops == 1 && mdl_kernel_is_grid(k, s->op[0]), groups = false;
  for (int i = 0; i < s->ops; i++) groups |= mdl_kernel_calls_group(k, s->op[i]);
  const char *mode = grid     ? mdl_gpu_mode_of(k->ir, group)
                     : spread ? "resident"
                     : groups ? "block"
                              : "thread";
  int64_t threads = groups ? MDL_GPU_THREADS : 1;
  if (grid) threads = mdl_op_int(group, "mdl.threads", threads);
  const MdlSize *blocks = grid     ? blocks_of(k, group, threads)
                          : spread ? spread
                                   : mdl_size_const(k->ir->sizes, 1);
  if (!blocks) MDL_BUG(k->ir->session, "the number of blocks overflows");
  mdl_op_set_text(k->ir, kernel, "mdl.kernel", mode);
  if (grid) mdl_op_set_unit(k->ir, kernel, "mdl.alone"); /* its pointers reach different memory */
  mdl_op_set_int(k->ir, kernel, "mdl.threads", threads);
  if (grid && mdl_op_has(group, "mdl.resident"))
    mdl_op_set_int(k->ir, kernel, "mdl.resident", mdl_op_int(group, "mdl.resident", 1));
  mdl_op_set_size(k->ir, kernel, "mdl.blocks", blocks);
}

static MlirOperation declare(MdlKernels *k, const MdlSegment *s, int args, const MlirType *type,
                             const char *const *name)
{
  MdlFunc func = {.symbol = kernel_name(k, s),
                  .is_private = true,
                  .define = true,
                  .args = args,
                  .arg = type,
                  .arg_name = name,
                  .at = mdl_location_of(s->op[0])};
  MlirOperation kernel = mdl_build_func(k->ir, k->pass->module, &func);
  mdl_map_set(k->pass->symbols, mdl_intern_text(k->ir->arena, func.symbol), (void *)kernel.ptr);
  mdl_loop_noalias(k->ir, kernel);
  return kernel;
}

/* What a kernel is handed: values that it takes, then cells for what it leaves. */
typedef struct Making {
  MdlKernels *k;
  const MdlSegment *s;
  Uses uses;
  int args, in; /* the first `in` are taken */
  MlirType *type;
  const char **name;
  MlirValue *given;  /* by the launch */
  MlirValue *stands; /* the segment's value that the argument is for */
} Making;

static void find_uses(Making *m)
{
  Uses *u = &m->uses;
  MdlArena *arena = m->k->ir->arena;
  *u = (Uses){.k = m->k};
  u->made = mdl_map_create(arena);
  u->taken = mdl_map_create(arena);
  u->loads = mdl_map_create(arena);
  u->work = mdl_map_create(arena);
  for (int i = 0; i < m->s->ops; i++) {
    mdl_walk(m->s->op[i], collect, u);
    mdl_map_set(u->work, m->s->op[i].ptr, (void *)m->s->op[i].ptr);
  }
}

static void add_argument(Making *m, MlirValue stands, MlirValue given, MlirValue named)
{
  MdlIr *ir = m->k->ir;
  MdlLoopType is = mdl_loop_type_of(ir, given);
  m->type[m->args] = mdl_loop_type_make(ir, &is);
  m->name[m->args] = mdl_value_name(ir, named);
  m->given[m->args] = given;
  m->stands[m->args++] = stands;
}

/* A size as an index: whatever it was called since, it is the entry's argument. */
static bool is_size(MlirValue value)
{
  return mdl_loop_def_op(value) == MDL_LOOP_index_cast &&
         mdl_is_null(mdl_def(mdl_operand(mdl_def(value), 0)));
}

static void list_arguments(Making *m)
{
  MdlKernels *k = m->k;
  MdlArena *arena = k->ir->arena;
  size_t most = (size_t)(mdl_map_count(m->uses.taken) + mdl_map_count(m->uses.made));
  m->type = MDL_NEW(arena, MlirType, most);
  m->name = MDL_NEW(arena, const char *, most);
  m->given = MDL_NEW(arena, MlirValue, most);
  m->stands = MDL_NEW(arena, MlirValue, most);
  for (int i = 0; i < mdl_map_count(m->uses.taken); i++) {
    MlirValue value = {mdl_map_key(m->uses.taken, i)};
    if (mdl_loop_def_op(value) == MDL_LOOP_constant) continue;
    MlirValue given = mdl_kernel_on_host(k, value) ? value : cell_of(k, value);
    add_argument(m, value, given, is_size(given) ? mdl_operand(mdl_def(given), 0) : given);
  }
  m->in = m->args;
  for (int i = 0; i < m->s->ops; i++)
    for (int j = 0; j < mdl_result_count(m->s->op[i]); j++) {
      MlirValue value = mdl_result(m->s->op[i], j);
      if (!is_wanted(k, m->s, value, mdl_map_create(k->ir->arena))) continue;
      MlirValue cell = cell_of(k, value);
      add_argument(m, value, cell, cell);
    }
}

/* What the segment's values from outside are inside: constants again, arguments, what a cell
 * holds. */
static void bind_arguments(Making *m, MdlBuilder *b, MlirBlock body, MdlMap *values)
{
  MdlKernels *k = m->k;
  MdlIr *ir = k->ir;
  for (int i = 0; i < mdl_map_count(m->uses.taken); i++) {
    MlirValue value = {mdl_map_key(m->uses.taken, i)};
    if (mdl_loop_def_op(value) == MDL_LOOP_constant)
      mdl_clone_op(b, mdl_def(value), values, NULL, NULL);
  }
  for (int i = 0; i < m->in; i++) {
    MlirValue arg = mdl_arg(body, i), stands = m->stands[i];
    if (!mdl_kernel_on_host(k, stands)) {
      arg = load_cell(b, k->pass->options->machine, arg, mdl_loop_type_of(ir, stands).element);
      if (mdl_value_name(ir, stands)) mdl_value_set_name(ir, arg, mdl_value_name(ir, stands));
    }
    mdl_map_value_set(values, stands, arg);
  }
}

static void clone_all(MdlBuilder *b, const MdlMap *ops, MdlMap *values)
{
  for (int i = 0; i < mdl_map_count(ops); i++)
    mdl_clone_op(b, (MlirOperation){(void *)mdl_map_key(ops, i)}, values, NULL, NULL);
}

static void fill(Making *m, MlirOperation kernel)
{
  MdlIr *ir = m->k->ir;
  MlirBlock body = mdl_body(kernel, 0);
  MlirLocation at = mdl_location_of(m->s->op[m->s->ops - 1]);
  MdlBuilder b = mdl_builder_at_end(ir, body, mdl_location_named(ir, at, NULL));
  MdlMap *values = mdl_map_create(ir->arena);
  bind_arguments(m, &b, body, values);
  clone_all(&b, m->uses.loads, values);
  clone_all(&b, m->uses.work, values);
  for (int i = m->in; i < m->args; i++)
    store_cell(&b, m->k->pass->options->machine, mdl_map_value_get(values, m->stands[i]),
               mdl_arg(body, i));
  mdl_build_return(&b, 0, NULL);
}

/* Blocks that need not wait for each other are launched as any are; one at least, for scalars. */
static void mark_spread(MdlKernels *k, MlirOperation kernel, bool waits)
{
  int64_t known;
  const MdlSize *blocks = mdl_op_size(k->ir, kernel, "mdl.blocks");
  if (strcmp(mdl_op_text(k->ir, kernel, "mdl.kernel"), "resident")) return;
  if (waits) {
    mdl_op_set_text(k->ir, kernel, "mdl.doc", "On the whole grid: all blocks run at once.");
    return;
  }
  if (!mdl_size_is_const(blocks, &known))
    blocks = mdl_size_add(k->ir->sizes, blocks, mdl_size_const(k->ir->sizes, 1));
  if (!blocks) MDL_BUG(k->ir->session, "the number of blocks overflows");
  mdl_op_set_size(k->ir, kernel, "mdl.blocks", blocks);
  mdl_op_set_text(k->ir, kernel, "mdl.kernel", "spread");
}

void mdl_kernel_build(MdlKernels *k, const MdlSegment *s)
{
  Making m = {.k = k, .s = s};
  find_uses(&m);
  list_arguments(&m);
  MlirOperation kernel = declare(k, s, m.args, m.type, m.name);
  mdl_kernel_mark(k, kernel, s);
  fill(&m, kernel);
  mark_spread(k, kernel, mdl_kernel_order(k, kernel, m.given));
  MdlBuilder after = mdl_builder_after(k->ir, s->op[s->ops - 1]);
  mdl_build_call(&after, kernel, m.given);
}
