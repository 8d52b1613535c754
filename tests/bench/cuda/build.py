"""Builds the C sides: mdlc's programs or the libraries' calls, with driver.cu, as shared libraries, by
nvcc for a GPU or by clang for the emulator of tests/cuda."""
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import trials

HERE = trials.HERE
EMULATE = os.path.join(HERE, "../../cuda/emulate.sh")
NVCC = ["nvcc", "-std=c++17", "-O3", "-fmad=false", "-Xcompiler", "-fPIC,-Wno-deprecated-declarations"]
PEERS = {"in_cublas.cu": ["cublas"], "in_cudnn.cu": ["cudnn"]}


class Failed(Exception):
    pass


def tail(text):
    return "\n".join(text.strip().split("\n")[-20:])


def shell(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode:
        raise Failed(f"{' '.join(command)}\n{tail(done.stdout + done.stderr)}")
    return done.stdout


def each(function, items):
    """function of every item, as many at once as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def emit(mdlc, all_trials, folder, free):
    """mdlc's part. Those that it refuses get the reason as .failed."""
    def one(trial):
        trial.failed = None
        try:
            trial.compile(mdlc, folder, free)
        except trials.Refused as error:
            trial.failed = tail(str(error))
    each(one, all_trials)
    return [t for t in all_trials if not t.failed]


def write_callers(all_trials, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write(trials.CALLERS + "\n".join(t.caller() for t in all_trials))


# ---- without a GPU ------------------------------------------------------------------------------

def emulate(sources, output, folder, mode, flags=""):
    shell(["sh", EMULATE, mode, output, folder + "/emulator", *sources],
          env={**os.environ, "EMU_SHARED": "1", "EMU_FLAGS": flags})


def emulated(all_trials, folder, mode, most=None):
    """Libraries of about the same size, one a processor, each with its trials."""
    count = min(most or os.cpu_count() or 1, max(1, len(all_trials)//4))
    parts = [all_trials[i::count] for i in range(count)]
    emulate([os.path.join(HERE, "driver.cu")], f"{folder}/alone.so", folder, mode)

    def one(number):
        callers = f"{folder}/callers{number}.cu"
        write_callers(parts[number], callers)
        library = f"{folder}/mdlc{number}.so"
        emulate([os.path.join(HERE, "driver.cu"), callers, *[t.source for t in parts[number]]],
                library, folder, mode)
        return library, parts[number]
    return each(one, range(count))


def emulated_peers(folder):
    """The calls of cuBLAS, CUB and cuDNN, on stand-ins that say in plain loops what each means."""
    library = f"{folder}/peers.so"
    emulate([os.path.join(HERE, name) for name in ("driver.cu", *PEERS)], library, folder, "plain",
            f"-I{HERE}/stand_in")
    return library


# ---- with nvcc ----------------------------------------------------------------------------------

def link(objects, libraries, output, arch):
    """A shared library that finds CUDA's own where nvcc stands."""
    home = os.path.dirname(os.path.dirname(os.path.realpath(shutil.which("nvcc"))))
    paths = [p for p in (home + "/lib64", home + "/lib") if os.path.isdir(p)]
    shell(["nvcc", "-shared", "-arch=" + arch, *objects, *["-l" + l for l in libraries],
           *[f for p in paths for f in ("-L" + p, "-Xlinker", "-rpath=" + p)], "-o", output])


def compile_cuda(source, folder, arch):
    target = f"{folder}/{os.path.basename(source)}.o"
    shell([*NVCC, "-arch=" + arch, "-I", folder, "-I", HERE, "-c", source, "-o", target])
    return target


def with_nvcc(all_trials, folder, arch):
    """mdlc's library; trials that nvcc refuses get the reason as .failed."""
    def one(trial):
        try:
            return compile_cuda(trial.source, folder, arch)
        except Failed as error:
            trial.failed = str(error)
            return None
    objects = [o for o in each(one, all_trials) if o]
    write_callers([t for t in all_trials if not t.failed], f"{folder}/callers.cu")
    objects += each(lambda source: compile_cuda(source, folder, arch),
                    [f"{folder}/callers.cu", os.path.join(HERE, "driver.cu")])
    library = f"{folder}/mdlc.so"
    link(objects, [], library, arch)
    return library


def peers_with_nvcc(folder, arch):
    """(library, what is missing of it and why); None for a library when nothing is there."""
    objects, missing = [], {}

    def one(name):
        try:
            objects.append((compile_cuda(os.path.join(HERE, name), folder, arch), PEERS[name]))
        except Failed as error:
            missing[name] = str(error).split("\n")[-1]
    each(one, PEERS)
    if "in_cublas.cu" in missing:
        return None, missing        # it has what both share
    driver = compile_cuda(os.path.join(HERE, "driver.cu"), folder, arch)
    library = f"{folder}/peers.so"
    try:
        link([driver, *[o for o, _ in objects]], [l for _, some in objects for l in some], library, arch)
    except Failed as error:
        return None, {**missing, "link": str(error).split("\n")[-1]}
    return library, missing
