#!/bin/sh
# Compiles every sample's training step for five generations of TPU, with no TPU, and prints a table in
# Markdown: what one program of each took, and what the compiler made of it.
#   sh tests/install.sh --tpu; sh samples/tpu_table.sh [GENERATION...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
mdlc=${MDLC:-$top/build/release/bin/mdlc}
library=${TPU_LIBRARY_PATH:-$top/build/plugins/libtpu/libtpu.so}
[ $# -gt 0 ] || set -- v4:2x2x1 v5e:2x2 v5p:2x2x1 v6e:2x2 tpu7x:2x2x1

line() { # generation, sample, entry, options
  generation=$1 sample=$2 entry=$3
  shift 3
  "$mdlc" compile-check --target="tpu:$generation" --pjrt="$library" --json "$here/$sample.mdl" "$entry" "$@" |
    tr -d '{}",' | awk -v sample="$sample.mdl" -v options="$*" '
      function kib(bytes) { return sprintf("%.0f", bytes / 1024) }
      {
        for (i = 1; i < NF; i += 2) value[substr($i, 1, length($i) - 1)] = $(i + 1)
        sub(":", " ", value["topology"])
        printf "| `%s` `%s` %s | %s | %s | %s | %.3g | %d | %.1f |\n", sample, value["entry"], options,
          value["topology"], kib(value["code_bytes"]), kib(value["peak_bytes"]), value["flops"] / 1e3,
          value["fusions"], value["cpu_seconds"]
      }'
}

echo '| step | TPU | code, KiB | peak memory, KiB | kFLOP | fusions | compiling, s of CPU |'
echo '|---|---|---|---|---|---|---|'
for generation; do line "$generation" quadratic df; done
for generation; do line "$generation" logreg step -DN=455 -DD=30; done
for generation; do line "$generation" mlp train -DB=32; done
for generation; do line "$generation" cnn train -DB=32; done
for generation; do line "$generation" newton speed; done
for generation; do line "$generation" spring fit -DS=200; done
