#!/bin/sh
# Products of matrices on the emulator, the checker of races included: products.sh FOLDER MDLC.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2
mkdir -p "$out/code"
"$mdlc" "$here/products.mdl" --emit=cuda -o "$out/code/products.cu"
cp "$here/products.cu" "$out/code/main.cu"
for mode in plain race; do
  sh "$here/emulate.sh" $mode "$out/$mode" "$out/objects" "$out/code/main.cu" "$out/code/products.cu"
  "$out/$mode"
done
grep -q 'launch_bounds' "$out/code/products.cu"
[ "$(grep -c '__shared__ float rows' "$out/code/products.cu")" = 5 ]
