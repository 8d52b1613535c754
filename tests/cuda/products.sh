#!/bin/sh
# Products of matrices and convolutions on the emulator, in its three builds: products.sh FOLDER MDLC.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2
mkdir -p "$out/code"

# check NAME KERNELS: so many of them bring slabs into shared memory
check() {
  "$mdlc" "$here/$1.mdl" --emit=cuda -o "$out/code/$1.cu"
  cp "$here/$1.cu" "$out/code/main_$1.cu"
  for mode in plain asan race; do
    sh "$here/emulate.sh" $mode "$out/$1_$mode" "$out/objects" "$out/code/main_$1.cu" "$out/code/$1.cu"
    "$out/$1_$mode"
  done
  tiles=$(grep -c '__shared__ .* rows\[' "$out/code/$1.cu")
  [ "$tiles" = "$2" ] || { echo "$1.cu: $tiles kernels by tiles, not $2"; exit 1; }
}
check products 21
check convolutions 17
# Padding is read around: kernels that write it are left where groups stand behind it.
pads=$(grep -c '^convolutions_[a-z_]*_pad[_0-9]*(' "$out/code/convolutions.cu")
[ "$pads" = 1 ] || { echo "convolutions.cu: $pads kernels that pad, not 1"; exit 1; }
