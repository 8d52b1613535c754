/* Who does what in a kernel, and when: stores of scalars are one thread's, and in a kernel of
 * several groups a barrier stands before what touches memory that another thread may still be at:
 * one of its block, or of the whole grid where all blocks run at once. */
#include "passes/access.h"
#include "passes/gpu.h"
#include "passes/kernels.h"

#include <string.h>

typedef struct Order {
  MdlKernels *k;
  const MlirValue *given; /* what the launch hands over for each argument */
  bool resident;          /* several blocks: what they wait for each other for is memory */
  bool only_asks;         /* what would be pending, before barriers are placed */
  bool *waits;            /* is there a barrier of the grid? */
  int pending, capacity;  /* accesses since the last barrier, on any way here */
  MdlAccess *access;
  bool shared; /* ... to the one shared array that functions of a kernel have slices of */
} Order;

static Order order_like(const Order *o)
{
  Order like = *o;
  like.pending = like.capacity = 0;
  like.access = NULL;
  like.shared = false;
  return like;
}

/* ---- what an op touches ------------------------------------------------------------------ */

/* False: it is there already. */
static bool add(Order *o, MdlAccess a)
{
  for (int i = 0; i < o->pending; i++) {
    const MdlAccess *b = &o->access[i];
    if (mdl_same(a.root, b->root) && a.offset == b->offset && a.bytes == b->bytes &&
        a.writes == b->writes)
      return false;
  }
  MDL_GROW(o->k->ir->arena, o->access, o->pending, o->capacity);
  o->access[o->pending++] = a;
  return true;
}

/* False: nothing is new. */
static bool add_all(Order *o, const Order *from)
{
  bool more = from->shared && !o->shared;
  for (int i = 0; i < from->pending; i++) more |= add(o, from->access[i]);
  o->shared |= from->shared;
  return more;
}

static Order order_copy(const Order *o)
{
  Order copy = order_like(o);
  add_all(&copy, o);
  return copy;
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

static void touch_call(Order *o, MlirOperation op)
{
  MdlPass *pass = o->k->pass;
  MlirOperation callee = mdl_callee(pass->ir, pass->symbols, op);
  if (mdl_is_null(callee) || !mdl_body(callee, 0).ptr) return;
  mdl_walk(callee, is_shared, &o->shared);
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

/* Before what is `next`, if it must. A block that waits for itself has not waited for the others.
 */
static void wait_before(Order *o, MlirOperation op, const Order *next)
{
  bool memory = conflicts(o, next);
  if (!memory && !(o->shared && next->shared)) return;
  if (memory || !o->resident) o->pending = 0;
  o->shared = false;
  if (o->only_asks) return;
  MdlBuilder b = mdl_builder_before(o->k->ir, op);
  if (memory && o->resident) {
    mdl_loop_grid_barrier(&b);
    *o->waits = true;
  } else {
    mdl_loop_barrier(&b);
  }
}

static void order_branch(Order *o, MlirOperation op)
{
  Order out = order_like(o);
  for (int i = 0; i < 2; i++) {
    Order in = order_copy(o);
    if (mdl_body(op, i).ptr) order_block(&in, mdl_body(op, i));
    add_all(&out, &in);
  }
  *o = out;
}

/* One round, from what is pending at its start to what is at its end; `left`: where the loop ends.
 */
static void order_round(Order *o, MlirOperation op, Order *left)
{
  bool asks_first = mdl_op(o->k->ir, op) == MDL_OP_while;
  if (asks_first) order_block(o, mdl_body(op, 0));
  *left = order_copy(o);
  order_block(o, mdl_body(op, asks_first));
}

/* A loop waits for what came before it once. A round may follow on the one before, so at its start
 * is pending what is at its end. */
static void order_loop(Order *o, MlirOperation op)
{
  Order inner = order_like(o), left;
  mdl_walk(op, touch_op, &inner);
  wait_before(o, op, &inner);
  for (bool more = true; more;) {
    Order round = order_copy(o);
    round.only_asks = true;
    order_round(&round, op, &left);
    more = add_all(o, &round);
  }
  order_round(o, op, &left);
  *o = left;
}

/* The op and, of stores, those that are guarded with it: a barrier before them if they need one.
 * Returns the op behind. */
static MlirOperation order_step(Order *o, MlirOperation op)
{
  MlirOperation next = mdl_next(op), first = op;
  Order step = order_like(o);
  if (mdl_loop_op(op) == MDL_LOOP_store && !o->only_asks) {
    next = guard_stores(o->k, op, !o->resident);
    first = mdl_parent(op);
    mdl_walk(first, touch_op, &step);
  } else {
    touch_op(&step, op);
  }
  wait_before(o, first, &step);
  add_all(o, &step);
  return next;
}

static void order_block(Order *o, MlirBlock block)
{
  MlirOperation end = mdl_terminator(block), next;
  for (MlirOperation op = mdl_first(block); !mdl_same_op(op, end); op = next) {
    next = mdl_next(op);
    if (mdl_op(o->k->ir, op) == MDL_OP_if)
      order_branch(o, op);
    else if (mdl_region_count(op))
      order_loop(o, op);
    else
      next = order_step(o, op);
  }
}

/* On a grid only the values that are handed on are stored here, by one thread. */
bool mdl_kernel_order(MdlKernels *k, MlirOperation kernel, const MlirValue *given)
{
  const char *mode = mdl_op_text(k->ir, kernel, "mdl.kernel");
  MlirBlock body = mdl_body(kernel, 0);
  bool block = !strcmp(mode, "block"), resident = !strcmp(mode, "resident"), waits = false;
  Order o = {.k = k, .given = given, .resident = resident, .waits = &waits};
  if (block || resident) order_block(&o, body);
  if (block || resident || !strcmp(mode, "thread")) return waits;
  for (MlirOperation op = mdl_first(body); !mdl_is_null(op); op = mdl_next(op))
    if (mdl_loop_op(op) == MDL_LOOP_store) op = guard_stores(k, op, false);
  return false;
}
