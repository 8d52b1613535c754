#!/bin/sh
# Installs what building, testing and the samples need, where something is missing: Debian and its
# relatives, as root or with sudo. Says nothing and needs no network when all is there.
set -eu

packages="libmlir-22-dev llvm-22-dev mlir-22-tools llvm-22-tools clang-22 libclang-rt-22-dev
flex bison check ninja-build mold cmake gcc g++ pkg-config python3 python3-numpy
qemu-system-arm gcc-arm-none-eabi libnewlib-arm-none-eabi"

if ! command -v dpkg-query >/dev/null 2>&1; then
  echo "This is no Debian system, so nothing is installed. The build wants the equivalents of:" >&2
  echo "$packages" >&2
  exit 0
fi

is_there() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=""
for package in $packages; do
  is_there "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null 2>&1 || {
    echo "Missing:$missing. Run as root: apt-get install$missing" >&2
    exit 1
  }
  sudo="sudo"
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -q update >&2
for package in $missing; do
  apt-cache show "$package" >/dev/null 2>&1 || {
    echo "The package sources of this system have no $package." >&2
    case $package in
    *-22*) echo "mdlc needs LLVM and MLIR 22: add a package source that has them for your release" \
      "(the LLVM project describes its own), then run this again." >&2 ;;
    *) echo "Install it in another way, or add a package source that has it, then run this again." >&2 ;;
    esac
    exit 1
  }
done
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing >&2
