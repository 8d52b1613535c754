/* The printer that C and CUDA share: loop form as statements and expressions of C. What differs
 * (preludes, qualifiers, launch code) stays with the backend. */
#ifndef MDL_CODEGEN_CFAMILY_H
#define MDL_CODEGEN_CFAMILY_H

#include "ir/loop.h"
#include "ir/machine.h"
#include "ir/map.h"
#include "ir/signature.h"

#include <stdio.h>

/* Text with the precedence of its outermost operator, so that brackets are only where C needs
 * them. */
typedef struct MdlExpr {
  const char *text;
  int precedence; /* 16: a name or literal */
  bool reads;     /* mentions memory: may not move past a store */
  const char *raw; /* i32 and i64: the same bits as uint32_t or uint64_t, without a cast; or NULL.
                      An index: as unsigned, where it is computed out of threadIdx.x and the like */
  int raw_precedence;
} MdlExpr;

/* The statement for a call, without its semicolon, or NULL for a plain call. `arguments` are
 * printed already. */
typedef const char *MdlLaunchFn(void *user, MlirOperation callee, const char *arguments);

typedef struct MdlPrinter {
  MdlIr *ir;
  MdlArena *arena;
  const MdlMachine *machine;
  const char *source; /* "mlp.mdl", for comments */
  FILE *out;
  int indent;
  bool line_directives; /* -g: #line */
  /* Per function: */
  MdlMap *exprs;     /* value -> MdlExpr */
  MdlMap *c_types;   /* shaped pointer -> its element's C type where that differs (uint32_t) */
  MdlMap *names;     /* interned name -> itself while it is in use, then NULL */
  const char **local; /* names in use, in order: a block's are free again when it closes */
  int locals, local_capacity;
  MdlMap *in_place;  /* next value of a carried variable -> its name: assigned where it is made */
  MdlMap *ranges;    /* index value -> MdlIndexRange */
  MdlMap *waiting;   /* values folded into a later statement that read memory */
  int temporaries;
  bool chains; /* an `if` alone in an `else` is an `else if` */
  bool gives_status; /* what it returns is spelled MDL_OK, MDL_BAD_SIZE, ... */
  int results;       /* more than one: they go through these pointers */
  const char **result;
  int line;         /* last #line */
  /* Per file: */
  const MdlMap *symbols; /* names of functions: no local may hide one */
  MdlMap *needs; /* interned prelude function -> itself */
  MdlLaunchFn *launch; /* NULL: no call is a launch */
  void *user;          /* for it */
} MdlPrinter;

void mdl_printer_begin(MdlPrinter *p); /* a new function */
/* The body of one loop-form function, between its braces. */
void mdl_print_body(MdlPrinter *p, MlirBlock body);
/* Names `value` after itself (or `fallback`), unique in the function and no word of C or C++. */
const char *mdl_print_name(MdlPrinter *p, MlirValue value, const char *fallback);
const char *mdl_print_unique(MdlPrinter *p, const char *base);
/* A block opens; when it closes, its locals and counters may be named so again. */
typedef struct MdlScope {
  int locals, temporaries;
} MdlScope;
MdlScope mdl_scope_open(const MdlPrinter *p);
void mdl_scope_close(MdlPrinter *p, MdlScope scope);
bool mdl_is_c_word(const char *name);

MdlExpr mdl_print_expr(MdlPrinter *p, MlirValue value);
/* In brackets if it binds looser than `precedence`. */
const char *mdl_print_at(MdlPrinter *p, MlirValue value, int precedence);
/* An expression out of an op with one result and no effect. */
MdlExpr mdl_print_op(MdlPrinter *p, MlirOperation op);
/* x[i * 64 + j], or *x. `first` is the operand number of the first index. */
const char *mdl_print_element(MdlPrinter *p, MlirOperation access, MlirValue memory, int first);

/* ---- index values of a GPU (cfamily_range.c) --------------------------------------------- */

/* What an index may be; of a loop's counter with what it is when it leaves. */
typedef struct MdlIndexRange {
  int64_t lo, hi;
} MdlIndexRange;
MdlIndexRange mdl_print_range(MdlPrinter *p, MlirValue index);
bool mdl_range_is_int(MdlIndexRange r);
MdlIndexRange mdl_range_product(MdlIndexRange a, MdlIndexRange b);
MdlIndexRange mdl_range_sum(MdlIndexRange a, MdlIndexRange b);
/* An index that is an int; all others are ptrdiff_t. */
bool mdl_print_is_int(MdlPrinter *p, MlirValue value);

/* Nothing but how far pointers reach: no index of C needs the value. */
bool mdl_print_is_reach(MdlPrinter *p, MlirValue value);

/* Addresses, or their bits together: part of the question whether all are aligned. */
bool mdl_print_is_address(MlirValue value);

/* The element type that C sees behind a pointer of the signature, where it is not loop form's own
 * (uint32_t for i32, uint16_t for f16): what is stored or loaded is cast. NULL where it is. */
const char *mdl_print_outer_type(MdlPrinter *p, MlirValue memory);

/* Of prelude functions on that type: "1", "8", "d4", "_i32x8". */
const char *mdl_print_suffix(MdlPrinter *p, const MdlLoopType *type);
/* "float", "int32_t", "ptrdiff_t", "f32x8" */
const char *mdl_c_type(MdlPrinter *p, const MdlLoopType *type);
/* "1.5f", "-0.25", "3"; infinities and NaN through bits. */
const char *mdl_c_number(MdlPrinter *p, MdlDtype dtype, double real, int64_t integer);
/* A size as C: `4 * N + 3`, every operand cast to `type` first when it is given. */
const char *mdl_c_size(MdlArena *arena, const MdlSize *size, const char *type);
/* "MDL_F32": as the header and runtime/mdl.h name element types. */
const char *mdl_c_element(MdlDtype dtype);
/* "\"a text\"", escaped. */
const char *mdl_c_literal(MdlArena *arena, const char *text);
/* "MDL_BAD_SIZE": a status code as every emitted header names it; "?" for none. */
const char *mdl_c_code(int code);
/* Marks a prelude function as used and returns its name. */
const char *mdl_need(MdlPrinter *p, const char *function);

/* One line, indented; broken after operators and commas before column 100. */
void mdl_line(MdlPrinter *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
