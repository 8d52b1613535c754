"""The side of mdlc and that of NVIDIA's libraries: a shared library with driver.cu in it, and a function
of driver.cu's type Call for each row."""
import ctypes
import math

import numpy as np


class Argument(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_int64), ("start", ctypes.c_void_p),
                ("scalar", ctypes.c_int32), ("result", ctypes.c_int32)]


class Device(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char*256), ("bus", ctypes.c_char*32), ("major", ctypes.c_int32),
                ("minor", ctypes.c_int32), ("multiprocessors", ctypes.c_int32),
                ("clock_khz", ctypes.c_int32), ("cache_bytes", ctypes.c_int64),
                ("memory_bytes", ctypes.c_int64)]


class Failed(Exception):
    pass


class Library:
    def __init__(self, path):
        self.at = ctypes.CDLL(path)
        self.at.bench_message.restype = ctypes.c_char_p
        self.at.bench_open.restype = ctypes.c_void_p

    def call(self, name, *args):
        if getattr(self.at, name)(*args):
            raise Failed(self.at.bench_message().decode())

    def device(self):
        d = Device()
        self.call("bench_device", ctypes.byref(d))
        return d


class Case:
    """A row's arguments on the device, in so many sets."""

    def __init__(self, library, symbol, sizes, arguments, sets, work_bytes=0):
        self.library, self.arguments = library, arguments
        for a in arguments:
            a.setdefault("data", None)
        table = (Argument*max(1, len(arguments)))(*[self.describe(a) for a in arguments])
        numbers = (ctypes.c_int64*max(1, len(sizes)))(*sizes)
        function = ctypes.cast(getattr(library.at, symbol), ctypes.c_void_p)
        self.at = ctypes.c_void_p(library.at.bench_open(
            function, numbers, len(sizes), table, len(arguments), sets, ctypes.c_int64(work_bytes)))
        if not self.at:
            raise Failed(library.at.bench_message().decode())
        self.sets = sets

    @staticmethod
    def describe(a):
        data = a["data"]
        if data is not None:
            a["data"] = data = np.ascontiguousarray(data).reshape(data.shape)
        start = data.ctypes.data if data is not None else None
        return Argument(a["bytes"], start, a["mode"] == "scalar", a["mode"] in ("out", "inout"))

    def do(self, what, *args):
        self.library.call("bench_" + what, self.at, *args)

    def outputs(self):
        """What one call leaves in the results."""
        self.do("run")
        found = []
        for mode in ("inout", "out"):
            for place, a in enumerate(self.arguments):
                if a["mode"] == mode:
                    found.append(np.zeros(a["shape"], a["storage"]))
                    self.do("read", place, found[-1].ctypes.data_as(ctypes.c_void_p))
        return found

    def same_bits(self):
        same = ctypes.c_int32()
        self.do("same_bits", ctypes.byref(same))
        return bool(same.value)

    def time(self, method, calls):
        us = ctypes.c_double()
        if method == "graph":
            self.do("time_graph", ctypes.byref(us))
        else:
            self.do("time_stream", ctypes.c_int64(calls), ctypes.byref(us))
        return us.value

    def graph(self, calls):
        self.do("graph", ctypes.c_int64(calls))
        self.time("graph", calls)

    def close(self):
        self.library.at.bench_close(self.at)


class Side:
    """options: the library's path, and "mdlc" where same inputs have to give the same bits."""

    def __init__(self, options):
        self.library = Library(options[0])
        self.exact = "mdlc" in options
        device = self.library.device()
        self.name = device.name.decode()
        self.on_gpu = self.name != "the emulator"

    def open(self, row):
        if not self.exact and hasattr(self.library.at, "library_set_tf32"):
            self.library.at.library_set_tf32(int(row["tf32"]))
        if not hasattr(self.library.at, row["symbol"]):
            raise Failed("not in this build")
        work = 0
        sizes = list(row["sizes"].values())
        if self.exact:
            function = getattr(self.library.at, row["work"])
            function.restype = ctypes.c_int64
            work = function((ctypes.c_int64*max(1, len(sizes)))(*sizes))
        self.case = Case(self.library, row["symbol"], sizes, row["arguments"], row["sets"], work)
        self.graph_calls = 0
        outputs = self.case.outputs()
        if self.exact and not self.case.same_bits():
            raise Failed("calls one by one and in a graph, or in other memory, differ in bits")
        return outputs

    def time(self, method, calls):
        if method == "graph" and self.graph_calls != calls:
            self.case.graph(calls)
            self.graph_calls = calls
        return self.case.time(method, calls)

    def close(self):
        self.case.close()
        self.case = None


def median(case, method, calls, rounds=7):
    return float(np.median([case.time(method, calls) for _ in range(rounds)]))


def machine(library, quick):
    """What the card does at best: (copy in bytes a second, both ways counted; multiply-adds in
    flop/s; a launch in a graph and on a stream, in us)."""
    device = library.device()
    calls = 2 if quick else 20
    size = 1 << (12 if quick else 28)
    copy = Case(library, "bench_copy_call", [size],
                [{"bytes": size, "mode": "out"}, {"bytes": size, "mode": "out"}], 1)
    bandwidth = 2*size/median(copy, "stream", calls)*1e6
    copy.close()
    blocks, rounds = device.multiprocessors*(1 if quick else 16), 4 if quick else 8192
    adds = Case(library, "bench_multiply_add_call", [blocks, rounds],
                [{"bytes": 4*256*blocks, "mode": "out"}], 1)
    flops = 2*8*256*blocks*rounds/median(adds, "stream", calls)*1e6
    adds.close()
    launch = Case(library, "bench_launch_call", [], [], 1)
    launch.graph(100)
    floor = median(launch, "graph", 100), median(launch, "stream", 100 if quick else 1000)
    launch.close()
    return bandwidth, flops, *(f if math.isfinite(f) else 0 for f in floor)
