/* The structural rewrites of simplify: each fires, and the evaluator gives the same bits. */
#include "tests/unit/lab.h"
#include "tests/unit/unit.h"

#include <string.h>

typedef struct Case {
  const char *name;
  const char *signature; /* of the function */
  const char *body;
  const char *has;      /* in the result, or NULL */
  const char * not [3]; /* not in the result */
} Case;

#define F32(dims) "tensor<" dims "f32>"
#define NM "tensor<?x?xf32, [\"N\", \"M\"]>"
#define MN "tensor<?x?xf32, [\"M\", \"N\"]>"
#define N_ "tensor<?xf32, [\"N\"]>"

static const Case cases[] = {
    {"power rule with a literal exponent",
     "(%x: f32) -> f32",
     "%two = \"mdl.const\"() {value = 2.0 : f32} : () -> f32\n"
     "%one = \"mdl.const\"() {value = 1.0 : f32} : () -> f32\n"
     "%zero = \"mdl.const\"() {value = 0.0 : f32} : () -> f32\n"
     "%three = \"mdl.const\"() {value = 3.0 : f32} : () -> f32\n"
     "%c = \"mdl.eq\"(%two, %zero) : (f32, f32) -> i1\n"
     "%e = \"mdl.sub\"(%two, %one) : (f32, f32) -> f32\n"
     "%p = \"mdl.pow\"(%x, %e) : (f32, f32) -> f32\n"
     "%m = \"mdl.mul\"(%two, %p) : (f32, f32) -> f32\n"
     "%w = \"mdl.where\"(%c, %zero, %m) : (i1, f32, f32) -> f32\n"
     "%t = \"mdl.mul\"(%one, %w) : (f32, f32) -> f32\n"
     "%u = \"mdl.mul\"(%one, %three) : (f32, f32) -> f32\n"
     "%y = \"mdl.add\"(%t, %u) : (f32, f32) -> f32\n"
     "return %y : f32\n",
     "mdl.add",
     {"mdl.pow", "mdl.where", "mdl.eq"}},
    {"inexact rows stay",
     "() -> f32",
     "%two = \"mdl.const\"() {value = 2.0 : f32} : () -> f32\n"
     "%y = \"mdl.exp\"(%two) : (f32) -> f32\n"
     "return %y : f32\n",
     "mdl.exp",
     {0}},
    {"broadcast of broadcast",
     "(%x: " N_ ") -> tensor<?x?x4xf32, [\"N\", \"M\"]>",
     "%a = \"mdl.broadcast\"(%x) {dims = array<i64: 0>} : (" N_ ") -> " NM "\n"
     "%y = \"mdl.broadcast\"(%a) {dims = array<i64: 0, 1>} : (" NM
     ") -> tensor<?x?x4xf32, [\"N\", \"M\"]>\n"
     "return %y : tensor<?x?x4xf32, [\"N\", \"M\"]>\n",
     "dims = array<i64: 0>",
     {"dims = array<i64: 0, 1>"}},
    {"broadcast of a new axis",
     "(%x: " N_ ") -> " NM,
     "%a = \"mdl.reshape\"(%x) : (" N_ ") -> tensor<?x1xf32, [\"N\"]>\n"
     "%y = \"mdl.broadcast\"(%a) {dims = array<i64: 0, 1>} : (tensor<?x1xf32, [\"N\"]>) -> " NM "\n"
     "return %y : " NM "\n",
     "dims = array<i64: 0>",
     {"mdl.reshape"}},
    {"map of broadcasts",
     "(%x: f32, %z: f32) -> " NM,
     "%c = \"mdl.const\"() {value = 3.0 : f32} : () -> " NM "\n"
     "%a = \"mdl.broadcast\"(%x) {dims = array<i64>} : (f32) -> " NM "\n"
     "%b = \"mdl.broadcast\"(%z) {dims = array<i64>} : (f32) -> " NM "\n"
     "%s = \"mdl.mul\"(%a, %b) : (" NM ", " NM ") -> " NM "\n"
     "%y = \"mdl.add\"(%s, %c) : (" NM ", " NM ") -> " NM "\n"
     "return %y : " NM "\n",
     "\"mdl.add\"(%0, %1) : (f32, f32) -> f32",
     {"(tensor"}},
    {"reshape chain",
     "(%x: tensor<4x6xf32>) -> tensor<2x12xf32>",
     "%a = \"mdl.reshape\"(%x) : (tensor<4x6xf32>) -> tensor<24xf32>\n"
     "%y = \"mdl.reshape\"(%a) : (tensor<24xf32>) -> tensor<2x12xf32>\n"
     "return %y : tensor<2x12xf32>\n",
     "tensor<4x6xf32>) -> tensor<2x12xf32>",
     {"tensor<24xf32>"}},
    {"transpose there and back",
     "(%x: " NM ") -> " NM,
     "%a = \"mdl.transpose\"(%x) {perm = array<i64: 1, 0>} : (" NM ") -> " MN "\n"
     "%y = \"mdl.transpose\"(%a) {perm = array<i64: 1, 0>} : (" MN ") -> " NM "\n"
     "return %y : " NM "\n",
     "return %arg0",
     {"mdl.transpose"}},
    {"transpose of three axes",
     "(%x: tensor<2x3x4xf32>) -> tensor<3x2x4xf32>",
     "%a = \"mdl.transpose\"(%x) {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> "
     "tensor<4x2x3xf32>\n"
     "%y = \"mdl.transpose\"(%a) {perm = array<i64: 2, 1, 0>} : (tensor<4x2x3xf32>) -> "
     "tensor<3x2x4xf32>\n"
     "return %y : tensor<3x2x4xf32>\n",
     "array<i64: 1, 0, 2>",
     {"tensor<4x2x3xf32>"}},
    {"transpose of broadcast",
     "(%x: " N_ ") -> " MN,
     "%a = \"mdl.broadcast\"(%x) {dims = array<i64: 0>} : (" N_ ") -> " NM "\n"
     "%y = \"mdl.transpose\"(%a) {perm = array<i64: 1, 0>} : (" NM ") -> " MN "\n"
     "return %y : " MN "\n",
     "dims = array<i64: 1>",
     {"mdl.transpose"}},
    {"dot of transposes",
     "(%x: tensor<2x3xf32>, %z: tensor<4x2xf32>) -> tensor<3x4xf32>",
     "%a = \"mdl.transpose\"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>\n"
     "%b = \"mdl.transpose\"(%z) {perm = array<i64: 1, 0>} : (tensor<4x2xf32>) -> tensor<2x4xf32>\n"
     "%y = \"mdl.dot\"(%a, %b) {contract = [array<i64: 1>, array<i64: 0>], batch = [array<i64>, "
     "array<i64>]} : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>\n"
     "return %y : tensor<3x4xf32>\n",
     "contract = [array<i64: 0>, array<i64: 1>]",
     {"mdl.transpose"}},
    {"dot that sums nothing",
     "(%x: tensor<3x2xf32>, %z: tensor<4x3xf32>) -> tensor<3x2x4xf32>",
     "%y = \"mdl.dot\"(%x, %z) {contract = [array<i64>, array<i64>], batch = [array<i64: 0>, "
     "array<i64: 1>]} : (tensor<3x2xf32>, tensor<4x3xf32>) -> tensor<3x2x4xf32>\n"
     "return %y : tensor<3x2x4xf32>\n",
     "mdl.mul",
     {"mdl.dot"}},
    {"transpose of dot",
     "(%x: tensor<3x2xf32>, %z: tensor<2x4xf32>) -> tensor<4x3xf32>",
     "%a = \"mdl.dot\"(%x, %z) {contract = [array<i64: 1>, array<i64: 0>], batch = [array<i64>, "
     "array<i64>]} : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>\n"
     "%y = \"mdl.transpose\"(%a) {perm = array<i64: 1, 0>} : (tensor<3x4xf32>) -> tensor<4x3xf32>\n"
     "return %y : tensor<4x3xf32>\n",
     "contract = [array<i64: 0>, array<i64: 1>]",
     {"mdl.transpose"}},
    {"whole slice",
     "(%x: " N_ ") -> " N_,
     "%y = \"mdl.slice\"(%x) {start = [\"0\"], limit = [\"N\"], step = array<i64: 1>} : (" N_
     ") -> " N_ "\n"
     "return %y : " N_ "\n",
     NULL,
     {"mdl.slice"}},
    {"slice of slice",
     "(%x: tensor<10xf32>) -> tensor<2xf32>",
     "%a = \"mdl.slice\"(%x) {start = [\"2\"], limit = [\"9\"], step = array<i64: 1>} : "
     "(tensor<10xf32>) -> tensor<7xf32>\n"
     "%y = \"mdl.slice\"(%a) {start = [\"1\"], limit = [\"5\"], step = array<i64: 2>} : "
     "(tensor<7xf32>) -> tensor<2xf32>\n"
     "return %y : tensor<2xf32>\n",
     "limit = [\"7\"], start = [\"3\"]",
     {"tensor<7xf32>"}},
    {"slice of concat, second part",
     "(%x: " N_ ", %z: tensor<5xf32>) -> tensor<2xf32>",
     "%a = \"mdl.concat\"(%x, %z) {axis = 0 : i64} : (" N_ ", tensor<5xf32>) -> tensor<?xf32, [\"N "
     "+ 5\"]>\n"
     "%y = \"mdl.slice\"(%a) {start = [\"N + 1\"], limit = [\"N + 3\"], step = array<i64: 1>} : "
     "(tensor<?xf32, [\"N + 5\"]>) -> tensor<2xf32>\n"
     "return %y : tensor<2xf32>\n",
     "limit = [\"3\"], start = [\"1\"]",
     {"mdl.concat"}},
    {"slice of concat, first part",
     "(%x: " N_ ", %z: tensor<5xf32>) -> " N_,
     "%a = \"mdl.concat\"(%x, %z) {axis = 0 : i64} : (" N_ ", tensor<5xf32>) -> tensor<?xf32, [\"N "
     "+ 5\"]>\n"
     "%y = \"mdl.slice\"(%a) {start = [\"0\"], limit = [\"N\"], step = array<i64: 1>} : "
     "(tensor<?xf32, [\"N + 5\"]>) -> " N_ "\n"
     "return %y : " N_ "\n",
     NULL,
     {"mdl.concat", "mdl.slice"}},
    {"concat of both ends",
     "(%x: tensor<5xf32>) -> tensor<5xf32>",
     "%a = \"mdl.slice\"(%x) {start = [\"0\"], limit = [\"2\"], step = array<i64: 1>} : "
     "(tensor<5xf32>) -> tensor<2xf32>\n"
     "%b = \"mdl.slice\"(%x) {start = [\"2\"], limit = [\"5\"], step = array<i64: 1>} : "
     "(tensor<5xf32>) -> tensor<3xf32>\n"
     "%y = \"mdl.concat\"(%a, %b) {axis = 0 : i64} : (tensor<2xf32>, tensor<3xf32>) -> "
     "tensor<5xf32>\n"
     "return %y : tensor<5xf32>\n",
     NULL,
     {"mdl.concat", "mdl.slice"}},
    {"slice of pad",
     "(%x: tensor<3xf32>, %v: f32) -> tensor<3xf32>",
     "%a = \"mdl.pad\"(%x, %v) {lo = [\"2\"], hi = [\"1\"], inner = array<i64: 1>} : "
     "(tensor<3xf32>, f32) -> tensor<8xf32>\n"
     "%y = \"mdl.slice\"(%a) {start = [\"2\"], limit = [\"7\"], step = array<i64: 2>} : "
     "(tensor<8xf32>) -> tensor<3xf32>\n"
     "return %y : tensor<3xf32>\n",
     NULL,
     {"mdl.pad", "mdl.slice"}},
    {"slice of broadcast",
     "(%x: tensor<5xf32>) -> tensor<2x3xf32>",
     "%a = \"mdl.broadcast\"(%x) {dims = array<i64: 0>} : (tensor<5xf32>) -> tensor<5x7xf32>\n"
     "%y = \"mdl.slice\"(%a) {start = [\"1\", \"2\"], limit = [\"3\", \"5\"], step = array<i64: 1, "
     "1>} : (tensor<5x7xf32>) -> tensor<2x3xf32>\n"
     "return %y : tensor<2x3xf32>\n",
     "tensor<2xf32>",
     {"tensor<5x7xf32>"}},
    {"reverse twice",
     "(%x: " NM ") -> " NM,
     "%a = \"mdl.reverse\"(%x) {axes = array<i64: 1>} : (" NM ") -> " NM "\n"
     "%y = \"mdl.reverse\"(%a) {axes = array<i64: 1>} : (" NM ") -> " NM "\n"
     "return %y : " NM "\n",
     NULL,
     {"mdl.reverse"}},
    {"conversion chain",
     "(%x: tensor<4xi8>) -> tensor<4xf32>",
     "%a = \"mdl.convert\"(%x) : (tensor<4xi8>) -> tensor<4xi32>\n"
     "%b = \"mdl.convert\"(%a) : (tensor<4xi32>) -> tensor<4xf64>\n"
     "%y = \"mdl.convert\"(%b) : (tensor<4xf64>) -> tensor<4xf32>\n"
     "return %y : tensor<4xf32>\n",
     "(tensor<4xi8>) -> tensor<4xf32>",
     {"f64", "i32"}},
    {"lossy conversions stay",
     "(%x: tensor<4xf32>) -> tensor<4xf32>",
     "%a = \"mdl.convert\"(%x) : (tensor<4xf32>) -> tensor<4xf16>\n"
     "%y = \"mdl.convert\"(%a) : (tensor<4xf16>) -> tensor<4xf32>\n"
     "return %y : tensor<4xf32>\n",
     "f16",
     {0}},
    {"size in floats",
     "(%x: " N_ ") -> f32",
     "%n = \"mdl.size\"() {of = \"N\"} : () -> index\n"
     "%y = \"mdl.convert\"(%n) : (index) -> f32\n"
     "return %y : f32\n",
     "\"mdl.size\"() {of = \"N\"} : () -> f32",
     {"mdl.convert"}},
    {"window at a known place",
     "(%x: tensor<9xf32>) -> tensor<4xf32>",
     "%i = \"mdl.const\"() {value = 2 : i32} : () -> i32\n"
     "%y = \"mdl.dynamic_slice\"(%x, %i) {axis = 0 : i64} : (tensor<9xf32>, i32) -> tensor<4xf32>\n"
     "return %y : tensor<4xf32>\n",
     "mdl.slice",
     {"mdl.dynamic_slice"}},
    {"window that must move stays",
     "(%x: tensor<9xf32>) -> tensor<4xf32>",
     "%i = \"mdl.const\"() {value = 7 : i32} : () -> i32\n"
     "%y = \"mdl.dynamic_slice\"(%x, %i) {axis = 0 : i64} : (tensor<9xf32>, i32) -> tensor<4xf32>\n"
     "return %y : tensor<4xf32>\n",
     "mdl.dynamic_slice",
     {0}},
    {"window just written",
     "(%x: tensor<9xf32>, %w: tensor<4xf32>, %i: i32) -> tensor<4xf32>",
     "%a = \"mdl.dynamic_update\"(%x, %i, %w) {axis = 0 : i64} : (tensor<9xf32>, i32, "
     "tensor<4xf32>) -> tensor<9xf32>\n"
     "%y = \"mdl.dynamic_slice\"(%a, %i) {axis = 0 : i64} : (tensor<9xf32>, i32) -> tensor<4xf32>\n"
     "return %y : tensor<4xf32>\n",
     NULL,
     {"mdl.dynamic"}},
    {"window written twice",
     "(%x: tensor<9xf32>, %w: tensor<4xf32>, %v: tensor<4xf32>, %i: i32) -> tensor<9xf32>",
     "%a = \"mdl.dynamic_update\"(%x, %i, %w) {axis = 0 : i64} : (tensor<9xf32>, i32, "
     "tensor<4xf32>) -> tensor<9xf32>\n"
     "%y = \"mdl.dynamic_update\"(%a, %i, %v) {axis = 0 : i64} : (tensor<9xf32>, i32, "
     "tensor<4xf32>) -> tensor<9xf32>\n"
     "return %y : tensor<9xf32>\n",
     "(%arg0, %arg3, %arg2)",
     {"(%arg0, %arg3, %arg1)"}},
    {"choice between a tensor and its update",
     "(%x: tensor<3x9xf32>, %w: tensor<3x4xf32>, %i: i32, %p: tensor<3xi1>) -> tensor<3x9xf32>",
     "%a = \"mdl.dynamic_update\"(%x, %i, %w) {axis = 1 : i64} : (tensor<3x9xf32>, i32, "
     "tensor<3x4xf32>) -> tensor<3x9xf32>\n"
     "%m = \"mdl.broadcast\"(%p) {dims = array<i64: 0>} : (tensor<3xi1>) -> tensor<3x9xi1>\n"
     "%y = \"mdl.where\"(%m, %a, %x) : (tensor<3x9xi1>, tensor<3x9xf32>, tensor<3x9xf32>) -> "
     "tensor<3x9xf32>\n"
     "return %y : tensor<3x9xf32>\n",
     "mdl.dynamic_slice",
     {"3x9xi1"}},
    {"choice between a tensor and elements put into it",
     "(%x: tensor<3x5xf32>, %w: tensor<3x4xf32>, %i: tensor<3x4xi32>, %p: tensor<3xi1>) -> "
     "tensor<3x5xf32>",
     "%a = \"mdl.scatter\"(%x, %i, %w) {axis = 1 : i64, batch = 1 : i64} : (tensor<3x5xf32>, "
     "tensor<3x4xi32>, tensor<3x4xf32>) -> tensor<3x5xf32>\n"
     "%m = \"mdl.broadcast\"(%p) {dims = array<i64: 0>} : (tensor<3xi1>) -> tensor<3x5xi1>\n"
     "%y = \"mdl.where\"(%m, %a, %x) : (tensor<3x5xi1>, tensor<3x5xf32>, tensor<3x5xf32>) -> "
     "tensor<3x5xf32>\n"
     "return %y : tensor<3x5xf32>\n",
     "mdl.gather",
     {"3x5xi1"}},
    {"indices that all share",
     "(%x: tensor<3x5xf32>, %w: tensor<3x4xf32>, %i: i32) -> tensor<3x5xf32>",
     "%j = \"mdl.broadcast\"(%i) {dims = array<i64>} : (i32) -> tensor<3x4xi32>\n"
     "%y = \"mdl.scatter_add\"(%x, %j, %w) {axis = 1 : i64, batch = 1 : i64} : (tensor<3x5xf32>, "
     "tensor<3x4xi32>, tensor<3x4xf32>) -> tensor<3x5xf32>\n"
     "return %y : tensor<3x5xf32>\n",
     "batch = 0",
     {"batch = 1"}},
    {"index along an axis of 1",
     "() -> tensor<3x1xi32>",
     "%y = \"mdl.iota\"() {axis = 1 : i64} : () -> tensor<3x1xi32>\n"
     "return %y : tensor<3x1xi32>\n",
     "mdl.const",
     {"mdl.iota"}},
    {"one row",
     "(%x: tensor<4x3xf32>) -> tensor<4xf32>",
     "%i = \"mdl.const\"() {value = 2 : i32} : () -> i32\n"
     "%y = \"mdl.gather\"(%x, %i) {axis = 1 : i64, batch = 0 : i64} : (tensor<4x3xf32>, i32) -> "
     "tensor<4xf32>\n"
     "return %y : tensor<4xf32>\n",
     "mdl.slice",
     {"mdl.gather"}},
    {"largest of a broadcast",
     "(%x: tensor<4xf32>) -> tensor<4xf32>",
     "%a = \"mdl.broadcast\"(%x) {dims = array<i64: 1>} : (tensor<4xf32>) -> tensor<3x4xf32>\n"
     "%y = \"mdl.reduce_max\"(%a) {axes = array<i64: 0>} : (tensor<3x4xf32>) -> tensor<4xf32>\n"
     "return %y : tensor<4xf32>\n",
     NULL,
     {"mdl.reduce_max"}},
    {"sum of a broadcast of integers",
     "(%x: tensor<?xi32, [\"N\"]>) -> tensor<?xi32, [\"N\"]>",
     "%a = \"mdl.broadcast\"(%x) {dims = array<i64: 0>} : (tensor<?xi32, [\"N\"]>) -> "
     "tensor<?x?xi32, [\"N\", \"M\"]>\n"
     "%y = \"mdl.reduce_sum\"(%a) {axes = array<i64: 1>} : (tensor<?x?xi32, [\"N\", \"M\"]>) -> "
     "tensor<?xi32, [\"N\"]>\n"
     "return %y : tensor<?xi32, [\"N\"]>\n",
     "mdl.mul",
     {"mdl.reduce_sum"}},
    {"sum of a broadcast of floats stays",
     "(%x: " N_ ") -> " N_,
     "%a = \"mdl.broadcast\"(%x) {dims = array<i64: 0>} : (" N_ ") -> " NM "\n"
     "%y = \"mdl.reduce_sum\"(%a) {axes = array<i64: 1>} : (" NM ") -> " N_ "\n"
     "return %y : " N_ "\n",
     "mdl.reduce_sum",
     {0}},
    {"sum of a transpose",
     "(%x: tensor<3x2xf32>) -> tensor<3xf32>",
     "%a = \"mdl.transpose\"(%x) {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>\n"
     "%y = \"mdl.reduce_sum\"(%a) {axes = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<3xf32>\n"
     "return %y : tensor<3xf32>\n",
     "axes = array<i64: 1>",
     {"mdl.transpose"}},
    {"product along an axis of 1",
     "(%x: tensor<4x1xf32>) -> tensor<4xf32>",
     "%y = \"mdl.reduce_prod\"(%x) {axes = array<i64: 1>} : (tensor<4x1xf32>) -> tensor<4xf32>\n"
     "return %y : tensor<4xf32>\n",
     "mdl.reshape",
     {"mdl.reduce_prod"}},
    {"branch that is decided",
     "(%x: f32) -> f32",
     "%t = \"mdl.const\"() {value = true} : () -> i1\n"
     "%y = scf.if %t -> (f32) {\n"
     "  %a = \"mdl.exp\"(%x) : (f32) -> f32\n"
     "  scf.yield %a : f32\n"
     "} else {\n"
     "  scf.yield %x : f32\n"
     "}\n"
     "return %y : f32\n",
     "mdl.exp",
     {"scf.if"}},
    {"loop of one round",
     "(%x: f32) -> f32",
     "%lo = \"mdl.const\"() {value = 2 : index} : () -> index\n"
     "%hi = \"mdl.const\"() {value = 3 : index} : () -> index\n"
     "%s = \"mdl.const\"() {value = 1 : index} : () -> index\n"
     "%y = scf.for %i = %lo to %hi step %s iter_args(%a = %x) -> (f32) {\n"
     "  %j = \"mdl.convert\"(%i) : (index) -> f32\n"
     "  %b = \"mdl.mul\"(%a, %j) : (f32, f32) -> f32\n"
     "  scf.yield %b : f32\n"
     "}\n"
     "return %y : f32\n",
     "value = 2.000000e+00",
     {"scf.for"}},
    {"loop of no round",
     "(%x: f32) -> f32",
     "%lo = \"mdl.const\"() {value = 3 : index} : () -> index\n"
     "%s = \"mdl.const\"() {value = 1 : index} : () -> index\n"
     "%y = scf.for %i = %lo to %lo step %s iter_args(%a = %x) -> (f32) {\n"
     "  %b = \"mdl.exp\"(%a) : (f32) -> f32\n"
     "  scf.yield %b : f32\n"
     "}\n"
     "return %y : f32\n",
     "return %arg0",
     {"scf.for"}},
    {"value that both branches give, and a choice of scalars",
     "(%x: f32, %z: f32, %p: i1) -> (f32, f32)",
     "%y:2 = scf.if %p -> (f32, f32) {\n"
     "  scf.yield %x, %x : f32, f32\n"
     "} else {\n"
     "  scf.yield %x, %z : f32, f32\n"
     "}\n"
     "return %y#0, %y#1 : f32, f32\n",
     "\"mdl.where\"(%arg2, %arg0, %arg1)",
     {"scf.if"}},
    {"value that a loop hands through",
     "(%x: f32, %z: f32, %n: index) -> (f32, f32)",
     "%lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
     "%s = \"mdl.const\"() {value = 1 : index} : () -> index\n"
     "%y:2 = scf.for %i = %lo to %n step %s iter_args(%a = %x, %b = %z) -> (f32, f32) {\n"
     "  %c = \"mdl.mul\"(%a, %b) : (f32, f32) -> f32\n"
     "  scf.yield %c, %b : f32, f32\n"
     "}\n"
     "return %y#0, %y#1 : f32, f32\n",
     "-> (f32) {",
     {"-> (f32, f32) {\n    %0 = scf"}},
    {"check that holds",
     "(%x: f32) -> f32",
     "%t = \"mdl.const\"() {value = true} : () -> i1\n"
     "\"mdl.check\"(%t) {code = 3 : i64, text = \"p\"} : (i1) -> ()\n"
     "return %x : f32\n",
     NULL,
     {"mdl.check"}},
};

static const char *module_of(MdlArena *arena, const Case *c)
{
  return mdl_text(arena, "func.func @f%s {\n%s}\n", c->signature, c->body);
}

START_TEST(it_fires_and_keeps_every_bit)
{
  const Case *c = &cases[_i];
  MdlArena *arena = mdl_arena_create();
  const char *module = module_of(arena, c);
  Lab lab = lab_open(module);
  const char *text = lab_run(&lab, "simplify,dce");
  if (c->has && !strstr(text, c->has)) ck_abort_msg("%s: no `%s` in\n%s", c->name, c->has, text);
  for (int i = 0; i < 3; i++)
    if (c->not [i] && strstr(text, c->not [i]))
      ck_abort_msg("%s: still `%s` in\n%s", c->name, c->not [i], text);
  uint64_t print = mdl_fingerprint(lab.module);
  lab_run(&lab, "simplify,dce");
  ck_assert_msg(print == mdl_fingerprint(lab.module), "%s: twice is not once", c->name);
  lab_close(&lab);
  lab_keeps(module, "f", "simplify,dce");
  mdl_arena_destroy(arena);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("simplify");
  tcase_add_loop_test(t, it_fires_and_keeps_every_bit, 0, (int)(sizeof cases / sizeof *cases));
  return t;
}
