#!/bin/sh
# --kernel-report: what it says without nvcc, and that it takes registers and shared memory from ptxas
# where there is one: report.sh FOLDER MDLC [--update]. The golden text leaves out how a kernel is cut
# into blocks: that is its own test's matter.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mdlc=$2 update=${3-}
mkdir -p "$out"
cd "$out"

PATH=/none "$mdlc" "$here/report.mdl" --emit=cuda -o report.cu --kernel-report 2>report.txt
awk '$1 ~ /^report_/ && $1 !~ /:$/ {
       name = $1; from = $2 == "(a" ? 4 : 2
       if ($from !~ /^[0-9]+$|^resident$/ || $(from + 1) !~ /^[0-9]+$/) { print "no blocks, no threads:", $0; exit 1 }
       for (i = from + 2; i < from + 7; i++) if ($i != "-") { print "registers without nvcc:", $0; exit 1 }
       print name, from == 4 ? "a round:" : "", $(from + 7), "bytes", $(from + 8), "FLOPs", $(from + 9), \
             "FLOP/B", $(from + 10), $(from + 11), "us"
       next }
     $1 ~ /^report_.*:$/ { sub(/: .* blocks, /, ": ") }
     { print }' report.txt | grep -v '^ *regs\|^  kernel\|^ *report_root\|^root\|blocks at most$' >seen.txt
[ "$update" ] && cp seen.txt "$here/report.txt"
diff "$here/report.txt" seen.txt
grep -q '^  report_root_[a-z_0-9]* (a round) ' report.txt
grep -q '^  report_settle_loop: [0-9]* blocks at most$' report.txt
grep -q '^  report_settle_loop (a round)  *resident  *256 ' report.txt
grep -q '^ \*   report_settle_loop  *resident, <= 2048  *256  ' report.cu
grep -q '^ \*   report_product_[a-z_0-9]* *[0-9]* *[0-9]*  33554432  *arithmetic$' report.cu
grep -q '^ \*   report_scale_x .*  8\*N  *memory$' report.cu

if ! command -v nvcc >/dev/null; then
  echo "the part with nvcc is skipped: it is not installed"
  exit 0
fi
"$mdlc" "$here/report.mdl" --emit=cuda -o report.cu --kernel-report 2>report_nvcc.txt
if grep 'not known' report_nvcc.txt; then exit 1; fi
for arch in 80 90; do
  nvcc -fmad=false -arch=sm_$arch -cubin -Xptxas -v -o report.cubin report.cu 2>log
  awk -v column=$((arch == 80 ? 4 : 5)) '
    FNR == NR && /entry function/ { split($0, part, "\047"); name = part[2] }
    FNR == NR && /: Used / { for (i = 1; i < NF; i++) if ($i == "Used") used[name] = $(i + 1) }
    FNR == NR { next }
    $1 ~ /^report_/ && $1 !~ /:$/ {
      at = column + ($2 == "(a" ? 2 : 0)
      if ($at != used[$1]) { print $1 ": " $at " registers, ptxas says " used[$1]; bad = 1 }
      if ($(at + 3) !~ /%$/) { print $1 ": no occupancy"; bad = 1 }
      kernels++ }
    END { exit bad || !kernels }' log report_nvcc.txt
done
