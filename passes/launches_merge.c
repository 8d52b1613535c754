/* One kernel whose blocks run several: the first so many blocks the first part, the next the next.
 * What was a kernel becomes a device function, which is told its block. */
#include "passes/launches.h"

#include "passes/entry.h"
#include "passes/extent.h"
#include "passes/gpu.h"

#include "ir/signature.h"

#include <string.h>

enum { MOST_BLOCKS = 65536 /* of a part: it strides over what is left, as a launch does */ };

/* ---- a function that is told its block --------------------------------------------------- */

typedef enum Told { TOLD_block, TOLD_blocks, TOLD_COUNT } Told;

/* Where a function asks for them. */
typedef struct Asks {
  const MdlPass *pass;
  int ops, calls, capacity, call_capacity;
  MlirOperation *op, *call;
} Asks;

static bool find_ask(void *user, MlirOperation op)
{
  Asks *a = user;
  MdlIr *ir = a->pass->ir;
  MdlLoopOp kind = mdl_loop_op(op);
  if (kind == MDL_LOOP_block || kind == MDL_LOOP_blocks) {
    MDL_GROW(ir->arena, a->op, a->ops, a->capacity);
    a->op[a->ops++] = op;
  }
  MlirOperation callee = {NULL};
  if (mdl_op(ir, op) == MDL_OP_call) callee = mdl_callee(ir, a->pass->symbols, op);
  if (mdl_is_null(callee) || !mdl_body(callee, 0).ptr) return true;
  MDL_GROW(ir->arena, a->call, a->calls, a->call_capacity);
  a->call[a->calls++] = op;
  return true;
}

static Asks asks_of(const MdlPass *pass, MlirOperation func)
{
  Asks a = {.pass = pass};
  mdl_walk(func, find_ask, &a);
  return a;
}

static bool asks(const MdlPass *pass, MlirOperation func)
{
  Asks a = asks_of(pass, func);
  for (int i = 0; i < a.calls; i++)
    if (asks(pass, mdl_callee(pass->ir, pass->symbols, a.call[i]))) return true;
  return a.ops > 0;
}

bool mdl_launch_can_move(const MdlPass *pass, const MdlMap *calls, MlirOperation func)
{
  if ((intptr_t)mdl_map_get(calls, func.ptr) > 1) return false;
  Asks a = asks_of(pass, func);
  for (int i = 0; i < a.calls; i++) {
    MlirOperation callee = mdl_callee(pass->ir, pass->symbols, a.call[i]);
    if (asks(pass, callee) && !mdl_launch_can_move(pass, calls, callee)) return false;
  }
  return true;
}

/* The call, with two operands more. */
static void hand_on(const MdlPass *pass, MlirOperation call, const MlirValue *told)
{
  int count = mdl_operand_count(call);
  MlirValue *operand = MDL_NEW(pass->ir->arena, MlirValue, (size_t)count + TOLD_COUNT);
  for (int i = 0; i < count; i++) operand[i] = mdl_operand(call, i);
  for (int i = 0; i < TOLD_COUNT; i++) operand[count + i] = told[i];
  mdl_set_operands(call, count + TOLD_COUNT, operand);
}

/* Two arguments more, which stand for the block's number and the number of blocks. False: it asks
 * for neither, and stays as it is. */
static bool tell(const MdlPass *pass, MlirOperation func)
{
  MdlIr *ir = pass->ir;
  if (!asks(pass, func)) return false;
  Asks a = asks_of(pass, func);
  MlirBlock body = mdl_body(func, 0);
  MlirValue told[TOLD_COUNT];
  static const char *const names[TOLD_COUNT] = {"block", "blocks"};
  for (int i = 0; i < TOLD_COUNT; i++)
    told[i] = mdl_add_arg(ir, body, ir->scalar[MDL_index], names[i], mdl_location_of(func));
  for (int i = 0; i < a.ops; i++) {
    Told which = mdl_loop_op(a.op[i]) == MDL_LOOP_block ? TOLD_block : TOLD_blocks;
    mdl_replace(mdl_result(a.op[i], 0), told[which]);
    mdl_erase(ir, a.op[i]);
  }
  for (int i = 0; i < a.calls; i++)
    if (tell(pass, mdl_callee(ir, pass->symbols, a.call[i]))) hand_on(pass, a.call[i], told);
  mdl_func_refresh_type(ir, func);
  mdl_loop_noalias(ir, func);
  mdl_op_set_unit(ir, func, "mdl.told"); /* its last two arguments are less than a grid's blocks */
  return true;
}

/* ---- the kernel around them -------------------------------------------------------------- */

typedef struct Merge {
  MdlPass *pass;
  MdlIr *ir;
  MlirOperation entry, at, kernel;
  int parts;
  const MdlLaunch *part[MDL_LAUNCH_PARTS]; /* those of one thread last */
  MdlMap *given;  /* value of the entry -> itself: the kernel's arguments, in order */
  MdlMap *inside; /* -> what stands for it in the kernel */
  MdlMap *shared; /* pointers of kernels that may be handed the same memory twice */
  MdlExtents extents;
} Merge;

static const MdlSize *blocks_of(const Merge *m, int i)
{
  return mdl_op_size(m->ir, m->part[i]->kernel, "mdl.blocks");
}

static void order_parts(Merge *m, int count, const MdlLaunch *const *part)
{
  for (int thread = 0; thread < 2; thread++)
    for (int i = 0; i < count; i++)
      if (part[i]->is_thread == thread) m->part[m->parts++] = part[i];
}

/* The entry's size of that name, as an index: what a part is handed already, else made anew. */
static MlirValue size_value(Merge *m, const char *name)
{
  const MdlSignature *s = mdl_signature_read(m->ir, m->entry);
  int i = 0;
  while (i < s->sizes && strcmp(s->size[i], name)) i++;
  if (i == s->sizes) MDL_BUG(m->ir->session, "the size %s is none of the entry's", name);
  MlirValue size = mdl_arg(mdl_body(m->entry, 0), i);
  for (int k = 0; k < mdl_map_count(m->given); k++) {
    MlirValue value = {mdl_map_key(m->given, k)};
    if (mdl_loop_def_op(value) == MDL_LOOP_index_cast &&
        mdl_same(mdl_operand(mdl_def(value), 0), size))
      return value;
  }
  MdlBuilder b = mdl_builder_before(m->ir, m->at);
  return mdl_loop_cast(&b, MDL_LOOP_index_cast, size, MDL_index);
}

static void list_sizes(Merge *m, MdlMap *sizes)
{
  for (int i = 0; i < m->parts; i++) {
    const char *name[64];
    int count = mdl_size_names(blocks_of(m, i), name, 64);
    for (int j = 0; j < count; j++) {
      const char *key = mdl_intern_text(m->ir->arena, name[j]);
      if (mdl_map_has(sizes, key)) continue;
      MlirValue value = size_value(m, name[j]);
      mdl_map_set(sizes, key, (void *)value.ptr);
      mdl_map_set(m->given, value.ptr, (void *)value.ptr);
    }
  }
}

/* Constants are not handed over: they stand where they are used. */
static void list_given(Merge *m)
{
  for (int i = 0; i < m->parts; i++) {
    bool alone = mdl_op_has(m->part[i]->kernel, "mdl.alone");
    for (int j = 0; j < mdl_operand_count(m->part[i]->call); j++) {
      MlirValue value = mdl_operand(m->part[i]->call, j);
      if (mdl_loop_def_op(value) == MDL_LOOP_constant) continue;
      mdl_map_set(m->given, value.ptr, (void *)value.ptr);
      if (!alone) mdl_map_set(m->shared, value.ptr, (void *)value.ptr);
    }
  }
}

/* What a part makes: the name behind the entry's. */
static const char *made_by(Merge *m, int i)
{
  const char *entry = mdl_op_text(m->ir, m->entry, "sym_name");
  const char *name = mdl_op_text(m->ir, m->part[i]->kernel, "sym_name");
  if (!strncmp(name, entry, strlen(entry))) name += strlen(entry) + 1;
  size_t length = strlen(name), kernel = strlen("_kernel");
  if (length > kernel && !strcmp(name + length - kernel, "_kernel")) length -= kernel;
  return mdl_text_copy(m->ir->arena, name, length);
}

/* "mlp_train_m_fc1_w_to_m_fc2_b" */
static const char *name_of(Merge *m)
{
  const char *text =
      mdl_text(m->ir->arena, "%s_%s_%s_%s", mdl_op_text(m->ir, m->entry, "sym_name"), made_by(m, 0),
               m->parts == 2 ? "and" : "to", made_by(m, m->parts - 1));
  return mdl_symbol_unique(m->ir, m->pass->symbols, mdl_intern_text(m->ir->arena, text));
}

static const char *argument_name(Merge *m, MlirValue value)
{
  MlirOperation cast = mdl_def(value);
  bool is_size =
      mdl_loop_def_op(value) == MDL_LOOP_index_cast && mdl_is_null(mdl_def(mdl_operand(cast, 0)));
  if (is_size) return mdl_value_name(m->ir, mdl_operand(cast, 0));
  for (int i = 0; i < m->parts; i++)
    for (int j = 0; j < mdl_operand_count(m->part[i]->call); j++) {
      MlirValue arg = mdl_arg(mdl_body(m->part[i]->kernel, 0), j);
      if (mdl_same(mdl_operand(m->part[i]->call, j), value) && mdl_value_name(m->ir, arg))
        return mdl_value_name(m->ir, arg);
    }
  return mdl_value_name(m->ir, value);
}

static void declare(Merge *m)
{
  int args = mdl_map_count(m->given);
  MlirType *type = MDL_NEW(m->ir->arena, MlirType, (size_t)args);
  const char **name = MDL_NEW(m->ir->arena, const char *, (size_t)args);
  int64_t *restricts = MDL_NEW(m->ir->arena, int64_t, (size_t)args);
  for (int i = 0; i < args; i++) {
    MlirValue value = {mdl_map_key(m->given, i)};
    MdlLoopType is = mdl_loop_type_of(m->ir, value);
    type[i] = mdl_loop_type_make(m->ir, &is);
    name[i] = argument_name(m, value);
    restricts[i] = !mdl_map_has(m->shared, value.ptr);
  }
  MdlFunc func = {.symbol = name_of(m),
                  .is_private = true,
                  .define = true,
                  .args = args,
                  .arg = type,
                  .arg_name = name,
                  .at = mdl_location_of(m->part[0]->call)};
  m->kernel = mdl_build_func(m->ir, m->pass->module, &func);
  mdl_map_set(m->pass->symbols, mdl_intern_text(m->ir->arena, func.symbol), (void *)m->kernel.ptr);
  mdl_loop_noalias(m->ir, m->kernel);
  mdl_op_set_ints(m->ir, m->kernel, "mdl.restrict", args, restricts);
  mdl_op_set_text(m->ir, m->kernel, "mdl.doc", "Independent of each other: one launch.");
}

/* The launch's shape: "16; (B + 255)/256; 1". Parts of one thread share a block. */
static void mark(Merge *m)
{
  const char *blocks = "";
  int64_t threads = 1;
  for (int i = 0; i < m->parts; i++) {
    if (m->part[i]->threads > threads) threads = m->part[i]->threads;
    if (i && m->part[i]->is_thread && m->part[i - 1]->is_thread) continue;
    blocks =
        mdl_text(m->ir->arena, "%s%s%s", blocks, i ? "; " : "", mdl_size_text(blocks_of(m, i)));
  }
  mdl_op_set_text(m->ir, m->kernel, "mdl.kernel", "parts");
  mdl_op_set_int(m->ir, m->kernel, "mdl.threads", threads);
  mdl_op_set_text(m->ir, m->kernel, "mdl.blocks", blocks);
}

/* ---- its body ---------------------------------------------------------------------------- */

static MlirValue blocks_value(Merge *m, int i)
{
  int64_t known;
  const MdlSize *blocks = blocks_of(m, i);
  if (mdl_size_is_const(blocks, &known))
    return mdl_extent_number(&m->extents, known < MOST_BLOCKS ? known : MOST_BLOCKS);
  MlirValue most = mdl_extent_number(&m->extents, MOST_BLOCKS);
  MlirValue value = mdl_index_min(&m->extents.top, mdl_extent(&m->extents, blocks), most);
  if (!mdl_index_constant(value, &known)) mdl_value_set_name(m->ir, value, "blocks");
  return value;
}

static void call_part(Merge *m, MdlBuilder *b, int i, MlirValue block, MlirValue blocks)
{
  const MdlLaunch *part = m->part[i];
  int count = mdl_operand_count(part->call);
  MlirValue *operand = MDL_NEW(m->ir->arena, MlirValue, (size_t)count + TOLD_COUNT);
  for (int j = 0; j < count; j++) {
    MlirValue value = mdl_operand(part->call, j);
    operand[j] = mdl_loop_def_op(value) == MDL_LOOP_constant
                     ? mdl_result(mdl_clone_op(b, mdl_def(value), m->inside, NULL, NULL), 0)
                     : mdl_map_value_get(m->inside, value);
  }
  if (tell(m->pass, part->kernel)) {
    operand[count] = block;
    operand[count + 1] = blocks;
  }
  mdl_build_call(b, part->kernel, operand);
}

static MlirValue is_first_thread(MdlBuilder *b)
{
  MlirValue zero = mdl_loop_number(b, MDL_index, 1, 0, 0);
  return mdl_loop_compare(b, MDL_PREDICATE_eq, mdl_loop_gpu_index(b, MDL_LOOP_thread), zero);
}

typedef struct Chain {
  MlirValue block;
  MlirValue first[MDL_LAUNCH_PARTS + 1]; /* of each part */
  MlirValue blocks[MDL_LAUNCH_PARTS];
} Chain;

static void open_chain(Merge *m, Chain *c, MdlBuilder *b)
{
  int64_t known;
  c->block = mdl_loop_gpu_index(b, MDL_LOOP_block);
  mdl_value_set_name(m->ir, c->block, "block");
  c->first[0] = mdl_extent_number(&m->extents, 0);
  for (int i = 0; i < m->parts; i++) {
    c->blocks[i] = blocks_value(m, i);
    c->first[i + 1] = mdl_index_add(b, c->first[i], c->blocks[i]);
    if (!mdl_index_constant(c->first[i + 1], &known))
      mdl_value_set_name(m->ir, c->first[i + 1], "end");
  }
}

static void run_part(Merge *m, const Chain *c, MdlBuilder *b, int i)
{
  call_part(m, b, i, mdl_index_sub(b, c->block, c->first[i]), c->blocks[i]);
}

/* From part i on. */
static void build_chain(Merge *m, const Chain *c, MdlBuilder *b, int i)
{
  bool thread = m->part[i]->is_thread;
  if (i == m->parts - 1 && !thread) {
    run_part(m, c, b, i);
    return;
  }
  MlirValue is_here = thread ? is_first_thread(b)
                             : mdl_loop_compare(b, MDL_PREDICATE_lt, c->block, c->first[i + 1]);
  MlirOperation branch = mdl_build_if(b, is_here, 0, NULL);
  MdlBuilder yes = mdl_builder_at_end(m->ir, mdl_body(branch, 0), b->at);
  MdlBuilder no = mdl_builder_at_end(m->ir, mdl_body(branch, 1), b->at);
  run_part(m, c, &yes, i);
  for (int j = i + 1; thread && j < m->parts; j++) run_part(m, c, &yes, j);
  mdl_build_yield(&yes, 0, NULL);
  if (!thread) build_chain(m, c, &no, i + 1);
  mdl_build_yield(&no, 0, NULL);
}

static void fill(Merge *m)
{
  Chain c;
  MlirBlock body = mdl_body(m->kernel, 0);
  MlirLocation at = mdl_location_named(m->ir, mdl_location_of(m->part[0]->call), NULL);
  MdlBuilder b = mdl_builder_at_end(m->ir, body, at);
  mdl_build_return(&b, 0, NULL);
  b.before = mdl_terminator(body);
  m->extents.top = b;
  open_chain(m, &c, &b);
  build_chain(m, &c, &b, 0);
  mdl_loop_dce(m->ir, body);
}

/* Behind the last of its parts. */
static void place(Merge *m)
{
  MlirOperation last = {NULL};
  MlirBlock body = mdl_module_body(m->pass->module);
  for (MlirOperation f = mdl_first(body); !mdl_is_null(f); f = mdl_next(f))
    for (int i = 0; i < m->parts; i++)
      if (mdl_same_op(f, m->part[i]->kernel)) last = f;
  mdl_move_before(m->kernel, mdl_next(last));
}

static void demote(Merge *m)
{
  static const char *const attrs[] = {"mdl.kernel", "mdl.threads", "mdl.blocks"};
  for (int i = 0; i < m->parts; i++) {
    for (int j = 0; j < 3; j++) mdl_op_unset(m->part[i]->kernel, attrs[j]);
    mdl_erase(m->ir, m->part[i]->call);
  }
}

void mdl_launch_merge(MdlPass *pass, MlirOperation entry, int count, const MdlLaunch *const *part,
                      MlirOperation at)
{
  MdlArena *arena = pass->ir->arena;
  Merge m = {.pass = pass, .ir = pass->ir, .entry = entry, .at = at};
  MdlMap *sizes = mdl_map_create(arena);
  m.given = mdl_map_create(arena);
  m.inside = mdl_map_create(arena);
  m.shared = mdl_map_create(arena);
  order_parts(&m, count, part);
  list_given(&m);
  list_sizes(&m, sizes);
  declare(&m);
  mark(&m);
  int args = mdl_map_count(m.given);
  MlirValue *operand = MDL_NEW(arena, MlirValue, (size_t)args);
  for (int i = 0; i < args; i++) {
    operand[i] = (MlirValue){mdl_map_key(m.given, i)};
    mdl_map_value_set(m.inside, operand[i], mdl_arg(mdl_body(m.kernel, 0), i));
  }
  m.extents = mdl_extents_create(mdl_builder_before(m.ir, at));
  for (int i = 0; i < mdl_map_count(sizes); i++)
    mdl_extent_bind(&m.extents, mdl_map_key(sizes, i),
                    mdl_map_value_get(m.inside, (MlirValue){mdl_map_value(sizes, i)}));
  fill(&m);
  MdlBuilder b = mdl_builder_before(m.ir, at);
  mdl_build_call(&b, m.kernel, operand);
  demote(&m);
  place(&m);
}
