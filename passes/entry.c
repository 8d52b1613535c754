#include "passes/entry.h"

#include "passes/gpu_sort.h"
#include "passes/group.h"
#include "passes/guard.h"
#include "passes/place.h"

#include <string.h>

MlirValue mdl_entry_scalar(MdlEntry *e, MlirValue value)
{
  void *made = mdl_map_get(e->scalars, value.ptr);
  if (!made) MDL_BUG(e->ir->session, "a scalar of the entry has no value yet");
  return (MlirValue){made};
}

void mdl_entry_set(MdlEntry *e, MlirValue value, MlirValue made)
{
  const char *name = mdl_value_name(e->ir, value);
  MlirOperation op = mdl_def(made);
  bool fresh = !mdl_is_null(op) && !mdl_value_name(e->ir, made);
  if (name && fresh && mdl_loop_op(op) != MDL_LOOP_constant) mdl_value_set_name(e->ir, made, name);
  mdl_map_set(e->scalars, value.ptr, (void *)made.ptr);
}

static MdlArith arith(MdlEntry *e) { return (MdlArith){&e->b, e->pass->options->machine, 1}; }

/* ---- scalars ----------------------------------------------------------------------------- */

static MlirValue constant(MdlEntry *e, MlirOperation op, const MdlType *type)
{
  double real;
  int64_t integer;
  MdlAttrs attrs = mdl_attrs_of(e->ir, op);
  mdl_get_number(&attrs, "value", &real, &integer);
  MdlArith a = arith(e);
  return mdl_arith_number(&a, type->dtype, real, integer);
}

static MlirValue size_of(MdlEntry *e, MlirOperation op, const MdlType *type)
{
  MdlAttrs attrs = mdl_attrs_of(e->ir, op);
  const MdlSize *size = mdl_get_size(&attrs, "of");
  MdlArith a = arith(e);
  return mdl_arith_convert(&a, mdl_extent(&e->extents, size), MDL_index, type->dtype);
}

static MlirValue row(MdlEntry *e, MlirOperation op, MdlOp kind)
{
  MlirValue operand[MDL_MAX_OPERANDS];
  int count = mdl_operand_count(op), first = kind == MDL_OP_where;
  for (int i = 0; i < count; i++) operand[i] = mdl_entry_scalar(e, mdl_operand(op, i));
  MdlArith a = arith(e);
  return mdl_arith_row(&a, kind, mdl_type_of(e->ir, mdl_operand(op, first))->dtype, operand);
}

/* An op whose operands and result are scalars. */
static MlirValue scalar_op(MdlEntry *e, MlirOperation op, MdlOp kind)
{
  const MdlType *type = mdl_type_of(e->ir, mdl_result(op, 0));
  MdlArith a = arith(e);
  if (mdl_op_info(kind)->elementwise) return row(e, op, kind);
  switch (kind) {
  case MDL_OP_const:
    return constant(e, op, type);
  case MDL_OP_size:
    return size_of(e, op, type);
  case MDL_OP_stop_grad:
  case MDL_OP_broadcast:
  case MDL_OP_reshape:
    return mdl_entry_scalar(e, mdl_operand(op, 0));
  case MDL_OP_convert:
  case MDL_OP_bitcast: {
    MlirValue value = mdl_entry_scalar(e, mdl_operand(op, 0));
    MdlDtype from = mdl_type_of(e->ir, mdl_operand(op, 0))->dtype;
    return kind == MDL_OP_convert ? mdl_arith_convert(&a, value, from, type->dtype)
                                  : mdl_arith_bitcast(&a, value, from, type->dtype);
  }
  default:
    MDL_BUG(e->ir->session, "%s is left in an entry", mdl_op_info(kind)->mlir);
  }
}

/* ---- checks ------------------------------------------------------------------------------ */

/* The first failure in program order wins. */
static void check(MdlEntry *e, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(e->ir, op);
  int64_t code = mdl_get_int(&attrs, "code") + 256 * (int64_t)mdl_line_of(e->ir, op, NULL);
  MlirValue holds = mdl_entry_scalar(e, mdl_operand(op, 0));
  MlirValue failed = mdl_loop_number(&e->b, MDL_i32, 1, 0, code), before = e->status;
  double real;
  int64_t known;
  e->status = mdl_loop_select(&e->b, holds, before, failed);
  if (!mdl_loop_constant(e->ir, before, &real, &known)) { /* a constant is 0: nothing failed yet */
    MlirValue zero = mdl_loop_number(&e->b, MDL_i32, 1, 0, 0);
    MlirValue fine = mdl_loop_compare(&e->b, MDL_PREDICATE_eq, before, zero);
    e->status = mdl_loop_select(&e->b, fine, e->status, before);
  }
  mdl_value_set_name(e->ir, e->status, "status");
}

typedef struct Search {
  MdlIr *ir;
  bool found;
} Search;

static bool is_check(void *user, MlirOperation op)
{
  Search *s = user;
  s->found |= mdl_op(s->ir, op) == MDL_OP_check;
  return !s->found;
}

bool mdl_entry_fails(MdlEntry *e, MlirOperation op)
{
  Search search = {e->ir, false};
  mdl_walk(op, is_check, &search);
  return search.found;
}

/* ---- groups ------------------------------------------------------------------------------ */

/* A sort goes on behind its call on a GPU. */
static void finish_sort(MdlEntry *e, MlirOperation op, MlirOperation group, MlirOperation made,
                        const MlirValue *size)
{
  const char **names;
  MlirValue memory[2];
  MlirOperation end = mdl_terminator(mdl_body(group, 0));
  if (!mdl_op_has(made, "mdl.line")) return;
  for (int i = 0; i < 2; i++) /* values and places, in whatever order the group returns them */
    memory[mdl_result_index(mdl_operand(end, i))] = mdl_place_memory(e, mdl_result(op, i));
  mdl_gpu_sort_rounds(e, made, mdl_group_sizes(e->ir, group, &names), size, memory);
}

/* Sizes that the group names, operands in order, memory of tensor results that are not written in
 * place, scratch memory. */
static void call_group(MdlEntry *e, MlirOperation op)
{
  const char *symbol = mdl_op_text(e->ir, op, "callee");
  MlirOperation group = mdl_symbol(e->ir, e->pass->symbols, symbol);
  MlirOperation made = {mdl_map_get(e->groups, mdl_intern_text(e->ir->arena, symbol))};
  if (mdl_is_null(made)) MDL_BUG(e->ir->session, "the group %s is not in loop form", symbol);
  MlirValue *arg = MDL_NEW(e->ir->arena, MlirValue, (size_t)mdl_func_args(made));
  int count = 0;
  const char **names;
  int sizes = mdl_group_sizes(e->ir, group, &names);
  for (int i = 0; i < sizes; i++)
    arg[count++] = mdl_extent(&e->extents, mdl_size_name(e->ir->sizes, names[i]));
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MlirValue operand = mdl_operand(op, i);
    arg[count++] = mdl_type_of(e->ir, operand)->rank ? mdl_place_memory(e, operand)
                                                     : mdl_entry_scalar(e, operand);
  }
  for (int i = 0; i < mdl_result_count(op); i++) {
    bool own = mdl_type_of(e->ir, mdl_result(op, i))->rank && mdl_group_in_place(group, i) < 0;
    if (own) arg[count++] = mdl_place_memory(e, mdl_result(op, i));
  }
  void *scratch = mdl_map_get(e->memory, op.ptr);
  if (scratch) arg[count++] = (MlirValue){scratch};
  MlirOperation call = mdl_build_call(&e->b, made, arg);
  finish_sort(e, op, group, made, arg);
  for (int i = 0, next = 0; i < mdl_result_count(op); i++)
    if (!mdl_type_of(e->ir, mdl_result(op, i))->rank)
      mdl_entry_set(e, mdl_result(op, i), mdl_result(call, next++));
}

/* ---- the function ------------------------------------------------------------------------ */

void mdl_entry_block(MdlEntry *e, MlirBlock block)
{
  MlirOperation end = mdl_terminator(block);
  for (MlirOperation op = mdl_first(block); !mdl_same_op(op, end); op = mdl_next(op)) {
    MdlOp kind = mdl_op(e->ir, op);
    e->b.at = mdl_location_named(e->ir, mdl_location_of(op), NULL);
    switch (kind) {
    case MDL_OP_call:
      call_group(e, op);
      break;
    case MDL_OP_for:
    case MDL_OP_if:
    case MDL_OP_while:
      mdl_entry_flow(e, op);
      break;
    case MDL_OP_check:
      check(e, op);
      break;
    case MDL_OP_print:
      mdl_entry_print(e, op);
      break;
    case MDL_OP_reshape:
      if (mdl_type_of(e->ir, mdl_result(op, 0))->rank) break; /* a view */
      mdl_entry_set(e, mdl_result(op, 0), scalar_op(e, op, kind));
      break;
    default:
      mdl_entry_set(e, mdl_result(op, 0), scalar_op(e, op, kind));
    }
  }
}

static MlirType leaf_type(MdlEntry *e, const MdlParam *param, const MdlLeaf *leaf)
{
  bool by_value = param->role == MDL_ROLE_in && !leaf->type.rank && !param->struct_type;
  if (!by_value) return mdl_loop_pointer_type(e->ir, leaf->type.dtype);
  bool half = mdl_is_half(leaf->type.dtype);
  return half ? e->ir->scalar[MDL_i16] : mdl_loop_value_type(e->ir, leaf->type.dtype, 1);
}

static void declare(MdlEntry *e)
{
  const MdlSignature *s = e->signature;
  int most = s->sizes + s->leaves + 1, count = 0;
  MlirType *type = MDL_NEW(e->ir->arena, MlirType, (size_t)most);
  const char **name = MDL_NEW(e->ir->arena, const char *, (size_t)most);
  for (int i = 0; i < s->sizes; i++) {
    type[count] = e->ir->scalar[MDL_i64];
    name[count++] = s->size[i];
  }
  for (int i = 0; i < s->params; i++)
    for (int j = 0; j < s->param[i].leaves; j++) {
      const MdlLeaf *leaf = &s->leaf[s->param[i].leaf + j];
      type[count] = leaf_type(e, &s->param[i], leaf);
      name[count++] = *leaf->path ? mdl_text(e->ir->arena, "%s.%s", s->param[i].name, leaf->path)
                                  : s->param[i].name;
    }
  if (s->has_work) {
    type[count] = mdl_loop_pointer_type(e->ir, MDL_i8);
    name[count++] = "work";
  }
  MdlFunc func = {.symbol = mdl_text(e->ir->arena, "%s%s", s->prefix, s->entry),
                  .define = true,
                  .args = count,
                  .arg = type,
                  .arg_name = name,
                  .results = 1,
                  .result = &e->ir->scalar[MDL_i32],
                  .at = mdl_location_of(e->from)};
  e->to = mdl_build_func(e->ir, e->pass->module, &func);
  mdl_op_set_raw(e->ir, e->to, "mdl.signature", mdl_op_raw(e->from, "mdl.signature"));
  mdl_loop_noalias(e->ir, e->to);
}

/* Leaf values in, by value or behind a pointer; tensors are the pointers themselves. */
static void bind_leaf(MdlEntry *e, const MdlParam *param, const MdlLeaf *leaf, MlirValue inside,
                      MlirValue given)
{
  MdlArith a = arith(e);
  if (leaf->type.rank) {
    mdl_map_set(e->memory, inside.ptr, (void *)given.ptr);
    return;
  }
  bool by_value = param->role == MDL_ROLE_in && !param->struct_type;
  MlirValue value = given;
  if (!by_value) {
    value = mdl_loop_load(&e->b, given, NULL, 1);
    mdl_value_set_name(e->ir, value, mdl_value_name(e->ir, given));
  }
  if (!by_value || mdl_loop_cell(leaf->type.dtype) == MDL_i16)
    value = mdl_arith_of_cell(&a, value, leaf->type.dtype);
  mdl_map_set(e->scalars, inside.ptr, (void *)value.ptr);
}

static void bind_arguments(MdlEntry *e)
{
  const MdlSignature *s = e->signature;
  MlirBlock in = mdl_body(e->from, 0), out = mdl_body(e->to, 0);
  int arg = 0, given = s->sizes;
  for (int i = 0; i < s->params; i++)
    for (int j = 0; j < s->param[i].leaves; j++, given++)
      if (s->param[i].role != MDL_ROLE_out)
        bind_leaf(e, &s->param[i], &s->leaf[s->param[i].leaf + j], mdl_arg(in, arg++),
                  mdl_arg(out, given));
}

static void bind_sizes(MdlEntry *e)
{
  MlirBlock out = mdl_body(e->to, 0);
  for (int i = 0; i < e->signature->sizes; i++) {
    MlirValue size = mdl_arg(out, i);
    MlirValue index = mdl_loop_cast(&e->extents.top, MDL_LOOP_index_cast, size, MDL_index);
    mdl_extent_bind(&e->extents, e->signature->size[i], index);
  }
}

/* Scalar results go through their pointers; tensors are in place already. */
static void store_results(MdlEntry *e)
{
  const MdlSignature *s = e->signature;
  MlirOperation end = mdl_terminator(mdl_body(e->from, 0));
  MlirBlock out = mdl_body(e->to, 0);
  MdlArith a = arith(e);
  int result = 0;
  for (int role = MDL_ROLE_out; role >= MDL_ROLE_inout; role--)
    for (int i = 0, given = s->sizes; i < s->params; given += s->param[i++].leaves) {
      if ((int)s->param[i].role != role) continue;
      for (int j = 0; j < s->param[i].leaves; j++, result++) {
        const MdlLeaf *leaf = &s->leaf[s->param[i].leaf + j];
        if (leaf->type.rank) continue;
        MlirValue value = mdl_entry_scalar(e, mdl_operand(end, result));
        value = mdl_arith_to_cell(&a, value, leaf->type.dtype);
        mdl_loop_store(&e->b, value, mdl_arg(out, given + j), NULL);
      }
    }
}

static MlirValue zero_status(MdlEntry *e) { return mdl_loop_number(&e->b, MDL_i32, 1, 0, 0); }

/* On a GPU the first cell of the work buffer holds what checks found: the host does not wait. */
static void keep_status(MdlEntry *e)
{
  MlirBlock body = mdl_body(e->to, 0);
  MlirValue work = mdl_arg(body, mdl_arg_count(body) - 1);
  MdlLoopType bytes = {.kind = MDL_LOOP_memory, .element = MDL_i8, .rank = 1, .dim = {4}};
  MdlLoopType cell = {.kind = MDL_LOOP_memory, .element = MDL_i32};
  MlirValue first = mdl_loop_shape(&e->b, work, &bytes, NULL);
  MlirValue none = mdl_loop_number(&e->b, MDL_index, 1, 0, 0);
  MlirValue place = mdl_loop_view(&e->b, first, none, &cell, NULL);
  mdl_op_set_text(e->ir, mdl_def(place), "mdl.offset", "0");
  mdl_op_set_text(e->ir, mdl_def(place), "mdl.bytes", "4");
  mdl_loop_store(&e->b, e->status, place, NULL);
}

/* Every entry has a work buffer there: kernels hand scalars on in it. */
static const MdlSignature *signature_of(MdlPass *pass, MlirOperation entry)
{
  const MdlSignature *s = mdl_signature_read(pass->ir, entry);
  if (!pass->options->machine->warp) return s;
  MdlSignature more = *s;
  more.has_work = more.on_gpu = true;
  mdl_signature_write(pass->ir, entry, &more);
  return mdl_signature_read(pass->ir, entry);
}

/* Extents are computed at the start of what follows: behind the guard, where none can wrap. */
static MlirOperation open_extents(MdlEntry *e)
{
  MlirOperation anchor = mdl_def(mdl_loop_number(&e->b, MDL_index, 1, 0, 0));
  MdlBuilder top = mdl_builder_before(e->ir, anchor);
  top.at = e->b.at;
  e->extents = mdl_extents_create(top);
  bind_sizes(e);
  return anchor;
}

static void lower_body(MdlEntry *e)
{
  bool warp = e->pass->options->machine->warp;
  /* on a GPU a check that always holds still leaves what it found */
  bool fails = mdl_entry_fails(e, e->from) || (warp && mdl_signature_runs_checks(e->signature));
  MlirOperation anchor = open_extents(e);
  bind_arguments(e);
  mdl_place_arena(e);
  if (fails) e->status = zero_status(e);
  mdl_entry_block(e, mdl_body(e->from, 0));
  e->b.at = mdl_location_of(e->from);
  store_results(e);
  if (fails && warp) keep_status(e);
  if (!fails || warp) e->status = zero_status(e);
  mdl_erase(e->ir, anchor);
}

MlirOperation mdl_entry_lower(MdlPass *pass, MlirOperation entry, MdlMap *groups)
{
  MdlIr *ir = pass->ir;
  MdlEntry e = {.pass = pass, .ir = ir, .from = entry, .groups = groups};
  e.signature = signature_of(pass, entry);
  e.scalars = mdl_map_create(ir->arena);
  e.memory = mdl_map_create(ir->arena);
  e.slices = mdl_map_create(ir->arena);
  declare(&e);
  MlirBlock body = mdl_body(e.to, 0);
  MlirLocation at = mdl_location_of(entry);
  e.b = mdl_builder_at_end(ir, body, at);
  MlirValue bad;
  if (mdl_guard(&e, &bad)) {
    MlirOperation branch = mdl_build_if(&e.b, bad, 1, &ir->scalar[MDL_i32]);
    MdlBuilder outer = e.b;
    e.b = mdl_builder_at_end(ir, mdl_body(branch, 0), at);
    MlirValue code = mdl_loop_number(&e.b, MDL_i32, 1, 0, 1);
    mdl_build_yield(&e.b, 1, &code);
    e.b = mdl_builder_at_end(ir, mdl_body(branch, 1), at);
    lower_body(&e);
    e.b.at = at;
    mdl_build_yield(&e.b, 1, &e.status);
    e.b = outer;
    e.status = mdl_result(branch, 0);
  } else {
    lower_body(&e);
  }
  mdl_build_return(&e.b, 1, &e.status);
  return e.to;
}
