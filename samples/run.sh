#!/bin/sh
# Builds mdlc, compiles, trains and runs every sample, and ends with a page of what it did. Nothing
# to install beforehand: `sh samples/run.sh`. Curves and logs are left in build/samples.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
cc=${CC:-cc}
if [ "${1-}" != --built ]; then
  echo "building mdlc (the first time takes a few minutes)"
  sh "$top/tests/build.sh"
fi
mdlc=${MDLC:-$top/build/release/bin/mdlc}
mkdir -p "$top/build/samples"
cd "$top/build/samples"
rm -f page.txt

row() { # what, result
  printf '  %-44s %s\n' "$1" "$2" >>page.txt
  printf '%s: %s\n' "$1" "$2"
}

fail() {
  echo "samples: $*" >&2
  exit 1
}

expect() { # wanted, got, what
  [ "$1" = "$2" ] || fail "$3: wanted \`$1\`, got \`$2\`"
}

at_least() { # percent, "test accuracy 97.2 %", what
  echo "$2" | awk -v least="$1" '{ exit !($3 >= least) }' || fail "$3: $2, wanted $1 %"
}

seconds() { # of what ran since $start
  awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f s", b - a }'
}

train() { # name, data, least accuracy
  "$mdlc" "$here/$1.mdl" -c --emit=header -o "$1.o"
  "$cc" -std=c99 -O2 -I. "$here/train_$1.c" "$1.o" -lm -o "train_$1"
  start=$(date +%s.%N)
  ./"train_$1" "$here/data/$2" 1 "$1.bin" >"$1.log"
  took=$(seconds)
  cat "$1.log"
  last=$(tail -n 1 "$1.log")
  at_least "$3" "$last" "$1.mdl"
  python3 "$here/curve.py" "$1.log" "$1.svg" "$1.mdl"
  row "$1.mdl, trained by train_$1.c" "$last in $took, $(wc -c <"$1.o") byte object"
}

# ---- the quadratic: values, its symbolic derivative, no dependency
expect "out = 15" "$("$mdlc" run "$here/quadratic.mdl" f 2)" "quadratic f 2"
expect "out = 7" "$("$mdlc" run "$here/quadratic.mdl" df 2)" "quadratic df 2"
"$mdlc" "$here/quadratic.mdl" --emit=ir
"$mdlc" "$here/quadratic.mdl" -c
[ -z "$(nm -u quadratic.o)" ] || fail "quadratic.o has undefined symbols: $(nm -u quadratic.o)"
row "quadratic.mdl" "f(2) = 15, df(2) = 7; object without undefined symbols"

# ---- a loss with its gradient, for other code to call: at zeros, four classes are a quarter each
loss=$("$mdlc" run "$here/softmax_xent.mdl" loss_grad "[[0, 0, 0, 0], [0, 0, 0, 0]]" "[1, 3]")
expect "out0 = 1.3862944
out1 = [[ 0.125, -0.375,  0.125,  0.125],
        [ 0.125,  0.125,  0.125, -0.375]]" "$loss" "softmax_xent loss_grad"
"$mdlc" "$here/softmax_xent.mdl" -c
row "softmax_xent.mdl" "of zeros for 4 classes: log 4 = 1.3862944; $(wc -c <softmax_xent.o) byte object"

# ---- learning
train logreg wdbc.csv 95
train mlp digits.bin 96
cp mlp.log again.log
cp mlp.bin again.bin
./train_mlp "$here/data/digits.bin" 1 mlp.bin | cmp - again.log
cmp mlp.bin again.bin || fail "mlp: the same seed gave other weights"
row "the MLP a second time" "the same seed, the same bits"
"$mdlc" "$here/mlp.mdl" --emit=c -o mlp.c
"$cc" -std=c99 -O2 -I. "$here/train_mlp.c" mlp.c -lm -o train_mlp_c
last=$(./train_mlp_c "$here/data/digits.bin" | tail -n 1)
at_least 96 "$last" "mlp.c"
row "the MLP as one C99 file (mlp.c)" "$last"
train cnn digits.bin 97

# ---- the same through XLA, from C, where its plugin is installed (tests/install.sh)
plugin=${MDLC_PJRT:-$top/build/plugins/xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so}
runtime=$(dirname "$mdlc")/../libmdl.a
if [ -e "$plugin" ]; then
  expect "out = 15" "$("$mdlc" run --target=hlo --pjrt="$plugin" "$here/quadratic.mdl" f 2)" "XLA: f 2"
  expect "out = 7" "$("$mdlc" run --target=hlo --pjrt="$plugin" "$here/quadratic.mdl" df 2)" "XLA: df 2"
  "$mdlc" "$here/mlp.mdl" --emit=stablehlo --entry=train -DB=32 -o train.mlir
  "$mdlc" "$here/mlp.mdl" --emit=hlo_manifest --entry=train -DB=32 -o train.json
  "$cc" -std=c99 -O2 -I. -I"$top" "$here/train_mlp_pjrt.c" mlp.o "$runtime" -ldl -lpthread -lm -o train_mlp_pjrt
  start=$(date +%s.%N)
  TF_CPP_MIN_LOG_LEVEL=3 ./train_mlp_pjrt "$plugin" train.mlir train.json "$here/data/digits.bin" >mlp_pjrt.log ||
    fail "train_mlp_pjrt: $(tail -n 1 mlp_pjrt.log)"
  took=$(seconds)
  cat mlp_pjrt.log
  last=$(tail -n 1 mlp_pjrt.log)
  at_least 96 "$last" "mlp.mdl through XLA"
  row "the MLP through XLA (train_mlp_pjrt.c)" "$last in $took; $(sed -n 2p mlp_pjrt.log)"
else
  row "the MLP through XLA" "skipped: its CPU plugin is not installed"
fi

# ---- loops
expect "out = 1.4987011335178484" "$("$mdlc" run "$here/newton.mdl" anomaly 1 0.5)" "newton"
speed=$("$mdlc" run "$here/newton.mdl" speed 1 0.5)
row "newton.mdl, a while with a limit" "Kepler's equation to 1e-12; its gradient: $speed"
"$mdlc" "$here/spring.mdl" -c --emit=header -o spring.o
"$cc" -std=c99 -O2 -I. "$here/fit_spring.c" spring.o -lm -o fit_spring
./fit_spring >spring.log || fail "spring: $(tail -n 1 spring.log)"
cat spring.log
python3 "$here/curve.py" spring.log spring.svg "spring.mdl"
row "spring.mdl, gradient through 200 steps" "$(tail -n 1 spring.log)"

# ---- a microcontroller
mkdir -p m4
(cd m4 && sh "$here/m4/run.sh" "$mdlc" ../mlp.bin) >m4.log || fail "m4: $(cat m4.log)"
cat m4.log
row "mlp.mdl on a bare Cortex-M4 (QEMU)" "$(head -n 1 m4.log), as on the host"
row "" "$(sed -n 2p m4.log)"

echo
echo "What samples/run.sh did:"
cat page.txt
echo "Curves: build/samples/{logreg,mlp,cnn,spring}.svg"
