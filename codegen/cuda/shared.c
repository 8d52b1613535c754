/* Shared memory of functions that run one after another in one kernel: slices of one array, since
 * barriers stand between them. A kernel that is a group by itself keeps its arrays. */
#include "codegen/cuda/cuda.h"

enum { ALIGN = 16 };

typedef struct Function {
  MlirOperation func;
  int64_t bytes, array; /* what it needs; what the kernels that call it set aside */
} Function;

typedef struct Shared {
  MdlIr *ir;
  const MdlMap *symbols;
  int count, capacity;
  Function *function; /* all with a body but kernels that stand alone, and entries */
  int64_t next;       /* of the function that is read */
  bool grew;
} Shared;

static bool add_slice(void *user, MlirOperation op)
{
  Shared *s = user;
  if (!mdl_op_has(op, "mdl.shared")) return true;
  MdlLoopType type = mdl_loop_type_of(s->ir, mdl_result(op, 0));
  int64_t bytes = mdl_dtypes[type.element].bytes;
  for (int i = 0; i < type.rank; i++) bytes *= type.dim[i];
  mdl_op_set_int(s->ir, op, "mdl.slice", s->next);
  s->next += (bytes + ALIGN - 1) / ALIGN * ALIGN;
  return true;
}

static Function *find(Shared *s, MlirOperation func)
{
  for (int i = 0; i < s->count; i++)
    if (mdl_same_op(s->function[i].func, func)) return &s->function[i];
  return NULL;
}

typedef struct Calls {
  Shared *s;
  int64_t most;
  bool spreads; /* the second walk: what is called learns the most of all */
} Calls;

static bool see_call(void *user, MlirOperation op)
{
  Calls *c = user;
  if (mdl_op(c->s->ir, op) != MDL_OP_call) return true;
  Function *f = find(c->s, mdl_callee(c->s->ir, c->s->symbols, op));
  if (!f) return true;
  if (!c->spreads && f->array > c->most) c->most = f->array;
  if (c->spreads && f->bytes && f->array < c->most) f->array = c->most, c->s->grew = true;
  return true;
}

/* A function that two kernels call takes both to the larger array. */
static void agree(Shared *s, MlirBlock module)
{
  for (s->grew = true; s->grew;) {
    s->grew = false;
    for (MlirOperation f = mdl_first(module); !mdl_is_null(f); f = mdl_next(f)) {
      if (mdl_op(s->ir, f) != MDL_OP_func || !mdl_op_has(f, "mdl.kernel")) continue;
      Calls c = {.s = s};
      mdl_walk(f, see_call, &c);
      c.spreads = true;
      mdl_walk(f, see_call, &c);
    }
  }
}

typedef struct Array {
  MdlIr *ir;
  int64_t bytes;
} Array;

static bool set_array(void *user, MlirOperation op)
{
  const Array *a = user;
  if (mdl_op_has(op, "mdl.slice")) mdl_op_set_int(a->ir, op, "mdl.slice_of", a->bytes);
  return true;
}

void mdl_cuda_share(MdlIr *ir, MlirOperation module, const MdlMap *symbols)
{
  Shared s = {.ir = ir, .symbols = symbols};
  MlirBlock body = mdl_module_body(module);
  for (MlirOperation f = mdl_first(body); !mdl_is_null(f); f = mdl_next(f)) {
    if (mdl_op(ir, f) != MDL_OP_func || !mdl_body(f, 0).ptr || mdl_op_has(f, "mdl.kernel")) continue;
    s.next = 0;
    mdl_walk(f, add_slice, &s);
    MDL_GROW(ir->arena, s.function, s.count, s.capacity);
    s.function[s.count++] = (Function){f, s.next, s.next};
  }
  agree(&s, body);
  for (int i = 0; i < s.count; i++) {
    Array a = {ir, s.function[i].array};
    mdl_walk(s.function[i].func, set_array, &a);
  }
}
