#!/bin/sh
# run.sh MDLC WEIGHTS: the program on an emulated Cortex-M4 and on this machine; their lines must be
# equal. Works in the current folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mdlc=$1
cp "$2" weights.bin
cp "$here/../data/digits.bin" digits.bin
"$mdlc" "$here/../mlp.mdl" --target=thumbv7em-none-eabihf -mcpu=cortex-m4 -c --emit=header -o mlp_m4.o
mv mlp_m4.h mlp.h
arm="-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
for file in weights digits; do
  arm-none-eabi-ld -r -b binary -o $file.o $file.bin
done
# shellcheck disable=SC2086
arm-none-eabi-gcc $arm -std=gnu99 -O2 -Wall -I. -nostartfiles -Wl,--no-warn-rwx-segments,-z,noexecstack \
  -T "$here/board.ld" "$here/digits.c" "$here/board_qemu.c" mlp_m4.o weights.o digits.o -o m4.elf
timeout 300 qemu-system-arm -M mps2-an386 -icount shift=0 -display none -kernel m4.elf \
  -chardev file,id=out,path=m4.txt -semihosting-config enable=on,target=native,chardev=out

"$mdlc" "$here/../mlp.mdl" -c --emit=header -o mlp_host.o
mv mlp_host.h mlp.h
for file in weights digits; do
  ld -r -b binary -z noexecstack -o $file.o $file.bin
done
${CC:-cc} -std=c99 -O2 -I. "$here/digits.c" "$here/board_host.c" mlp_host.o weights.o digits.o -o host
./host >host.txt
grep -v instructions m4.txt | cmp - host.txt
cat m4.txt
