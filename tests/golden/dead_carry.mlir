// RUN: %mdlc -x mlir --passes=simplify,dce %s | %filecheck %s
// A value that a loop carries only for itself goes, with what computes it.

// CHECK-LABEL: @f(
// CHECK:       scf.for {{.*}} -> (f32) {
// CHECK-NOT:   mdl.sin
// CHECK:       scf.yield
func.func @f(%x: f32, %y: f32, %n: index) -> f32 {
  %lo = "mdl.const"() {value = 0 : index} : () -> index
  %one = "mdl.const"() {value = 1 : index} : () -> index
  %r:2 = scf.for %i = %lo to %n step %one iter_args(%a = %x, %b = %y) -> (f32, f32) {
    %c = "mdl.add"(%a, %x) : (f32, f32) -> f32
    %d = "mdl.sin"(%b) : (f32) -> f32
    scf.yield %c, %d : f32, f32
  }
  return %r#0 : f32
}
