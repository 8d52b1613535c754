#!/bin/sh
# What nvcc makes of emitted files: nvcc.sh FOLDER MDLC [--update]; 77 where it is not installed.
#   every kernel       no spills, no stack frame; no warnings; a file in less than SECONDS of processor time
#   registers.txt      registers and shared memory of the samples' kernels, compared where nvcc is of the
#                      table's version: at most MORE registers more, shared memory the same. A kernel that
#                      the table does not know is told, and in the long tier wrong; --update writes the table.
#   gates.txt          instructions that the PTX of gates.mdl must hold
# Architectures: sm_80 and sm_90; in the long tier sm_90a and sm_100 too.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
samples=$here/../../samples
out=$1 mdlc=$2 update=${3-}
SECONDS_MOST=20 MORE=8
if ! command -v nvcc >/dev/null; then
  echo "skipped: nvcc is not installed"
  exit 77
fi
mkdir -p "$out"
cd "$out"
failed=0

# compile NAME ARCH: NAME.ARCH.log, and what is wrong with it
compile() {
  sh -c 'nvcc -fmad=false -arch="$2" -cubin -Xptxas -v -o "$1.cubin" "$1.cu" >"$1.$2.log" 2>&1; code=$?; times; exit $code' \
    sh "$1" "$2" >"$1.times" || {
    cat "$1.$2.log"
    exit 1
  }
  if grep warning "$1.$2.log"; then failed=1; fi
  seconds=$(tail -n 1 "$1.times" | tr 'ms' '  ' | awk '{ printf "%.1f", 60 * $1 + $2 + 60 * $3 + $4 }')
  awk -v name="$1, $2" -v seconds="$seconds" -v most_seconds="$SECONDS_MOST" '
    /entry function/ { split($0, part, "\047"); kernel = part[2] }
    /bytes stack frame/ { kernels++; if ($1 || $5 || $9) { print kernel ": " $0; bad = 1 } }
    /Used [0-9]+ registers/ { for (i = 1; i < NF; i++) if ($i == "Used" && $(i + 1) > most) most = $(i + 1) }
    END {
      printf "%s: %d kernels, at most %d registers, %s s\n", name, kernels, most, seconds
      if (seconds > most_seconds) { print "that is more than " most_seconds " s"; bad = 1 }
      exit bad || !kernels }' "$1.$2.log" || failed=1
}

# used LOG...: "KERNEL REGISTERS SHARED", a line a kernel
used() {
  awk '/entry function/ { split($0, part, "\047"); kernel = part[2] }
    /Used [0-9]+ registers/ {
      shared = 0
      for (i = 1; i < NF; i++) {
        if ($i == "Used") registers = $(i + 1)
        if ($(i + 1) == "bytes" && $(i + 2) ~ /^smem/) shared = $i
      }
      print kernel, registers, shared }' "$@" | sort
}

for file in "$samples"/quadratic "$samples"/logreg "$samples"/mlp "$samples"/cnn "$samples"/newton "$samples"/spring "$samples"/softmax_xent "$here"/gates; do
  name=$(basename "$file")
  "$mdlc" "$file.mdl" --emit=cuda -o "$name.cu"
  for arch in sm_80 sm_90 ${MDLC_TESTS_ALL:+sm_90a sm_100}; do compile "$name" "$arch"; done
done

# ---- the table of registers

version=$(nvcc --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
for arch in sm_80 sm_90; do
  used quadratic.$arch.log logreg.$arch.log mlp.$arch.log cnn.$arch.log newton.$arch.log spring.$arch.log softmax_xent.$arch.log >used.$arch
done
{
  echo "# nvcc $version: registers and bytes of shared memory of the samples' kernels. Made by"
  echo "# sh tests/cuda/nvcc.sh FOLDER MDLC --update"
  echo "# kernel  sm_80  sm_90"
  join used.sm_80 used.sm_90
} >registers.txt
[ "$update" ] && cp registers.txt "$here/registers.txt"
if [ ! -f "$here/registers.txt" ]; then
  echo "registers.txt is not there: not compared"
elif [ "$(sed -n '1s/# nvcc \([0-9.]*\):.*/\1/p' "$here/registers.txt")" = "$version" ]; then
  awk -v more="$MORE" -v strict="${MDLC_TESTS_ALL-}" '
    /^#/ { next }
    FNR == NR { for (i = 2; i <= 5; i++) known[$1, i] = $i; seen[$1] = 0; next }
    !($1 in seen) { print $1 ": not in registers.txt"; if (strict) bad = 1; next }
    { seen[$1] = 1
      for (i = 2; i <= 4; i += 2) {
        arch = i == 2 ? "sm_80" : "sm_90"
        if ($i > known[$1, i] + more) { print $1 ", " arch ": " $i " registers, " known[$1, i] " known"; bad = 1 }
        if ($(i + 1) != known[$1, i + 1]) { print $1 ", " arch ": " $(i + 1) " bytes shared, " known[$1, i + 1] " known"; bad = 1 }
      } }
    END {
      for (kernel in seen) if (!seen[kernel]) { print kernel ": only in registers.txt"; if (strict) bad = 1 }
      exit bad }' "$here/registers.txt" registers.txt || failed=1
else
  echo "registers.txt is for another nvcc than $version: not compared"
fi

# ---- instructions

nvcc -fmad=false -arch=sm_80 -ptx -o gates.ptx gates.cu
awk '
  FNR == NR && /^#/ { next }
  FNR == NR { rows++; entry[rows] = $1; wanted[rows] = $2; why[rows] = $0; sub(/^[^ ]+ +[^ ]+ +/, "", why[rows]); next }
  /\.entry/ { kernel = $0; sub(/.*\.entry /, "", kernel); sub(/\(.*/, "", kernel) }
  { for (i = 1; i <= rows; i++)
      if (index(kernel, "gates_" entry[i] "_") == 1 && $0 ~ wanted[i]) found[i]++ }
  END {
    for (i = 1; i <= rows; i++)
      if (!found[i]) { print "no " wanted[i] " in gates_" entry[i] ": " why[i]; bad = 1 }
    print "gates.txt: " rows " rows"
    exit bad || !rows }' "$here/gates.txt" gates.ptx || failed=1
exit $failed
