#!/bin/sh
# Builds mdlc and runs its tests: `sh tests/run.sh` the short tier, `sh tests/run.sh --all` the long
# one too, with the TPU compiler; `sh tests/run.sh --awake` plants faults in a copy of the compiler and
# wants the tests to notice. Anything else goes to ctest: `sh tests/run.sh -R grad`. The
# last line counts: `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."

tier="-LE long|mutation"
if [ "${1-}" = --awake ]; then
  tier="-L mutation"
  shift
elif [ "${1-}" = --all ]; then
  tier="-LE mutation"
  export MDLC_TESTS_ALL=1
  shift
  sh tests/install.sh --tpu
fi
sh tests/build.sh
cd build/release
jobs=$(nproc 2>/dev/null || echo 2)
code=0
# shellcheck disable=SC2086
ctest --output-on-failure -j "$jobs" --timeout 600 $tier "$@" >tests.log 2>&1 || code=$?
cat tests.log
# "100% tests passed, 0 tests failed out of 42", and tests that found no binary at all.
total=$(sed -n 's/.* tests failed out of \([0-9]*\)$/\1/p' tests.log)
failed=$(sed -n 's/.*, \([0-9]*\) tests failed out of .*/\1/p' tests.log)
if [ -z "$total" ]; then
  echo "0 passed, 1 failed"
  exit 1
fi
echo "$((total - failed)) passed, $failed failed"
[ "$failed" = 0 ] && [ "$code" = 0 ]
