#!/bin/sh
# Sorts on the emulator, the checker of races included: sorts.sh FOLDER MDLC.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2
mkdir -p "$out/code"
"$mdlc" "$here/sorts.mdl" --emit=cuda -o "$out/code/sorts.cu"
cp "$here/sorts.cu" "$out/code/main.cu"
# No sort is one thread's; one block runs only what the device alone knows the number of.
sed -n '/sorts_[a-z0-9_]*_sort[a-z0-9_]*(.*[^;]$/,/^}/p' "$out/code/sorts.cu" >"$out/functions"
grep -q '__shared__' "$out/functions" || { echo "no function that sorts" >&2; exit 1; }
if grep -n 'threadIdx.x == 0' "$out/functions"; then echo "one thread does it all" >&2; exit 1; fi
if grep 'launch(.*, 1, ' "$out/code/sorts.cu" | grep -v sorts_again; then echo "one block" >&2; exit 1; fi
# The permutation has no name of its own: kernels are called by the values.
grep -q 'sorts_of_f32_sort' "$out/code/sorts.cu" || { echo "a kernel without a name" >&2; exit 1; }
# A step between chunks, and the rest of its stage, are launched by a loop of the host.
for entry in of_f32 of_i8 rows columns whole odd twice; do
  for kernel in '' far near; do
    grep -q "TRY(launch(sorts_${entry}_[a-z_]*$kernel, " "$out/code/sorts.cu" ||
      { echo "$entry does not launch $kernel" >&2; exit 1; }
  done
done
for mode in plain asan race; do
  sh "$here/emulate.sh" $mode "$out/$mode" "$out/objects" "$out/code/main.cu" "$out/code/sorts.cu"
  if [ $mode = plain ]; then "$out/$mode"; else "$out/$mode" short; fi
done
