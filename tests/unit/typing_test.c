/* Result types of ops: what they are, and what is refused in which words. */
#include "tests/cases/text.h"
#include "tests/unit/unit.h"

#include <string.h>

/* clang-format off */
/* wants: the result types, or `!` and a part of the complaint. */
static const struct {
  const char *op, *operands, *attrs, *given, *wants;
} rows[] = {
    /* elementwise rows */
    {"add", "f32; f32", "", NULL, "f32"},
    {"add", "f32[N, 3]; f32[N, 3]", "", NULL, "f32[N, 3]"},
    {"add", "index; index", "", NULL, "index"},
    {"add", "f32[N]; f32[M]", "", NULL, "!shapes must be the same"},
    {"add", "f32[N]; f32", "", NULL, "!add of f32[N] and f32: the shapes must be the same"},
    {"add", "f32; f64", "", NULL, "!add of f32 and f64: the element types must be the same"},
    {"add", "bool; bool", "", NULL, "!add is for numbers, not for bool"},
    {"exp", "i32", "", NULL, "!exp is for floats, not for i32"},
    {"lt", "u8[4]; u8[4]", "", NULL, "bool[4]"},
    {"lt", "bool; bool", "", NULL, "!lt is for numbers, not for bool"},
    {"eq", "bool; bool", "", NULL, "bool"},
    {"where", "bool[N]; i8[N]; i8[N]", "", NULL, "i8[N]"},
    {"where", "bool; f32[N]; f32[N]", "", NULL, "!shapes must be the same"},
    {"where", "i32; f32; f32", "", NULL, "!where is for bools, not for i32"},
    {"is_nan", "f16[2]", "", NULL, "bool[2]"},
    {"bitand", "bool; bool", "", NULL, "bool"},
    {"bitnot", "f32", "", NULL, "!integers or bools"},
    {"shl", "bool; bool", "", NULL, "!shl is for integers, not for bool"},
    {"fma", "f32; f32; f32", "", NULL, "f32"},
    {"fma", "f32; f32", "", NULL, "!fma takes 3 operands, not 2"},
    /* leaves */
    {"const", "", "value=2", "f32[N]", "f32[N]"},
    {"const", "", "value=2", NULL, "!const needs the type of its result"},
    {"size", "", "of=2*N+1", "index", "index"},
    {"size", "", "of=N", "f32", "f32"},
    {"size", "", "of=N", "f32[2]", "!a size is one number, not f32[2]"},
    {"size", "", "of=N//2", "index", "!`N//2` is no size"},
    {"iota", "", "axis=1", "i32[N, M]", "i32[N, M]"},
    {"iota", "", "axis=0", "i32", "!there is no axis 0 in 0 dimensions"},
    {"iota", "", "axis=0", "bool[2]", "!not bools"},
    {"table", "", "values=1,2,3", "f16[3]", "f16[3]"},
    {"table", "", "values=1,0", "bool[2]", "bool[2]"},
    /* conversions */
    {"convert", "f32[N]", "", "i8[N]", "i8[N]"},
    {"convert", "f32[N]", "", "i8[M]", "!a conversion keeps the shape: f32[N] to i8[M]"},
    {"bitcast", "f32[N]", "", "u32[N]", "u32[N]"},
    {"bitcast", "f32", "", "i16", "!f32 has 32 bits, i16 has 16"},
    {"bitcast", "bool", "", "i8", "!no bits"},
    {"stop_grad", "bool[N]", "", NULL, "bool[N]"},
    /* moves */
    {"broadcast", "f32", "dims=", "f32[N, 3]", "f32[N, 3]"},
    {"broadcast", "f32", "dims=", "f32", "f32"},
    {"broadcast", "f32[1, M]", "dims=0,2", "f32[N, K, M]", "f32[N, K, M]"},
    {"broadcast", "f32[N]", "dims=1", "f32[N, 3]", "!f32[N] does not stretch to f32[N, 3]: axis 0 is N, not 1 or 3"},
    {"broadcast", "f32[N, M]", "dims=1,0", "f32[M, N]", "!stay in order"},
    {"broadcast", "f32[N]", "dims=", "f32[N]", "!`dims` takes 1 numbers, not 0"},
    {"broadcast", "f32", "dims=", "f64[N]", "!keeps the element type"},
    {"reshape", "f32[N, 6]", "", "f32[2*N, 3]", "f32[2*N, 3]"},
    {"reshape", "f32[1, 1]", "", "f32", "f32"},
    {"reshape", "f32[N]", "", "f32[M, K]", "f32[M, K]"},
    {"reshape", "f32[4]", "", "f32[5]", "!f32[4] has 4 elements, f32[5] has 5"},
    {"reshape", "f32[N]", "", "f32[N + 1]", "!f32[N] has N elements, f32[N + 1] has N + 1"},
    {"transpose", "f32[A, B, C]", "perm=2,0,1", NULL, "f32[C, A, B]"},
    {"transpose", "f32", "perm=", NULL, "f32"},
    {"transpose", "f32[A, B]", "perm=0,0", NULL, "!axis 0 is named twice"},
    {"transpose", "f32[A, B]", "perm=0", NULL, "!`perm` takes 2 numbers, not 1"},
    {"transpose", "f32[A, B]", "perm=0,2", NULL, "!there is no axis 2 in 2 dimensions"},
    {"reverse", "f32[A, B]", "axes=1", NULL, "f32[A, B]"},
    {"reverse", "f32[A, B]", "axes=1,1", NULL, "!axis 1 is named twice"},
    {"slice", "f32[N]", "start=1 limit=N step=1", NULL, "f32[N - 1]"},
    {"slice", "f32[N]", "start=0 limit=N step=2", NULL, "f32[floor((N + 1)/2)]"},
    {"slice", "f32[9, 2*N]", "start=1,0 limit=8,2*N step=3,2", NULL, "f32[3, N]"},
    {"slice", "f32[N]", "start=0 limit=N+1 step=1", NULL, "!the slice 0:N + 1 is not within axis 0 of f32[N]"},
    {"slice", "f32[5]", "start=3 limit=2 step=1", NULL, "!the slice 3:2"},
    {"slice", "f32[5]", "start=-1 limit=2 step=1", NULL, "!the slice -1:2"},
    {"slice", "f32[5]", "start=0 limit=2 step=0", NULL, "!`step` must be at least 1, not 0"},
    {"slice", "f32[5]", "start=0,0 limit=2 step=1", NULL, "!`start` takes 1 sizes, not 2"},
    {"dynamic_slice", "f32[N, M]; index", "axis=0", "f32[4, M]", "f32[4, M]"},
    {"dynamic_slice", "f32[N, M]; i32[2]", "axis=0", "f32[4, M]", "!expected a scalar, not i32[2]"},
    {"dynamic_slice", "f32[3, M]; i32", "axis=0", "f32[4, M]", "!f32[4, M] is no window of f32[3, M] along axis 0"},
    {"dynamic_slice", "f32[3, M]; i32", "axis=0", "f32[2, K]", "!no window"},
    {"dynamic_slice", "f32[3]; f32", "axis=0", "f32[2]", "!dynamic_slice is for integers, not for f32"},
    {"dynamic_update", "f32[N, M]; i64; f32[N, 2]", "axis=1", NULL, "f32[N, M]"},
    {"dynamic_update", "f32[N, M]; i64; f64[N, 2]", "axis=1", NULL, "!element types"},
    {"dynamic_update", "f32[N, M]; i64; f32[N + 1, M]", "axis=0", NULL, "!no window"},
    {"pad", "f32[N, 3]; f32", "lo=1,0 hi=M,2 inner=0,1", NULL, "f32[M + N + 1, 7]"},
    {"pad", "f32[N]; f32", "lo=0 hi=0 inner=2", NULL, "f32[3*N - 2]"},
    {"pad", "f32[4]; f32", "lo=-1 hi=-1 inner=0", NULL, "f32[2]"},
    {"pad", "f32[4]; f32", "lo=-3 hi=-2 inner=0", NULL, "!padding cuts more than there is of axis 0"},
    {"pad", "f32[4]; f32[4]", "lo=0 hi=0 inner=0", NULL, "!expected a scalar"},
    {"concat", "f32[N, 3]; f32[M, 3]", "axis=0", NULL, "f32[M + N, 3]"},
    {"concat", "f32[N, 3]; f32[M, 2]", "axis=0", NULL, "!axis 1 of f32[N, 3] is 3, but axis 1 of f32[M, 2] is 2"},
    {"concat", "f32[N, 3]; f32[M]", "axis=0", NULL, "!different numbers of axes"},
    {"concat", "f32; f32", "axis=0", NULL, "!there is no axis 0"},
    /* gather, scatter */
    {"gather", "f32[V, D]; i32[B, T]", "axis=0 batch=0", NULL, "f32[B, T, D]"},
    {"gather", "f32[V, D]; index", "axis=0 batch=0", NULL, "f32[D]"},
    {"gather", "f32[N, K]; i32[N, J]", "axis=1 batch=1", NULL, "f32[N, J]"},
    {"gather", "f32[N, K]; i32[N]", "axis=1 batch=1", NULL, "f32[N]"},
    {"gather", "f32[A, N, K, R]; i32[A, J]", "axis=2 batch=1", NULL, "f32[A, N, J, R]"},
    {"gather", "f32[N, K]; i32[M]", "axis=1 batch=1", NULL, "!axis 0 of f32[N, K] is N, but axis 0 of i32[M] is M"},
    {"gather", "f32[N, K]; i32[N]", "axis=0 batch=1", NULL, "!cannot be walked together"},
    {"gather", "f32[N]; f32[N]", "axis=0 batch=0", NULL, "!gather is for integers"},
    {"scatter", "bool[V, D]; i32[B]; bool[B, D]", "axis=0 batch=0", NULL, "bool[V, D]"},
    {"scatter_add", "f32[V, D]; i32[B]; f32[B, D]", "axis=0 batch=0", NULL, "f32[V, D]"},
    {"scatter_add", "f32[V, D]; i32[B]; f32[B]", "axis=0 batch=0", NULL, "!the slices to put are f32[B], the places take f32[B, D]"},
    {"scatter_max", "bool[V]; i32[B]; bool[B]", "axis=0 batch=0", NULL, "!bools cannot"},
    /* contractions */
    {"dot", "f32[N, K]; f32[K, M]", "contract=1:0 batch=", NULL, "f32[N, M]"},
    {"dot", "f32[K]; f32[K]", "contract=0:0 batch=", NULL, "f32"},
    {"dot", "f32; f32", "contract= batch=", NULL, "f32"},
    {"dot", "i32[N]; i32[M]", "contract= batch=", NULL, "i32[N, M]"},
    {"dot", "f32[B, N, K]; f32[M, B, K]", "contract=2:2 batch=0:1", NULL, "f32[B, N, M]"},
    {"dot", "f32[N, K]; f32[L, M]", "contract=1:0 batch=", NULL, "!axis 1 of f32[N, K] is K, but axis 0 of f32[L, M] is L"},
    {"dot", "f32[N, K]; f32[K, M]", "contract=1:0,1:0 batch=", NULL, "!axis 1 of f32[N, K] is paired twice"},
    {"dot", "f32[N, K]; f32[K, M]", "contract=2:0 batch=", NULL, "!there is no axis 2"},
    {"conv", "f32[N, 3, H, W]; f32[8, 3, 3, 3]", "stride=1,2 lo=1,1 hi=1,1 dilate=1,1 spread=1,1 groups=1", NULL, "f32[N, 8, H, floor((W + 1)/2)]"},
    {"conv", "f32[N, 4, 10]; f32[8, 2, 3]", "stride=1 lo=0 hi=0 dilate=2 spread=1 groups=2", NULL, "f32[N, 8, 6]"},
    {"conv", "f32[N, 4, 5]; f32[8, 4, 3]", "stride=1 lo=2 hi=2 dilate=1 spread=2 groups=1", NULL, "f32[N, 8, 11]"},
    {"conv", "f32[N, C]; f32[O, C]", "stride= lo= hi= dilate= spread= groups=1", NULL, "f32[N, O]"},
    {"conv", "f32[N, 4, 10]; f32[8, 4, 3]", "stride=1 lo=0 hi=0 dilate=1 spread=1 groups=2", NULL, "!has 4 channels, but"},
    {"conv", "f32[N, 4, 10]; f32[9, 2, 3]", "stride=1 lo=0 hi=0 dilate=1 spread=1 groups=2", NULL, "!9 outputs do not divide into 2 groups"},
    {"conv", "f32[N, 4, 2]; f32[9, 4, 5]", "stride=1 lo=0 hi=0 dilate=1 spread=1 groups=1", NULL, "!a window of 5 does not fit into axis 2"},
    {"conv", "f32[N]; f32[N]", "stride= lo= hi= dilate= spread= groups=1", NULL, "!a convolution of f32[N] with f32[N]"},
    /* reductions, windows, scans, sort */
    {"reduce_sum", "f32[A, B, C]", "axes=0,2", NULL, "f32[B]"},
    {"reduce_sum", "f32", "axes=", NULL, "f32"},
    {"reduce_sum", "f32[A]", "axes=1", NULL, "!there is no axis 1 in 1 dimensions"},
    {"reduce_sum", "bool[A]", "axes=0", NULL, "!reduce_sum is for numbers"},
    {"reduce_any", "bool[A]", "axes=0", NULL, "bool"},
    {"reduce_any", "i32[A]", "axes=0", NULL, "!reduce_any is for bools"},
    {"argmax", "f32[A, B]", "axis=1", "i32[A]", "i32[A]"},
    {"argmin", "u8[A, B]", "axis=0", "i32[B]", "i32[B]"},
    {"argmin", "f32[A, 0]", "axis=1", "i32[A]", "!axis 1 of f32[A, 0] is empty"},
    {"window_sum", "f32[N, 9]", "size=1,3 stride=1,2 lo=0,0 hi=0,0 dilate=1,1 spread=1,1", NULL, "f32[N, 4]"},
    {"window_sum", "i32[5]", "size=3 stride=1 lo=2 hi=2 dilate=1 spread=2", NULL, "i32[11]"},
    {"window_max", "f32[0, 4]", "size=1,2 stride=1,2 lo=0,0 hi=0,0 dilate=1,1", NULL, "f32[0, 2]"},
    {"window_max", "f32[4]", "size=5 stride=1 lo=0 hi=0 dilate=1", NULL, "f32[0]"},
    {"window_max", "f32[3]", "size=5 stride=1 lo=0 hi=0 dilate=1", NULL, "!a window of 5 does not fit into axis 0 of f32[3]"},
    {"window_argmax", "f32[N, 9]", "size=1,3 stride=1,2 lo=0,0 hi=0,0 dilate=1,1", "i32[N, 4]", "i32[N, 4]"},
    {"window_argmin", "i8[5]", "size=3 stride=1 lo=1 hi=0 dilate=1", "i64[4]", "i64[4]"},
    {"window_argmin", "f32[5]", "size=3 stride=2 lo=1 hi=0 dilate=1", "f32[2]", "!places are i32 or i64, not f32"},
    {"window_min", "f32[3]", "size=2 stride=1 lo=0 hi=0 dilate=2", NULL, "f32[1]"},
    {"window_min", "f32[3]", "size=0 stride=1 lo=0 hi=0 dilate=1", NULL, "!`size` must be at least 1"},
    {"cumsum", "f32[A, B]", "axis=1 reverse=true", NULL, "f32[A, B]"},
    {"cummax", "f32", "axis=0 reverse=false", NULL, "!there is no axis 0"},
    {"sort", "u8[A, B]", "axis=0", NULL, "u8[A, B]; i32[A, B]"},
    {"check", "bool", "code=3 text=no", NULL, ""},
    {"check", "i32", "code=3 text=no", NULL, "!check is for bools"},
    {"print", "f32[N]", "text=x", NULL, ""},
};
/* clang-format on */

static MdlSession *session;
static MdlIr *ir;

static void setup(void)
{
  session = mdl_session_create();
  ir = mdl_ir_create(session);
}

static void teardown(void)
{
  mdl_ir_destroy(ir);
  mdl_session_destroy(session);
}

static MdlTyping typing_of(int i, MdlAttrs *attrs, MdlType *given)
{
  MdlTyping t = {.ir = ir, .op = mdl_op_find(rows[i].op, strlen(rows[i].op)), .attrs = attrs};
  const char *part[MDL_MAX_OPERANDS];
  t.operands = mdl_case_split(ir, rows[i].operands, part, MDL_MAX_OPERANDS);
  for (int k = 0; k < t.operands; k++) {
    MdlType *type = MDL_NEW(ir->arena, MdlType, 1);
    *type = mdl_case_type(ir, part[k]);
    t.in[k] = type;
  }
  *given = mdl_case_type(ir, rows[i].given ? rows[i].given : "f32");
  *attrs = mdl_case_attrs(ir, t.op, rows[i].attrs, given);
  if (rows[i].given) t.given = given;
  return t;
}

START_TEST(row)
{
  MdlAttrs attrs;
  MdlType given;
  MdlTyping t = typing_of(_i, &attrs, &given);
  bool well = mdl_type_infer(&t);
  if (rows[_i].wants[0] == '!') {
    ck_assert_msg(!well, "%s of %s passes", rows[_i].op, rows[_i].operands);
    ck_assert_msg(strstr(t.why, rows[_i].wants + 1), "says: %s", t.why);
    return;
  }
  ck_assert_msg(well, "%s of %s: %s", rows[_i].op, rows[_i].operands, t.why);
  const char *got = "";
  for (int k = 0; k < mdl_op_info(t.op)->results; k++)
    got = mdl_text(ir->arena, "%s%s%s", got, k ? "; " : "", mdl_type_text(ir->arena, &t.out[k]));
  ck_assert_str_eq(got, rows[_i].wants);
}
END_TEST

/* Every structural row has a case that passes and, where it can go wrong, one that does not. */
START_TEST(every_row_is_tried)
{
  for (int op = 0; op < MDL_OP_COUNT; op++) {
    const MdlOpInfo *info = mdl_op_info((MdlOp)op);
    bool tried = info->elementwise || !strncmp(info->name, "scatter_", 8) ||
                 !strncmp(info->name, "reduce_", 7) || !strncmp(info->name, "cum", 3);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
      tried |= rows[i].wants[0] != '!' && !strcmp(rows[i].op, info->name);
    ck_assert_msg(tried, "%s has no case", info->name);
  }
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("typing");
  tcase_add_unchecked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, row, 0, sizeof rows / sizeof *rows);
  tcase_add_test(t, every_row_is_tried);
  return t;
}
