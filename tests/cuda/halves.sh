#!/bin/sh
# Products and convolutions of 16-bit floats on tensor cores, emulated, and what nvcc makes of them:
# halves.sh FOLDER MDLC.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2
for half in f16 bf16; do
  code=$out/$half
  mkdir -p "$code"
  sed "s/HALF/$half/g" "$here/halves.mdl" >"$code/halves.mdl"
  sed "s/HALF_IS_BF16/$([ $half = bf16 ] && echo true || echo false)/" "$here/halves.cu" >"$code/main.cu"
  "$mdlc" "$code/halves.mdl" --emit=cuda -o "$code/halves.cu"
  for mode in plain asan race; do
    [ $half = f16 ] && [ $mode != plain ] && [ -z "${MDLC_TESTS_ALL-}" ] && continue
    sh "$here/emulate.sh" $mode "$code/$mode" "$out/objects" "$code/main.cu" "$code/halves.cu"
    "$code/$mode" ${MDLC_TESTS_ALL:+large}
  done
done
