#!/usr/bin/env python3
"""The pages that are made from the tables: ops, float functions, passes, options, targets, errors; and what
a sample becomes in CUDA.

docs.py MDLC SOURCE_DIR            fails if a page is not what the tables say
docs.py MDLC SOURCE_DIR --update   writes them
"""
import os
import re
import subprocess
import sys
import tempfile

MADE = "Made from the tables by `python3 tests/lint/docs.py build/release/bin/mdlc . --update`; do not edit."


def say(mdlc, *options):
    return subprocess.run([mdlc, *options], check=True, stdout=subprocess.PIPE, text=True).stdout


def listing(title, text, words):
    return f"# {title}\n\n{MADE}\n\n{words}\n\n```\n{text.rstrip()}\n```\n"


def errors(mdlc):
    page = f"# Diagnostics\n\n{MADE}\n\n`mdlc --explain CODE` prints one of these.\n"
    for code in re.findall(r"^([EW]\d+)", say(mdlc, "--list-errors"), re.M):
        head, _, rest = say(mdlc, "--explain", code).partition("\n")
        page += f"\n## {head}\n" + (f"\n```\n{rest.strip()}\n```\n" if rest.strip() else "")
    return page


def maths(source):
    text = open(os.path.join(source, "ir/maths.def"), encoding="utf-8").read()
    rows = re.findall(r"^MATHS\((\w+),.*?([\d.]+), ([\d.]+), \"([^\"]*)\"\)$", text, re.M | re.S)
    words = """What the expansions of float functions are off by at most, in units of the last place. f32: over every float there
is, with and without fused products (`maths_sweep`; of `sin`, `cos` and `tan` beyond 823,000 one in 64), but `cbrt` over
draws, `pow`, `atan2` and `frem` over pairs; f64: over draws (`maths_test`). 0: exact."""
    table = "".join(f"| `{name}` | {single} | {double} | {doc} |\n" for name, single, double, doc in rows)
    return f"# Float functions\n\n{MADE}\n\n{words}\n\n| function | f32 | f64 | is |\n|---|---|---|---|\n{table}"


def example(mdlc, source):
    text = open(os.path.join(source, "samples/softmax_xent.mdl"), encoding="utf-8").read()
    with tempfile.TemporaryDirectory() as folder:
        written = os.path.join(folder, "softmax_xent.cu")
        say(mdlc, os.path.join(source, "samples/softmax_xent.mdl"), "-DC=1000", "--emit=cuda", "-o", written)
        code = open(written, encoding="utf-8").read()
    return f"""# A sample in CUDA

{MADE}

`samples/softmax_xent.mdl` is a classifier's loss:

```
{text.rstrip()}
```

`mdlc samples/softmax_xent.mdl -DC=1000 --emit=cuda` writes `softmax_xent.cu`, for 1000 classes and any number of rows. A warp
takes a row, which stays in its registers from the exponentials on; the mean is summed in two steps, in an order that no GPU changes:

```cuda
{code.rstrip()}
```
"""


def pages(mdlc, source):
    return {
        "ir/OPS.md": listing("Ops", say(mdlc, "--list-ops"), "Every op of the IR; elementwise rows are functions of the language too."),
        "ir/TARGETS.md": listing("Processors", say(mdlc, "--list-targets"), "What `--target=` and `-mcpu=` take; the first row of an architecture is its baseline."),
        "ir/ERRORS.md": errors(mdlc),
        "ir/MATHS.md": maths(source),
        "frontend/BUILTINS.md": listing("Builtins", say(mdlc, "--list-builtins"), "The functions that need no import. A parameter in [ ] may be left out, `...` takes any number; `wanted` is the type that the result must have where it stands."),
        "passes/PASSES.md": listing("Passes", say(mdlc, "--list-passes"), "In the order in which they run."),
        "codegen/cuda/EXAMPLE.md": example(mdlc, source),
        "compiler/OPTIONS.md": listing("Options", say(mdlc, "--help"), "What `mdlc --help` prints."),
    }


def main():
    mdlc, source = sys.argv[1], sys.argv[2]
    stale = []
    for name, text in pages(mdlc, source).items():
        path = os.path.join(source, name)
        old = open(path, encoding="utf-8").read() if os.path.exists(path) else None
        if old == text:
            continue
        if "--update" in sys.argv:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        else:
            stale.append(name)
    for name in stale:
        print(f"{name} is not what the tables say: python3 tests/lint/docs.py build/release/bin/mdlc . --update")
    return 1 if stale else 0


sys.exit(main())
