#!/bin/sh
# Every planted fault is called by its name: faults.sh FOLDER, for scratch and objects. The builds
# differ in what they can see; a fault is looked for in the one that must name it.
set -u
here=$(dirname "$0")
out=$1
mkdir -p "$out"
failed=0

for mode in plain asan race; do
  sh "$here/emulate.sh" $mode "$out/faults_$mode" "$out/objects" "$here/kernels/faults.cu" || exit 1
  for seed in 1 2 3; do
    EMU_SEED=$seed "$out/faults_$mode" none >"$out/log" 2>&1 && continue
    echo "clean kernels, $mode build, seed $seed:"
    cat "$out/log"
    failed=1
  done
done

# expect BUILD FAULT TEXT
expect() {
  "$out/faults_$1" "$2" >"$out/log" 2>&1
  code=$?
  if [ $code -ne 0 ] && grep -q "$3" "$out/log"; then
    echo "$2: $(grep -m 1 "$3" "$out/log" | cut -c 1-110)"
    return
  fi
  echo "$2 ($1 build): status $code, without '$3':"
  head -20 "$out/log"
  failed=1
}
expect race missing-barrier "race in a block"
expect race missing-second-barrier "race in a block"
expect race same-word "race in a block: write"
expect race between-blocks "race between blocks"
expect asan past-the-end "heap-buffer-overflow"
expect asan past-shared "index 8 out of bounds\|use-after-poison"
expect plain misaligned "misaligned access"
expect race uninitialised "uninitialised shared memory"
expect plain wrong-mask "wrong warp mask"
expect plain divergent-barrier "divergent barrier"
expect race missing-wait "uninitialised shared memory"
expect race early-copy "race in a block: "
expect plain misaligned-row "misaligned access.*ldmatrix"
expect plain part-of-a-warp "wrong warp mask"
expect race missing-grid-barrier "race between blocks"
expect race read-by-others "race between blocks: read"
expect plain divergent-grid-barrier "divergent grid barrier"
expect plain not-together "not a cooperative launch"
exit $failed
