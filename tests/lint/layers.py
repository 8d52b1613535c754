"""Who may include whom, and who may call MLIR.

    python3 layers.py ROOT
"""
import os
import re
import sys

# folder: the folders it may include from, besides itself
MAY = {
    "ir": set(),
    "frontend": {"ir"},
    "passes": {"ir"},
    "codegen": {"ir"},
    "runtime": set(),
    "compiler": {"ir", "frontend", "passes", "codegen", "runtime"},
}
MLIR = ("ir/", "codegen/llvm/")  # may call functions named mlirX and include mlir-c
# What others may name: handles, and the null test MLIR keeps inline.
HANDLES = {"MlirOperation", "MlirValue", "MlirBlock", "MlirType", "MlirAttribute", "MlirLocation",
           "MlirRegion", "MlirContext"}
ROOT = {".ci", ".clang-format", ".clang-tidy", ".git", ".gitignore", "CMakeLists.txt", "CMakePresets.json",
        "LICENSE", "README.md", "build", "shared", *MAY, "tests", "samples"}


def sources(root, folder):
    for path, _, names in os.walk(os.path.join(root, folder)):
        for name in sorted(names):
            if name.endswith((".c", ".h", ".def", ".y", ".l")):
                yield os.path.relpath(os.path.join(path, name), root)


def without_comments(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"',
                  lambda m: m[0] if m[0][0] == '"' else re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)


def check(root):
    bad = []
    for name in sorted(os.listdir(root)):
        if name not in ROOT:
            bad.append(f"{name}: not one of the root's folders and files")
    for folder, may in MAY.items():
        for path in sources(root, folder):
            text = without_comments(open(os.path.join(root, path), encoding="utf-8").read())
            for number, line in enumerate(text.split("\n"), 1):
                place = f"{path}:{number}: "
                include = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
                if include:
                    first = include[1].split("/")[0]
                    if first in MAY and first != folder and first not in may:
                        bad.append(f"{place}{folder}/ may not include {include[1]}")
                    if first in ("mlir-c", "llvm-c") and not path.startswith(MLIR):
                        bad.append(f"{place}only {' and '.join(MLIR)} include {include[1]}")
                    continue
                line = re.sub(r'"(?:\\.|[^"\\])*"', '""', line)
                if not path.startswith(MLIR):
                    for word in re.findall(r"\b(?:mlir[A-Z]\w*|Mlir\w+|LLVM[A-Z]\w*)\b", line):
                        if word not in HANDLES:
                            bad.append(f"{place}{word} outside {' and '.join(MLIR)}")
    return bad


if __name__ == "__main__":
    problems = check(sys.argv[1])
    print("\n".join(problems))
    sys.exit(bool(problems))
