"""The stock mlir-opt, which has no StableHLO, parses what mdlc emits in generic form.

    parse.py MDLC ROOT
"""
import glob
import os
import shutil
import subprocess
import sys

SIZES = {"cnn": ["-DB=3"], "logreg": ["-DN=3", "-DD=4"], "mlp": ["-DB=3"], "quadratic": ["-DB=3"],
         "softmax_xent": ["-DN=3", "-DC=5"], "spring": ["-DS=3"]}


def emitted(mdlc, path, flags):
    done = subprocess.run([mdlc, path, "--emit=stablehlo", "-w", "-o", "-"] + flags, capture_output=True)
    return done.stdout if done.returncode == 0 else None


def main(mdlc, root):
    opt = shutil.which("mlir-opt-22") or shutil.which("mlir-opt")
    if not opt:
        print("there is no mlir-opt", file=sys.stderr)
        return 1
    failed = modules = 0
    for path in sorted(glob.glob(f"{root}/samples/*.mdl") + glob.glob(f"{root}/tests/lang/*.mdl")):
        name = os.path.basename(path)[:-4]
        text = emitted(mdlc, path, SIZES.get(name, []))
        if text is None:
            print(f"{path} is not emitted", file=sys.stderr)
            failed += 1
            continue
        done = subprocess.run([opt, "--split-input-file", "--allow-unregistered-dialect", "-o", os.devnull],
                              input=text, capture_output=True)
        modules += text.count(b"func.func public @main")
        if done.returncode or done.stderr:
            print(f"{path}: {done.stderr.decode()[:2000]}", file=sys.stderr)
            failed += 1
    print(f"{modules} modules, {failed} files refused")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:3]) else 0)
