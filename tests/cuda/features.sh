#!/bin/sh
# The emulator's own test, in its three builds and several orders of threads: features.sh FOLDER.
set -eu
here=$(dirname "$0")
out=$1
mkdir -p "$out"
for mode in plain asan race; do
  sh "$here/emulate.sh" $mode "$out/$mode" "$out/objects" "$here/kernels/features.cu"
  "$out/$mode"
  for seed in 1 2 3; do EMU_SEED=$seed "$out/$mode" >/dev/null; done
done
