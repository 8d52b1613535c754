"""Runs the programs of tests/lang compiled: each entry through `mdlc run --json`, against the value
above it. Same expectations as run.c, which uses the evaluator.

    python3 compiled.py MDLC FILE...
"""
import json
import math
import re
import subprocess
import sys


def entries(text):
    value, tolerance = None, 2e-5
    for line in text.split("\n"):
        if line.startswith("//= "):
            value = line[4:]
        elif line.startswith("//~ "):
            tolerance = float(line[4:])
        elif line.startswith("entry "):
            name = re.match(r"entry (?:fn )?(\w+)", line).group(1)
            if value is not None:
                yield name, value, tolerance
            value, tolerance = None, 2e-5


def numbers(value):
    words = re.findall(r"[^\[\](), ]+", value)
    return [{"true": 1.0, "false": 0.0}.get(w, None) if w in ("true", "false") else float(w)
            for w in words]


def flat(data):
    if isinstance(data, list):
        return [x for item in data for x in flat(item)]
    if isinstance(data, dict):
        return [x for item in data.values() for x in flat(item)]
    return [float(data)]


def agrees(got, wanted, tolerance):
    if math.isnan(wanted) or math.isnan(got):
        return math.isnan(wanted) and math.isnan(got)
    if math.isinf(wanted) or math.isinf(got):
        return wanted == got
    return abs(got - wanted) <= tolerance * max(abs(wanted), 1e-3)


def run(mdlc, path):
    failed = ran = 0
    for name, value, tolerance in entries(open(path, encoding="utf-8").read()):
        ran += 1
        done = subprocess.run([mdlc, "run", "-w", "--checks=clamp", path, name, "--json"],
                              capture_output=True, text=True, timeout=60)
        try:
            results = json.loads(done.stdout)["results"]
            got = [x for r in results for x in flat(r["data"])]
        except (ValueError, KeyError):
            got = None
        wanted = numbers(value)
        if got is None or len(got) != len(wanted) or \
                not all(map(lambda g, w: agrees(g, w, tolerance), got, wanted)):
            failed += 1
            print(f"{path}: {name}\n  wanted {value}\n  got {got}\n{done.stderr}")
    print(f"{path}: {ran - failed} of {ran}")
    return failed


sys.exit(1 if sum(run(sys.argv[1], path) for path in sys.argv[2:]) else 0)
