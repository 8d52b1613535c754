/* Kernels that need nothing of each other go into one launch: an optimiser's update of all tensors,
 * the gradients of a layer. A launch takes microseconds, and small grids leave a GPU empty. */
#include "passes/launches.h"

#include "passes/gpu.h"

#include "ir/signature.h"

#include <string.h>

enum {
  MOST_SHARED = 48 * 1024, /* of a block without asking for more */
  MOST_ARGUMENTS = 256,    /* of 8 bytes: a kernel takes 4 KiB */
  SMALL = 108,             /* blocks: each has a multiprocessor of its own, whatever it needs */
  WAVE = 1024              /* blocks without much state run all at once */
};

typedef struct Launches {
  MdlPass *pass;
  MdlIr *ir;
  MlirOperation entry;
  MdlMap *calls; /* function -> how many calls there are of it, plus 1 */
} Launches;

/* ---- what a kernel touches --------------------------------------------------------------- */

static bool depend(const MdlLaunch *a, const MdlLaunch *b)
{
  for (int i = 0; i < a->accesses; i++)
    for (int j = 0; j < b->accesses; j++)
      if (mdl_access_conflict(&a->access[i], &b->access[j])) return true;
  return false;
}

/* ---- what a kernel needs ----------------------------------------------------------------- */

typedef struct Weight {
  const Launches *l;
  int64_t shared;
  bool is_map;
} Weight;

static void weigh(Weight *w, MlirOperation func);

static bool weigh_op(void *user, MlirOperation op)
{
  Weight *w = user;
  MlirOperation callee = mdl_called(w->l->ir, w->l->pass->symbols, op);
  if (!mdl_is_null(callee)) weigh(w, callee);
  if (!mdl_op_has(op, "mdl.shared")) return true;
  MdlLoopType type = mdl_loop_type_of(w->l->ir, mdl_result(op, 0));
  int64_t bytes = mdl_dtypes[type.element].bytes;
  for (int i = 0; i < type.rank; i++) bytes *= type.dim[i];
  w->shared += bytes;
  return true;
}

static void weigh(Weight *w, MlirOperation func)
{
  const char *class = mdl_op_text(w->l->ir, func, "mdl.class");
  if (mdl_op_has(func, "mdl.gpu") && (!class || strcmp(class, "map"))) w->is_map = false;
  mdl_walk(func, weigh_op, w);
}

static MdlLaunch read_launch(const Launches *l, MlirOperation call, MlirOperation kernel)
{
  MdlLaunch a = {.call = call, .kernel = kernel};
  a.access = MDL_NEW(l->ir->arena, MdlAccess, (size_t)mdl_operand_count(call));
  for (int i = 0; i < mdl_operand_count(call); i++) {
    if (mdl_loop_type_of(l->ir, mdl_operand(call, i)).kind != MDL_LOOP_memory) continue;
    a.access[a.accesses] = mdl_access_of(l->ir, mdl_operand(call, i));
    a.access[a.accesses++].writes = mdl_access_is_written(l->pass, mdl_arg(mdl_body(kernel, 0), i));
  }
  Weight w = {.l = l, .is_map = true};
  weigh(&w, kernel);
  const char *mode = mdl_op_text(l->ir, kernel, "mdl.kernel");
  a.is_thread = !strcmp(mode, "thread");
  a.is_map = a.is_thread || (w.is_map && !strcmp(mode, "points"));
  a.can_move = strcmp(mode, "resident") && mdl_launch_can_move(l->pass, l->calls, kernel);
  a.shared = w.shared;
  a.threads = mdl_op_int(kernel, "mdl.threads", 1);
  a.blocks = mdl_schedule_guess(mdl_op_size(l->ir, kernel, "mdl.blocks"));
  return a;
}

/* ---- batches ----------------------------------------------------------------------------- */

typedef struct Batch {
  int parts;
  const MdlLaunch *part[MDL_LAUNCH_PARTS];
} Batch;

/* All parts have the registers and the shared memory of the one that needs most of them: they go
 * together where there is room for all blocks at once, or where they are alike. */
static bool fits(const Batch *b, const MdlLaunch *a)
{
  int64_t blocks = a->blocks, shared = a->shared;
  int arguments = mdl_operand_count(a->call);
  bool maps = a->is_map, one_size = true;
  if (b->parts == MDL_LAUNCH_PARTS || !a->can_move) return false;
  for (int i = 0; i < b->parts; i++) {
    const MdlLaunch *o = b->part[i];
    if (!o->can_move) return false;
    one_size &= o->is_thread || a->is_thread || o->threads == a->threads;
    maps &= o->is_map;
    blocks += o->blocks;
    if (o->shared > shared) shared = o->shared; /* slices of one array */
    arguments += mdl_operand_count(o->call);
  }
  if (!one_size || arguments > MOST_ARGUMENTS || shared > MOST_SHARED) return false;
  return maps || blocks <= (shared ? SMALL : WAVE);
}

static bool in_batch(const Batch *b, const MdlLaunch *a)
{
  for (int i = 0; i < b->parts; i++)
    if (b->part[i] == a) return true;
  return false;
}

static bool depends(const Batch *b, const MdlLaunch *a)
{
  for (int i = 0; i < b->parts; i++)
    if (depend(b->part[i], a)) return true;
  return false;
}

/* Into the first batch behind all that it needs where it fits: as few batches as that gives. */
static int make_batches(int count, const MdlLaunch *launch, Batch *batch)
{
  int batches = 0;
  for (int i = 0; i < count; i++) {
    int first = batches;
    while (first > 0 && !depends(&batch[first - 1], &launch[i])) first--;
    while (first < batches && !fits(&batch[first], &launch[i])) first++;
    if (first == batches) batch[batches++].parts = 0;
    batch[first].part[batch[first].parts++] = &launch[i];
  }
  return batches;
}

static void take_out(Batch *b, const MdlLaunch *a)
{
  int kept = 0;
  for (int i = 0; i < b->parts; i++)
    if (b->part[i] != a) b->part[kept++] = b->part[i];
  b->parts = kept;
}

/* In the order of the entry. */
static void put_in(Batch *b, const MdlLaunch *a)
{
  int i = b->parts++;
  for (; i > 0 && b->part[i - 1] > a; i--) b->part[i] = b->part[i - 1];
  b->part[i] = a;
}

/* ... and from there into the last batch before all that need it: what is alike comes together. */
static void move_late(int count, const MdlLaunch *launch, int batches, Batch *batch)
{
  for (int i = count; i-- > 0;) {
    int now = 0, last;
    while (!in_batch(&batch[now], &launch[i])) now++;
    for (last = now; last + 1 < batches && !depends(&batch[last + 1], &launch[i]);) last++;
    while (last > now && !(batch[last].parts && fits(&batch[last], &launch[i]))) last--;
    if (last == now) continue;
    take_out(&batch[now], &launch[i]);
    put_in(&batch[last], &launch[i]);
  }
}

/* Launches one behind the other, up to `end`. */
static void merge_run(const Launches *l, int count, const MdlLaunch *launch, MlirOperation end)
{
  if (count < 2) return;
  Batch *batch = MDL_NEW(l->ir->arena, Batch, (size_t)count);
  int batches = make_batches(count, launch, batch);
  move_late(count, launch, batches, batch);
  for (int i = 0; i < batches; i++)
    if (batch[i].parts == 1)
      mdl_move_before(batch[i].part[0]->call, end);
    else if (batch[i].parts)
      mdl_launch_merge(l->pass, l->entry, batch[i].parts, batch[i].part, end);
}

static void merge_block(const Launches *l, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(l->ir, block, &op), run = 0;
  MdlLaunch *launch = MDL_NEW(l->ir->arena, MdlLaunch, (size_t)count);
  for (int i = 0; i < count; i++) {
    MlirOperation kernel = mdl_called(l->ir, l->pass->symbols, op[i]);
    if (!mdl_is_null(kernel) && mdl_op_has(kernel, "mdl.kernel")) {
      launch[run++] = read_launch(l, op[i], kernel);
      continue;
    }
    merge_run(l, run, launch, op[i]);
    run = 0;
    for (int j = 0; j < mdl_region_count(op[i]); j++)
      if (mdl_body(op[i], j).ptr) merge_block(l, mdl_body(op[i], j));
  }
}

static bool count_call(void *user, MlirOperation op)
{
  Launches *l = user;
  MlirOperation callee = mdl_called(l->ir, l->pass->symbols, op);
  if (mdl_is_null(callee)) return true;
  intptr_t calls = (intptr_t)mdl_map_get(l->calls, callee.ptr);
  mdl_map_set(l->calls, callee.ptr, (void *)(calls + 1));
  return true;
}

/* Needs: loop form, entries that launch kernels. Keeps: what depends on each other in order.
 * Leaves: kernels of several parts (`mdl.kernel` "parts"), each with blocks of its own. Other
 * machines: nothing to do. */
bool mdl_pass_launches(MdlPass *pass, MlirOperation none)
{
  (void)none;
  MlirOperation *entry;
  if (!pass->options->machine->warp) return true;
  Launches l = {.pass = pass, .ir = pass->ir, .calls = mdl_map_create(pass->ir->arena)};
  mdl_walk(pass->module, count_call, &l);
  int entries = mdl_entries(pass->ir, pass->module, &entry);
  for (int i = 0; i < entries; i++) {
    l.entry = entry[i];
    merge_block(&l, mdl_body(entry[i], 0));
  }
  return true;
}
