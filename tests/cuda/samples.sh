#!/bin/sh
# The samples as CUDA, emulated: every file compiles, and the MLP learns what it learns in C, digit
# for digit: samples.sh FOLDER MDLC.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
samples=$here/../../samples
out=$1 mdlc=$2
rm -rf "$out/c" "$out/cuda"
mkdir -p "$out/c" "$out/cuda"
for sample in quadratic logreg mlp cnn newton spring softmax_xent; do
  "$mdlc" "$samples/$sample.mdl" --emit=cuda -o "$out/cuda/$sample.cu"
  "${MDLC_CLANGXX:-clang++-22}" -std=c++17 -fsyntax-only -Wall -Wextra -Werror \
    -I"$here/emu/include" -x c++ "$out/cuda/$sample.cu"
done

"$mdlc" "$samples/mlp.mdl" -c --emit=header -o "$out/c/mlp.o"
"${CC:-cc}" -std=c99 -O2 -I"$out/c" "$samples/train_mlp.c" "$out/c/mlp.o" -lm -o "$out/c/train"
cp "$samples/train_mlp_cuda.c" "$samples/digits.h" "$out/cuda"
"$out/c/train" "$samples/data/digits.bin" | head -2 >"$out/c/log"
for mode in plain ${MDLC_TESTS_ALL:+race}; do
  sh "$here/emulate.sh" "$mode" "$out/cuda/train" "$out/objects" "$out/cuda/train_mlp_cuda.c" "$out/cuda/mlp.cu"
  "$out/cuda/train" "$samples/data/digits.bin" 4 >"$out/cuda/log"
  head -2 "$out/cuda/log" | diff "$out/c/log" -
  tail -n 1 "$out/cuda/log"
done
