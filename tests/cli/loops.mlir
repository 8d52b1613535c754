module attributes {mdl.form = "loops"} {
  func.func @t_f(%x: f32 {mdl.name = "x"}, %out: memref<f32> {llvm.noalias, mdl.name = "out"}) -> i32 attributes {mdl.work_bytes = "0", mdl.signature = {module = "t", prefix = "t_", source = "loops.mlir", entry = "f", text = "entry fn f(x: f32) -> f32", line = 1, work = 0, sizes = [],
     params = [{name = "x", role = 0, leaf = 0, leaves = 1, preset = "3"}, {name = "out", role = 2, leaf = 1, leaves = 1}],
     leaves = [{path = "", type = f32}, {path = "", type = f32}], structs = [], checks = [], guards = []}} {
    %0 = arith.mulf %x, %x : f32
    memref.store %0, %out[] : memref<f32>
    %s = arith.constant 0 : i32
    return %s : i32
  }
  func.func @t_g(%N: i64 {mdl.name = "N"}, %w: memref<f32> {llvm.noalias, mdl.name = "m.w"}, %b: memref<f32> {llvm.noalias, mdl.name="m.b"}, %x: memref<f32> {llvm.noalias, mdl.name = "x"}, %out: memref<f32> {llvm.noalias, mdl.name = "out"}, %work: memref<i8> {mdl.name = "work"}) -> i32 attributes {mdl.work_bytes = "64", mdl.signature = {module = "t", prefix = "t_", source = "loops.mlir", entry = "g", text = "entry fn g[N](inout m: L[N], x: f32[2*N]) -> f32[2*N]", line = 2, work = 1, sizes = ["N"],
     params = [{name = "m", struct = "L", role = 1, leaf = 0, leaves = 2}, {name = "x", role = 0, leaf = 2, leaves = 1}, {name = "out", role = 2, leaf = 3, leaves = 1}],
     leaves = [{path = "w", type = tensor<?xf32, ["N"]>}, {path = "b", type = f32}, {path = "", type = tensor<?xf32, ["2*N"]>}, {path = "", type = tensor<?xf32, ["2*N"]>}],
     structs = [{name = "L", source = "L[N]", line = 1, fields = [{name = "w", type = tensor<?xf32, ["N"]>, stack = []}, {name = "b", type = f32, stack = []}]}],
     checks = [{code = 3, line = 2, file = "loops.mlir", text = "N is small"}], guards = []}} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %n = arith.index_cast %N : i64 to index
    %n2 = arith.muli %n, %c2 : index
    %wm = memref.reinterpret_cast %w to offset: [0], sizes: [%n], strides: [1] : memref<f32> to memref<?xf32>
    %xm = memref.reinterpret_cast %x to offset: [0], sizes: [%n2], strides: [1] : memref<f32> to memref<?xf32>
    %om = memref.reinterpret_cast %out to offset: [0], sizes: [%n2], strides: [1] : memref<f32> to memref<?xf32>
    scf.for %i = %c0 to %n2 step %c1 {
      %v = memref.load %xm[%i] : memref<?xf32>
      %bb = memref.load %b[] : memref<f32>
      %s = arith.addf %v, %bb : f32
      memref.store %s, %om[%i] : memref<?xf32>
    }
    scf.for %i = %c0 to %n step %c1 {
      %v = memref.load %xm[%i] : memref<?xf32>
      memref.store %v, %wm[%i] : memref<?xf32>
    }
    %c4 = arith.constant 4 : i64
    %bad = arith.cmpi sgt, %N, %c4 : i64
    %e = arith.constant 515 : i32
    %z = arith.constant 0 : i32
    %r = arith.select %bad, %e, %z : i32
    return %r : i32
  }
}
