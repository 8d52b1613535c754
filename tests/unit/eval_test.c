/* The reference evaluator against values known in closed form: each row is one op on given
 * elements. Floats must agree to the last digit written, unless `within` says how near. */
#include "tests/cases/text.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

/* clang-format off */
static const struct {
  const char *op, *operands, *attrs, *given, *wants;
  double within;
} rows[] = {
    /* integers wrap; div and rem are Python's; shifts by the width or more */
    {"add", "i8 127; i8 1", "", NULL, "i8 -128", 0},
    {"add", "u8 255; u8 1", "", NULL, "u8 0", 0},
    {"sub", "u32 0; u32 1", "", NULL, "u32 4294967295", 0},
    {"mul", "i16 300; i16 300", "", NULL, "i16 24464", 0},
    {"div", "i32[8] 7 -7 7 -7 5 -2147483648 0 6; i32[8] 2 2 -2 -2 0 -1 3 -3", "", NULL, "i32[8] 3 -4 -4 3 -1 -2147483648 0 -2", 0},
    {"rem", "i32[8] 7 -7 7 -7 5 -2147483648 0 6; i32[8] 2 2 -2 -2 0 -1 3 -3", "", NULL, "i32[8] 1 1 -1 -1 5 0 0 0", 0},
    {"div", "u8[3] 200 7 9; u8[3] 7 0 255", "", NULL, "u8[3] 28 255 0", 0},
    {"rem", "u8[3] 200 7 9; u8[3] 7 0 255", "", NULL, "u8[3] 4 7 9", 0},
    {"div", "i64 -9223372036854775808; i64 -1", "", NULL, "i64 -9223372036854775808", 0},
    {"div", "f32[4] 1 -1 0 3; f32[4] 0 0 0 2", "", NULL, "f32[4] inf -inf nan 1.5", 0},
    {"rem", "f64[7] 5.5 -5.5 5.5 -5.5 6 -1 1; f64[7] 2 2 -2 -2 -3 inf 0", "", NULL, "f64[7] 1.5 0.5 -0.5 -1.5 -0 inf nan", 0},
    {"neg", "i8[2] -128 5", "", NULL, "i8[2] -128 -5", 0},
    {"neg", "f32[2] 0 -1", "", NULL, "f32[2] -0 1", 0},
    {"abs", "i8[3] -128 -5 5", "", NULL, "i8[3] -128 5 5", 0},
    {"sign", "i16[3] -7 0 7", "", NULL, "i16[3] -1 0 1", 0},
    {"sign", "f32[4] -7 -0 7 nan", "", NULL, "f32[4] -1 0 1 nan", 0},
    {"shl", "u8[4] 1 1 129 1; u8[4] 7 8 1 200", "", NULL, "u8[4] 128 0 2 0", 0},
    {"shl", "i32[2] 1 1; i32[2] 31 -1", "", NULL, "i32[2] -2147483648 0", 0},
    {"shr", "i8[4] -128 -1 127 -5; i8[4] 3 100 6 1", "", NULL, "i8[4] -16 -1 1 -3", 0},
    {"shr", "u16[3] 65535 8 8; u16[3] 15 16 2", "", NULL, "u16[3] 1 0 2", 0},
    {"bitnot", "u8 5", "", NULL, "u8 250", 0},
    {"bitnot", "bool[2] 0 1", "", NULL, "bool[2] 1 0", 0},
    {"bitxor", "i8 -1; i8 1", "", NULL, "i8 -2", 0},
    {"lt", "i8 -1; i8 1", "", NULL, "bool 1", 0},
    {"lt", "u8 255; u8 1", "", NULL, "bool 0", 0},
    {"ge", "u64 18446744073709551615; u64 1", "", NULL, "bool 1", 0},
    /* floats */
    {"lt", "f32[3] 1 nan -0; f32[3] 2 1 0", "", NULL, "bool[3] 1 0 0", 0},
    {"ge", "f32[3] 1 nan -0; f32[3] 2 1 0", "", NULL, "bool[3] 0 0 1", 0},
    {"ne", "f32[2] nan 1; f32[2] nan 1", "", NULL, "bool[2] 1 0", 0},
    {"eq", "f32[2] nan 0; f32[2] nan -0", "", NULL, "bool[2] 0 1", 0},
    {"eq", "bool[2] 1 0; bool[2] 1 1", "", NULL, "bool[2] 1 0", 0},
    {"max", "f32[5] 1 nan 1 -0 0; f32[5] 2 1 nan 0 -0", "", NULL, "f32[5] 2 nan nan 0 0", 0},
    {"min", "f32[5] 1 nan 1 -0 0; f32[5] 2 1 nan 0 -0", "", NULL, "f32[5] 1 nan nan -0 -0", 0},
    {"max", "u8 200; u8 100", "", NULL, "u8 200", 0},
    {"min", "i8 -56; i8 100", "", NULL, "i8 -56", 0},
    {"where", "bool[2] 1 0; f32[2] 1 2; f32[2] 3 nan", "", NULL, "f32[2] 1 nan", 0},
    {"where", "bool[2] 1 0; i64[2] -1 2; i64[2] 3 -4", "", NULL, "i64[2] -1 -4", 0},
    {"add", "f32 16777216; f32 1", "", NULL, "f32 16777216", 0},
    {"add", "f16 2048; f16 1", "", NULL, "f16 2048", 0},
    {"add", "f16 65504; f16 16", "", NULL, "f16 inf", 0},
    {"mul", "bf16 3; bf16 1.0078125", "", NULL, "bf16 3.03125", 0},
    {"mul", "f16 0.00006103515625; f16 0.0009765625", "", NULL, "f16 5.9604644775390625e-8", 0},
    {"fma", "f32 1.0000001192092896; f32 1.0000001192092896; f32 -1", "", NULL, "f32 2.3841859e-7", 0},
    {"fma", "f32 1.0000001192092896; f32 5.9604645e-8; f32 1", "", NULL, "f32 1.0000001192092896", 0},
    {"floor", "f32[4] -1.5 1.5 -0.25 inf", "", NULL, "f32[4] -2 1 -1 inf", 0},
    {"ceil", "f32[2] -1.5 1.5", "", NULL, "f32[2] -1 2", 0},
    {"round", "f32[5] 0.5 1.5 2.5 -0.5 -1.5", "", NULL, "f32[5] 0 2 2 -0 -2", 0},
    {"trunc", "f32[2] -1.5 1.5", "", NULL, "f32[2] -1 1", 0},
    {"exp", "f64[5] 0 1 -inf inf nan", "", NULL, "f64[5] 1 2.718281828459045 0 inf nan", 4e-16},
    {"log", "f64[4] 1 0 -1 inf", "", NULL, "f64[4] 0 -inf nan inf", 0},
    {"log1p", "f64 1e-10", "", NULL, "f64 9.9999999995e-11", 1e-14},
    {"expm1", "f64 1e-10", "", NULL, "f64 1.00000000005e-10", 1e-14},
    {"exp2", "f64[2] 10 -3", "", NULL, "f64[2] 1024 0.125", 0},
    {"log2", "f64 0.125", "", NULL, "f64 -3", 0},
    {"pow", "f64[6] 2 0 4 -2 0 1; f64[6] 10 0 0.5 3 -1 nan", "", NULL, "f64[6] 1024 1 2 -8 inf 1", 0},
    {"rsqrt", "f64[2] 4 0", "", NULL, "f64[2] 0.5 inf", 0},
    {"cbrt", "f64 -27", "", NULL, "f64 -3", 1e-15},
    {"atan2", "f64[2] 1 -0; f64[2] 1 -1", "", NULL, "f64[2] 0.7853981633974483 -3.141592653589793", 1e-15},
    {"erf", "f64[2] 1 -inf", "", NULL, "f64[2] 0.8427007929497149 -1", 2e-16},
    {"erfinv", "f64[7] 0.8427007929497149 0 1 -1 2 0.1 -0.9999", "", NULL, "f64[7] 1 0 inf -inf nan 0.08885599049425769 -2.7510639057120607", 1e-14},
    {"erfinv", "f64[2] 1e-300 0.9999999999999999", "", NULL, "f64[2] 8.862269254527580e-301 5.863584748755168", 1e-14},
    {"tanh", "f64[2] 20 0.5", "", NULL, "f64[2] 1 0.46211715726000973", 2e-16},
    {"is_nan", "f32[3] nan inf 1", "", NULL, "bool[3] 1 0 0", 0},
    {"is_finite", "f32[4] nan inf -inf 1", "", NULL, "bool[4] 0 0 0 1", 0},
    /* conversions */
    {"convert", "f32[8] 1.9 -1.9 nan inf -inf 300 -300 127.5", "", "i8[8]", "i8[8] 1 -1 0 127 -128 127 -128 127", 0},
    {"convert", "f32[5] -1 255.9 256 nan inf", "", "u8[5]", "u8[5] 0 255 255 0 255", 0},
    {"convert", "f64[3] 1e30 -1e30 4294967296", "", "i32[3]", "i32[3] 2147483647 -2147483648 2147483647", 0},
    {"convert", "f32[3] 1e30 -1e30 9223372036854775808", "", "i64[3]", "i64[3] 9223372036854775807 -9223372036854775808 9223372036854775807", 0},
    {"convert", "f64[2] 18446744073709551616 1e19", "", "u64[2]", "u64[2] 18446744073709551615 10000000000000000000", 0},
    {"convert", "i32[3] 300 -1 128", "", "i8[3]", "i8[3] 44 -1 -128", 0},
    {"convert", "i8[2] -1 5", "", "u32[2]", "u32[2] 4294967295 5", 0},
    {"convert", "i64 9007199791611905", "", "f32", "f32 9007200328482816", 0},
    {"convert", "u64 18446744073709551615", "", "f64", "f64 18446744073709551616", 0},
    {"convert", "i32[2] 65519 65520", "", "f16[2]", "f16[2] 65504 inf", 0},
    {"convert", "f32[4] 0 nan -0 0.5", "", "bool[4]", "bool[4] 0 1 0 1", 0},
    {"convert", "i32[2] 0 256", "", "bool[2]", "bool[2] 0 1", 0},
    {"convert", "bool[2] 0 1", "", "f32[2]", "f32[2] 0 1", 0},
    {"convert", "f64 0.1", "", "bf16", "bf16 0.10009765625", 0},
    {"bitcast", "f32[2] 1 -0", "", "u32[2]", "u32[2] 1065353216 2147483648", 0},
    {"bitcast", "u16[5] 15360 31744 1 1023 64512", "", "f16[5]", "f16[5] 1 inf 5.9604644775390625e-8 6.097555160522461e-05 -inf", 0},
    {"bitcast", "f16[4] 1 5.9604644775390625e-8 65504 -inf", "", "u16[4]", "u16[4] 15360 1 31743 64512", 0},
    {"bitcast", "bf16[2] 1 -3.03125", "", "i16[2]", "i16[2] 16256 -16318", 0},
    {"stop_grad", "f32 2", "", NULL, "f32 2", 0},
    /* leaves */
    {"const", "", "value=0.1", "f32[2]", "f32[2] 0.1", 0},
    {"const", "", "value=-1", "u8[2]", "u8[2] 255", 0},
    {"const", "", "value=1", "bool", "bool 1", 0},
    {"table", "", "values=1,2.5,nan,-inf", "f16[2,2]", "f16[2,2] 1 2.5 nan -inf", 0},
    {"table", "", "values=1,-2,3", "i8[3]", "i8[3] 1 -2 3", 0},
    {"table", "", "values=1,0,1", "bool[3]", "bool[3] 1 0 1", 0},
    {"iota", "", "axis=0", "i32[2,3]", "i32[2,3] 0 0 0 1 1 1", 0},
    {"iota", "", "axis=1", "f32[2,3]", "f32[2,3] 0 1 2 0 1 2", 0},
    {"iota", "", "axis=0", "i8[0]", "i8[0]", 0},
    {"size", "", "of=2*3+1", "f32", "f32 7", 0},
    /* moves */
    {"broadcast", "f32 2", "dims=", "f32[2,2]", "f32[2,2] 2", 0},
    {"broadcast", "i32[2] 1 2", "dims=0", "i32[2,3]", "i32[2,3] 1 1 1 2 2 2", 0},
    {"broadcast", "i32[1,2] 1 2", "dims=0,2", "i32[2,1,2]", "i32[2,1,2] 1 2 1 2", 0},
    {"broadcast", "i32[1] 1", "dims=0", "i32[0]", "i32[0]", 0},
    {"reshape", "i32[2,3] 1 2 3 4 5 6", "", "i32[3,2]", "i32[3,2] 1 2 3 4 5 6", 0},
    {"reshape", "i32 7", "", "i32[1,1]", "i32[1,1] 7", 0},
    {"transpose", "i32[2,3] 1 2 3 4 5 6", "perm=1,0", NULL, "i32[3,2] 1 4 2 5 3 6", 0},
    {"transpose", "i32[1,2,3] 1 2 3 4 5 6", "perm=2,0,1", NULL, "i32[3,1,2] 1 4 2 5 3 6", 0},
    {"reverse", "i32[2,3] 1 2 3 4 5 6", "axes=1", NULL, "i32[2,3] 3 2 1 6 5 4", 0},
    {"reverse", "i32[2,3] 1 2 3 4 5 6", "axes=0,1", NULL, "i32[2,3] 6 5 4 3 2 1", 0},
    {"slice", "i32[7] 0 1 2 3 4 5 6", "start=1 limit=7 step=2", NULL, "i32[3] 1 3 5", 0},
    {"slice", "i32[2,3] 1 2 3 4 5 6", "start=0,2 limit=2,3 step=1,1", NULL, "i32[2,1] 3 6", 0},
    {"slice", "i32[2] 1 2", "start=2 limit=2 step=1", NULL, "i32[0]", 0},
    {"dynamic_slice", "i32[4] 1 2 3 4; i32 1", "axis=0", "i32[2]", "i32[2] 2 3", 0},
    {"dynamic_slice", "i32[4] 1 2 3 4; i32 3", "axis=0", "i32[2]", "i32[2] 3 4", 0},
    {"dynamic_slice", "i32[4] 1 2 3 4; i64 -9", "axis=0", "i32[2]", "i32[2] 1 2", 0},
    {"dynamic_slice", "i32[4] 1 2 3 4; u64 18446744073709551615", "axis=0", "i32[2]", "i32[2] 3 4", 0},
    {"dynamic_slice", "i32[2,2] 1 2 3 4; i32 1", "axis=1", "i32[2,1]", "i32[2,1] 2 4", 0},
    {"dynamic_update", "i32[4] 1 2 3 4; i32 3; i32[2] 8 9", "axis=0", NULL, "i32[4] 1 2 8 9", 0},
    {"dynamic_update", "i32[2,2] 1 2 3 4; i32 0; i32[2,1] 8 9", "axis=1", NULL, "i32[2,2] 8 2 9 4", 0},
    {"pad", "i32[2] 1 2; i32 7", "lo=1 hi=2 inner=0", NULL, "i32[5] 7 1 2 7 7", 0},
    {"pad", "i32[3] 1 2 3; i32 0", "lo=0 hi=0 inner=2", NULL, "i32[7] 1 0 0 2 0 0 3", 0},
    {"pad", "i32[3] 1 2 3; i32 0", "lo=-1 hi=1 inner=0", NULL, "i32[3] 2 3 0", 0},
    {"pad", "i32[0]; i32 7", "lo=1 hi=1 inner=0", NULL, "i32[2] 7 7", 0},
    {"concat", "i32[2,1] 1 2; i32[2,2] 3 4 5 6", "axis=1", NULL, "i32[2,3] 1 3 4 2 5 6", 0},
    {"concat", "i32[0]; i32[2] 3 4", "axis=0", NULL, "i32[2] 3 4", 0},
    /* gather, scatter */
    {"gather", "i32[3,2] 1 2 3 4 5 6; i32[4] 2 0 9 -1", "axis=0 batch=0", NULL, "i32[4,2] 5 6 1 2 5 6 1 2", 0},
    {"gather", "i32[2,3] 1 2 3 4 5 6; i32 1", "axis=1 batch=0", NULL, "i32[2] 2 5", 0},
    {"gather", "i32[2,3] 1 2 3 4 5 6; i32[2] 2 0", "axis=1 batch=1", NULL, "i32[2] 3 4", 0},
    {"gather", "i32[2,3] 1 2 3 4 5 6; i32[2,2] 2 0 1 1", "axis=1 batch=1", NULL, "i32[2,2] 3 1 5 5", 0},
    {"gather", "i32[2,2,2] 1 2 3 4 5 6 7 8; i32[2] 1 0", "axis=2 batch=1", NULL, "i32[2,2] 2 4 5 7", 0},
    {"scatter", "i32[4] 0; i32[4] 1 1 9 -1; i32[4] 5 6 7 8", "axis=0 batch=0", NULL, "i32[4] 0 6 0 0", 0},
    {"scatter_add", "f32[4] 1; i32[3] 1 1 3; f32[3] 5 6 7", "axis=0 batch=0", NULL, "f32[4] 1 12 1 8", 0},
    {"scatter_add", "i32[2,2] 0; i32[2] 1 1; i32[2,2] 1 2 3 4", "axis=0 batch=0", NULL, "i32[2,2] 0 0 4 6", 0},
    {"scatter_add", "i32[2,2] 0; i32[2] 1 0; i32[2] 3 4", "axis=1 batch=1", NULL, "i32[2,2] 0 3 4 0", 0},
    {"scatter_mul", "i32[2] 2 3; i32[2] 0 0; i32[2] 5 7", "axis=0 batch=0", NULL, "i32[2] 70 3", 0},
    {"scatter_max", "f32[2] 2 3; i32[2] 0 1; f32[2] 5 nan", "axis=0 batch=0", NULL, "f32[2] 5 nan", 0},
    {"scatter_min", "u8[2] 2 3; u8[2] 0 1; u8[2] 5 1", "axis=0 batch=0", NULL, "u8[2] 2 1", 0},
    /* contractions */
    {"dot", "f32[2,2] 1 2 3 4; f32[2,2] 5 6 7 8", "contract=1:0 batch=", NULL, "f32[2,2] 19 22 43 50", 0},
    {"dot", "f32[3] 1 2 3; f32[3] 4 5 6", "contract=0:0 batch=", NULL, "f32 32", 0},
    {"dot", "i8[2] 100 100; i8[2] 2 2", "contract=0:0 batch=", NULL, "i8 -112", 0},
    {"dot", "i32[2] 1 2; i32[2] 3 4", "contract= batch=", NULL, "i32[2,2] 3 4 6 8", 0},
    {"dot", "i32[2,2] 1 2 3 4; i32[2,2] 5 6 7 8", "contract=1:1 batch=0:0", NULL, "i32[2] 17 53", 0},
    {"dot", "i32[2,2] 1 2 3 4; i32[2,2] 5 6 7 8", "contract=1:0 batch=0:1", NULL, "i32[2] 19 50", 0},
    {"dot", "f32[2,0]; f32[0,1]", "contract=1:0 batch=", NULL, "f32[2,1] 0", 0},
    {"dot", "f16[3] 2048 1 1; f16[3] 1 1 1", "contract=0:0 batch=", NULL, "f16 2050", 0},
    {"conv", "f32[1,1,4] 1 2 3 4; f32[1,1,2] 10 1", "stride=1 lo=0 hi=0 dilate=1 spread=1 groups=1", NULL, "f32[1,1,3] 12 23 34", 0},
    {"conv", "f32[1,1,4] 1 2 3 4; f32[1,1,2] 10 1", "stride=2 lo=1 hi=1 dilate=1 spread=1 groups=1", NULL, "f32[1,1,3] 1 23 40", 0},
    {"conv", "f32[1,1,4] 1 2 3 4; f32[1,1,2] 10 1", "stride=1 lo=0 hi=0 dilate=3 spread=1 groups=1", NULL, "f32[1,1,1] 14", 0},
    {"conv", "f32[1,1,2] 1 2; f32[1,1,2] 10 1", "stride=1 lo=1 hi=1 dilate=1 spread=2 groups=1", NULL, "f32[1,1,4] 1 10 2 20", 0},
    {"conv", "f32[1,2,2] 1 2 3 4; f32[2,1,2] 1 1 10 1", "stride=1 lo=0 hi=0 dilate=1 spread=1 groups=2", NULL, "f32[1,2,1] 3 34", 0},
    {"conv", "f32[1,1,2,2] 1 2 3 4; f32[1,1,2,2] 1000 100 10 1", "stride=1,1 lo=0,0 hi=0,0 dilate=1,1 spread=1,1 groups=1", NULL, "f32[1,1,1,1] 1234", 0},
    {"conv", "f32[1,2] 1 2; f32[1,2] 3 4", "stride= lo= hi= dilate= spread= groups=1", NULL, "f32[1,1] 11", 0},
    /* reductions: empty and hopeless rows, NaN, order */
    {"reduce_sum", "f32[2,2] 1 2 3 4", "axes=1", NULL, "f32[2] 3 7", 0},
    {"reduce_sum", "f32[2,2] 1 2 3 4", "axes=0,1", NULL, "f32 10", 0},
    {"reduce_sum", "f32[0]", "axes=0", NULL, "f32 0", 0},
    {"reduce_sum", "f32 4", "axes=", NULL, "f32 4", 0},
    {"reduce_sum", "f32[3] 16777216 1 1", "axes=0", NULL, "f32 16777216", 0},
    {"reduce_sum", "f16[4] 2048 1 1 1", "axes=0", NULL, "f16 2052", 0},
    {"reduce_sum", "u8[3] 200 100 1", "axes=0", NULL, "u8 45", 0},
    {"reduce_prod", "i32[0]", "axes=0", NULL, "i32 1", 0},
    {"reduce_prod", "f32[3] 2 3 4", "axes=0", NULL, "f32 24", 0},
    {"reduce_max", "f32[3,2] 1 5 nan 2 0 -1", "axes=1", NULL, "f32[3] 5 nan 0", 0},
    {"reduce_max", "f32[0]", "axes=0", NULL, "f32 -inf", 0},
    {"reduce_min", "f32[0]", "axes=0", NULL, "f32 inf", 0},
    {"reduce_max", "i8[0]", "axes=0", NULL, "i8 -128", 0},
    {"reduce_min", "u8[0]", "axes=0", NULL, "u8 255", 0},
    {"reduce_min", "i64[2] -3 -9223372036854775808", "axes=0", NULL, "i64 -9223372036854775808", 0},
    {"reduce_max", "u8[2] 1 200", "axes=0", NULL, "u8 200", 0},
    {"reduce_any", "bool[2,2] 0 0 0 1", "axes=1", NULL, "bool[2] 0 1", 0},
    {"reduce_any", "bool[0]", "axes=0", NULL, "bool 0", 0},
    {"reduce_all", "bool[0]", "axes=0", NULL, "bool 1", 0},
    {"reduce_all", "bool[2,2] 1 1 0 1", "axes=1", NULL, "bool[2] 1 0", 0},
    {"argmax", "f32[2,3] 1 3 3 0 nan nan", "axis=1", "i32[2]", "i32[2] 1 1", 0},
    {"argmin", "f32[2,3] 3 1 1 0 nan -5", "axis=1", "i32[2]", "i32[2] 1 1", 0},
    {"argmax", "f32[2,2] 1 3 2 0", "axis=0", "i32[2]", "i32[2] 1 0", 0},
    {"argmax", "u8[2] 100 200", "axis=0", "i32", "i32 1", 0},
    {"argmax", "i8[2] 100 -56", "axis=0", "i32", "i32 0", 0},
    {"window_sum", "f32[5] 1 2 3 4 5", "size=2 stride=2 lo=1 hi=0 dilate=1 spread=1", NULL, "f32[3] 1 5 9", 0},
    {"window_sum", "i32[2] 1 2", "size=2 stride=1 lo=1 hi=1 dilate=1 spread=3", NULL, "i32[5] 1 1 0 2 2", 0},
    {"window_max", "f32[4] 1 nan -3 -4", "size=2 stride=2 lo=0 hi=2 dilate=1", NULL, "f32[3] nan -3 -inf", 0},
    {"window_max", "i8[4] -1 -2 -3 -4", "size=2 stride=1 lo=0 hi=0 dilate=2", NULL, "i8[2] -1 -2", 0},
    {"window_argmax", "f32[2,2,3] 1 5 5 0 2 9 -1 -2 -3 -4 nan nan", "size=1,2,2 stride=1,1,1 lo=0,0,0 hi=0,0,0 dilate=1,1,1", "i32[2,1,2]", "i32[2,1,2] 1 5 4 4", 0},
    {"window_argmax", "f32[3] -inf -inf 1", "size=2 stride=1 lo=1 hi=1 dilate=1", "i64[4]", "i64[4] 0 1 3 3", 0},
    {"window_argmin", "i32[4] 4 3 3 9", "size=2 stride=2 lo=0 hi=0 dilate=1", "i32[2]", "i32[2] 1 2", 0},
    {"window_argmin", "f32[2,2] 4 3 2 1", "size=1,1 stride=1,1 lo=0,0 hi=0,0 dilate=1,1", "i32[2,2]", "i32[2,2] 0 0 0 0", 0},
    {"window_min", "f32[2,2] 4 3 2 1", "size=2,1 stride=1,1 lo=0,0 hi=0,0 dilate=1,1", NULL, "f32[1,2] 2 1", 0},
    {"cumsum", "f32[2,3] 1 2 3 4 5 6", "axis=1 reverse=false", NULL, "f32[2,3] 1 3 6 4 9 15", 0},
    {"cumsum", "f32[2,3] 1 2 3 4 5 6", "axis=0 reverse=true", NULL, "f32[2,3] 5 7 9 4 5 6", 0},
    {"cumprod", "i32[4] 1 2 3 4", "axis=0 reverse=false", NULL, "i32[4] 1 2 6 24", 0},
    {"cummax", "f32[4] 2 1 nan 3", "axis=0 reverse=false", NULL, "f32[4] 2 2 nan nan", 0},
    {"cumsum", "f32[0]", "axis=0 reverse=false", NULL, "f32[0]", 0},
    {"sort", "f32[6] 3 nan -0 0 -inf 1", "axis=0", NULL, "f32[6] -inf -0 0 1 3 nan; i32[6] 4 2 3 5 0 1", 0},
    {"sort", "i32[2,2] 2 1 1 2", "axis=0", NULL, "i32[2,2] 1 1 2 2; i32[2,2] 1 0 0 1", 0},
    {"sort", "u8[3] 200 7 7", "axis=0", NULL, "u8[3] 7 7 200; i32[3] 1 2 0", 0},
    {"check", "bool 1", "code=3 text=no", NULL, "", 0},
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

static bool is_near(double a, double b, double within)
{
  if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
  if (a == b) return signbit(a) == signbit(b);
  return fabs(a - b) <= within * fmax(1e-9, fabs(b));
}

static void check_equal(int row, const MdlTensor *got, const MdlTensor *want, double within)
{
  ck_assert_int_eq(got->dtype, want->dtype);
  ck_assert_int_eq(got->rank, want->rank);
  for (int i = 0; i < got->rank; i++) ck_assert_int_eq(got->dim[i], want->dim[i]);
  for (int64_t i = 0; i < got->count; i++)
    if (got->real)
      ck_assert_msg(is_near(got->real[i], want->real[i], within),
                    "%s of %s: [%d] is %.17g, not %.17g", rows[row].op, rows[row].operands, (int)i,
                    got->real[i], want->real[i]);
    else
      ck_assert_msg(got->integer[i] == want->integer[i], "%s of %s: [%d] is %lld, not %lld",
                    rows[row].op, rows[row].operands, (int)i, (long long)got->integer[i],
                    (long long)want->integer[i]);
}

START_TEST(row)
{
  const char *part[MDL_MAX_RESULTS];
  MdlEvalResult r =
      mdl_case_eval(ir, rows[_i].op, rows[_i].operands, rows[_i].attrs, rows[_i].given, NULL);
  ck_assert_int_eq(r.results, mdl_case_split(ir, rows[_i].wants, part, MDL_MAX_RESULTS));
  ck_assert_int_eq(r.status, 0);
  for (int i = 0; i < r.results; i++) {
    MdlTensor want = mdl_case_tensor(ir, part[i]);
    check_equal(_i, &r.result[i], &want, rows[_i].within);
  }
}
END_TEST

START_TEST(every_structural_row_is_tried)
{
  for (int op = 0; op < MDL_OP_COUNT; op++) {
    bool tried = mdl_op_info((MdlOp)op)->elementwise || op == MDL_OP_print;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
      tried |= !strcmp(rows[i].op, mdl_op_info((MdlOp)op)->name);
    ck_assert_msg(tried, "%s has no case", mdl_op_info((MdlOp)op)->name);
  }
}
END_TEST

START_TEST(without_rounding_sums_stay_wide)
{
  const MdlEvalOptions wide = {.no_rounding = true};
  MdlEvalResult r = mdl_case_eval(ir, "reduce_sum", "f32[3] 16777216 1 1", "axes=0", NULL, &wide);
  ck_assert_double_eq(r.result[0].real[0], 16777218);
}
END_TEST

START_TEST(a_check_that_fails_is_a_status)
{
  MdlEvalResult r = mdl_case_eval(ir, "check", "bool[3] 1 0 1", "code=3 text=no", NULL, NULL);
  ck_assert_int_eq(r.status, 3 + 256);
}
END_TEST

static const char *const out_of_range[][3] = {
    {"gather", "f32[3] 1; i32 3", "axis=0 batch=0"},
    {"scatter", "f32[3] 1; i32 -1; f32 2", "axis=0 batch=0"},
    {"dynamic_slice", "f32[3] 1; i32 2", "axis=0"},
    {"dynamic_update", "f32[3] 1; i32 -1; f32[2] 2", "axis=0"},
};

START_TEST(out_of_range_traps_when_asked)
{
  const MdlEvalOptions trap = {.trap = true};
  const char *const *c = out_of_range[_i];
  const char *given = strcmp(c[0], "dynamic_slice") ? NULL : "f32[2]";
  ck_assert_int_eq(mdl_case_eval(ir, c[0], c[1], c[2], given, &trap).status, 2 + 256);
  ck_assert_int_eq(mdl_case_eval(ir, c[0], c[1], c[2], given, NULL).status, 0);
}
END_TEST

static void remember(void *user, const char *text, const MdlTensor *value)
{
  ck_assert_str_eq(text, "loss");
  *(double *)user += value->real[1];
}

START_TEST(print_hands_over_the_value)
{
  double seen = 0;
  const MdlEvalOptions options = {.print = remember, .user = &seen};
  mdl_case_eval(ir, "print", "f32[2] 1 2.5", "text=loss", NULL, &options);
  ck_assert_double_eq(seen, 2.5);
}
END_TEST

/* Loading what was stored gives the same bits, for every 16-bit pattern. */
START_TEST(sixteen_bits_survive_memory)
{
  static const MdlDtype dtypes[] = {MDL_f16, MDL_bf16};
  for (int k = 0; k < 2; k++) {
    MdlTensor t = mdl_tensor_create(ir->arena, dtypes[k], 0, NULL);
    for (uint32_t bits = 0; bits < 65536; bits++) {
      uint16_t in = (uint16_t)bits, out = 0;
      mdl_tensor_load(&t, &in);
      mdl_tensor_store(&t, &out);
      if (!isnan(t.real[0])) ck_assert_int_eq(in, out);
      ck_assert(isnan(t.real[0]) || mdl_round_to(dtypes[k], t.real[0]) == t.real[0]);
    }
  }
}
END_TEST

/* ---- functions, loops, branches ---------------------------------------------------------- */

static const char flow[] =
    "func.func private @square(%a: f32) -> f32 {\n"
    "  %y = \"mdl.mul\"(%a, %a) : (f32, f32) -> f32\n"
    "  return %y : f32\n"
    "}\n"
    "func.func @f(%x: f32, %v: tensor<?xf32, [\"N\"]>) -> (f32, f32, f32, index) {\n"
    "  %zero = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "  %one = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "  %n = \"mdl.size\"() {of = \"N\"} : () -> index\n"
    "  %fone = \"mdl.const\"() {value = 1.0 : f32} : () -> f32\n"
    "  %s = scf.for %i = %zero to %n step %one iter_args(%c = %fone) -> (f32) {\n"
    "    %sl = \"mdl.gather\"(%v, %i) {axis = 0 : i64, batch = 0 : i64} : (tensor<?xf32, [\"N\"]>, "
    "index) -> f32\n"
    "    %q = func.call @square(%sl) : (f32) -> f32\n"
    "    %t = \"mdl.add\"(%c, %q) : (f32, f32) -> f32\n"
    "    scf.yield %t : f32\n"
    "  }\n"
    "  %big = \"mdl.gt\"(%s, %x) : (f32, f32) -> i1\n"
    "  %b = scf.if %big -> (f32) {\n"
    "    scf.yield %s : f32\n"
    "  } else {\n"
    "    %m = \"mdl.neg\"(%s) : (f32) -> f32\n"
    "    scf.yield %m : f32\n"
    "  }\n"
    "  %w:2 = scf.while (%a = %fone, %k = %zero) : (f32, index) -> (f32, index) {\n"
    "    %go = \"mdl.lt\"(%a, %x) : (f32, f32) -> i1\n"
    "    scf.condition(%go) %a, %k : f32, index\n"
    "  } do {\n"
    "  ^bb0(%a: f32, %k: index):\n"
    "    %d = \"mdl.add\"(%a, %a) : (f32, f32) -> f32\n"
    "    %kk = \"mdl.add\"(%k, %one) : (index, index) -> index\n"
    "    scf.yield %d, %kk : f32, index\n"
    "  }\n"
    "  return %s, %b, %w#0, %w#1 : f32, f32, f32, index\n"
    "}\n";

START_TEST(loops_branches_and_calls)
{
  MlirOperation module = mdl_parse_mlir(ir, flow, strlen(flow));
  ck_assert_msg(!mdl_is_null(module), "%s", mdl_ir_said(ir));
  MlirOperation f = mdl_symbol(ir, mdl_symbols(ir, module), "f");
  const MdlTensor args[] = {mdl_case_tensor(ir, "f32 100"), mdl_case_tensor(ir, "f32[3] 1 2 3")};
  MdlEvalResult r = mdl_eval(ir, module, f, args, NULL, ir->arena);
  ck_assert_double_eq(r.result[0].real[0], 15);
  ck_assert_double_eq(r.result[1].real[0], -15);
  ck_assert_double_eq(r.result[2].real[0], 128);
  ck_assert_int_eq(r.result[3].integer[0], 7);
  mdl_module_destroy(module);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("eval");
  tcase_add_unchecked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, row, 0, sizeof rows / sizeof *rows);
  tcase_add_test(t, every_structural_row_is_tried);
  tcase_add_test(t, without_rounding_sums_stay_wide);
  tcase_add_test(t, a_check_that_fails_is_a_status);
  tcase_add_loop_test(t, out_of_range_traps_when_asked, 0, 4);
  tcase_add_test(t, print_hands_over_the_value);
  tcase_add_test(t, sixteen_bits_survive_memory);
  tcase_add_test(t, loops_branches_and_calls);
  return t;
}
