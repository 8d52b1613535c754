/* Inside of the reading view: ir/view.c (module, items), view_struct.c, view_stmt.c,
 * view_expr.c, view_sugar.c, view_text.c. */
#ifndef MDL_IR_VIEW_PRINT_H
#define MDL_IR_VIEW_PRINT_H

#include "ir/ir.h"
#include "ir/namer.h"
#include "ir/signature.h"

#include <stdio.h>

/* Binds tighter than any operator of ir/infix.def. */
enum { MDL_VIEW_ATOM = 100, MDL_VIEW_RANGE = 5 };

typedef struct MdlExpr {
  const char *text;
  int precedence;
  bool needs_type; /* its own text does not say its type: wants `let x: TYPE =` */
} MdlExpr;

typedef struct MdlViewLine {
  const char *text, *note;
} MdlViewLine;

typedef struct MdlView {
  MdlIr *ir;
  MdlArena *arena;
  FILE *out;
  MdlMap *symbols;
  MdlNamer *items;    /* functions and structs of the module */
  MdlMap *item_names; /* symbol or C name of a struct, interned -> name in the dump */
  MdlNamer *names;    /* of the function at hand */
  MdlMap *text;       /* value -> MdlExpr: folded or named */
  MdlViewLine *line;  /* of the function at hand */
  int lines, capacity, depth;
} MdlView;

/* ---- view_text.c ------------------------------------------------------------------------- */
bool mdl_view_is_word(const char *name);
/* The shortest digits that read back in that dtype; whole floats without a point. */
const char *mdl_view_number(MdlArena *arena, MdlDtype dtype, double real, int64_t integer);
const char *mdl_view_string(MdlArena *arena, const char *text); /* quoted */
MdlExpr mdl_view_size(const MdlSize *size);
/* Whether `name` (perhaps with fields, "m.w") occurs in `text` as a word. */
bool mdl_view_mentions(const char *text, const char *name);
/* Names of sizes in types, each once, in order. */
typedef struct MdlSizeNames {
  int count, capacity;
  const char **name;
} MdlSizeNames;
void mdl_view_sizes_of(MdlView *v, const MdlType *type, MdlSizeNames *names);
/* "[N, D]", or "" for none. */
const char *mdl_view_size_list(MdlView *v, const MdlSizeNames *names);

/* ---- view_expr.c ------------------------------------------------------------------------- */
/* An op of one result, its operands already visited. */
MdlExpr mdl_view_expr(MdlView *v, MlirOperation op);
const char *mdl_view_ints(MdlView *v, int count, const int64_t *values); /* "[0, 1]" */
/* The op in the language's own words; no text where there are none. (view_sugar.c) */
MdlExpr mdl_view_sugar(MdlView *v, MlirOperation op);
/* A value whose type is known where it stands, so that literals may be bare. */
const char *mdl_view_plain(MdlView *v, MlirValue value, int precedence);
/* A value that must say its own type. */
const char *mdl_view_typed(MdlView *v, MlirValue value, int precedence);
/* Broadcasts that elementwise ops do by themselves are folded into all their users. */
bool mdl_view_is_implicit(MdlView *v, MlirOperation op);
bool mdl_view_is_const(MdlView *v, MlirValue value);
const char *mdl_view_type(MdlView *v, const MdlType *type);

/* ---- view_struct.c ----------------------------------------------------------------------- */
/* The item of a struct, once a module. */
void mdl_view_struct(MdlView *v, const MdlSignature *s, const MdlStruct *type);
/* "Logistic[D]", and "Logistic[D][N]" for a stack of them: its leaves have N in front. */
const char *mdl_view_struct_type(MdlView *v, const MdlSignature *s, const MdlParam *p);
/* A struct from the texts of its leaves, from leaf[*at] on. */
const char *mdl_view_struct_value(MdlView *v, const MdlSignature *s, const MdlParam *p,
                                  const char *const *leaf, int *at);

/* ---- view_stmt.c ------------------------------------------------------------------------- */
void mdl_view_line(MdlView *v, const char *text, const char *note);
const char *mdl_view_note(MdlView *v, MlirOperation op, MlirValue value); /* "  7  f32[N, C]" */
/* Binds a value to an expression by a `let`. */
const char *mdl_view_let(MdlView *v, MlirValue value, const char *base, MdlExpr e);
void mdl_view_set(MdlView *v, MlirValue value, MdlExpr e);
const MdlExpr *mdl_view_get(const MdlView *v, MlirValue value);
/* Prints the lines so far, notes in one column. */
void mdl_view_flush(MdlView *v);
/* Every op of a block but its terminator. */
void mdl_view_block(MdlView *v, MlirBlock block);
/* target[i] = value[i], in order, as if at once; `after` more texts are evaluated after them and
 * replaced where an assignment would change them. */
void mdl_view_assign(MdlView *v, int count, const char *const *target, const MlirValue *value,
                     MlirOperation at, int after, const char **later);

#endif
