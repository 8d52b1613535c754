#!/bin/sh
# What `cmake --install` lays down is enough: from a folder of its own, programs find the library and
# the runtime by pkg-config and by CMake, compile, link and run.
#
#   run.sh BUILD SCRATCH
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1 scratch=$2
rm -rf "$scratch"
mkdir -p "$scratch/program"
cmake --install "$build" --prefix "$scratch/root" >"$scratch/install.log" 2>&1
root=$scratch/root
libraries=$(dirname "$(find "$root" -name mdlc.pc)")
export PKG_CONFIG_PATH="$libraries"
cd "$scratch/program"

# The command compiles; its object, the runtime and a program of C99 make an executable.
"$root/bin/mdlc" "$here/line.mdl" -c --emit=obj,header
cc -std=c99 -Wall -Werror "$here/use_runtime.c" line.o -I. $(pkg-config --cflags --libs mdl) -o runtime
./runtime >runtime.txt
printf 'line(2) is 7, status 3: an assert of the source failed\n' | diff - runtime.txt

# The library compiles from memory.
cc -Wall -Werror "$here/use_library.c" $(pkg-config --cflags --libs mdlc) \
  -Wl,-rpath,"$(pkg-config --variable=libdir mdlc)" -o library
./library >library.txt
printf 'line_line\n' | diff - library.txt

# The same by CMake's package.
mkdir cmake
cat >cmake/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.21)
project(user LANGUAGES C)
find_package(mdlc REQUIRED)
add_executable(library ${SOURCE})
target_link_libraries(library PRIVATE mdlc::mdlc)
END
cmake -S cmake -B cmake/build -DCMAKE_PREFIX_PATH="$root" -DSOURCE="$here/use_library.c" >cmake.log 2>&1 &&
  cmake --build cmake/build >>cmake.log 2>&1 || { cat cmake.log; exit 1; }
cmake/build/library >library2.txt
diff library.txt library2.txt
rm -rf "$scratch"
echo "installed, found and used"
