/* A value's phase: how many loops over the row must be done before it can be had. Reductions end a
 * phase. What costs more than to load it and is wanted in several phases is stored by the first, in
 * the memory of a result of its shape that only a later phase writes: exp(x - max) lies where
 * softmax goes. Where no result has room, one value may have a buffer of one row. A team of threads
 * (passes/gpu_rows.c) has each element of a row in one thread's hands: what is wanted in several
 * phases stays in registers where rows are short, what is read from memory too. */
#include "passes/phases.h"

#include "passes/align.h"
#include "passes/group.h"

enum {
  CHEAP = 8, /* ops that cost less to repeat than to store and load */
  EACH = 32, /* elements of a row that a thread may keep */
  ROOM = 32  /* registers for all that it keeps */
};

bool mdl_is_rows(MlirOperation group) { return mdl_op_has(group, "mdl.rows"); }

int mdl_phase_of(const MdlPhases *p, MlirValue value)
{
  return (int)(intptr_t)mdl_map_get(p->phase, value.ptr) - 1;
}

static uint64_t uses_of(const MdlPhases *p, MlirValue value)
{
  const uint64_t *used = mdl_map_get(p->used, value.ptr);
  return used ? *used : 0;
}

bool mdl_phase_uses(const MdlPhases *p, MlirValue value, int phase)
{
  return uses_of(p, value) >> phase & 1;
}

static void use(MdlPhases *p, MlirValue value, uint64_t phases)
{
  uint64_t *used = mdl_map_get(p->used, value.ptr);
  if (!used) mdl_map_set(p->used, value.ptr, used = MDL_NEW(p->ir->arena, uint64_t, 1));
  *used |= phases;
}

static void add_sink(MdlPhases *p, MdlSink sink)
{
  MDL_GROW(p->ir->arena, p->sink, p->sinks, p->capacity);
  p->sink[p->sinks++] = sink;
}

/* ---- when ------------------------------------------------------------------------------- */

static bool ends_phase(MdlPhases *p, MlirOperation op) { return mdl_is_reduction(mdl_op(p->ir, op)); }

static void number(MdlPhases *p, MlirBlock body)
{
  MlirOperation end = mdl_terminator(body);
  for (int i = 0; i < mdl_arg_count(body); i++)
    mdl_map_set(p->phase, mdl_arg(body, i).ptr, (void *)(intptr_t)1);
  for (MlirOperation op = mdl_first(body); !mdl_same_op(op, end); op = mdl_next(op)) {
    int phase = 0;
    for (int i = 0; i < mdl_operand_count(op); i++) {
      int needs = mdl_phase_of(p, mdl_operand(op, i));
      if (needs > phase) phase = needs;
    }
    if (ends_phase(p, op))
      add_sink(p, (MdlSink){op, mdl_operand(op, 0), true, phase++, -1});
    if (phase >= MDL_MAX_PHASES) MDL_BUG(p->ir->session, "a row has too many phases");
    if (phase + 1 > p->phases) p->phases = phase + 1;
    mdl_map_set(p->phase, mdl_result(op, 0).ptr, (void *)(intptr_t)(phase + 1));
  }
}

/* ---- what is stored ---------------------------------------------------------------------- */

static int first_phase(uint64_t used)
{
  int phase = 0;
  while (!(used >> phase & 1)) phase++;
  return phase;
}

static int last_phase(uint64_t used)
{
  int phase = MDL_MAX_PHASES - 1;
  while (phase && !(used >> phase & 1)) phase--;
  return phase;
}

static int weight_of(MdlOp kind)
{
  const MdlOpInfo *row = mdl_op_info(kind);
  if (row->class != MDL_CLASS_map) return row->class == MDL_CLASS_gather ? 2 : 0;
  switch (kind) {
  case MDL_OP_add:
  case MDL_OP_sub:
  case MDL_OP_mul:
  case MDL_OP_neg:
  case MDL_OP_abs:
  case MDL_OP_max:
  case MDL_OP_min:
  case MDL_OP_where:
  case MDL_OP_convert:
  case MDL_OP_eq:
  case MDL_OP_ne:
  case MDL_OP_lt:
  case MDL_OP_le:
  case MDL_OP_gt:
  case MDL_OP_ge: return 1;
  default: return CHEAP + 1;
  }
}

static bool is_element(MdlPhases *p, MlirValue value)
{
  const MdlType *type = mdl_type_of(p->ir, value);
  return type->rank > p->rows && !mdl_is_per_row(type, p->rows);
}

/* What it takes to compute an element from what the group reads. */
static int cost(MdlPhases *p, MlirValue value)
{
  MlirOperation op = mdl_def(value);
  if (mdl_is_null(op) || ends_phase(p, op)) return 0;
  if (!is_element(p, value)) return 0; /* once a row */
  int sum = weight_of(mdl_op(p->ir, op));
  for (int i = 0; i < mdl_operand_count(op) && sum <= CHEAP; i++)
    sum += cost(p, mdl_operand(op, i));
  return sum;
}

static int result_of(MdlPhases *p, MlirValue value)
{
  MlirOperation end = mdl_terminator(mdl_body(p->group, 0));
  for (int i = 0; i < mdl_operand_count(end); i++)
    if (mdl_same(mdl_operand(end, i), value)) return i;
  return -1;
}

/* Is the memory of result r taken in one of these phases, other than by r itself after them all? */
static bool is_lent(MdlPhases *p, int result, uint64_t phases)
{
  for (int i = 0; i < p->sinks; i++) {
    const MdlSink *s = &p->sink[i];
    if (s->reduces || s->result != result || result_of(p, s->value) == result) continue;
    uint64_t taken = uses_of(p, s->value);
    if (first_phase(taken) <= last_phase(phases) && first_phase(phases) <= last_phase(taken))
      return true;
  }
  return false;
}

/* A result whose memory can hold the value between the phases that use it; -1: none. */
static int lender(MdlPhases *p, MlirValue value, uint64_t phases)
{
  MlirOperation end = mdl_terminator(mdl_body(p->group, 0));
  for (int i = 0; i < mdl_operand_count(end); i++) {
    MlirValue result = mdl_operand(end, i);
    if (!mdl_type_equal(mdl_type_of(p->ir, result), mdl_type_of(p->ir, value))) continue;
    if (mdl_phase_of(p, result) < last_phase(phases) || is_lent(p, i, phases)) continue;
    return i;
  }
  return -1;
}

/* Does some way from the value to what is made leave its point? Its users are known already. */
static bool is_moved(MdlPhases *p, MlirValue value)
{
  MlirOperation owner;
  int operand;
  for (int i = 0; mdl_use(value, i, &owner, &operand); i++) {
    MdlOp kind = mdl_op(p->ir, owner);
    if (kind == MDL_OP_return || mdl_is_reduction(kind)) continue;
    if (kind >= MDL_OP_COUNT || mdl_op_info(kind)->class != MDL_CLASS_map) return true;
    if (mdl_map_has(p->moved, mdl_result(owner, 0).ptr)) return true;
  }
  return false;
}

static void note_moved(MdlPhases *p, MlirValue value)
{
  if (is_moved(p, value)) mdl_map_set(p->moved, value.ptr, (void *)value.ptr);
}

/* Rows of one axis, so that the buffer is one too; one row after the other. */
static bool may_buffer(const MdlPhases *p, MlirValue value)
{
  return p->rows && !p->team && mdl_type_of(p->ir, value)->rank == p->rows + 1 && mdl_is_no_value(p->buffered);
}

const MdlSize *mdl_phases_buffer(const MdlPhases *p, MdlDtype *dtype)
{
  if (mdl_is_no_value(p->buffered)) return NULL;
  const MdlType *type = mdl_type_of(p->ir, p->buffered);
  *dtype = type->dtype;
  return type->dim[p->rows];
}

int64_t mdl_phases_each(const MdlPhases *p, const MdlType *shape)
{
  int64_t count = 1, extent;
  for (int i = p->rows; i < shape->rank; i++) {
    if (!mdl_size_is_const(shape->dim[i], &extent) || extent > EACH * (int64_t)p->team) return 0;
    count *= extent ? extent : 1;
    if (count > EACH * (int64_t)p->team) return 0;
  }
  return p->team && !p->is_plain ? (count + p->team - 1) / p->team : 0;
}

static bool keep(MdlPhases *p, MlirValue value, uint64_t phases, bool is_made)
{
  const MdlType *type = mdl_type_of(p->ir, value);
  int64_t each = mdl_phases_each(p, type);
  int room = (int)each * (mdl_dtypes[type->dtype].bytes == 8 ? 2 : 1);
  if (!each || room > p->room || p->kept == MDL_MAX_KEPT || type->dtype == MDL_bool) return false;
  p->room -= room;
  p->keep[p->kept++] = (MdlKept){value, last_phase(phases), is_made};
  return true;
}

/* What is read in several phases, as it lies in memory. */
static void keep_read(MdlPhases *p, MlirValue value)
{
  uint64_t used = uses_of(p, value);
  if (p->team && used & (used - 1) && is_element(p, value)) keep(p, value, used, false);
}

bool mdl_phases_are_elsewhere(const MdlPhases *p, MlirValue value)
{
  return p->team > 1 && mdl_map_has(p->moved, value.ptr);
}

static void settle(MdlPhases *p, MlirOperation op)
{
  MlirValue value = mdl_result(op, 0);
  int result = result_of(p, value), phase = mdl_phase_of(p, value);
  note_moved(p, value);
  if (ends_phase(p, op)) {
    use(p, mdl_operand(op, 0), UINT64_C(1) << (phase - 1));
    if (result >= 0 && mdl_type_of(p->ir, value)->rank)
      add_sink(p, (MdlSink){op, value, false, phase, result});
    return;
  }
  if (result >= 0) {
    use(p, value, UINT64_C(1) << phase);
    add_sink(p, (MdlSink){op, value, false, phase, result});
  }
  uint64_t used = uses_of(p, value);
  bool again = used & (used - 1);
  again = again && is_element(p, value) && cost(p, value) > CHEAP &&
          !mdl_map_has(p->moved, value.ptr);
  if (again && keep(p, value, used, true)) {
    add_sink(p, (MdlSink){op, value, false, first_phase(used), MDL_ROW_KEPT});
    used &= ~used + 1;
  } else if (again && result < 0) {
    result = lender(p, value, used);
    if (result < 0 && may_buffer(p, value)) p->buffered = value, result = MDL_ROW_BUFFER;
    if (result != -1) add_sink(p, (MdlSink){op, value, false, first_phase(used), result});
  }
  /* the first phase stores it, later ones load: each thread of a team what it stored itself */
  if (result != -1 && !mdl_phases_are_elsewhere(p, value)) used &= ~used + 1;
  for (int i = 0; i < mdl_operand_count(op) && used; i++) use(p, mdl_operand(op, i), used);
}

static MdlPhases read_phases(MdlIr *ir, MlirOperation group, bool is_plain)
{
  MlirBlock body = mdl_body(group, 0);
  MlirOperation *op;
  MdlPhases p = {.ir = ir, .group = group, .rows = (int)mdl_op_int(group, "mdl.rows", 0)};
  p.phase = mdl_map_create(ir->arena);
  p.used = mdl_map_create(ir->arena);
  p.moved = mdl_map_create(ir->arena);
  p.team = (int)mdl_op_int(group, "mdl.team", 0);
  p.room = ROOM;
  p.is_plain = is_plain;
  number(&p, body);
  int count = mdl_list(ir, body, &op);
  for (int i = count - 1; i-- > 0;) settle(&p, op[i]);
  for (int i = 0; i < mdl_arg_count(body); i++) {
    note_moved(&p, mdl_arg(body, i));
    keep_read(&p, mdl_arg(body, i));
  }
  return p;
}

MdlPhases mdl_phases_read(MdlIr *ir, MlirOperation group) { return read_phases(ir, group, false); }

MdlPhases mdl_phases_read_plain(MdlIr *ir, MlirOperation group)
{
  return read_phases(ir, group, true);
}

/* ---- in place ---------------------------------------------------------------------------- */

/* Does the value follow from `from`? What a reduction found was there before. */
static bool follows(const MdlPhases *p, MlirValue value, MlirValue from, MdlMap *seen)
{
  MlirOperation op = mdl_def(value);
  if (mdl_same(value, from)) return true;
  if (mdl_is_null(op) || mdl_map_has(seen, value.ptr)) return false;
  mdl_map_set(seen, value.ptr, (void *)value.ptr);
  if (mdl_is_reduction(mdl_op(p->ir, op))) return false;
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (follows(p, mdl_operand(op, i), from, seen)) return true;
  return false;
}

/* Made of floats of one width by ops that run in vectors on every machine, or on none: such values
 * share a loop wherever they stand in one phase. */
static bool is_plain(const MdlPhases *p, MlirValue value, const MdlType *shape, MdlMap *seen)
{
  MlirOperation op = mdl_def(value);
  const MdlType *type = mdl_type_of(p->ir, value);
  if (mdl_map_has(seen, value.ptr)) return true;
  mdl_map_set(seen, value.ptr, (void *)value.ptr);
  if (!type->rank || mdl_is_per_row(type, p->rows)) return true;
  if (!mdl_same_leading(type, shape, shape->rank) || type->rank != shape->rank) return false;
  if (type->dtype != shape->dtype && type->dtype != MDL_bool) return false;
  if (mdl_is_null(op)) return true;
  MdlOp kind = mdl_op(p->ir, op);
  if (kind == MDL_OP_const) return true;
  if (kind == MDL_OP_broadcast) {
    MlirValue small = mdl_operand(op, 0);
    return mdl_is_null(mdl_def(small)) || mdl_is_per_row(mdl_type_of(p->ir, small), p->rows);
  }
  if (kind >= MDL_OP_COUNT || !mdl_op_info(kind)->elementwise || kind == MDL_OP_fma) return false;
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (!is_plain(p, mdl_operand(op, i), shape, seen)) return false;
  return true;
}

/* A phase can be several loops over the row, one behind the other. May `result` be written in it
 * over `from` all the same? If nothing else there reads `from`, or if it is one loop for certain. */
static bool shares_phase(const MdlPhases *p, int result, int phase, MlirValue from)
{
  bool alone = true, plain = true;
  const MdlType *shape = mdl_type_of(p->ir, from);
  for (int i = 0; i < p->sinks; i++) {
    const MdlSink *s = &p->sink[i];
    if (s->phase != phase) continue;
    bool is_it = !s->reduces && s->result == result;
    if (!is_it && follows(p, s->value, from, mdl_map_create(p->ir->arena))) alone = false;
    const MdlType *type = mdl_type_of(p->ir, s->value);
    if (!mdl_is_float(type->dtype) || mdl_lane_bytes(type->dtype) == 0) plain = false;
    if (!is_plain(p, s->value, shape, mdl_map_create(p->ir->arena))) plain = false;
  }
  return alone || plain;
}

/* Once a row all threads of a team read, and one computes and stores: only what nothing but such
 * stores want, none after this phase, may be stored over. */
static bool is_only_stored(const MdlPhases *p, MlirValue value, int phase)
{
  MlirOperation owner;
  int operand;
  for (int i = 0; mdl_use(value, i, &owner, &operand); i++) {
    MdlOp kind = mdl_op(p->ir, owner);
    if (kind == MDL_OP_return) continue;
    if (kind >= MDL_OP_COUNT || mdl_op_info(kind)->class != MDL_CLASS_map) return false;
    MlirValue made = mdl_result(owner, 0);
    if (!mdl_is_per_row(mdl_type_of(p->ir, made), p->rows)) return false;
    if (mdl_phase_of(p, made) > phase || !is_only_stored(p, made, phase)) return false;
  }
  return true;
}

bool mdl_phases_may_update(const MdlPhases *p, int result, int operand)
{
  MlirValue from = mdl_arg(mdl_body(p->group, 0), operand);
  int written = MDL_MAX_PHASES;
  for (int i = 0; i < p->sinks; i++)
    if (!p->sink[i].reduces && p->sink[i].result == result && p->sink[i].phase < written)
      written = p->sink[i].phase;
  uint64_t used = uses_of(p, from);
  bool once = mdl_is_per_row(mdl_type_of(p->ir, from), p->rows);
  if (p->team > 1 && once && !is_only_stored(p, from, written)) return false;
  if (!used || mdl_map_has(p->moved, from.ptr) || last_phase(used) > written) return false;
  return last_phase(used) < written || shares_phase(p, result, written, from);
}
