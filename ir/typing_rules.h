/* What the files of typing rules share: complaints in the user's words and checks of axes and
 * sizes. All return false with typing->why set when they do not hold. */
#ifndef MDL_IR_TYPING_RULES_H
#define MDL_IR_TYPING_RULES_H

#include "ir/typing.h"

/* Sets why; always false. */
bool mdl_type_no(MdlTyping *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The attribute `name` as an axis of a value of that rank. */
bool mdl_type_axis(MdlTyping *t, const char *name, int rank, int *axis);
/* As distinct axes; has[i] tells whether axis i is among them. */
bool mdl_type_axes(MdlTyping *t, const char *name, int rank, bool *has);
/* Exactly `count` numbers, each at least `least`. */
bool mdl_type_ints(MdlTyping *t, const char *name, int count, int64_t least, int64_t *values);
bool mdl_type_sizes(MdlTyping *t, const char *name, int count, const MdlSize **sizes);

/* a and b have the same size along those axes: "axis 0 of a is N, axis 1 of b is M". */
bool mdl_type_same_dim(MdlTyping *t, int a, int a_axis, int b, int b_axis);
/* `c` is a scalar integer */
bool mdl_type_is_scalar(MdlTyping *t, int operand);

/* A size that the caller computed: false with "a size is too large" for NULL. */
bool mdl_type_fits(MdlTyping *t, const MdlSize *size);
/* Known for certain: a is below b whatever the names stand for. */
bool mdl_type_is_below(MdlTyping *t, const MdlSize *a, const MdlSize *b);

#endif
