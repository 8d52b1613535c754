#!/bin/sh
# Entries called with sizes at their limits, as C and as an object: sizes.sh MDLC CC FOLDER
set -eu
mdlc=$1 cc=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
cd "$here"
"$mdlc" --checks=trap sizes.mdl --emit=c -o "$out/sizes.c"
"$mdlc" --checks=trap sizes.mdl -c -o "$out/sizes.o"
"$cc" -std=c99 -Wall -Wextra -Wconversion -pedantic -Werror -O1 -I"$out" sizes.c "$out/sizes.c" -o "$out/from_c"
"$cc" -std=c99 -O1 -I"$out" sizes.c "$out/sizes.o" -o "$out/from_object"
"$out/from_c"
"$out/from_object"
