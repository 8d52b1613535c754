#!/usr/bin/env python3
"""mdlc's CUDA against PyTorch, JAX and NVIDIA's libraries, in one run, one table.

    run.py MDLC            on a GPU: build, check, time
    run.py MDLC --check    without: check every row at small sizes on the emulator
    run.py MDLC --nvcc sm_90    compile and link what a GPU would be given

README.md says what the columns mean. Fails when outputs differ (MISMATCH), or a row of ours does not
build.
"""
import argparse
import fnmatch
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"      # nvidia-smi's order
HERE = os.path.dirname(os.path.abspath(__file__))
JAX_HERE = os.path.normpath(f"{HERE}/../../../build/plugins/jax")   # by tests/install.sh, with numpy
if not importlib.util.find_spec("numpy"):
    if not os.path.isdir(JAX_HERE):
        print("skipped: this python has no numpy (Debian: python3-numpy)")
        sys.exit(77)
    sys.path.append(JAX_HERE)
    os.environ["PYTHONPATH"] = JAX_HERE

import build
import in_c
import table
from rows import ROWS
from sides import Clocks, Worker, run
from trials import Trial


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mdlc")
    parser.add_argument("--check", action="store_true", help="small sizes on the emulator")
    parser.add_argument("--rehearse", action="store_true", help="the table's steps on the emulator")
    parser.add_argument("-k", default="", metavar="NAMES", help="these rows only, say 'mlp,gemm*'")
    parser.add_argument("--rounds", type=int, default=11, help="how often the sides take turns")
    parser.add_argument("--free", action="store_true", help="leave sizes free in mdlc's programs")
    parser.add_argument("--mode", default="plain", choices=["plain", "race"], help="the emulator's")
    parser.add_argument("--nvcc", metavar="ARCH", help="only compile and link, for say sm_90")
    parser.add_argument("--without", default="", metavar="SIDES", help="torch,compile,jax,library")
    parser.add_argument("--torch-python", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--jax-python", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--json", metavar="FILE", help="every time measured")
    parser.add_argument("--keep", metavar="FOLDER", help="where to build, and to leave it")
    return parser.parse_args()


class Bench:
    def __init__(self, options):
        self.options = options
        self.options.mdlc = os.path.abspath(options.mdlc)
        self.folder = os.path.abspath(options.keep) if options.keep else tempfile.mkdtemp()
        os.makedirs(self.folder, exist_ok=True)
        self.log = open(f"{self.folder}/log", "w", encoding="utf-8")
        self.wrong, self.measured, self.started, self.unsaid = 0, [], [], set()

    def note(self, text):
        """Said once."""
        if text not in self.unsaid:
            self.unsaid.add(text)
            print(text, flush=True)

    def trials(self, which):
        patterns = self.options.k.split(",") if self.options.k else ["*"]
        rows = [r for r in ROWS if any(fnmatch.fnmatch(r.name, p) for p in patterns)]
        if not rows:
            sys.exit(f"no row is called {self.options.k}")
        return [Trial(row, sizes) for row in rows for sizes in getattr(row, which)]

    # ---- sides ----------------------------------------------------------------------------------

    def start(self, name, python, side, options=(), env=None):
        if name in self.options.without.split(","):
            return None
        worker = Worker(python, side, list(options), self.log, env)
        self.started.append(worker)
        if not worker.error:
            return worker
        self.note(f"without {table.TITLES.get(name, name)}: {worker.error}")
        return None

    def python_sides(self):
        """PyTorch, eager and compiled, and JAX: those that are there."""
        path = {"PYTHONPATH": JAX_HERE} if os.path.isdir(JAX_HERE) else {}
        found = {"jax": self.start("jax", self.options.jax_python, "jax", env=self.jax_env(path))}
        if self.options.check or self.options.rehearse:
            stand_in = {"PYTHONPATH": os.path.join(HERE, "stand_in") + os.pathsep + JAX_HERE}
            real = subprocess.run([self.options.torch_python, "-c", "import torch"], check=False,
                                  capture_output=True).returncode == 0
            env = {} if real else self.jax_env(stand_in)
            found["torch"] = self.start("torch", self.options.torch_python, "torch", env=env)
        else:
            found["torch"] = self.start("torch", self.options.torch_python, "torch")
            if found["torch"]:
                found["compile"] = self.start("compile", self.options.torch_python, "torch", ["compile"])
        return {name: found[name] for name in table.PEERS if found.get(name)}

    def jax_env(self, path):
        return {**path, "JAX_PLATFORMS": "cpu"} if self.options.check or self.options.rehearse else path

    # ---- rows -----------------------------------------------------------------------------------

    def sets(self, trial, machine):
        """(copies of a row's arguments, whether they are together too large for the cache)."""
        if machine is None:
            return 2, True
        wanted = -(-2*machine.cache//max(1, trial.footprint()))
        return (wanted, True) if wanted <= 64 else (1, False)

    def row(self, trial, workers, machine, clocks=None):
        sets, cold = self.sets(trial, machine)
        folder = tempfile.mkdtemp(dir=self.folder)
        trial.prepare(folder)
        for tf32 in (False, True) if trial.row.tf32 and machine else (False,):
            measured, mhz = self.sides_of(trial, workers, tf32, sets, folder, machine, clocks)
            print(table.line(trial, measured, machine, tf32, cold, mhz), flush=True)
            for name, side in measured.items():
                missing = side.failed == "Failed: not in this build" and name == "library"
                if side.failed and not missing:
                    print(f"  {name} FAILED: {side.failed}", flush=True)
                    self.wrong += name == "mdlc" or machine is None
                elif missing and trial.row.library:
                    self.note(f"without the library's {trial.row.name}")
            for text in table.mismatches(trial, measured, tf32):
                print(f"  MISMATCH {text}", flush=True)
                self.wrong += 1
            self.measured += [{"row": trial.title, "tf32": tf32, "side": name, "error": side.error,
                               "cold": cold, **side.times} for name, side in measured.items()]
        shutil.rmtree(folder)

    def sides_of(self, trial, workers, tf32, sets, folder, machine, clocks):
        rounds = 1 if machine is None else self.options.rounds
        given = trial, workers, tf32, sets, rounds, folder, machine is None
        if clocks is None:
            return run(*given), "-"
        with clocks:
            measured = run(*given)
        return measured, clocks.text()

    def refused(self, all_trials):
        for trial in all_trials:
            if trial.failed:
                print(f"{trial.title}\n  mdlc FAILED: {trial.failed}", flush=True)
                self.wrong += 1

    # ---- the two ways to run ----------------------------------------------------------------------

    def check(self):
        all_trials = self.trials("small")
        good = build.emit(self.options.mdlc, all_trials, self.folder, self.options.free)
        self.refused(all_trials)
        library = build.emulated_peers(self.folder)
        peers = {**self.python_sides(), "library": self.start("library", sys.executable, "c", [library])}
        peers = {n: w for n, w in peers.items() if w}
        print("errors of each side against float64, as parts of an output's largest magnitude; "
              + ", ".join(f"{table.TITLES[n]}: {w.name}" for n, w in peers.items()), flush=True)
        mdlc = {}
        for library, part in build.emulated(good, self.folder, self.options.mode):
            worker = self.start("mdlc", sys.executable, "c", [library, "mdlc"])
            in_c.machine(in_c.Library(library), quick=True)
            mdlc.update({trial.key: worker for trial in part})
        for trial in good:
            sides = {n: w for n, w in peers.items() if n != "library" or trial.row.library}
            self.row(trial, {"mdlc": mdlc[trial.key], **sides}, None)

    def through_nvcc(self):
        """All that a GPU would be given: compiled and linked."""
        arch, all_trials = self.options.nvcc, self.trials("sizes")
        good = build.emit(self.options.mdlc, all_trials, self.folder, self.options.free)
        build.with_nvcc(good, self.folder, arch)
        self.refused(all_trials)
        library, missing = build.peers_with_nvcc(self.folder, arch)
        for name, why in missing.items():
            self.note(f"without {name}: {why}")
        print(f"nvcc, {arch}: {sum(not t.failed for t in all_trials)} of {len(all_trials)} rows compile and "
              f"link; the libraries' calls {'too' if library else 'do not'}", flush=True)

    # ---- with one ---------------------------------------------------------------------------------

    def time(self, card):
        arch = "sm_" + card["compute_cap"].replace(".", "")
        all_trials = self.trials("sizes")
        good = build.emit(self.options.mdlc, all_trials, self.folder, self.options.free)
        ours = build.with_nvcc(good, self.folder, arch)
        library, missing = build.peers_with_nvcc(self.folder, arch)
        self.refused(all_trials)
        for name, why in missing.items():
            self.note(f"without {name}: {why}")
        self.table([t for t in good if not t.failed], ours, library, card)
        print(f"clocks at the end: {cards()[0]}")

    def rehearse(self):
        """The same on the emulator, at small sizes: every step but the times."""
        good = build.emit(self.options.mdlc, self.trials("small"), self.folder, self.options.free)
        (ours, part), = build.emulated(good, self.folder, self.options.mode, most=1)
        self.table(part, ours, build.emulated_peers(self.folder), "a rehearsal: the times mean nothing")

    def table(self, all_trials, ours, library, card):
        workers = {"mdlc": self.start("mdlc", sys.executable, "c", [ours, "mdlc"]), **self.python_sides()}
        if library:
            workers["library"] = self.start("library", sys.executable, "c", [library])
        workers = {n: w for n, w in workers.items() if w}
        for name in [n for n, w in workers.items() if not w.on_gpu and not self.options.rehearse]:
            self.note(f"without {table.TITLES.get(name, name)}: it sees no GPU")
            del workers[name]
        at = in_c.Library(ours)
        device = at.device()
        machine = table.Machine(device, *in_c.machine(at, quick=self.options.rehearse))
        self.introduce(card, machine, workers)
        clocks = Clocks(device.bus.decode())
        for trial in all_trials:
            sides = {n: w for n, w in workers.items() if n != "library" or trial.row.library}
            self.row(trial, sides, machine, clocks)

    def end(self):
        for worker in self.started:
            worker.stop()
        self.log.close()
        if self.options.json:
            with open(self.options.json, "w", encoding="utf-8") as f:
                json.dump(self.measured, f, indent=1)
        if not self.options.keep:
            shutil.rmtree(self.folder)

    def introduce(self, card, machine, workers):
        tensor = f"{machine.tensor/1e12:.0f} TF/s by its tensor cores on paper" if machine.tensor else ""
        print(f"{card if isinstance(card, str) else '; '.join(' '.join(f) for f in card.items())}\n"
              f"copy {machine.bandwidth/1e9:.0f} GB/s, multiply-adds {machine.flops/1e12:.1f} TF/s measured; "
              f"{tensor}; a launch {machine.floors[0]:.2f} us in a graph, {machine.floors[1]:.2f} us on a "
              f"stream; L2 {machine.cache/2**20:.0f} MiB")
        for name, worker in workers.items():
            print(f"{table.TITLES.get(name, name)}: {worker.name}")
        print(table.heading(), flush=True)


def cards():
    """What nvidia-smi says of each GPU, the one that CUDA takes first; none without it."""
    fields = ["name", "compute_cap", "driver_version", "clocks.sm", "clocks.max.sm", "clocks.mem",
              "temperature.gpu", "power.draw"]
    if not shutil.which("nvidia-smi"):
        return []
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
    said = subprocess.run(["nvidia-smi", "--query-gpu=" + ",".join(fields), "--format=csv,noheader",
                           *(["-i", chosen] if chosen else [])],
                          capture_output=True, text=True, check=False)
    return [dict(zip(fields, line.split(", "))) for line in said.stdout.splitlines()
            if not said.returncode]


def card_to_use(options):
    """None where nothing is timed."""
    if options.check or options.rehearse or options.nvcc:
        return None
    found = cards()
    if not found:
        sys.exit("run.py: nvidia-smi names no GPU; --check does what can be done without one")
    return found[0]


def main():
    options = arguments()
    card = card_to_use(options)
    if not options.check and not options.rehearse and not shutil.which("nvcc"):
        print("skipped: nvcc is not installed")
        sys.exit(77)
    bench = Bench(options)
    try:
        if options.check:
            bench.check()
        elif options.rehearse:
            bench.rehearse()
        elif options.nvcc:
            bench.through_nvcc()
        else:
            bench.time(card)
    except build.Failed as error:
        print(error)
        bench.wrong += 1
    bench.end()
    print(f"{bench.wrong} wrong" if bench.wrong else "all well")
    sys.exit(bool(bench.wrong))


main()
