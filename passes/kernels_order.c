/* Who does what in a kernel, and when: stores of scalars are one thread's, and in a kernel of one
 * block a barrier stands before what touches memory that another thread may still be at. */
#include "passes/access.h"
#include "passes/gpu.h"
#include "passes/kernels.h"

#include <string.h>

typedef struct Order {
  MdlKernels *k;
  MlirOperation kernel;
  const MlirValue *given; /* what the launch hands over for each argument */
  int pending, capacity;  /* accesses since the last barrier, on any way here */
  MdlAccess *access;
} Order;

/* ---- what an op touches ------------------------------------------------------------------ */

static void add(Order *o, MdlAccess a)
{
  MDL_GROW(o->k->ir->arena, o->access, o->pending, o->capacity);
  o->access[o->pending++] = a;
}

/* The kernel's arguments stand for what the entry hands over: two may be the same memory. */
static void touch(Order *o, MlirValue memory, bool writes)
{
  MdlAccess a = mdl_access_of(o->k->ir, memory);
  if (!mdl_is_null(mdl_def(a.root))) return; /* constants of the module */
  a = mdl_access_of(o->k->ir, o->given[mdl_result_index(a.root)]);
  a.writes = writes;
  add(o, a);
}

static bool is_shared(void *user, MlirOperation op)
{
  bool *found = user;
  *found |= mdl_op_has(op, "mdl.shared");
  return !*found;
}

/* The functions that a kernel calls have slices of one shared array: any two of them may meet in
 * it. The kernel's first argument stands for it, which is no root otherwise. */
static void touch_shared(Order *o, MlirOperation callee)
{
  bool shared = false;
  mdl_walk(callee, is_shared, &shared);
  if (shared && mdl_func_args(o->kernel))
    add(o, (MdlAccess){.root = mdl_arg(mdl_body(o->kernel, 0), 0), .writes = true});
}

static void touch_call(Order *o, MlirOperation op)
{
  MdlPass *pass = o->k->pass;
  MlirOperation callee = mdl_callee(pass->ir, pass->symbols, op);
  if (mdl_is_null(callee) || !mdl_body(callee, 0).ptr) return;
  touch_shared(o, callee);
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (mdl_loop_type_of(pass->ir, mdl_operand(op, i)).kind == MDL_LOOP_memory)
      touch(o, mdl_operand(op, i), mdl_access_is_written(pass, mdl_arg(mdl_body(callee, 0), i)));
}

static bool touch_op(void *user, MlirOperation op)
{
  Order *o = user;
  if (mdl_op(o->k->ir, op) == MDL_OP_call) touch_call(o, op);
  switch (mdl_loop_op(op)) {
  case MDL_LOOP_load:
  case MDL_LOOP_vload:
    touch(o, mdl_operand(op, 0), false);
    break;
  case MDL_LOOP_copy:
    touch(o, mdl_operand(op, 0), false);
    touch(o, mdl_operand(op, 1), true);
    break;
  case MDL_LOOP_store:
  case MDL_LOOP_vstore:
    touch(o, mdl_operand(op, 1), true);
    break;
  default:
    break;
  }
  return true;
}

static bool conflicts(const Order *o, const Order *with)
{
  for (int i = 0; i < o->pending; i++)
    for (int j = 0; j < with->pending; j++)
      if (mdl_access_conflict(&o->access[i], &with->access[j])) return true;
  return false;
}

/* ---- stores ------------------------------------------------------------------------------ */

static MlirValue is_first_thread(MdlBuilder *b, bool alone)
{
  MlirValue zero = mdl_loop_number(b, MDL_index, 1, 0, 0);
  MlirValue thread = alone ? mdl_loop_gpu_index(b, MDL_LOOP_thread) : mdl_gpu_thread(b);
  return mdl_loop_compare(b, MDL_PREDICATE_eq, thread, zero);
}

/* Arithmetic between two stores, which may as well stand before both. */
static bool is_arithmetic(MdlKernels *k, MlirOperation op)
{
  MdlLoopOp kind = mdl_loop_op(op);
  if (mdl_region_count(op) || !mdl_result_count(op)) return false;
  return kind != MDL_LOOP_load && kind != MDL_LOOP_vload && mdl_kernel_is_pure(k, op) &&
         mdl_is_null(mdl_kernel_group(k, op));
}

/* One thread stores, all that stands together at once; `alone`: of one block. Returns the op behind
 * them. */
static MlirOperation guard_stores(MdlKernels *k, MlirOperation first, bool alone)
{
  MdlBuilder b = mdl_builder_before(k->ir, first);
  MlirOperation branch = mdl_build_if(&b, is_first_thread(&b, alone), 0, NULL);
  for (int i = 0; i < 2; i++) {
    MdlBuilder inside = mdl_builder_at_end(k->ir, mdl_body(branch, i), b.at);
    mdl_build_yield(&inside, 0, NULL);
  }
  MlirOperation end = mdl_terminator(mdl_body(branch, 0)), op = first, next;
  for (; mdl_loop_op(op) == MDL_LOOP_store || is_arithmetic(k, op); op = next) {
    next = mdl_next(op);
    mdl_move_before(op, mdl_loop_op(op) == MDL_LOOP_store ? end : branch);
  }
  return op;
}

/* ---- barriers ---------------------------------------------------------------------------- */

static void order_block(Order *o, MlirBlock block);

static void wait_before(Order *o, MlirOperation op)
{
  MdlBuilder b = mdl_builder_before(o->k->ir, op);
  mdl_loop_barrier(&b);
  o->pending = 0;
}

/* What is inside a loop may follow on itself in the next round, and waits for what came before the
 * loop once. Behind it everything inside is pending. */
static void order_inside(Order *o, MlirOperation op)
{
  Order inner = {.k = o->k, .kernel = o->kernel, .given = o->given};
  bool loops = mdl_op(o->k->ir, op) != MDL_OP_if;
  mdl_walk(op, touch_op, &inner);
  if (loops && conflicts(o, &inner)) wait_before(o, op);
  Order outer = *o;
  for (int i = 0; i < mdl_region_count(op); i++) {
    if (!mdl_body(op, i).ptr) continue;
    Order in = {.k = o->k, .kernel = o->kernel, .given = o->given};
    for (int j = 0; j < outer.pending; j++) add(&in, outer.access[j]);
    for (int j = 0; loops && j < inner.pending; j++) add(&in, inner.access[j]);
    order_block(&in, mdl_body(op, i));
  }
  for (int i = 0; i < inner.pending; i++) add(o, inner.access[i]);
}

/* The op and, of stores, those that are guarded with it: a barrier before them if they need one.
 * Returns the op behind. */
static MlirOperation order_step(Order *o, MlirOperation op)
{
  MlirOperation next = mdl_next(op), first = op;
  Order step = {.k = o->k, .kernel = o->kernel, .given = o->given};
  if (mdl_loop_op(op) == MDL_LOOP_store) {
    next = guard_stores(o->k, op, true);
    first = mdl_parent(op);
    mdl_walk(first, touch_op, &step);
  } else {
    touch_op(&step, op);
  }
  if (conflicts(o, &step)) wait_before(o, first);
  for (int i = 0; i < step.pending; i++) add(o, step.access[i]);
  return next;
}

static void order_block(Order *o, MlirBlock block)
{
  MlirOperation end = mdl_terminator(block), next;
  for (MlirOperation op = mdl_first(block); !mdl_same_op(op, end); op = next) {
    next = mdl_next(op);
    if (mdl_region_count(op))
      order_inside(o, op);
    else
      next = order_step(o, op);
  }
}

/* On a grid only the values that are handed on are stored here, by one thread. */
void mdl_kernel_order(MdlKernels *k, MlirOperation kernel, const MlirValue *given)
{
  const char *mode = mdl_op_text(k->ir, kernel, "mdl.kernel");
  MlirBlock body = mdl_body(kernel, 0);
  Order o = {.k = k, .kernel = kernel, .given = given};
  if (!strcmp(mode, "block")) order_block(&o, body);
  if (!strcmp(mode, "block") || !strcmp(mode, "thread")) return;
  for (MlirOperation op = mdl_first(body); !mdl_is_null(op); op = mdl_next(op))
    if (mdl_loop_op(op) == MDL_LOOP_store) op = guard_stores(k, op, false);
}
