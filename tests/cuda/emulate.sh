#!/bin/sh
# Builds a program out of .cu files by clang, as plain C++ with the stand-in headers:
#   emulate.sh plain|asan|race OUT FOLDER FILE...     (FOLDER holds the emulator's objects)
# or, with EMU_SHARED=1 in the environment, a shared library.
# EMU_LEVEL=-O0 makes what compiles longer than it runs cheaper; EMU_FLAGS are more flags for clang.
# asan: AddressSanitizer and UBSan; race: the checker of races and uninitialised shared memory.
set -eu
mode=$1 out=$2 objects=$3
shift 3
here=$(dirname "$0")
CXX=${MDLC_CLANGXX:-clang++-22}
# Unrolled, kernels are much code to instrument: there, loops stay loops.
rolled="-mllvm -pragma-unroll-threshold=1 -Wno-pass-failed"
flags="-std=c++17 -g -Wall -Wextra -Werror -I$here/emu/include -ffp-contract=off -fno-strict-aliasing ${EMU_FLAGS-}"
case $mode in
plain) kernels=${EMU_LEVEL--O2} runtime=-O2 link= ;;
asan) link="-fsanitize=address,undefined -fno-sanitize-recover=undefined" runtime="-O1 $link" kernels="$runtime $rolled" ;;
race) kernels="${EMU_LEVEL--O1} -fsanitize=thread $rolled" runtime=-O2 link="$([ "${EMU_SHARED-}" ] || echo -no-pie)" ;;
*) echo "emulate.sh: plain, asan or race, not $mode" >&2; exit 2 ;;
esac

if [ "${EMU_SHARED-}" ]; then
  flags="$flags -fPIC"
  link="$link -shared -Wl,-Bsymbolic"
  mode=$mode-shared
fi

mkdir -p "$objects/$mode"
parts="fiber block shared host device"
[ "${mode%-shared}" = race ] && parts="$parts race"
list=
for part in $parts; do
  object=$objects/$mode/$part.o
  list="$list $object"
  [ -e "$object" ] && [ -z "$(find "$here/emu" -newer "$object" \( -name '*.h' -o -name "$part.cc" \))" ] && continue
  # shellcheck disable=SC2086
  $CXX $flags $runtime -c "$here/emu/$part.cc" -o "$object.$$" && mv "$object.$$" "$object"
done
for file in "$@"; do
  object=$out.$(basename "$file").o
  list="$list $object"
  # shellcheck disable=SC2086
  $CXX $flags $kernels -femulated-tls -Wno-unknown-pragmas -x c++ -c "$file" -o "$object"
done
# shellcheck disable=SC2086
$CXX $link $list -o "$out"
