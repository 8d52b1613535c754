#!/bin/sh
# What nvcc makes of the samples: no kernel spills or has a stack frame; 77 where it is not
# installed: nvcc.sh FOLDER MDLC.
set -eu
samples=$(cd "$(dirname "$0")/../../samples" && pwd)
out=$1 mdlc=$2
if ! command -v nvcc >/dev/null; then
  echo "skipped: nvcc is not installed"
  exit 77
fi
mkdir -p "$out"
cd "$out"
for sample in quadratic logreg mlp cnn newton spring; do
  "$mdlc" "$samples/$sample.mdl" --emit=cuda -o "$sample.cu"
  for arch in sm_80 ${MDLC_TESTS_ALL:+sm_90 sm_100}; do
    nvcc -fmad=false -arch=$arch -cubin -Xptxas -v -o "$sample.cubin" "$sample.cu" >"$sample.log" 2>&1 || {
      cat "$sample.log"
      exit 1
    }
    if grep warning "$sample.log"; then exit 1; fi
    awk -v name="$sample.mdl, $arch" '
      /bytes stack frame/ { kernels++; if ($1 || $5 || $9) { print; bad = 1 } }
      /Used [0-9]+ registers/ { for (i = 1; i < NF; i++) if ($i == "Used" && $(i + 1) > most) most = $(i + 1) }
      END { printf "%s: %d kernels, at most %d registers\n", name, kernels, most; exit bad || !kernels }' "$sample.log"
  done
done
