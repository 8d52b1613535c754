#!/usr/bin/env python3
"""Same input, same bytes: every sample to every output, again and again: in another folder, with
another locale, time zone and environment, where the addresses of memory differ, and from the library
in eight threads at once.

    run.py MDLC THREADS FILE.mdl..."""
import os
import subprocess
import sys
import tempfile

FILES = "llvm,bitcode,c,header,manifest,obj,asm"
KINDS = "ir,mlir,groups,loops," + FILES


def outputs(mdlc, source, folder, env=(), before=()):
    """Every artefact of a source that lies in `folder`, by name."""
    name = os.path.basename(source)
    os.makedirs(folder, exist_ok=True)
    with open(source, "rb") as file, open(os.path.join(folder, name), "wb") as copy:
        copy.write(file.read())
    known = set(os.listdir(folder))
    done = subprocess.run([*before, mdlc, name, "--emit=" + KINDS, "-O2"], cwd=folder, capture_output=True,
                          env=dict(os.environ, **dict(env)), timeout=300)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr.decode()}")
    made = {"stdout (ir, mlir, groups, loops)": done.stdout}
    for file in sorted(set(os.listdir(folder)) - known):
        with open(os.path.join(folder, file), "rb") as artefact:
            made[file] = artefact.read()
    if len(made) != len(FILES.split(",")) + 1 or not done.stdout:
        sys.exit(f"{name}: {len(made)} outputs: {sorted(made)}")
    return made


def main():
    mdlc, threads, sources = sys.argv[1], sys.argv[2], sys.argv[3:]
    other = {"LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8",
             "TZ": "Asia/Tokyo", "COLUMNS": "40", "PAD": "x" * 5000}
    failed = 0
    with tempfile.TemporaryDirectory(prefix="mdlc_same_") as root:
        for source in sources:
            first = outputs(mdlc, source, os.path.join(root, "a"))
            again = {"another folder": outputs(mdlc, source, os.path.join(root, "b", "deeper", "down")),
                     "another environment": outputs(mdlc, source, os.path.join(root, "c"), other.items())}
            if subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode == 0:
                again["fixed addresses"] = outputs(mdlc, source, os.path.join(root, "d"),
                                                   before=("setarch", "-R"))
            for what, made in again.items():
                for file in first:
                    if made[file] != first[file]:
                        failed += 1
                        print(f"{os.path.basename(source)}: {file} differs with {what}")
            for folder in "abcd":
                subprocess.run(["rm", "-rf", os.path.join(root, folder)], check=True)
    failed += subprocess.run([threads, *sources]).returncode != 0
    print(f"{len(sources)} sources, {failed} differences")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
