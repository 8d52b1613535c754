/* Runs functions: values by name, calls, loops and branches. An op's attributes and sizes are read
 * once a call; every round of a loop has its own memory, given back when the next has its values.
 */
#include "ir/eval_run.h"

static MdlEvalOfOp *const evals[MDL_OP_COUNT] = {
#define EW(name, ...) [MDL_OP_##name] = mdl_eval_elementwise,
#define OP(name, ...) [MDL_OP_##name] = REAL_NAME(mdl_eval_##name),
#include "ir/ops.def"
};

typedef struct Run {
  MdlIr *ir;
  const MdlMap *symbols;
  const MdlEvalOptions *options;
  int32_t status;
} Run;

/* One call of a function. */
typedef struct Frame {
  Run *run;
  MdlArena *arena;  /* of the call: what is read once */
  MdlMap *values;   /* MlirValue -> MdlTensor */
  MdlMap *prepared; /* MlirOperation -> Prepared */
  MdlMap *sizes;    /* interned name -> int64_t, from the arguments' shapes */
} Frame;

typedef struct Prepared {
  MdlOp kind;
  MdlAttrs attrs;
  MdlTensor shape[MDL_MAX_RESULTS];
  int64_t *sizes[MDL_MAX_ATTRS];
} Prepared;

/* ---- sizes ------------------------------------------------------------------------------- */

static bool size_of(void *user, const char *name, int64_t *value)
{
  const Frame *f = user;
  const MdlEvalOptions *o = f->run->options;
  if (o->size_of && o->size_of(o->user, name, value)) return true;
  const int64_t *known = mdl_map_get(f->sizes, mdl_intern_text(f->run->ir->arena, name));
  if (known) *value = *known;
  return known != NULL;
}

static int64_t number_of(Frame *f, const MdlSize *size)
{
  int64_t value;
  if (!mdl_size_eval(size, size_of, f, &value))
    MDL_BUG(f->run->ir->session, "the size %s has no value", mdl_size_text(size));
  return value;
}

static MdlTensor shape_of(Frame *f, const MdlType *type)
{
  int64_t most = f->run->options->max_elements;
  MdlTensor t = {.dtype = type->dtype, .rank = type->rank, .count = 1};
  if (!most) most = (int64_t)1 << 28;
  for (int i = 0; i < type->rank; i++) {
    t.dim[i] = number_of(f, type->dim[i]);
    bool fits = t.dim[i] >= 0 && !__builtin_mul_overflow(t.count, t.dim[i], &t.count);
    if (!fits || t.count > most)
      MDL_BUG(f->run->ir->session, "%s is too large to evaluate", mdl_type_text(f->arena, type));
  }
  return t;
}

/* ---- values ------------------------------------------------------------------------------ */

static MdlTensor *value_of(Frame *f, MlirValue value)
{
  MdlTensor *t = mdl_map_get(f->values, value.ptr);
  if (!t) MDL_BUG(f->run->ir->session, "a value is used before it is computed");
  return t;
}

static void set_value(Frame *f, MlirValue value, MdlTensor *t)
{
  mdl_map_set(f->values, value.ptr, t);
}

static MdlTensor *copy(MdlArena *arena, const MdlTensor *from)
{
  MdlTensor *t = MDL_NEW(arena, MdlTensor, 1);
  *t = mdl_tensor_create(arena, from->dtype, from->rank, from->dim);
  if (t->real)
    memcpy(t->real, from->real, (size_t)t->count * sizeof *t->real);
  else
    memcpy(t->integer, from->integer, (size_t)t->count * sizeof *t->integer);
  return t;
}

/* ---- ops --------------------------------------------------------------------------------- */

static int64_t *numbers_of(Frame *f, const MdlAttrs *attrs, const char *name)
{
  const MdlSize *sizes[MDL_MAX_RANK];
  int64_t *numbers = MDL_NEW(f->arena, int64_t, MDL_MAX_RANK);
  int count = mdl_get_sizes(attrs, name, sizes);
  for (int i = 0; i < count; i++) numbers[i] = number_of(f, sizes[i]);
  return numbers;
}

static const Prepared *prepare(Frame *f, MlirOperation op)
{
  Prepared *p = mdl_map_get(f->prepared, op.ptr);
  if (p) return p;
  MdlIr *ir = f->run->ir;
  p = MDL_NEW(f->arena, Prepared, 1);
  mdl_map_set(f->prepared, op.ptr, p);
  p->kind = mdl_op(ir, op);
  const MdlOpInfo *row = mdl_op_info(p->kind);
  if (p->kind >= MDL_OP_COUNT) return p;
  p->attrs = mdl_attrs_of(ir, op);
  for (int i = 0; i < row->results; i++)
    p->shape[i] = shape_of(f, mdl_type_of(ir, mdl_result(op, i)));
  for (int i = 0; i < row->attrs; i++)
    if (row->attr[i].kind == MDL_ATTR_sizes)
      p->sizes[i] = numbers_of(f, &p->attrs, row->attr[i].name);
  if (p->kind == MDL_OP_size) {
    p->sizes[0] = MDL_NEW(f->arena, int64_t, 1);
    p->sizes[0][0] = number_of(f, mdl_get_size(&p->attrs, "of"));
  }
  return p;
}

const int64_t *mdl_eval_sizes(const MdlEval *e, const char *name)
{
  const MdlOpInfo *row = mdl_op_info(e->kind);
  for (int i = 0; i < row->attrs; i++)
    if (!strcmp(row->attr[i].name, name)) return e->sizes[i];
  MDL_BUG(e->ir->session, "mdl.%s has no sizes `%s`", row->name, name);
}

void mdl_eval_fail(const MdlEval *e, int code)
{
  if (!*e->status) *e->status = code + 256 * mdl_line_of(e->ir, e->op, NULL);
}

static void run_op(Frame *f, MdlArena *arena, MlirOperation op, const Prepared *p)
{
  MdlEval e = {f->run->ir, arena,   f->run->options, &f->run->status,
               op,         p->kind, &p->attrs,       p->sizes,
               {0},        {0}};
  for (int i = 0; i < mdl_operand_count(op); i++) e.in[i] = value_of(f, mdl_operand(op, i));
  for (int i = 0; i < mdl_result_count(op); i++) {
    e.out[i] = MDL_NEW(arena, MdlTensor, 1);
    *e.out[i] = mdl_tensor_create(arena, p->shape[i].dtype, p->shape[i].rank, p->shape[i].dim);
  }
  evals[p->kind](&e);
  for (int i = 0; i < mdl_result_count(op); i++) set_value(f, mdl_result(op, i), e.out[i]);
}

/* ---- flow -------------------------------------------------------------------------------- */

static MlirOperation run_block(Frame *f, MdlArena *arena, MlirBlock block);

/* A round of a loop: the carried values move to fresh memory, the old is given back. */
static void carry(MdlArena **arena, int count, MdlTensor **carried)
{
  MdlArena *next = mdl_arena_create();
  for (int i = 0; i < count; i++) carried[i] = copy(next, carried[i]);
  if (*arena) mdl_arena_destroy(*arena);
  *arena = next;
}

static void end_loop(Frame *f, MdlArena *arena, MdlArena *inner, MlirOperation op, int count,
                     MdlTensor **carried)
{
  for (int i = 0; i < count; i++) set_value(f, mdl_result(op, i), copy(arena, carried[i]));
  mdl_arena_destroy(inner);
}

static void run_for(Frame *f, MdlArena *arena, MlirOperation op)
{
  MlirBlock body = mdl_body(op, 0);
  int count = mdl_result_count(op);
  int64_t bound[3];
  MdlArena *inner = NULL;
  MdlTensor **carried = MDL_NEW(arena, MdlTensor *, (size_t)count);
  for (int i = 0; i < 3; i++) bound[i] = (int64_t)value_of(f, mdl_operand(op, i))->integer[0];
  for (int i = 0; i < count; i++) carried[i] = value_of(f, mdl_operand(op, i + 3));
  carry(&inner, count, carried);
  for (int64_t i = bound[0]; i < bound[1]; i += bound[2]) {
    MdlTensor *at = MDL_NEW(inner, MdlTensor, 1);
    *at = mdl_tensor_create(inner, MDL_index, 0, NULL);
    at->integer[0] = (uint64_t)i;
    set_value(f, mdl_arg(body, 0), at);
    for (int k = 0; k < count; k++) set_value(f, mdl_arg(body, k + 1), carried[k]);
    MlirOperation end = run_block(f, inner, body);
    for (int k = 0; k < count; k++) carried[k] = value_of(f, mdl_operand(end, k));
    carry(&inner, count, carried);
  }
  end_loop(f, arena, inner, op, count, carried);
}

/* A failed check stops it: its condition may wait for what will not come. */
static void run_while(Frame *f, MdlArena *arena, MlirOperation op)
{
  MlirBlock before = mdl_body(op, 0), after = mdl_body(op, 1);
  int count = mdl_operand_count(op), passed = mdl_result_count(op);
  MdlArena *inner = NULL;
  MdlTensor **carried = MDL_NEW(arena, MdlTensor *, (size_t)(count > passed ? count : passed));
  for (int i = 0; i < count; i++) carried[i] = value_of(f, mdl_operand(op, i));
  for (;;) {
    carry(&inner, count, carried);
    for (int i = 0; i < count; i++) set_value(f, mdl_arg(before, i), carried[i]);
    MlirOperation condition = run_block(f, inner, before);
    bool goes_on = value_of(f, mdl_operand(condition, 0))->integer[0] && !f->run->status;
    for (int i = 0; i < passed; i++) carried[i] = value_of(f, mdl_operand(condition, i + 1));
    if (!goes_on) break;
    for (int i = 0; i < passed; i++) set_value(f, mdl_arg(after, i), carried[i]);
    MlirOperation end = run_block(f, inner, after);
    for (int i = 0; i < count; i++) carried[i] = value_of(f, mdl_operand(end, i));
  }
  end_loop(f, arena, inner, op, passed, carried);
}

static void run_if(Frame *f, MdlArena *arena, MlirOperation op)
{
  bool holds = value_of(f, mdl_operand(op, 0))->integer[0];
  MlirBlock block = mdl_body(op, holds ? 0 : 1);
  if (!block.ptr) return;
  MlirOperation end = run_block(f, arena, block);
  for (int i = 0; i < mdl_result_count(op); i++)
    set_value(f, mdl_result(op, i), value_of(f, mdl_operand(end, i)));
}

static MdlTensor **run_func(Run *run, MdlArena *arena, MlirOperation func, MdlTensor *const *args);

static void run_call(Frame *f, MdlArena *arena, MlirOperation op)
{
  MlirOperation callee = mdl_callee(f->run->ir, f->run->symbols, op);
  int args = mdl_operand_count(op);
  MdlTensor **values = MDL_NEW(arena, MdlTensor *, (size_t)args);
  if (mdl_is_null(callee)) MDL_BUG(f->run->ir->session, "a call of nothing");
  for (int i = 0; i < args; i++) values[i] = value_of(f, mdl_operand(op, i));
  MdlTensor **results = run_func(f->run, arena, callee, values);
  for (int i = 0; i < mdl_result_count(op); i++) set_value(f, mdl_result(op, i), results[i]);
}

/* Runs a block's ops; gives its terminator. */
static MlirOperation run_block(Frame *f, MdlArena *arena, MlirBlock block)
{
  for (MlirOperation op = mdl_first(block);; op = mdl_next(op)) {
    const Prepared *p = prepare(f, op);
    switch (p->kind) {
    case MDL_OP_call:
      run_call(f, arena, op);
      break;
    case MDL_OP_for:
      run_for(f, arena, op);
      break;
    case MDL_OP_while:
      run_while(f, arena, op);
      break;
    case MDL_OP_if:
      run_if(f, arena, op);
      break;
    case MDL_OP_return:
    case MDL_OP_yield:
    case MDL_OP_condition:
      return op;
    default:
      if (p->kind >= MDL_OP_COUNT) MDL_BUG(f->run->ir->session, "an op that has no meaning here");
      run_op(f, arena, op, p);
    }
  }
}

/* Sizes that are a plain name in an argument's type are known from the argument. */
static void bind_sizes(Frame *f, const MdlType *type, const MdlTensor *arg)
{
  for (int i = 0; i < type->rank && i < arg->rank; i++) {
    if (!mdl_size_is_name(type->dim[i])) continue;
    int64_t *value = MDL_NEW(f->arena, int64_t, 1);
    *value = arg->dim[i];
    const char *name = mdl_intern_text(f->run->ir->arena, mdl_size_text(type->dim[i]));
    if (!mdl_map_has(f->sizes, name)) mdl_map_set(f->sizes, name, value);
  }
}

static void check_argument(Frame *f, int i, const MdlType *type, const MdlTensor *arg)
{
  MdlTensor wanted = shape_of(f, type);
  bool fits = wanted.dtype == arg->dtype && wanted.rank == arg->rank;
  for (int k = 0; k < wanted.rank && fits; k++) fits = wanted.dim[k] == arg->dim[k];
  if (!fits)
    MDL_BUG(f->run->ir->session, "argument %d does not fit %s", i, mdl_type_text(f->arena, type));
}

static MdlTensor **run_func(Run *run, MdlArena *arena, MlirOperation func, MdlTensor *const *args)
{
  MdlArena *own = mdl_arena_create();
  Frame f = {run, own, mdl_map_create(own), mdl_map_create(own), mdl_map_create(own)};
  MlirBlock body = mdl_body(func, 0);
  if (!body.ptr)
    MDL_BUG(run->ir->session, "%s has no body", mdl_op_text(run->ir, func, "sym_name"));
  int count = mdl_arg_count(body);
  for (int i = 0; i < count; i++) bind_sizes(&f, mdl_type_of(run->ir, mdl_arg(body, i)), args[i]);
  for (int i = 0; i < count; i++) {
    check_argument(&f, i, mdl_type_of(run->ir, mdl_arg(body, i)), args[i]);
    set_value(&f, mdl_arg(body, i), args[i]);
  }
  MlirOperation end = run_block(&f, own, body);
  int results = mdl_operand_count(end);
  MdlTensor **result = MDL_NEW(arena, MdlTensor *, (size_t)results);
  for (int i = 0; i < results; i++) result[i] = copy(arena, value_of(&f, mdl_operand(end, i)));
  mdl_arena_destroy(own);
  return result;
}

MdlEvalResult mdl_eval(MdlIr *ir, MlirOperation module, MlirOperation func, const MdlTensor *args,
                       const MdlEvalOptions *options, MdlArena *arena)
{
  static const MdlEvalOptions none = {0};
  Run run = {ir, mdl_symbols(ir, module), options ? options : &none, 0};
  int count = mdl_func_args(func);
  MdlTensor **arg = MDL_NEW(arena, MdlTensor *, (size_t)count);
  for (int i = 0; i < count; i++) arg[i] = copy(arena, &args[i]);
  MdlTensor **result = run_func(&run, arena, func, arg);
  MdlEvalResult r = {.status = run.status, .results = mdl_func_results(func)};
  r.result = MDL_NEW(arena, MdlTensor, (size_t)r.results);
  for (int i = 0; i < r.results; i++) r.result[i] = *result[i];
  return r;
}
