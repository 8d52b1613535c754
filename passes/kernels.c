/* Entries of a GPU program: what touches data becomes kernels, what follows from sizes and scalar
 * arguments alone stays on the host, which launches the kernels in order and waits for nothing. */
#include "passes/arith.h"
#include "passes/entry.h"
#include "passes/gpu.h"

#include "ir/signature.h"

#include <string.h>

typedef struct Kernels {
  MdlPass *pass;
  MdlIr *ir;
  MlirOperation entry;
  MlirValue arena;   /* the work buffer as bytes */
  MdlMap *on_device; /* values that only kernels know: value -> its cell's pointer, or itself */
  MdlMap *dead;      /* ops that went into kernels, in order */
  int cells;
} Kernels;

/* Ops that make one kernel. */
typedef struct Segment {
  int ops, capacity;
  MlirOperation *op;
} Segment;

/* ---- where an op runs -------------------------------------------------------------------- */

static bool on_host(const Kernels *k, MlirValue value)
{
  return !mdl_map_has(k->on_device, value.ptr);
}

/* Arithmetic and pointers over what the host knows. Functions exist on the device only. */
static bool is_host_op(const Kernels *k, MlirOperation op)
{
  MdlLoopOp kind = mdl_loop_op(op);
  if (kind == MDL_LOOP_none) return false;
  switch (mdl_loop_info(kind)->kind) {
  case MDL_LOOP_KIND_binary:
  case MDL_LOOP_KIND_unary:
  case MDL_LOOP_KIND_compare:
  case MDL_LOOP_KIND_convert:
    break;
  case MDL_LOOP_KIND_call:
    return false;
  case MDL_LOOP_KIND_other:
    if (kind != MDL_LOOP_constant && kind != MDL_LOOP_select && kind != MDL_LOOP_shape &&
        kind != MDL_LOOP_view)
      return false;
  }
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (!on_host(k, mdl_operand(op, i))) return false;
  return true;
}

static bool is_maths_call(const Kernels *k, MlirOperation op)
{
  if (mdl_op(k->ir, op) != MDL_OP_call) return false;
  MlirOperation callee = mdl_callee(k->ir, k->pass->symbols, op);
  return !mdl_is_null(callee) && mdl_op_has(callee, "mdl.maths");
}

/* Done anew by every kernel that wants its value: arithmetic, and scalars of the caller's, which
 * an entry stores to at its end only. */
static bool is_pure_op(const Kernels *k, MlirOperation op)
{
  MdlLoopOp kind = mdl_loop_op(op);
  if (kind == MDL_LOOP_none) return is_maths_call(k, op);
  switch (kind) {
  case MDL_LOOP_store:
  case MDL_LOOP_copy:
  case MDL_LOOP_alloca:
  case MDL_LOOP_barrier:
  case MDL_LOOP_all_reduce:
    return false;
  case MDL_LOOP_load:
    return mdl_is_null(mdl_def(mdl_operand(op, 0)));
  default:
    return true;
  }
}

static MlirOperation group_called(const Kernels *k, MlirOperation op)
{
  if (mdl_op(k->ir, op) != MDL_OP_call) return (MlirOperation){NULL};
  MlirOperation callee = mdl_callee(k->ir, k->pass->symbols, op);
  bool is_group = !mdl_is_null(callee) && mdl_gpu_mode_of(k->ir, callee);
  return is_group ? callee : (MlirOperation){NULL};
}

/* Worth a grid of its own. */
static bool is_grid_call(const Kernels *k, MlirOperation op)
{
  MlirOperation callee = group_called(k, op);
  if (mdl_is_null(callee)) return false;
  const char *mode = mdl_gpu_mode_of(k->ir, callee);
  return !strcmp(mode, "points") || !strcmp(mode, "blocks") || !strcmp(mode, "tiles");
}

typedef struct Search {
  const Kernels *k;
  bool grid, group;
} Search;

static bool find_calls(void *user, MlirOperation op)
{
  Search *s = user;
  s->grid |= is_grid_call(s->k, op);
  s->group |= !mdl_is_null(group_called(s->k, op));
  return true;
}

static Search calls_in(const Kernels *k, MlirOperation op)
{
  Search s = {k, false, false};
  mdl_walk(op, find_calls, &s);
  return s;
}

/* A loop that the host can count, over kernels; scalars that it carries would have to come back. */
static bool is_host_loop(const Kernels *k, MlirOperation op)
{
  if (mdl_op(k->ir, op) != MDL_OP_for || mdl_result_count(op)) return false;
  for (int i = 0; i < 3; i++)
    if (!on_host(k, mdl_operand(op, i))) return false;
  return calls_in(k, op).grid;
}

/* A branch that the host can take: its values are numbers. */
static bool is_host_branch(const Kernels *k, MlirOperation op)
{
  if (mdl_op(k->ir, op) != MDL_OP_if || !on_host(k, mdl_operand(op, 0))) return false;
  for (int i = 0; i < 2; i++) {
    MlirBlock body = mdl_body(op, i);
    MlirOperation end = body.ptr ? mdl_terminator(body) : (MlirOperation){NULL};
    for (int j = 0; body.ptr && j < mdl_operand_count(end); j++)
      if (mdl_loop_def_op(mdl_operand(end, j)) != MDL_LOOP_constant) return false;
  }
  return true;
}

/* ---- cells: scalars between kernels, in the work buffer ---------------------------------- */

/* Where the entry keeps nothing else in the work buffer: made at the entry's start. */
static MlirValue open_arena(Kernels *k)
{
  MlirBlock body = mdl_body(k->entry, 0);
  MdlBuilder b = mdl_builder_before(k->ir, mdl_first(body));
  MdlLoopType bytes = {.kind = MDL_LOOP_memory, .element = MDL_i8, .rank = 1, .dim = {-1}};
  int64_t align = mdl_work_align(k->pass->options->machine);
  MlirValue extent = mdl_loop_number(&b, MDL_index, 1, 0, align);
  return mdl_loop_shape(&b, mdl_arg(body, mdl_arg_count(body) - 1), &bytes, &extent);
}

static MlirValue cell_of(Kernels *k, MlirValue value)
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
  Kernels *k;
  MdlMap *made, *taken; /* values that the segment defines; values from outside, in order */
  MdlMap *loads;        /* scalars of the caller's: read before anything is stored */
  MdlMap *work;         /* the segment's ops, each behind what is done anew for it */
} Uses;

/* A value from outside: one that is handed in, or what is done anew and what that takes. */
static void take(Uses *u, MlirValue value)
{
  MlirOperation def = mdl_def(value);
  if (mdl_map_has(u->made, value.ptr) || mdl_map_has(u->taken, value.ptr)) return;
  bool pure = !mdl_is_null(def) && !on_host(u->k, value) && is_pure_op(u->k, def);
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

static bool is_used_outside(const Segment *s, MlirValue value)
{
  MlirOperation user;
  int operand;
  for (int i = 0; mdl_use(value, i, &user, &operand); i++) {
    bool inside = false;
    for (int j = 0; j < s->ops; j++) {
      MlirOperation at = user; /* or an op that holds it */
      while (!mdl_is_null(at) && !mdl_same_op(at, s->op[j])) at = mdl_parent(at);
      inside |= !mdl_is_null(at);
    }
    if (!inside) return true;
  }
  return false;
}

/* ---- threads of a kernel of one block ---------------------------------------------------- */

static MlirValue is_first_thread(MdlBuilder *b)
{
  MlirValue zero = mdl_loop_number(b, MDL_index, 1, 0, 0);
  return mdl_loop_compare(b, MDL_PREDICATE_eq, mdl_gpu_thread(b), zero);
}

/* One thread stores; neighbouring stores together. Returns the op behind them. */
static MlirOperation guard_stores(MdlIr *ir, MlirOperation first)
{
  MdlBuilder b = mdl_builder_before(ir, first);
  MlirOperation branch = mdl_build_if(&b, is_first_thread(&b), 0, NULL);
  for (int i = 0; i < 2; i++) {
    MdlBuilder inside = mdl_builder_at_end(ir, mdl_body(branch, i), b.at);
    mdl_build_yield(&inside, 0, NULL);
  }
  MlirOperation end = mdl_terminator(mdl_body(branch, 0)), op = first;
  while (mdl_loop_op(op) == MDL_LOOP_store) {
    MlirOperation next = mdl_next(op);
    mdl_move_before(op, end);
    op = next;
  }
  return op;
}

static void barrier_before(MdlIr *ir, MlirOperation op)
{
  MdlBuilder b = mdl_builder_before(ir, op);
  mdl_loop_barrier(&b);
}

/* Groups and stores of a kernel of one block, each behind all that came before. */
static void order_block(Kernels *k, MlirBlock block, bool outermost)
{
  MlirOperation end = mdl_terminator(block), next;
  bool clean = outermost; /* a barrier stands between here and all memory accesses */
  for (MlirOperation op = mdl_first(block); !mdl_same_op(op, end); op = next) {
    next = mdl_next(op);
    bool stores = mdl_loop_op(op) == MDL_LOOP_store;
    bool calls = !mdl_is_null(group_called(k, op));
    for (int i = 0; i < mdl_region_count(op); i++)
      if (mdl_body(op, i).ptr) order_block(k, mdl_body(op, i), false);
    if (mdl_region_count(op) || mdl_loop_op(op) == MDL_LOOP_load) clean = false;
    if (!stores && !calls) continue;
    if (!clean) barrier_before(k->ir, op);
    if (stores) next = guard_stores(k->ir, op);
    clean = !(outermost && mdl_same_op(next, end));
    if (clean) barrier_before(k->ir, next);
  }
}

/* On a grid only the values that are handed on are stored here, by one thread. */
static void order(Kernels *k, MlirOperation kernel)
{
  const char *mode = mdl_op_text(k->ir, kernel, "mdl.kernel");
  MlirBlock body = mdl_body(kernel, 0);
  if (!strcmp(mode, "block")) order_block(k, body, true);
  if (!strcmp(mode, "block") || !strcmp(mode, "thread")) return;
  for (MlirOperation op = mdl_first(body); !mdl_is_null(op); op = mdl_next(op))
    if (mdl_loop_op(op) == MDL_LOOP_store) op = guard_stores(k->ir, op);
}

/* ---- making a kernel --------------------------------------------------------------------- */

static const char *kernel_name(Kernels *k, const Segment *s)
{
  MlirOperation group = group_called(k, s->op[0]);
  const char *base =
      s->ops == 1 && !mdl_is_null(group)
          ? mdl_text(k->ir->arena, "%s_kernel", mdl_op_text(k->ir, group, "sym_name"))
          : mdl_text(k->ir->arena, "%s_scalars", mdl_op_text(k->ir, k->entry, "sym_name"));
  return mdl_symbol_unique(k->ir, k->pass->symbols, mdl_intern_text(k->ir->arena, base));
}

/* The launch's shape, for the printer: from the group, or one block, or one thread. */
static void mark(Kernels *k, MlirOperation kernel, const Segment *s)
{
  MlirOperation group = group_called(k, s->op[0]);
  bool grid = s->ops == 1 && is_grid_call(k, s->op[0]);
  bool groups = false;
  for (int i = 0; i < s->ops; i++) groups |= calls_in(k, s->op[i]).group;
  mdl_op_set_text(k->ir, kernel, "mdl.kernel",
                  grid     ? mdl_gpu_mode_of(k->ir, group)
                  : groups ? "block"
                           : "thread");
  if (!grid) return;
  mdl_op_set_text(k->ir, kernel, "mdl.points", mdl_op_text(k->ir, group, "mdl.points"));
  int64_t threads = mdl_op_int(group, "mdl.threads", 0);
  if (threads) mdl_op_set_int(k->ir, kernel, "mdl.threads", threads);
}

static MlirOperation declare(Kernels *k, const Segment *s, int args, const MlirType *type,
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

/* A group that is handed nothing but what the host knows, and returns nothing, is a kernel as it
 * is. */
static bool is_kernel_already(Kernels *k, const Segment *s)
{
  if (s->ops != 1 || !is_grid_call(k, s->op[0]) || mdl_result_count(s->op[0])) return false;
  for (int i = 0; i < mdl_operand_count(s->op[0]); i++)
    if (!on_host(k, mdl_operand(s->op[0], i))) return false;
  return true;
}

static void build(Kernels *k, const Segment *s)
{
  MdlIr *ir = k->ir;
  const MdlMachine *machine = k->pass->options->machine;
  Uses u = {.k = k};
  u.made = mdl_map_create(ir->arena);
  u.taken = mdl_map_create(ir->arena);
  u.loads = mdl_map_create(ir->arena);
  u.work = mdl_map_create(ir->arena);
  for (int i = 0; i < s->ops; i++) {
    mdl_walk(s->op[i], collect, &u);
    mdl_map_set(u.work, s->op[i].ptr, (void *)s->op[i].ptr);
  }
  MlirOperation last = s->op[s->ops - 1];
  int most = mdl_map_count(u.taken) + mdl_map_count(u.made), args = 0;
  MlirType *type = MDL_NEW(ir->arena, MlirType, (size_t)most);
  const char **name = MDL_NEW(ir->arena, const char *, (size_t)most);
  MlirValue *given = MDL_NEW(ir->arena, MlirValue, (size_t)most);
  MlirValue *stands = MDL_NEW(ir->arena, MlirValue, (size_t)most); /* for what of the segment */
  for (int i = 0; i < mdl_map_count(u.taken); i++) {
    MlirValue value = {mdl_map_key(u.taken, i)};
    if (mdl_loop_def_op(value) == MDL_LOOP_constant) continue;
    stands[args] = value;
    given[args] = on_host(k, value) ? value : cell_of(k, value);
    name[args++] = mdl_value_name(ir, value);
  }
  int in = args;
  for (int i = 0; i < s->ops; i++)
    for (int j = 0; j < mdl_result_count(s->op[i]); j++) {
      MlirValue value = mdl_result(s->op[i], j);
      if (!is_used_outside(s, value)) continue;
      stands[args] = value;
      given[args] = cell_of(k, value);
      name[args] = mdl_value_name(ir, given[args]);
      args++;
    }
  for (int i = 0; i < args; i++) {
    MdlLoopType is = mdl_loop_type_of(ir, given[i]);
    type[i] = mdl_loop_type_make(ir, &is);
    if (i < in && !on_host(k, stands[i])) name[i] = mdl_value_name(ir, given[i]);
  }
  MlirOperation kernel = declare(k, s, args, type, name);
  mark(k, kernel, s);
  MlirBlock body = mdl_body(kernel, 0);
  MdlBuilder b = mdl_builder_at_end(ir, body, mdl_location_named(ir, mdl_location_of(last), NULL));
  MdlMap *values = mdl_map_create(ir->arena);
  for (int i = 0; i < mdl_map_count(u.taken); i++) {
    MlirValue value = {mdl_map_key(u.taken, i)};
    if (mdl_loop_def_op(value) == MDL_LOOP_constant)
      mdl_clone_op(&b, mdl_def(value), values, NULL, NULL);
  }
  for (int i = 0; i < in; i++) {
    MlirValue arg = mdl_arg(body, i);
    if (!on_host(k, stands[i])) {
      arg = load_cell(&b, machine, arg, mdl_loop_type_of(ir, stands[i]).element);
      if (mdl_value_name(ir, stands[i])) mdl_value_set_name(ir, arg, mdl_value_name(ir, stands[i]));
    }
    mdl_map_value_set(values, stands[i], arg);
  }
  for (int i = 0; i < mdl_map_count(u.loads); i++)
    mdl_clone_op(&b, (MlirOperation){(void *)mdl_map_key(u.loads, i)}, values, NULL, NULL);
  for (int i = 0; i < mdl_map_count(u.work); i++)
    mdl_clone_op(&b, (MlirOperation){(void *)mdl_map_key(u.work, i)}, values, NULL, NULL);
  for (int i = in; i < args; i++)
    store_cell(&b, machine, mdl_map_value_get(values, stands[i]), mdl_arg(body, i));
  mdl_build_return(&b, 0, NULL);
  order(k, kernel);
  MdlBuilder after = mdl_builder_after(ir, last);
  mdl_build_call(&after, kernel, given);
}

static void flush(Kernels *k, Segment *s)
{
  if (!s->ops) return;
  if (is_kernel_already(k, s)) {
    mark(k, group_called(k, s->op[0]), s);
    mdl_map_set(k->dead, s->op[0].ptr, NULL);
  } else {
    build(k, s);
  }
  s->ops = 0;
}

static void mark_device(Kernels *k, MlirOperation op)
{
  mdl_map_set(k->dead, op.ptr, (void *)op.ptr);
  for (int i = 0; i < mdl_result_count(op); i++) {
    void *value = (void *)mdl_result(op, i).ptr;
    mdl_map_set(k->on_device, value, value);
  }
}

static void push(Kernels *k, Segment *s, MlirOperation op)
{
  MDL_GROW(k->ir->arena, s->op, s->ops, s->capacity);
  s->op[s->ops++] = op;
  mark_device(k, op);
}

/* What the host computes comes first: cells are found in the work buffer, by its size. */
static void split(Kernels *k, MlirBlock block)
{
  MlirOperation *op, first = {NULL};
  Segment s = {0};
  int count = mdl_list(k->ir, block, &op) - 1;
  for (int i = 0; i < count; i++) {
    if (is_host_op(k, op[i])) {
      if (!mdl_is_null(first)) mdl_move_before(op[i], first);
      continue;
    }
    if (mdl_is_null(first)) first = op[i];
    if (is_pure_op(k, op[i])) {
      mark_device(k, op[i]);
      continue;
    }
    bool branches = is_host_branch(k, op[i]);
    if (branches || is_host_loop(k, op[i])) {
      flush(k, &s);
      for (int j = 0; j < mdl_region_count(op[i]); j++)
        if (mdl_body(op[i], j).ptr) split(k, mdl_body(op[i], j));
      continue;
    }
    bool grid = is_grid_call(k, op[i]);
    if (grid) flush(k, &s);
    push(k, &s, op[i]);
    if (grid) flush(k, &s);
  }
  flush(k, &s);
}

/* ---- entries ----------------------------------------------------------------------------- */

static bool find_arena(void *user, MlirOperation op)
{
  Kernels *k = user;
  MlirBlock body = mdl_body(k->entry, 0);
  MlirValue work = mdl_arg(body, mdl_arg_count(body) - 1);
  bool found = mdl_loop_op(op) == MDL_LOOP_shape && mdl_same(mdl_operand(op, 0), work) &&
               mdl_loop_type_of(k->ir, mdl_result(op, 0)).dim[0] < 0;
  if (found) k->arena = mdl_result(op, 0);
  return !found;
}

/* The cells lie behind everything else. */
static void size_work(Kernels *k)
{
  const char *text = mdl_op_text(k->ir, k->entry, "mdl.work_bytes");
  MdlSizes *sizes = k->ir->sizes;
  const MdlSize *bytes = mdl_size_parse(sizes, text, strlen(text));
  bytes = mdl_size_add(sizes, bytes, mdl_size_const(sizes, 8 * k->cells));
  if (!bytes) MDL_BUG(k->ir->session, "the size of the work buffer overflows");
  mdl_op_set_text(k->ir, k->entry, "mdl.work_bytes", mdl_size_text(bytes));
}

static void split_entry(MdlPass *pass, MlirOperation entry)
{
  Kernels k = {.pass = pass, .ir = pass->ir, .entry = entry};
  k.on_device = mdl_map_create(k.ir->arena);
  k.dead = mdl_map_create(k.ir->arena);
  mdl_walk(entry, find_arena, &k);
  split(&k, mdl_body(entry, 0));
  for (int i = mdl_map_count(k.dead); i-- > 0;)
    if (mdl_map_value(k.dead, i)) mdl_erase(k.ir, (MlirOperation){(void *)mdl_map_key(k.dead, i)});
  size_work(&k);
  mdl_loop_dce(k.ir, mdl_body(entry, 0));
}

/* Needs: loop form with groups marked by their modes. Keeps: order. Leaves: entries that launch
 * functions with `mdl.kernel`, and touch no data. Other machines: nothing to do. */
bool mdl_pass_kernels(MdlPass *pass, MlirOperation none)
{
  (void)none;
  MlirOperation *entry;
  if (!pass->options->machine->warp) return true;
  int entries = mdl_entries(pass->ir, pass->module, &entry);
  for (int i = 0; i < entries; i++) split_entry(pass, entry[i]);
  return true;
}
