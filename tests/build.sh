#!/bin/sh
# Installs what is missing and builds build/release, quietly: what both commands start with.
set -eu
cd "$(dirname "$0")/.."
sh tests/install.sh
mkdir -p build/release
log=build/release/build.log
if ! { cmake -S . -B build/release -G Ninja && cmake --build build/release; } >"$log" 2>&1; then
  tail -n 60 "$log" >&2
  echo "The build failed; all of it is in $log." >&2
  exit 1
fi
