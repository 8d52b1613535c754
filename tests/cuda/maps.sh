#!/bin/sh
# Maps on the emulator, aligned and not; where nvcc is installed, that loads and stores are of 16
# bytes: maps.sh FOLDER MDLC.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2
mkdir -p "$out/code"
"$mdlc" "$here/maps.mdl" --emit=cuda -o "$out/code/maps.cu"
cp "$here/maps.cu" "$out/code/main.cu"
for mode in plain asan race; do
  sh "$here/emulate.sh" $mode "$out/$mode" "$out/objects" "$out/code/main.cu" "$out/code/maps.cu"
  "$out/$mode"
done
vectors=$(grep -c 'aligned(16' "$out/code/maps.cu")
[ "$vectors" -ge 9 ]
[ "$(grep -c '__shared__ .* square' "$out/code/maps.cu")" = 2 ]
command -v nvcc >/dev/null || exit 0
nvcc -fmad=false -arch=sm_80 -ptx -o "$out/maps.ptx" "$out/code/maps.cu"
awk -v vectors="$vectors" '
  /^\.visible \.entry/ { kernels++ }
  /ld\.global(\.nc)?\.v[24]/ && !loads[kernels]++ { wide_loads++ }
  /st\.global\.(v[24]|b32|u32)/ && !stores[kernels]++ { wide_stores++ }
  /\.local\./ { print "memory of a thread: " $0; bad = 1 }
  END { exit bad || wide_loads != vectors || wide_stores < vectors }' "$out/maps.ptx"
