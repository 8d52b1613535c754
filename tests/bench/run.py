#!/usr/bin/env python3
"""mdlc's code against what one writes in C and against a BLAS, in one run.

    run.py MDLC [-mcpu=NAME] [-k WORD] [--pairs=N] [--mlp=FILE.c]

Columns: the object by LLVM; the emitted C by gcc -O2; plain.c by gcc -O3 with the same -march and
its loops vectorised; numpy's matmul where there is one. Outputs are compared first. The sides run
alternately, 11 pairs, in CPU time of the thread (so that a busy machine moves the caches but not the
clock); a ratio is the median of per-pair ratios, with its range. `%` is of a loop of independent
fused multiply-adds, measured in the same run. -k picks rows; --mlp adds another C file with the
interface of samples/mlp.mdl. Not part of the tests: it fails only when outputs differ.
"""
import argparse
import ctypes
import os
import subprocess
import sys
import tempfile
import time

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
PEAK = r"""
#include <stdint.h>
typedef float V __attribute__((vector_size(%d)));
void peak(int64_t n, float *out)
{
  V s[12], a = {0}, b = a + 1;
  a += 0.5f;
  for (int i = 0; i < 12; i++) s[i] = a + *out + (float)i;
#define STEP(i) s[i] = s[i]*a + b;
  for (int64_t k = 0; k < n; k++) {
    STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) STEP(8) STEP(9) STEP(10) STEP(11)
  }
  for (int i = 0; i < 12; i++) *out += s[i][0];
}
"""


def pointer(x):
    if isinstance(x, np.ndarray):
        return x.ctypes.data_as(ctypes.c_void_p)
    return ctypes.c_float(x) if isinstance(x, float) else ctypes.c_int64(x)


def caller(library, name, *args):
    function = getattr(library, name)
    converted = [pointer(a) for a in args]
    return lambda: function(*converted)


def per_call(f, budget=0.02):
    n = 1
    while True:
        start = time.thread_time()
        for _ in range(n):
            f()
        took = time.thread_time() - start
        if took > budget:
            return took / n
        n = max(2 * n, int(n * budget / max(took, 1e-7)))


def shell(*command):
    subprocess.run(command, check=True)


class Bench:
    def __init__(self, options):
        self.options, self.folder = options, tempfile.mkdtemp()
        self.random = np.random.default_rng(0)
        self.march = "-march=" + options.mcpu
        shell("gcc", "-O3", "-ffast-math", self.march, "-shared", "-fPIC",
              os.path.join(HERE, "plain.c"), "-o", self.path("plain.so"), "-lm")
        self.plain = ctypes.CDLL(self.path("plain.so"))
        bench = os.path.join(HERE, "bench.mdl")
        mlp = os.path.join(HERE, "../../samples/mlp.mdl")
        self.sides = {}
        for source in (bench, mlp):
            name = os.path.basename(source)[:-4]
            shell(options.mdlc, source, "-shared", "-O3", "-mcpu=" + options.mcpu, "-o",
                  self.path(name + ".so"))
            shell(options.mdlc, source, "--emit=c", "-mcpu=" + options.mcpu, "-o",
                  self.path(name + ".c"))
            self.gcc(self.path(name + ".c"), name + "_c.so")
            self.sides[name] = [("object", ctypes.CDLL(self.path(name + ".so"))),
                                ("C", ctypes.CDLL(self.path(name + "_c.so")))]
        self.peak = self.measure_peak()

    def path(self, name):
        return os.path.join(self.folder, name)

    def gcc(self, source, output):
        shell("gcc", "-std=c99", "-O2", self.march, "-shared", "-fPIC", source, "-o",
              self.path(output))

    def measure_peak(self):
        """flop/s of the widest vectors of the processor asked for."""
        width = {"x86-64": 16, "x86-64-v3": 32, "x86-64-v4": 64}.get(self.options.mcpu, 16)
        with open(self.path("peak.c"), "w", encoding="ascii") as f:
            f.write(PEAK % width)
        shell("gcc", "-O2", "-ffp-contract=fast", self.march, "-shared", "-fPIC",
              self.path("peak.c"), "-o", self.path("peak.so"))
        out = np.zeros(1, np.float32)
        f = caller(ctypes.CDLL(self.path("peak.so")), "peak", 200000, out)
        return 200000 * 12 * width / 4 * 2 / min(per_call(f, 0.01) for _ in range(9))

    def floats(self, *shape):
        return self.random.standard_normal(shape).astype(np.float32)

    def row(self, what, sides, outputs, tolerance, flops=0, bytes_moved=0):
        """`sides`: (name, function); the first is ours, the others are compared with it."""
        if self.options.k and self.options.k not in what:
            return
        for name, f in sides:
            f()
        for (name, _), out in list(zip(sides, outputs))[1:]:
            error = float(np.max(np.abs(out - outputs[0])))
            if not error <= tolerance:
                sys.exit(f"{what}: {name} differs by {error:.2e}, more than {tolerance:.0e}")
        times = {name: [] for name, _ in sides}
        for _ in range(self.options.pairs):
            for name, f in sides:
                times[name].append(per_call(f))
        ours = np.array(times[sides[0][0]])
        best = ours.min()
        rate = (f"{flops / best / 1e9:6.1f} GF/s {100 * flops / best / self.peak:4.0f} %" if flops
                else f"{bytes_moved / best / 1e9:6.1f} GB/s       ")
        text = f"{what:24}{best * 1e6:10.2f} us {rate}"
        for name, _ in sides[1:]:
            ratio = np.array(times[name]) / ours
            text += f" | {name} x{np.median(ratio):5.2f} ({ratio.min():.2f}-{ratio.max():.2f})"
        print(text, flush=True)

    # ---- workloads ------------------------------------------------------------------------------

    def gemm(self, kind, M, K, N, entry=None):
        a = self.floats(*((K, M) if kind == "tn" else (M, K)))
        b = self.floats(*((N, K) if kind == "nt" else (K, N)))
        left, right = a.T if kind == "tn" else a, b.T if kind == "nt" else b
        work = np.zeros(8 * (K + 64) * (N + 256) + 4096, np.uint8)
        outputs = [np.zeros((M, N), np.float32) for _ in range(4)]
        sizes = [] if entry else [M, K, N]
        sides = [(name, caller(library, "bench_" + (entry or kind), *sizes, a, b, out, work))
                 for (name, library), out in zip(self.sides["bench"], outputs)]
        sides.append(("plain", caller(self.plain, "plain_" + kind, M, K, N, a, b, outputs[2])))
        product = outputs[3]
        sides.append(("numpy", lambda: np.matmul(left, right, out=product)))
        if M * K * N > 2 ** 28:  # the plain loops take seconds
            del sides[2], outputs[2]
        self.row(f"{entry or kind} {M}x{K}x{N}", sides, outputs, 1e-4 * K ** 0.5 + 1e-4,
                 flops=2 * M * K * N)

    def rows(self, name, shape, out_shape, moved, flops=0):
        x = self.floats(*shape)
        outputs = [np.zeros(out_shape, np.float32) for _ in range(3)]
        work = np.zeros(4 * x.nbytes + 65536, np.uint8)
        sides = [(side, caller(library, "bench_" + name, *shape, x, out, work))
                 for (side, library), out in zip(self.sides["bench"], outputs)]
        sides.append(("plain", caller(self.plain, "plain_" + name, *shape, x, outputs[2])))
        size = "x".join(map(str, shape))
        self.row(f"{name} {size}", sides, outputs, 2e-3 if out_shape == (1,) else 2e-5 * shape[0] ** 0.5,
                 bytes_moved=moved * x.nbytes)

    def mlp(self, B):
        x, y = self.floats(B, 64), self.random.integers(0, 10, B).astype(np.int32)
        start = self.floats(4810) * np.float32(0.1)
        sides, outputs = [], []
        libraries = [(n, l, "mlp_train") for n, l in self.sides["mlp"]]
        if self.options.mlp:
            self.gcc(self.options.mlp, "other.so")
            libraries.append(("other", ctypes.CDLL(self.path("other.so")), "mlp_train"))
        libraries.append(("plain", self.plain, "plain_mlp"))
        for name, library, symbol in libraries:
            m, loss = start.copy(), np.zeros(1, np.float32)
            work = np.zeros(2048 * B + 200000, np.uint8)
            sides.append((name, caller(library, symbol, B, m, x, y, 1e-4, loss, work)))
            outputs.append(m)
        self.row(f"mlp step B={B}", sides, outputs, 1e-5, flops=B * (4 * 4096 + 6 * 640))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mdlc")
    parser.add_argument("-mcpu", default="x86-64-v3")
    parser.add_argument("-k", default="")
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--mlp")
    bench = Bench(parser.parse_args())
    print(f"{bench.options.mcpu}: a loop of fused multiply-adds runs at {bench.peak / 1e9:.1f} GF/s; "
          f"numpy {np.__version__}; load {os.getloadavg()[0]:.1f}")
    for n in (64, 256, 512, 1024, 2048):
        bench.gemm("nn", n, n, n)
    bench.gemm("nn", 64, 64, 64, "square64")
    for kind in ("nt", "tn"):
        for n in (64, 256, 1024):
            bench.gemm(kind, n, n, n)
    for shape in ((1, 768, 768), (8, 768, 768), (1024, 64, 64), (1024, 64, 10), (256, 768, 3072)):
        bench.gemm("nn", *shape)
    for B in (1, 32, 1024):
        bench.mlp(B)
    bench.rows("gelu", (1 << 16,), (1 << 16,), 2)
    bench.rows("total", (1 << 16,), (1,), 1)
    bench.rows("softmax", (256, 1024), (256, 1024), 2)
    bench.rows("softmax", (1024, 10), (1024, 10), 2)
    bench.rows("normed", (256, 768), (256, 768), 2)
    bench.rows("columns", (256, 768), (768,), 1)


main()
