#!/bin/sh
# Rows of many lengths on the emulator, against the evaluator, and under AddressSanitizer against
# sums in double; in full with all lengths and the checker of races: rows.sh FOLDER MDLC RANDOM_PROGRAMS.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2 random=$3
mkdir -p "$out/code"

lengths="7 33 1025"
[ "${MDLC_TESTS_ALL-}" ] && lengths="0 1 2 4 7 10 16 17 32 33 64 100 768 1000 1024 1025 5000 9000"
for length in $lengths; do
  sed "s/LENGTH/$length/g" "$here/rows.mdl" >"$out/rows_$length.mdl"
  "$random" --no-reduce --machine=sm_80 --seed=2 ${MDLC_TESTS_ALL:+--all} "$out/rows_$length.mdl"
done
sed -e 's/\[N\](/[N, C](/; s/LENGTH/C/g' "$here/rows.mdl" >"$out/rows_free.mdl"
"$random" --no-reduce --machine=sm_80 ${MDLC_TESTS_ALL:+--all} "$out/rows_free.mdl"

for length in ${MDLC_TESTS_ALL:+1 10 32 33 1025 5000} 1000; do
  sed "s/LENGTH/$length/g" "$here/rows.mdl" >"$out/code/rows.mdl"
  "$mdlc" "$out/code/rows.mdl" --emit=cuda -o "$out/code/rows.cu"
  { echo "#define LENGTH $length"; cat "$here/rows.cu"; } >"$out/code/main.cu"
  for mode in plain asan ${MDLC_TESTS_ALL:+race}; do
    sh "$here/emulate.sh" $mode "$out/$mode" "$out/objects" "$out/code/main.cu" "$out/code/rows.cu"
    "$out/$mode"
  done
done

# A loss and its gradient are one kernel and a mean.
kernels=$(sed -n '/mdl_status rows_nll_grad(/,/^}/p' "$out/code/rows.cu" | grep -c 'TRY(launch')
[ "$kernels" -le 3 ] || { echo "rows_nll_grad: $kernels launches"; exit 1; }
