"""The sides as run.py sees them: worker processes, and one row's numbers from all of them."""
import ctypes
import json
import math
import os
import subprocess
import threading

import numpy as np

import trials

TF32_TOLERANCE = 3e-3


class Failed(Exception):
    pass


class Worker:
    """A process of worker.py. `error` says why there is none."""

    def __init__(self, python, side, options, log, env=None):
        self.error = None
        self.process = subprocess.Popen(
            [python, os.path.join(trials.HERE, "worker.py"), side, *options], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **(env or {})})
        hello = self.read()
        self.name, self.on_gpu = hello.get("name"), hello.get("on_gpu")
        self.error = hello.get("error")

    def read(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.error = f"the process ended with status {self.process.wait()}"
        return {"error": self.error}

    def order(self, **fields):
        if self.error:
            raise Failed(self.error)
        self.process.stdin.write(json.dumps(fields) + "\n")
        self.process.stdin.flush()
        said = self.read()
        if "error" in said:
            raise Failed(said["error"])
        return said

    def stop(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait()


class Clocks:
    """The multiprocessors' clock while something runs, read from NVML every 10 ms; never set."""

    def __init__(self, bus):
        self.nvml = self.handle = None
        try:
            self.nvml = ctypes.CDLL("libnvidia-ml.so.1")
            handle = ctypes.c_void_p()
            if not self.nvml.nvmlInit_v2() and \
               not self.nvml.nvmlDeviceGetHandleByPciBusId_v2(bus.encode(), ctypes.byref(handle)):
                self.handle = handle
        except (OSError, AttributeError):
            pass

    def read(self):
        mhz = ctypes.c_uint()
        if self.nvml.nvmlDeviceGetClockInfo(self.handle, 1, ctypes.byref(mhz)):   # 1: NVML_CLOCK_SM
            return
        self.seen.append(mhz.value)

    def watch(self):
        while not self.over.wait(0.01):
            self.read()

    def __enter__(self):
        self.seen, self.over = [], threading.Event()
        self.thread = threading.Thread(target=self.watch)
        if self.handle:
            self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        if self.handle:
            self.thread.join()

    def text(self):
        return f"{min(self.seen)}-{max(self.seen)}" if self.seen else "-"


def apart(outputs, wanted):
    """The largest difference, of the largest magnitude of its output; inf for NaN or another shape."""
    worst = 0.0
    if len(outputs) != len(wanted):
        return math.inf
    for got, want in zip(outputs, wanted):
        if got.shape != want.shape:
            return math.inf
        scale = np.max(np.abs(want), initial=0) or 1
        error = float(np.max(np.abs(got - want), initial=0)/scale)
        worst = max(worst, error if math.isfinite(error) else math.inf)
    return worst


class Measured:
    """One side of one row: error against float64, error against mdlc, times by method."""

    def __init__(self):
        self.failed = self.outputs = None
        self.error = self.against = math.nan
        self.times = {"graph": [], "stream": []}


def open_side(worker, trial, case, folder):
    side = Measured()
    os.makedirs(folder, exist_ok=True)
    try:
        said = worker.order(do="open", case=case, folder=folder)
    except Failed as error:
        side.failed = str(error)
        return side
    side.outputs = [trials.to_double(np.load(name), a["dtype"])
                    for name, a in zip(said["outputs"], trial.results())]
    side.error = apart(side.outputs, trial.expected)
    return side


LONG_US = 20000         # a call that takes longer is timed alone; the cache does not matter to it
ENOUGH_SECONDS = 10     # no more rounds of a side that has taken so much by one method


def calls_for(worker, method, sets, quick):
    """How many calls take about 5 ms, a multiple of the sets."""
    if quick:
        return sets
    if worker.order(do="time", method="stream", calls=1)["us"] > LONG_US:
        return 1
    us = worker.order(do="time", method="stream", calls=sets)["us"]
    most = 512 if method == "graph" else 4096
    return sets*max(1, min(most, math.ceil(5000/max(us, 1)))//sets)


def measure(opened, workers, sets, rounds, quick):
    """Times all sides in turn, `rounds` times, by each method."""
    for method in ("graph", "stream"):
        calls, spent = {}, {}
        for name, side in opened.items():
            try:
                calls[name] = calls_for(workers[name], method, sets, quick)
                workers[name].order(do="time", method=method, calls=calls[name])
                spent[name] = 0
            except Failed as error:
                side.failed = f"{method}: {error}"
        for _ in range(rounds):
            for name in [n for n in spent if spent[n] < ENOUGH_SECONDS]:
                us = workers[name].order(do="time", method=method, calls=calls[name])["us"]
                if us is not None:
                    opened[name].times[method].append(us)
                    spent[name] += us*calls[name]/1e6


def run(trial, workers, tf32, sets, rounds, folder, quick):
    """{side: Measured} of a row; the first side is mdlc's."""
    measured = {}
    for name, worker in workers.items():
        symbol = f"{trial.key}_call" if name == "mdlc" else f"library_{trial.row.name}"
        case = trial.case(sets, tf32, symbol, trial.key + "_work")
        measured[name] = open_side(worker, trial, case, f"{folder}/{name}")
    ours = measured["mdlc"].outputs
    for side in measured.values():
        if side.outputs and ours:
            side.against = apart(side.outputs, ours)
    opened = {name: side for name, side in measured.items() if not side.failed}
    measure(opened, workers, sets, rounds, quick)
    for name in opened:
        try:
            workers[name].order(do="close")
        except Failed as error:
            measured[name].failed = str(error)
    return measured
