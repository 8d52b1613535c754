/* Builtins: functions that are neither written in mdl nor a plain elementwise row of ir/ops.def
 * (those are builtins by themselves, under their row's name).
 *
 * A builtin is one line of frontend/builtins.def and one function, which checks its arguments and
 * builds in one go:
 *
 *   BUILTIN(sum, "x axis? keep?", reduce, MDL_OP_reduce_sum, "sum over axes")
 *
 *   parameters  names in order; `name?` may be left out (arg is NULL then), `name*` last takes any
 *               number by order (call->rest). Arguments by order or by name: counted and matched
 *               before the function runs (E0501, E0502, E0503), which also never sees poison.
 *   function    mdl_builtin_FUNCTION, in a frontend/builtin_*.c
 *   which       handed through, so that one function serves several rows
 *
 * A mistake: report it with mdl_error at the argument's span and return mdl_val_poison(s). */
#ifndef MDL_FRONTEND_BUILTIN_H
#define MDL_FRONTEND_BUILTIN_H

#include "frontend/core.h"

enum { MDL_BUILTIN_PARAMS = 8 };

typedef struct MdlBuiltinInfo MdlBuiltinInfo;

typedef struct MdlBuiltinCall {
  const MdlBuiltinInfo *row;
  const char *name; /* the row's name, for messages */
  int which;
  MdlVal *arg[MDL_BUILTIN_PARAMS]; /* by parameter; NULL where left out */
  int rests;
  MdlVal **rest;        /* of `name*` */
  const MdlVType *want; /* the type that the result must have, if that is known; or NULL */
  MdlVal *key;          /* inside a `param` default: the parameter's random key; else NULL */
  MdlSpan at;           /* the whole call */
} MdlBuiltinCall;

typedef MdlVal *MdlBuiltinFn(MdlSema *s, const MdlBuiltinCall *call);

struct MdlBuiltinInfo {
  const char *name, *params;
  MdlBuiltinFn *fn;
  int which;
  const char *doc;
};
const MdlBuiltinInfo *mdl_builtin_rows(int *count);
const MdlBuiltinInfo *mdl_builtin_find(const char *name); /* NULL if there is none */

#define BUILTIN(name, params, function, which, doc) MdlBuiltinFn mdl_builtin_##function;
#include "frontend/builtins.def"

/* ---- what a builtin asks of an argument: false (or NULL) after reporting ------------------ */

/* The tensor or scalar as one typed op; literals and sizes become constants (with an open dtype).
 */
MdlCore *mdl_want_tensor(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v);
/* The same, of at least `rank` (E0307), and of floats (or numbers) where asked. */
MdlCore *mdl_want_floats(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v);
MdlCore *mdl_want_numbers(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v); /* no bools */
MdlCore *mdl_want_integers(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v);
MdlCore *mdl_want_bools(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v);
/* As a tensor of this element type: literals take it, others must have it (E0301). */
MdlCore *mdl_want_dtype(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, MdlDtype dtype);
/* Compile-time arguments. */
bool mdl_want_int(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int64_t *number); /* E0506 */
bool mdl_want_flag(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, bool *flag);     /* E0506 */
bool mdl_want_text(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, const char **text);
const MdlSize *mdl_want_size(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v); /* E0413 */
/* An axis of a tensor of that rank, counted from 0; -1 is the last (E0411). */
bool mdl_want_axis(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int rank, int *axis);
/* An integer or a tuple of them; NULL is all axes. Ascending, each once. Returns -1 on error. */
int mdl_want_axes(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int rank, int64_t *axes);
/* An integer, or a tuple of `count` integers (stride=2, pad=(1, 2)); NULL gives `preset`. */
bool mdl_want_ints(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int count, int64_t preset,
                   int64_t *ints);
/* Two sizes that must be the same in this call: E0401 if they differ, a guard if undecided. */
bool mdl_want_equal(MdlSema *s, const MdlBuiltinCall *call, const MdlSize *p, const MdlSize *q);
/* Both operands' dtypes as one, E0302. */
bool mdl_want_same_dtype(MdlSema *s, const MdlBuiltinCall *call, MdlCore *a, MdlCore *b);

/* Arithmetic on ops by elementwise rows, operands of equal shape or scalars: */
MdlCore *mdl_emit_map1(MdlSema *s, MdlOp op, MdlCore *a);
MdlCore *mdl_emit_map2(MdlSema *s, MdlOp op, MdlCore *a, MdlCore *b);
MdlCore *mdl_emit_map3(MdlSema *s, MdlOp op, MdlCore *a, MdlCore *b, MdlCore *c);
/* Like another op's shape and dtype, every element `value`. */
MdlCore *mdl_emit_like(MdlSema *s, MdlCore *like, double value);
/* Calls another builtin or a function value, e.g. map(f, a, b). */
MdlVal *mdl_call_value(MdlSema *s, MdlVal *fn, int args, MdlVal *const *arg, MdlSpan at);

MdlSession *mdl_sema_session(MdlSema *s);
MdlArena *mdl_sema_arena(MdlSema *s);
MdlSizes *mdl_sema_sizes(MdlSema *s);

#endif
