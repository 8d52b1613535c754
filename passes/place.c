/* Places as pointers of the loop-form entry. */
#include "passes/place.h"

#include "passes/group.h"
#include "passes/phases.h"
#include "passes/schedule.h"

#include <stdlib.h>
#include <string.h>

/* ---- the work buffer --------------------------------------------------------------------- */

typedef struct Arena {
  MdlEntry *e;
  MlirValue bytes, pad; /* work as memref<?xi8>; bytes until the first aligned address */
} Arena;

static MlirValue index_number(MdlEntry *e, int64_t value)
{
  return mdl_loop_number(&e->b, MDL_index, 1, 0, value);
}

/* The caller's buffer may start anywhere: the first multiple of `align` in it. */
static void open_arena(Arena *arena, const MdlSize *work, int align)
{
  MdlEntry *e = arena->e;
  MlirBlock body = mdl_body(e->to, 0);
  if (!e->signature->has_work) MDL_BUG(e->ir->session, "an entry without `work` needs some");
  MlirValue given = mdl_arg(body, mdl_arg_count(body) - 1);
  MdlLoopType type = {.kind = MDL_LOOP_memory, .element = MDL_i8, .rank = 1, .dim = {-1}};
  MlirValue extent = mdl_extent(&e->extents, work);
  MlirType index = e->ir->scalar[MDL_index];
  if (e->pass->options->machine
          ->warp) { /* allocations on a GPU are aligned; the status comes first */
    arena->pad = index_number(e, align);
    arena->bytes = mdl_loop_shape(&e->b, given, &type, &extent);
    return;
  }
  MlirValue address = mdl_loop_build(&e->b, MDL_LOOP_address, index, 1, &given);
  MlirValue past = mdl_loop_binary(&e->b, MDL_LOOP_andi, address, index_number(e, align - 1));
  MlirValue up = mdl_loop_binary(&e->b, MDL_LOOP_subi, index_number(e, align), past);
  arena->pad = mdl_loop_binary(&e->b, MDL_LOOP_andi, up, index_number(e, align - 1));
  mdl_value_set_name(e->ir, arena->pad, "pad");
  arena->bytes = mdl_loop_shape(&e->b, given, &type, &extent);
}

static const char *shape_text(MdlIr *ir, const MdlType *type)
{
  const char *text = "[";
  for (int i = 0; i < type->rank; i++)
    text = mdl_text(ir->arena, "%s%s%s", text, i ? ", " : "", mdl_size_text(type->dim[i]));
  return mdl_text(ir->arena, "%s]", text);
}

static const MdlSize *bytes_of(MdlIr *ir, MlirValue tensor)
{
  const MdlType *type = mdl_type_of(ir, tensor);
  const MdlSize *each = mdl_size_const(ir->sizes, mdl_dtypes[type->dtype].bytes);
  return mdl_size_mul(ir->sizes, each, mdl_type_elements(ir->sizes, type));
}

/* What lies there, for the comment: "[B, 64]", "[B, 64]; then gz [B, 10]". */
static void note(MdlEntry *e, MlirValue pointer, MlirValue tensor)
{
  MlirOperation view = mdl_def(pointer);
  const char *now = mdl_op_text(e->ir, view, "mdl.doc"), *name = mdl_value_name(e->ir, tensor);
  const char *text = shape_text(e->ir, mdl_type_of(e->ir, tensor));
  const char *named = mdl_text(e->ir->arena, "%s %s", name ? name : "t", text);
  if (now && (!strcmp(name ? name : "t", mdl_value_name(e->ir, pointer)) || strstr(now, named)))
    return;
  if (now) text = mdl_text(e->ir->arena, "%s; then %s", now, named);
  mdl_op_set_text(e->ir, view, "mdl.doc", text);
}

/* On a GPU kernels may run at once that touch different slices: where each lies, and at most how
 * many bytes of it are some tensor's. */
static void note_extent(Arena *arena, MlirValue pointer, const MdlSize *offset,
                        const MdlSize *bytes)
{
  MdlIr *ir = arena->e->ir;
  const MdlMachine *machine = arena->e->pass->options->machine;
  MlirOperation view = mdl_def(pointer);
  if (!machine->warp) return;
  const MdlSize *most = mdl_op_size(ir, view, "mdl.bytes");
  if (!most) most = bytes;
  if (!mdl_size_dominates(ir->sizes, most, bytes))
    most = mdl_size_dominates(ir->sizes, bytes, most) ? bytes
                                                      : mdl_size_add(ir->sizes, most, bytes);
  offset = mdl_size_add(ir->sizes, offset, mdl_size_const(ir->sizes, mdl_work_align(machine)));
  if (!most || !offset) return; /* whoever asks takes it for all of the buffer */
  mdl_op_set_size(ir, view, "mdl.offset", offset);
  mdl_op_set_size(ir, view, "mdl.bytes", most);
}

/* One pointer per distinct offset and element type. */
static MlirValue slice(Arena *arena, const char *place, MdlDtype dtype, const MdlSize *bytes,
                       const char *name)
{
  MdlEntry *e = arena->e;
  const char *key =
      mdl_intern_text(e->ir->arena, mdl_text(e->ir->arena, "%s %s", place, mdl_dtypes[dtype].loop));
  const char *offset = place + strlen("work ");
  const MdlSize *size = mdl_size_parse(e->ir->sizes, offset, strlen(offset));
  void *known = mdl_map_get(e->slices, key);
  if (known) {
    note_extent(arena, (MlirValue){known}, size, bytes);
    return (MlirValue){known};
  }
  MlirValue shift = mdl_index_add(&e->b, arena->pad, mdl_extent(&e->extents, size));
  MdlLoopType cell = {.kind = MDL_LOOP_memory, .element = mdl_loop_cell(dtype)};
  MlirValue pointer = mdl_loop_view(&e->b, arena->bytes, shift, &cell, NULL);
  mdl_value_set_name(e->ir, pointer, name ? name : "t");
  mdl_map_set(e->slices, key, (void *)pointer.ptr);
  note_extent(arena, pointer, size, bytes);
  return pointer;
}

/* ---- what a call says -------------------------------------------------------------------- */

/* The i-th part of "work 0; result 1". */
static const char *part(MdlIr *ir, const char *text, int i)
{
  for (; i > 0; i--) text = strchr(text, ';') + 2;
  return mdl_intern(ir->arena, text, strcspn(text, ";"));
}

/* The loop-form argument of leaf number `index` among the entry's arguments, or of its results. */
static MlirValue argument(MdlEntry *e, int index, bool result)
{
  const MdlSignature *s = e->signature;
  int given = s->sizes, seen = 0;
  for (int i = 0; i < s->params; i++)
    for (int j = 0; j < s->param[i].leaves; j++, given++) {
      bool counts = result == (s->param[i].role == MDL_ROLE_out);
      if (counts && seen++ == index) return mdl_arg(mdl_body(e->to, 0), given);
    }
  MDL_BUG(e->ir->session, "a place names an argument that is not there");
}

/* A contraction packs operands of its own element type. */
static void open_scratch(Arena *arena, MlirOperation call)
{
  MdlEntry *e = arena->e;
  const char *place = mdl_op_text(e->ir, call, "mdl.scratch");
  if (!place) return;
  MdlGroup g =
      mdl_group_read(e->ir, e->pass->options->machine, mdl_callee(e->ir, e->pass->symbols, call));
  MdlSchedule s;
  if (mdl_schedule_read(&g, &s) || !mdl_schedule_scratch(&g, &s)) return; /* another processor's */
  const char *name = mdl_is_rows(g.func) ? "row" : "pack";
  MdlDtype dtype = mdl_schedule_scratch_dtype(&g);
  const MdlSize *bytes = mdl_op_size(e->ir, call, "mdl.scratch_bytes");
  mdl_map_set(e->memory, call.ptr, (void *)slice(arena, place, dtype, bytes, name).ptr);
}

static bool open_call(void *user, MlirOperation op)
{
  Arena *arena = user;
  MdlEntry *e = arena->e;
  const char *text = mdl_op_text(e->ir, op, "mdl.place");
  if (mdl_op(e->ir, op) == MDL_OP_call) open_scratch(arena, op);
  if (mdl_op(e->ir, op) != MDL_OP_call || !text) return true;
  for (int i = 0, next = 0; i < mdl_result_count(op); i++) {
    MlirValue tensor = mdl_result(op, i), pointer;
    if (!mdl_type_of(e->ir, tensor)->rank) continue;
    const char *place = part(e->ir, text, next++);
    bool slot = !strncmp(place, "work ", 5);
    if (slot)
      pointer = slice(arena, place, mdl_type_of(e->ir, tensor)->dtype, bytes_of(e->ir, tensor),
                      mdl_value_name(e->ir, tensor));
    else
      pointer = argument(e, atoi(strchr(place, ' ')), *place == 'r');
    if (slot) note(e, pointer, tensor);
    mdl_map_set(e->memory, tensor.ptr, (void *)pointer.ptr);
  }
  return true;
}

void mdl_place_arena(MdlEntry *e)
{
  Arena arena = {.e = e};
  const MdlSize *work = mdl_op_size(e->ir, e->from, "mdl.work_bytes");
  const MdlSize *none = mdl_size_const(e->ir->sizes, 0);
  int align = mdl_work_align(e->pass->options->machine);
  if (e->pass->options->machine->warp) { /* in place of the slack for alignment */
    work = mdl_size_add(e->ir->sizes, work, mdl_size_const(e->ir->sizes, work == none ? align : 1));
    if (!work) MDL_BUG(e->ir->session, "the size of the work buffer overflows");
  }
  mdl_op_set_size(e->ir, e->to, "mdl.work_bytes", work);
  if (work != none) open_arena(&arena, work, align);
  mdl_walk(e->from, open_call, &arena);
}

/* ---- any tensor -------------------------------------------------------------------------- */

MlirValue mdl_place_memory(MdlEntry *e, MlirValue tensor)
{
  void *memory = mdl_map_get(e->memory, tensor.ptr);
  if (memory) return (MlirValue){memory};
  MlirOperation op = mdl_def(tensor);
  int i = mdl_result_index(tensor);
  if (mdl_is_null(op)) {
    op = mdl_block_parent(mdl_value_block(tensor));
    i -= mdl_op(e->ir, op) == MDL_OP_for;
  }
  switch (mdl_op(e->ir, op)) {
  case MDL_OP_reshape:
    return mdl_place_memory(e, mdl_operand(op, 0));
  case MDL_OP_for:
    return mdl_place_memory(e, mdl_operand(op, 3 + i));
  case MDL_OP_while:
    return mdl_place_memory(e, mdl_operand(op, i));
  case MDL_OP_if:
    return mdl_place_memory(e, mdl_operand(mdl_terminator(mdl_body(op, 0)), i));
  default:
    MDL_BUG(e->ir->session, "a tensor has no place");
  }
}
