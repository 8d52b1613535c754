#!/bin/sh
# run.sh MDLC CC LIBMDL: a C program fills models by path; `mdlc run` reads what it saved.
set -eu
mdlc=$1 cc=$2 library=$3
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$(dirname "$here")")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out"

fail() {
  echo "model: $*" >&2
  exit 1
}

"$mdlc" "$here/nets.mdl" -c --emit=c
"$cc" -std=c99 -O2 -c nets.c -o from_c.o
for object in from_c.o nets.o; do
  "$cc" -std=c99 -Wall -Wextra -Wconversion -pedantic -Werror -I. -I"$top" "$here/host.c" "$object" \
    "$library" -lm -lpthread -o host
  ./host net.safetensors line.safetensors >"$object.txt"
done
cmp from_c.o.txt nets.o.txt || fail "C and object differ"
[ "$(sed -n 1p nets.o.txt)" = "the same" ] || fail "what was saved is not what was loaded"
y=$("$mdlc" run "$here/nets.mdl" net m=@net.safetensors '[1, -2, 3]' --json |
  python3 -c 'import json, sys; print(*("%.9g" % v for v in json.load(sys.stdin)["results"][0]["data"]))')
python3 - "$y" "$(sed -n 2p nets.o.txt)" <<'EOF'
import sys
run, host = ([float(v) for v in text.split()] for text in sys.argv[1:])
sys.exit(any(abs(a - b) > 1e-6*abs(b) for a, b in zip(run, host)))
EOF
first=$("$mdlc" run "$here/nets.mdl" net m=init:7 '[1, -2, 3]')
[ "$("$mdlc" run "$here/nets.mdl" net m=@net.safetensors '[1, -2, 3]')" = "$first" ] || fail "init:7 is another model"
line=$("$mdlc" run "$here/nets.mdl" line m=@line.safetensors '[1, -2, 3]')
[ "$line" = "out = $(sed -n 3p nets.o.txt)" ] || fail "line: $line, wanted $(sed -n 3p nets.o.txt)"
case $(sed -n 4p nets.o.txt) in
"w f32[D]: "*) ;;
*) fail "a file without the leaf: $(sed -n 4p nets.o.txt)" ;;
esac
