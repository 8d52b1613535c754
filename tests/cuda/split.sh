#!/bin/sh
# Long axes on the emulator, the checker of races included: split.sh FOLDER MDLC.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2
mkdir -p "$out/code"
"$mdlc" "$here/split.mdl" --emit=cuda -o "$out/code/split.cu"
# Convolutions of many channels and few results are made in parts.
for entry in kernel kernel_padded channels_conv; do
  grep -q "^split_${entry}_.*_parts(" "$out/code/split.cu" || {
    echo "$entry is not made in parts"
    exit 1
  }
done
cp "$here/split.cu" "$out/code/main.cu"
for mode in plain asan race; do
  sh "$here/emulate.sh" $mode "$out/$mode" "$out/objects" "$out/code/main.cu" "$out/code/split.cu"
  if [ $mode = plain ]; then "$out/$mode"; else "$out/$mode" short; fi
done
