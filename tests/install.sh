#!/bin/sh
# Installs what building, testing and the samples need, where something is missing: Debian and its
# relatives, as root or with sudo. Says nothing and needs no network when all is there.
#   --tpu  also the TPU compiler, 700 MB, for `mdlc compile-check`
set -eu
cd "$(dirname "$0")/.."

packages="libmlir-22-dev llvm-22-dev mlir-22-tools llvm-22-tools clang-22 libclang-rt-22-dev
flex bison check ninja-build mold cmake gcc g++ pkg-config python3 python3-numpy
qemu-system-arm gcc-arm-none-eabi libnewlib-arm-none-eabi"

if ! command -v dpkg-query >/dev/null 2>&1; then
  echo "This is no Debian system, so nothing is installed. The build wants the equivalents of:" >&2
  echo "$packages" >&2
  packages=""
fi

is_there() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=""
for package in $packages; do
  is_there "$package" || missing="$missing $package"
done
# For XLA's plugins only: wanted where it can be had without asking anybody.
if [ "$(id -u)" = 0 ] && [ -n "$packages" ] && ! python3 -m pip --version >/dev/null 2>&1; then
  missing="$missing python3-pip"
fi

install_missing() {
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
}
[ -z "$missing" ] || install_missing

# XLA's plugins go to build/plugins and nowhere else. Everything builds and passes without them, so a
# machine that cannot have them is told so, no more.
plugin() { # list, folder, file in it that shows that it is there
  [ ! -e "$2/$3" ] || return 0
  if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "no XLA plugin for $(uname -sm): tests of HLO are skipped" >&2
    return 0
  fi
  if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "no pip (python3-pip): XLA is not installed, tests of HLO are skipped" >&2
    return 0
  fi
  echo "installing into $2: $(sed -n 's/^\([a-z_-]*==[0-9.]*\).*/\1/p' "tests/$1")" >&2
  PIP_ROOT_USER_ACTION=ignore python3 -m pip --disable-pip-version-check -q install --target "$2" \
    --retries 1 --timeout 20 --upgrade --no-deps --only-binary=:all: --implementation cp --python-version 3.11 \
    --platform manylinux_2_31_x86_64 --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
    --require-hashes -r "tests/$1" >&2 ||
    echo "python3 -m pip said no, see above: tests of HLO are skipped" >&2
}
plugin plugins.txt build/plugins xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so
plugin jax.txt build/plugins/jax jaxlib/_hlo.so
[ "${1-}" != --tpu ] || plugin plugins_tpu.txt build/plugins libtpu/libtpu.so
