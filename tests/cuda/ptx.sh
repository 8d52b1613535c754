#!/bin/sh
# The prelude's PTX: ptx.sh FOLDER CUDA_PTX (which prints it). kernels/tensor.cu uses all of it.
#   1 by the emulator's headers, in its three builds: what emu_ptx.h says it means is right
#   2 by clang's CUDA front end, no toolkit needed, to NVVM IR; the IR is then run on this machine,
#     each instruction as the PTX ISA's tables have it (ptx/isa.cc), its operands as the text orders
#     them
#   3 clang's PTX has each instruction; where ptxas is installed, it takes it
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 print=$2
CXX=${MDLC_CLANGXX:-clang++-22}
mkdir -p "$out/code"
"$print" >"$out/code/ptx_prelude.h"
cp "$here/kernels/tensor.cu" "$out/code/tensor.cu"

for mode in plain asan race; do
  sh "$here/emulate.sh" $mode "$out/$mode" "$out/objects" "$out/code/tensor.cu"
  for seed in 0 1; do EMU_SEED=$seed "$out/$mode"; done
done

device="-x cuda --cuda-device-only --cuda-gpu-arch=sm_80 -nocudainc -nocudalib -std=c++17 -O2
  -Wall -Wextra -Werror -Wno-unknown-cuda-version -D__CUDACC__ -DTENSOR_KERNELS_ONLY -I$here/ptx/include"
# shellcheck disable=SC2086
"$CXX" $device -S -emit-llvm "$out/code/tensor.cu" -o "$out/tensor.ll"
python3 "$here/ptx/to_host.py" "$out/tensor.ll" "$out/host.ll"
"$CXX" -O1 -Wno-override-module -c "$out/host.ll" -o "$out/host.o"
"$CXX" -std=c++17 -O1 -Wall -Wextra -Werror -I"$here/emu/include" -c "$here/ptx/isa.cc" -o "$out/isa.o"
"$CXX" -std=c++17 -O1 -Wall -Wextra -Werror -I"$here/emu/include" -DTENSOR_MAIN_ONLY -x c++ \
  -c "$out/code/tensor.cu" -o "$out/main.o"
"$CXX" -no-pie "$out/main.o" "$out/host.o" "$out/isa.o" "$out/objects/plain/"*.o -o "$out/by_ptx"
"$out/by_ptx"

# shellcheck disable=SC2086
"$CXX" $device -S "$out/code/tensor.cu" -o "$out/tensor.ptx"
missing=0
for instruction in \
  'cp\.async\.cg\.shared\.global \[%r[0-9]*\], \[%rd[0-9]*\], 16, %r[0-9]*;' \
  'cp\.async\.commit_group;' 'cp\.async\.wait_group [01];' \
  'ldmatrix\.sync\.aligned\.m8n8\.x4\.shared\.b16' 'ldmatrix\.sync\.aligned\.m8n8\.x4\.trans\.shared\.b16' \
  'mma\.sync\.aligned\.m16n8k16\.row\.col\.f32\.bf16\.bf16\.f32' \
  'mma\.sync\.aligned\.m16n8k16\.row\.col\.f32\.f16\.f16\.f32' \
  'mma\.sync\.aligned\.m16n8k8\.row\.col\.f32\.tf32\.tf32\.f32' \
  'cvt\.rna\.tf32\.f32' 'cvt\.rn\.bf16x2\.f32' 'cvt\.rn\.f16x2\.f32' \
  'cvt\.rn\.bf16\.f32' 'cvt\.rn\.f16\.f32' 'cvt\.f32\.f16'; do
  grep -q "$instruction" "$out/tensor.ptx" || { echo "clang's PTX has no $instruction"; missing=1; }
done
[ $missing = 0 ] || exit 1
if command -v ptxas >/dev/null; then
  sed 's/^\.version .*/.version 8.0/' "$out/tensor.ptx" >"$out/old.ptx"
  for arch in sm_80 sm_90 sm_100; do ptxas -arch=$arch "$out/old.ptx" -o "$out/tensor.cubin"; done
  nvcc -fmad=false -arch=sm_80 -cubin -Werror all-warnings -DTENSOR_KERNELS_ONLY -Xptxas -v \
    -o "$out/tensor.cubin" "$out/code/tensor.cu" >"$out/nvcc.log" 2>&1 || { cat "$out/nvcc.log"; exit 1; }
  if grep 'bytes stack frame' "$out/nvcc.log" | grep -v ' 0 bytes stack frame, 0 bytes spill'; then exit 1; fi
else
  echo "ptxas is not installed: clang alone was asked"
fi
