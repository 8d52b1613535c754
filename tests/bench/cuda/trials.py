"""A row at given sizes: its program compiled by mdlc, its arguments by mdlc's manifest, drawn by one
generator for all sides, and the outputs in float64."""
import inspect
import json
import math
import os
import re
import shutil
import subprocess
import zlib

import numpy as np

import in_numpy

HERE = os.path.dirname(os.path.abspath(__file__))
STORAGE = {"f32": np.float32, "f16": np.float16, "bf16": np.uint16, "f64": np.float64,
           "i32": np.int32, "i64": np.int64}


class Refused(Exception):
    pass


def value(expression, sizes):
    """Of a size expression as mdlc and rows.py write it."""
    return eval(str(expression), {"__builtins__": {}, "floor": math.floor}, dict(sizes))


def to_bf16(x):
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7fff + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def to_double(x, dtype):
    if dtype == "bf16":
        x = (x.astype(np.uint32) << 16).view(np.float32)
    return x.astype(np.float64) if dtype[0] in "fb" else x


class Trial:
    def __init__(self, row, sizes):
        self.row = row
        self.sizes = {name: int(n) for name, n in (s.split("=") for s in sizes.split())}
        self.key = row.name + "_" + "x".join(map(str, self.sizes.values()))
        self.title = f"{row.name} {'x'.join(map(str, self.sizes.values()))}"

    def compile(self, mdlc, folder, free):
        """The .cu, its header and manifest into `folder`. Sizes are fixed, unless `free`."""
        source = os.path.join(HERE, "../../..", self.row.source or
                              f"tests/bench/cuda/programs/{self.row.name}.mdl")
        program = os.path.join(folder, self.key + ".mdl")      # everything is named after the file
        shutil.copyfile(source, program)
        self.source = os.path.join(folder, self.key + ".cu")
        defined = [] if free else [f"-D{name}={n}" for name, n in self.sizes.items()]
        done = subprocess.run([mdlc, program, "--emit=cuda", *defined, "-o", self.source],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(done.stderr)
        with open(self.source[:-2] + "json", encoding="utf-8") as f:
            self.manifest = json.load(f)
        entries = self.manifest["entries"]
        self.entry = next(e for e in entries if e["name"] == self.row.entry)
        self.arguments = [leaf for a in self.entry["args"] for leaf in self.leaves(a)]

    def leaves(self, argument):
        """An argument as the arrays that it consists of."""
        if "type" not in argument:
            scalar = argument["mode"] == "in" and not argument["shape"]
            return [self.leaf(argument["name"], "scalar" if scalar else argument["mode"],
                              argument["dtype"], argument["shape"])]
        dtypes = {l["name"]: l["dtype"] for l in self.manifest["types"][argument["type"]]["leaves"]}
        return [self.leaf(f"{argument['name']}.{name}", argument["mode"], dtypes[name],
                          [n for n in shape.split(", ") if n])
                for name, shape in re.findall(r"(\S+) \[([^]]*)\]", argument["leaves"])]

    def leaf(self, name, mode, dtype, shape):
        shape = [int(value(n, self.sizes)) for n in shape]
        storage = np.dtype(STORAGE[dtype])
        return {"name": name, "mode": mode, "dtype": dtype, "shape": shape, "storage": storage.name,
                "bytes": int(np.prod(shape, dtype=np.int64))*storage.itemsize}

    # ---- what it takes and gives ----------------------------------------------------------------

    def draw(self, a):
        random = np.random.default_rng(zlib.crc32(f"{self.key} {a['name']}".encode()))
        wanted = self.row.draw.get(a["name"], self.row.draw.get(a["name"].split(".")[0], 1))
        if a["mode"] == "scalar":
            return np.array(value(wanted, self.sizes), a["storage"])
        if a["dtype"] in ("i32", "i64"):
            return random.integers(0, value(wanted, self.sizes), a["shape"]).astype(a["storage"])
        if wanted == "positive":
            x = random.random(a["shape"], np.float32)
        else:
            x = random.standard_normal(a["shape"], np.float32)
            x *= np.float32(wanted)
        return to_bf16(x) if a["dtype"] == "bf16" else np.asarray(x, a["storage"])

    def prepare(self, folder):
        """Draws the inputs into files, and computes `expected` from them."""
        inputs = []
        for a in self.arguments:
            if a["mode"] == "out":
                continue
            data = self.draw(a)
            a["file"] = f"{folder}/{a['name']}.npy"
            np.save(a["file"], data)
            inputs.append(to_double(data, a["dtype"]))
        formula = getattr(in_numpy, self.row.name)
        wanted = inspect.signature(formula).parameters.values()
        given = {p.name: self.sizes[p.name] for p in wanted if p.kind == p.KEYWORD_ONLY}
        out = formula(*inputs, **given)
        self.expected = [np.asarray(x) for x in (out if isinstance(out, tuple) else (out,))]

    def results(self):
        """The arguments that an entry writes, as a formula returns them."""
        return [a for mode in ("inout", "out") for a in self.arguments if a["mode"] == mode]

    def bytes_moved(self):
        if self.row.bytes:
            return value(self.row.bytes, self.sizes)
        return sum(a["bytes"]*(2 if a["mode"] == "inout" else 1) for a in self.arguments)

    def footprint(self):
        return sum(a["bytes"] for a in self.arguments if a["mode"] != "scalar")

    def flops(self):
        return value(self.row.flops, self.sizes)

    def dtype(self):
        return self.arguments[0]["dtype"]

    def case(self, sets, tf32, symbol, work):
        return {"row": self.row.name, "sizes": self.sizes, "tf32": tf32, "sets": sets,
                "arguments": self.arguments, "symbol": symbol, "work": work}

    # ---- the call of the entry from C -------------------------------------------------------------

    def caller(self):
        """C++ with the entry behind driver.cu's type Call, and the size of its work buffer."""
        place, lines, given = 0, [], []
        for name in self.entry["sizes"]:
            given.append(f"sizes[{list(self.sizes).index(name)}]")
        macro = f"{self.key}_{self.row.entry}_WORK_BYTES".upper()
        work = f"{macro}({', '.join(given)})" if given else macro
        for a in self.entry["args"]:
            count = len(self.leaves(a))
            if "type" in a:
                view, name = self.manifest["types"][a["type"]]["c"], f"view{place}"
                lines += [f"  {view} {name};",
                          f"  static_assert(sizeof {name} == {count} * sizeof(void *), \"\");",
                          f"  memcpy(&{name}, args + {place}, sizeof {name});"]
                given.append("&" + name)
            else:
                scalar = a["mode"] == "in" and not a["shape"]
                given.append(f"{'Scalar' if scalar else 'Pointer'}{{args[{place}]}}")
            place += count
        return "\n".join([
            f'#include "{self.key}.h"', "",
            f'extern "C" int {self.key}_call([[maybe_unused]] const int64_t *sizes, '
            "void *const *args, void *work, cudaStream_t stream)", "{", *lines,
            f"  return {self.entry['c']}({', '.join(given)}, work, stream);", "}", "",
            f'extern "C" int64_t {self.key}_work([[maybe_unused]] const int64_t *sizes)', "{",
            f"  return (int64_t)({work});", "}", ""])


CALLERS = """#include <stdint.h>
#include <string.h>

/* An argument takes the type that the entry wants. */
struct Pointer {
  void *at;
  template <class T> operator T *() const { return (T *)at; }
};
struct Scalar {
  const void *at;
  template <class T> operator T() const { return *(const T *)at; }
};

"""
