/* Types, attributes and values as short texts, so that a test of an op is one line of a table. */
#ifndef MDL_TESTS_CASES_TEXT_H
#define MDL_TESTS_CASES_TEXT_H

#include "ir/eval.h"
#include "ir/form.h"
#include "ir/typing.h"

/* "f32[N, 3]", "bool" */
MdlType mdl_case_type(MdlIr *ir, const char *text);

/* The attributes of a row: "axis=1 reverse=true", "start=0,N-1 step=1,2", "contract=1:0,2:1
 * batch=". A number or table takes the given type. Texts stand without quotes and without blanks.
 */
MdlAttrs mdl_case_attrs(MdlIr *ir, MdlOp op, const char *text, const MdlType *given);

/* "f32[2, 2] 1 2 3 nan": one element stands for all. Sizes are numbers. */
MdlTensor mdl_case_tensor(MdlIr *ir, const char *text);

/* An op on operands ("f32[2] 1 2; i32 0"), through a function of its own and the evaluator; `given`
 * NULL where the type is inferred. */
MdlEvalResult mdl_case_eval(MdlIr *ir, const char *op, const char *operands, const char *attrs,
                            const char *given, const MdlEvalOptions *options);

/* The texts between `;`s, trimmed; returns their count, 0 for "". */
int mdl_case_split(MdlIr *ir, const char *text, const char **part, int most);

#endif
