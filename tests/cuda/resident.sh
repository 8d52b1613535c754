#!/bin/sh
# Loops and branches over data on the whole grid: resident.sh FOLDER MDLC. That they are launched so,
# that they give what plain loops give, out of graphs too, and the same bits on any number of blocks;
# that nvcc takes them, without spills, where it is installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2
mkdir -p "$out/code"
"$mdlc" "$here/resident.mdl" --emit=cuda -o "$out/code/resident.cu"
cp "$here/resident.cu" "$out/code/main.cu"

# Every loop and branch in which blocks wait; barriers of the grid stand in them, and nowhere else.
awk '
  /^resident_[a-z_0-9]*\(/ { kernel = $0; sub(/\(.*/, "", kernel) }
  /^}/ { kernel = "" }
  /^ *grid_barrier\(\);/ { if (kernel) barriers[kernel]++; else { print "a barrier outside: " $0; bad = 1 } }
  /__syncthreads\(\);/ { if (kernel in barriers) { print kernel " waits for a block"; bad = 1 } }
  /TRY\(launch_resident\(/ { name = $0; sub(/.*launch_resident\(/, "", name); sub(/,.*/, "", name); resident[name]++ }
  /TRY\(launch\(/ { name = $0; sub(/.*launch\(/, "", name); sub(/,.*/, "", name); plain[name]++ }
  /\.val\.cooperative = 1;/ { cooperative++ }
  /^ \*   resident_[a-z]*_(loop|branch)  *resident/ { said++ }
  END {
    for (k in barriers) if (!resident[k]) { print k " is not launched for its barriers"; bad = 1 }
    for (k in resident) { kernels++; if (plain[k]) { print k " is launched both ways"; bad = 1 } }
    if (kernels != 7 || said != 7 || cooperative != 1) { print kernels ", " said ", " cooperative " are not 7, 7, 1"; bad = 1 }
    if (plain["resident_clip_branch"] != 1) { print "nobody waits in clip: it is launched as any"; bad = 1 }
    # before the parts of a sum, and before every block adds them up
    if (barriers["resident_total_loop"] != 2) { print barriers["resident_total_loop"] " barriers in a sum"; bad = 1 }
    exit bad }' "$out/code/resident.cu"

for mode in plain asan race; do
  EMU_LEVEL=-O1 sh "$here/emulate.sh" $mode "$out/$mode" "$out/objects" "$out/code/main.cu" "$out/code/resident.cu"
  for blocks in 1 2 3; do
    [ $mode = plain ] || [ $blocks = 3 ] || continue
    EMU_BLOCKS=$blocks EMU_SEED=$blocks "$out/$mode" >"$out/bits" || { cat "$out/bits"; exit 1; }
    echo "$mode, $blocks blocks: $(cat "$out/bits")"
    [ $mode$blocks = plain1 ] && cp "$out/bits" "$out/first"
    cmp "$out/first" "$out/bits"
  done
done

if ! command -v nvcc >/dev/null; then
  echo "the part with nvcc is skipped: it is not installed"
  exit 0
fi
for arch in sm_80 sm_100; do
  nvcc -fmad=false -arch=$arch -cubin -Xptxas -v -o "$out/resident.cubin" "$out/code/resident.cu" >"$out/log" 2>&1
  if grep -i warning "$out/log"; then exit 1; fi
  awk '/bytes stack frame/ { kernels++; if ($1 || $5 || $9) { print; bad = 1 } } END { exit bad || !kernels }' "$out/log"
done
# what others write meanwhile must not be read through the cache that is not kept up to date
nvcc -fmad=false -arch=sm_80 -ptx -o "$out/resident.ptx" "$out/code/resident.cu"
awk '/\.entry/ { resident = / resident_[a-z]*_(loop|branch)\(/ } resident && /ld\.global\.nc/ { print; bad = 1 } END { exit bad }' "$out/resident.ptx"
