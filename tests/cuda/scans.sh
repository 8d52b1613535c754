#!/bin/sh
# Scans, argmax and argmin on the emulator: lines of known lengths against the evaluator, of lengths
# known at run time against plain loops and by both checkers; how many kernels there are, and that none
# is one thread's: scans.sh FOLDER MDLC RANDOM_PROGRAMS.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2 random=$3
mkdir -p "$out/code"

for length in 1 33 300 1025 ${MDLC_TESTS_ALL:+2 5 32 63 64 65 128 1024 4097}; do
  sed "s/LENGTH/$length/g" "$here/scans.mdl" >"$out/scans_$length.mdl"
  "$random" --no-reduce --machine=sm_80 --seed=2 ${MDLC_TESTS_ALL:+--all} "$out/scans_$length.mdl"
done
if [ "${MDLC_TESTS_ALL-}" ]; then # by parts; too long for the checker of races
  sed "s/LENGTH/20000/g" "$here/scans.mdl" >"$out/scans_20000.mdl"
  "$random" --no-reduce --machine=sm_80 --seed=2 "$out/scans_20000.mdl"
fi

sed -e 's/\[N\](/[N, K](/; s/^entry fn \([a-z0-9_]*\)(/entry fn \1[K](/; s/LENGTH/K/g' \
  "$here/scans.mdl" >"$out/code/scans.mdl"
"$random" --no-reduce --machine=sm_80 "$out/code/scans.mdl"
"$mdlc" "$out/code/scans.mdl" --emit=cuda -o "$out/code/scans.cu"
cp "$here/scans.cu" "$out/code/main.cu"
for mode in plain asan race; do
  sh "$here/emulate.sh" $mode "$out/$mode" "$out/objects" "$out/code/main.cu" "$out/code/scans.cu"
  if [ $mode = plain ]; then "$out/$mode"; else "$out/$mode" short; fi
done

# Launches of an entry.
launches() {
  sed -n "/^extern \"C\" mdl_status scans_$1(/,/^}/p" "$out/code/scans.cu" | grep -c 'TRY(launch'
}
expect() {
  [ "$(launches "$1")" = "$2" ] || { echo "scans_$1: $(launches "$1") launches, not $2"; exit 1; }
}
for entry in total total_back product most_u32 columns middle; do expect $entry 3; done
expect rows 1
expect largest 3
expect least_i32 2
expect largest_rows 1
expect largest_columns 4
if grep -n 'threadIdx.x == 0) {$' "$out/code/scans.cu" | grep -v 'if (threadIdx.x == 0) {$'; then
  echo "a scan by one thread" && exit 1
fi
# Along neighbours a scan is a team's; whoever has not one scans side by side.
for entry in total total_back total_u8 most_f16 rows last_of_one; do
  sed -n "/^scans_${entry}_cum[a-z]*(/,/^}/p" "$out/code/scans.cu" | grep -q '_scan<' ||
    { echo "scans_$entry: no team scans"; exit 1; }
done
# Nothing of a thread's lies in memory.
if [ "${MDLC_TESTS_ALL-}" ] && command -v nvcc >/dev/null; then
  nvcc -arch=sm_80 -fmad=false -Xptxas -v -c "$out/code/scans.cu" -o "$out/scans.o" 2>"$out/ptxas"
  if grep 'bytes stack frame' "$out/ptxas" | grep -v ' 0 bytes stack frame, 0 bytes spill'; then
    echo "registers spill" && exit 1
  fi
fi
