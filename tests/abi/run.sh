#!/bin/sh
# run.sh MDLC CC: a C program, an object and a manifest agree on how structs lie in memory.
set -eu
mdlc=$1 cc=$2
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out"
"$mdlc" "$here/layout.mdl" -c --emit=c,manifest
"$cc" -std=c99 -O2 -c layout.c -o from_c.o
cat >wanted <<'EOF'
10987654321
1 1 1.5 2 3 4 3 5 6 7 8 9 10
EOF
python3 - >>wanted <<'EOF'
import json
outer = json.load(open("layout.json"))["types"]["Outer"]
at = {leaf["name"]: leaf["offset"] for leaf in outer["leaves"]}
print(*(at[name] for name in ("first.b", "z", "second.c", "d", "e")), outer["bytes"])
EOF
for object in from_c.o layout.o; do
  "$cc" -std=c99 -I. "$here/layout.c" "$object" -o layout
  ./layout | diff wanted - || { echo "abi: $object" >&2; exit 1; }
done
