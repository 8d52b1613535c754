#!/bin/sh
# Faults planted in what mdlc emits, each called by its name: mutants.sh FOLDER MDLC. A fault is
# switched on at run time, by EMU_MUTANT, so that one build has them all. Launches are of two blocks
# at most, which stride: a block that is not done with one piece of work must not start the next.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2
mkdir -p "$out/code"
"$mdlc" "$here/mutants.mdl" --emit=cuda -o "$out/code/mutants.cu" || exit 1
cp "$here/mutants.cu" "$out/code/main.cu"

# Barriers are faults 1, 2, ..., those of the whole grid 201, 202, ...; the others have numbers of their
# own. A line is in the kernel whose name was the last one read. How grid_barrier does it stays.
awk '
  function plant(number, from, to) {
    if (!index($0, from)) return
    at = index($0, from)
    $0 = substr($0, 1, at - 1) to substr($0, at + length(from))
    planted[number]++
  }
  NR == 1 { print "extern \"C\" int mutant;" }
  /^mutants_[a-z_]*\(/ { kernel = $0; sub(/^mutants_/, "", kernel); sub(/_.*/, "", kernel) }
  /65536/ && /grid/ { gsub(/65536/, "2"); planted["grid"]++ }
  / grid_barrier\(\)$/ { inside = 1 }
  /^}/ { inside = 0 }
  /^ *grid_barrier\(\);/ { sub(/grid_barrier/, "if (mutant != " 200 + ++grids ") &") }
  /__syncthreads\(\);/ && !inside { sub(/__syncthreads/, "if (mutant != " ++barriers ") &") }
  kernel == "scale" {
    plant(101, " < N;", " < N + (mutant == 101);")
    plant(102, "] = ", " + (mutant == 102)] = ")
    plant(103, "blockIdx.x", "(mutant != 103) * blockIdx.x")
    plant(107, "4 * thread;", "4 * thread + (mutant == 107);")
  }
  kernel == "total" { plant(104, "if (threadIdx.x == 0)", "if (threadIdx.x == 0 || mutant == 104)") }
  kernel == "spread" { plant(108, "if (lane == 0)", "if (lane == 0 || mutant == 108)") }
  { plant(109, "0xffffffffu >>", "(mutant == 109 ? 0xfffffffeu : 0xffffffffu) >>") }
  { plant(105, "__shfl_xor_sync(0xffffffffu", "__shfl_xor_sync(mutant == 105 ? 0xffffu : 0xffffffffu") }
  { plant(106, "if (lane == 0) part", "if (lane == 0 && mutant != 106) part") }
  { print }
  END {
    print barriers, grids > counts
    for (i = 101; i <= 109; i++)
      if (!planted[i]) { print "nowhere to plant fault " i > "/dev/stderr"; bad = 1 }
    if (!planted["grid"]) { print "no launch to make smaller" > "/dev/stderr"; bad = 1 }
    exit bad
  }' counts="$out/barriers" "$out/code/mutants.cu" >"$out/code/planted.cu" || exit 1
mv "$out/code/planted.cu" "$out/code/mutants.cu"

for mode in plain asan race; do
  EMU_LEVEL=-O0 sh "$here/emulate.sh" $mode "$out/$mode" "$out/objects" "$out/code/main.cu" "$out/code/mutants.cu" || exit 1
  "$out/$mode" || exit 1
done

failed=0
# expect BUILD NUMBER NAME TEXT
expect() {
  EMU_MUTANT=$2 "$out/$1" >"$out/log" 2>&1
  code=$?
  if [ $code -ne 0 ] && grep -q "$4" "$out/log"; then
    echo "$3: $(grep -m 1 "$4" "$out/log" | cut -c 1-110)"
    return
  fi
  echo "$3 ($1 build): status $code, without '$4':"
  head -20 "$out/log"
  failed=1
}
read -r barriers grids <"$out/barriers"
number=1
while [ "$number" -le "$barriers" ]; do
  expect race "$number" "no barrier $number of $barriers" "race in a block\|uninitialised shared memory"
  number=$((number + 1))
done
number=1
while [ "$number" -le "$grids" ]; do
  expect race $((200 + number)) "no barrier $number of $grids of the grid" "race between blocks\|race in a block"
  number=$((number + 1))
done
[ "$barriers" -ge 4 ] && [ "$grids" -ge 3 ] || failed=1
expect asan 101 "no guard of the tail" "heap-buffer-overflow"
expect asan 102 "an index one too large" "heap-buffer-overflow"
expect race 103 "all blocks do the same" "race between blocks"
expect race 104 "all threads store" "race in a block: write"
expect plain 105 "half a warp's mask" "wrong warp mask"
expect race 106 "nothing in shared memory" "uninitialised shared memory"
expect plain 107 "four floats from the second on" "misaligned access"
expect race 108 "all threads of a row store" "race in a block: write"
expect plain 109 "a team without its first thread" "wrong warp mask"
exit $failed
