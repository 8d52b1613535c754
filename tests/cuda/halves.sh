#!/bin/sh
# Products and convolutions on tensor cores, of 16-bit floats and of f32 rounded to tf32, emulated, and
# what nvcc makes of them: halves.sh FOLDER MDLC.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2
for kind in f16 bf16 tf32; do
  code=$out/$kind
  half=$kind precision=
  [ $kind = tf32 ] && half=f32 precision=--matmul-precision=tf32
  mkdir -p "$code"
  sed "s/HALF/$half/g" "$here/halves.mdl" >"$code/halves.mdl"
  sed "s/= KIND;/= $kind;/" "$here/halves.cu" >"$code/main.cu"
  "$mdlc" "$code/halves.mdl" --emit=cuda $precision -o "$code/halves.cu"
  products=$(grep -c "mma_$kind(sum" "$code/halves.cu")
  [ "$products" = 25 ] || { echo "$kind: $products products on tensor cores, not 25"; exit 1; }
  for mode in plain asan race; do
    [ $kind = f16 ] && [ $mode != plain ] && [ -z "${MDLC_TESTS_ALL-}" ] && continue
    sh "$here/emulate.sh" $mode "$code/$mode" "$out/objects" "$code/main.cu" "$code/halves.cu"
    "$code/$mode" ${MDLC_TESTS_ALL:+large}
  done
done

# f32 stays f32 unless asked.
"$mdlc" "$out/tf32/halves.mdl" --emit=cuda --matmul-precision=highest -o "$out/highest.cu"
if grep -q mma_ "$out/highest.cu"; then
  echo "highest: tensor cores"
  exit 1
fi

# Tensor cores where planned, without a spill.
if ! command -v nvcc >/dev/null; then
  echo "nvcc is not installed: registers and PTX were not looked at"
  exit 0
fi
for kind in bf16 tf32; do
  cd "$out/$kind"
  for arch in sm_80 ${MDLC_TESTS_ALL:+sm_90 sm_90a sm_100}; do
    code=compute_${arch#sm_}
    nvcc -fmad=false -gencode=arch=$code,code=$arch -cubin -Xptxas -v -o halves.cubin halves.cu >nvcc.log 2>&1 || {
      cat nvcc.log
      exit 1
    }
    if grep warning nvcc.log; then exit 1; fi
    awk -v kind="$kind, $arch" '
      /bytes stack frame/ { kernels++; if ($1 || $5 || $9) { print; bad = 1 } }
      /Used [0-9]+ registers/ { for (i = 1; i < NF; i++) if ($i == "Used" && $(i + 1) > most) most = $(i + 1) }
      END { printf "%s: %d kernels, at most %d registers\n", kind, kernels, most; exit bad || !kernels }' nvcc.log
  done
  nvcc -fmad=false -arch=sm_80 -ptx -o halves.ptx halves.cu
done

# count KIND KERNEL INSTRUCTION HOW_MANY: in the kernel's PTX, loops over fragments being unrolled. Of
# several numbers one will do.
count() {
  found=$(awk -v kernel="$2(" '/^\.visible \.entry/ { on = index($0, kernel) } on' "$out/$1/halves.ptx" | grep -c "$3" || true)
  case " $4 " in *" $found "*) return ;; esac
  echo "$1, $2: $found times $3, not $4"
  exit 1
}
# 64 by 32 of a warp, a slab of two instructions' steps: 4 by 4 products each, from 4 and 2 fragments.
count bf16 halves_square_dot 'mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32' 32
count bf16 halves_square_dot 'ldmatrix.sync.aligned.m8n8.x4.shared.b16' 8
count bf16 halves_square_dot 'ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16' 4
# Columns of f32 lie along the side: read as words. Every register of a fragment is rounded.
count tf32 halves_square_dot 'mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32' 32
count tf32 halves_square_dot 'ldmatrix.sync.aligned.m8n8.x4.shared.b16' 8
count tf32 halves_square_dot 'cvt.rna.tf32.f32' 48
count tf32 halves_square_dot 'mma.sync.aligned.m16n8k16' 0
# Copies ahead of the loop over slabs, which may be unrolled into two rounds, and in it: 2 a thread of
# either side.
for kind in bf16 tf32; do
  count $kind halves_square_dot 'cp.async.cg.shared.global' '8 12'
  count $kind halves_odd_dot 'cp.async' 0
done
