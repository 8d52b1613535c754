#include "codegen/cuda/roofline.h"

#include "codegen/cuda/cuda.h"

#include "ir/loop.h"
#include "ir/signature.h"

#include <string.h>

const MdlGpu mdl_gpus[MDL_GPUS] = {
#define GPU(name, ...) {#name, __VA_ARGS__},
#include "codegen/cuda/gpus.def"
};

/* ---- kernels ----------------------------------------------------------------------------- */

typedef struct Reader {
  MdlIr *ir;
  const MdlMap *symbols;
  MdlKernelCost *k;
} Reader;

static bool is_in_loop(MdlIr *ir, MlirOperation op, MlirOperation func)
{
  for (op = mdl_parent(op); !mdl_is_null(op) && !mdl_same_op(op, func); op = mdl_parent(op))
    if (mdl_op(ir, op) == MDL_OP_for || mdl_op(ir, op) == MDL_OP_while) return true;
  return false;
}

static void add_cost(Reader *r, MlirOperation func);

static bool add_call(void *user, MlirOperation op)
{
  Reader *r = user;
  MlirOperation callee = mdl_called(r->ir, r->symbols, op);
  if (mdl_is_null(callee)) return true;
  bool costs = mdl_op_has(callee, "mdl.moves");
  if (costs && is_in_loop(r->ir, op, r->k->func)) r->k->loops = true;
  add_cost(r, callee);
  return true;
}

/* A function's own costs, or those of the groups that it calls. */
static void add_cost(Reader *r, MlirOperation func)
{
  const MdlSize *bytes = mdl_op_size(r->ir, func, "mdl.moves");
  if (!bytes) {
    mdl_walk(func, add_call, r);
    return;
  }
  const char *of = mdl_op_text(r->ir, func, "mdl.flop_type");
  MdlDtype dtype = mdl_dtype_find(of, strlen(of));
  if (!r->k->bytes || dtype != MDL_f32) r->k->of = dtype;
  const MdlSize *none = mdl_size_const(r->ir->sizes, 0);
  r->k->bytes = mdl_size_add(r->ir->sizes, r->k->bytes ? r->k->bytes : none, bytes);
  r->k->flops = mdl_size_add(r->ir->sizes, r->k->flops ? r->k->flops : none,
                             mdl_op_size(r->ir, func, "mdl.flops"));
}

/* The sum of "16; floor((B + 255)/256)". */
static const MdlSize *blocks_of(MdlIr *ir, MlirOperation func)
{
  const MdlSize *sum = mdl_size_const(ir->sizes, 0);
  const char *list = mdl_op_text(ir, func, "mdl.blocks");
  for (const MdlSize *blocks; (blocks = mdl_cuda_next_blocks(ir, &list));)
    sum = mdl_size_add(ir->sizes, sum, blocks);
  return sum;
}

static bool add_kernel(void *user, MlirOperation op)
{
  MdlKernelCosts *ks = user;
  if (mdl_op(ks->ir, op) != MDL_OP_call) return true;
  MlirOperation func = mdl_callee(ks->ir, ks->symbols, op);
  if (mdl_is_null(func) || !mdl_op_has(func, "mdl.kernel") || mdl_map_has(ks->seen, func.ptr))
    return true;
  mdl_map_set(ks->seen, func.ptr, (void *)func.ptr);
  MDL_GROW(ks->ir->arena, ks->kernel, ks->count, ks->capacity);
  MdlKernelCost *k = &ks->kernel[ks->count++];
  *k = (MdlKernelCost){.func = func, .of = MDL_f32};
  k->name = mdl_op_text(ks->ir, func, "sym_name");
  k->threads = mdl_op_int(func, "mdl.threads", 1);
  k->blocks = blocks_of(ks->ir, func);
  k->resident = !strcmp(mdl_op_text(ks->ir, func, "mdl.kernel"), "resident");
  add_cost(&(Reader){ks->ir, ks->symbols, k}, func);
  return true;
}

MdlKernelCosts mdl_cost_kernels(MdlIr *ir, MlirOperation module, MlirOperation entry)
{
  MdlKernelCosts ks = {
      .ir = ir, .symbols = mdl_symbols(ir, module), .seen = mdl_map_create(ir->arena)};
  mdl_walk(entry, add_kernel, &ks);
  return ks;
}

/* ---- numbers ----------------------------------------------------------------------------- */

double mdl_cost_value(const MdlSize *size)
{
  int64_t value;
  return size && mdl_size_guess(size, MDL_COST_GUESS, &value) ? (double)value : -1;
}

static double rate_of(const MdlGpu *gpu, MdlDtype of)
{
  return of == MDL_f64 ? gpu->f64 : mdl_is_half(of) ? gpu->half : gpu->f32;
}

double mdl_cost_memory(const MdlGpu *gpu, const MdlKernelCost *k)
{
  return mdl_cost_value(k->bytes) / (1e9 * gpu->gbs);
}

double mdl_cost_arithmetic(const MdlGpu *gpu, const MdlKernelCost *k)
{
  return mdl_cost_value(k->flops) / (1e12 * rate_of(gpu, k->of));
}

/* Where the blocks leave multiprocessors empty, neither rate is reached. */
const char *mdl_cost_bound(const MdlKernelCost *k, bool known)
{
  int64_t blocks;
  bool few = (known || mdl_size_is_const(k->blocks, &blocks)) &&
             mdl_cost_value(k->blocks) < mdl_gpus[0].multiprocessors;
  if (!k->bytes || few) return "latency";
  bool computes = mdl_cost_arithmetic(&mdl_gpus[0], k) > mdl_cost_memory(&mdl_gpus[0], k);
  return computes ? "arithmetic" : "memory";
}

static int rounded(int value, int unit) { return (value + unit - 1) / unit * unit; }

static int least(int a, int b) { return a < b ? a : b; }

/* Registers are given to warps in units of 256, in fours of warps; shared memory in units of 128
 * bytes, 1 KiB more than a block asks for. */
double mdl_cost_occupancy(int arch, int64_t threads, int registers, int shared)
{
  enum { WARP = 32, REGISTER_UNIT = 256, WARP_UNIT = 4, SHARED_UNIT = 128, RESERVED = 1024 };
  const MdlGpu *gpu = &mdl_gpus[0];
  for (int i = 0; i < MDL_GPUS; i++)
    if (mdl_gpus[i].arch == arch) gpu = &mdl_gpus[i];
  int warps = (int)(threads + WARP - 1) / WARP, all = gpu->threads / WARP;
  int a_warp = rounded(registers * WARP, REGISTER_UNIT);
  int by_registers = gpu->registers / (a_warp ? a_warp : 1) / WARP_UNIT * WARP_UNIT / warps;
  int by_shared = gpu->shared / rounded(shared + RESERVED, SHARED_UNIT);
  int blocks = least(least(gpu->blocks, all / warps), least(by_registers, by_shared));
  return (double)(blocks * warps) / all;
}
