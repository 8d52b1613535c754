"""A side of the benchmark in a process of its own: worker.py SIDE OPTION…, told what to do by lines of
JSON, one line of JSON in answer. SIDE is the module in_SIDE. Arrays travel as .npy files."""
import importlib
import json
import os
import sys
import traceback

import numpy as np


def load(case):
    for a in case["arguments"]:
        if "file" in a:
            a["data"] = np.load(a["file"])
    case["inputs"] = [a for a in case["arguments"] if "file" in a]
    return case


def answer(side, order):
    what = order["do"]
    if what == "open":
        names = []
        for number, out in enumerate(side.open(load(order["case"]))):
            names.append(f"{order['folder']}/{number}.npy")
            np.save(names[-1], out)
        return {"outputs": names}
    if what == "time":
        return {"us": side.time(order["method"], order["calls"])}
    side.close()
    return {}


def main():
    # What a library prints goes to the log, not between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(fields):
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    try:
        side = importlib.import_module("in_" + sys.argv[1]).Side(sys.argv[2:])
    except Exception as error:  # whatever a package that is half there raises
        traceback.print_exc()
        say({"error": f"{type(error).__name__}: {error}".split("\n")[0]})
        return
    say({"name": side.name, "on_gpu": side.on_gpu})
    for line in sys.stdin:
        try:
            say(answer(side, json.loads(line)))
        except Exception as error:  # of this row: the next one may be well
            traceback.print_exc()
            say({"error": f"{type(error).__name__}: {error}".split("\n")[0]})


main()
