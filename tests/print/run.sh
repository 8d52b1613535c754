#!/bin/sh
# run.sh MDLC CC LIBMDL: a C program and what its module prints, from C and from an object.
set -eu
mdlc=$1 cc=$2 library=$3
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$(dirname "$here")")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out"

fail() {
  echo "print: $*" >&2
  exit 1
}

"$mdlc" "$here/prints.mdl" -c --emit=c
strict="-Wall -Wextra -Wconversion -pedantic -Werror -I. -I$top"
for level in -O0 -O3; do
  # shellcheck disable=SC2086
  "$cc" -std=c99 $strict $level -c prints.c -o from_c.o
  for object in from_c.o prints.o; do
    # shellcheck disable=SC2086
    "$cc" -std=c99 $strict -DOWN "$here/host.c" $object -o own
    ./own | diff "$here/own.txt" - || fail "its own function, $object $level"
    # shellcheck disable=SC2086
    "$cc" -std=c99 $strict "$here/host.c" $object -o quiet
    [ "$(./quiet)" = 9 ] || fail "without a hook, $object $level"
    # shellcheck disable=SC2086
    "$cc" -std=c99 $strict -DRUNTIME "$here/host.c" $object "$library" -lpthread -o runtime
    [ "$(./runtime 2>err)" = 9 ] || fail "the runtime's hook, $object $level"
    diff "$here/runtime.txt" err || fail "the runtime's hook, $object $level"
  done
done
[ -z "$(nm -u prints.o)" ] || fail "prints.o has undefined symbols"
[ "$(nm -g prints.o | awk '{ print $2 $3 }' | sort | tr '\n' ' ')" = "Tprints_steps Wmdl_print " ] ||
  fail "prints.o exports: $(nm -g prints.o)"
grep -q '"hooks": \["mdl_print"\]' prints.json || fail "the manifest does not name the hook"
