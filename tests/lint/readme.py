#!/usr/bin/env python3
"""Runs the README: in every ```console block, each `$ command` must print the lines after it.

readme.py MDLC SOURCE_DIR
"""
import os
import re
import subprocess
import sys
import tempfile


def steps(text):
    """(line number, command, expected output) of every console block."""
    for block in re.finditer(r"^```console\n(.*?)^```", text, re.S | re.M):
        line = text[: block.start(1)].count("\n") + 1
        for part in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.group(1), re.M):
            yield line + block.group(1)[: part.start()].count("\n"), part.group(1), part.group(2)


def main():
    mdlc, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    with open(os.path.join(source, "README.md"), encoding="utf-8") as file:
        text = file.read()
    failed = count = 0
    environment = dict(os.environ, PATH=os.path.dirname(mdlc) + os.pathsep + os.environ["PATH"])
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.join(source, "samples"), os.path.join(folder, "samples"))
        for line, command, wanted in steps(text):
            ran = subprocess.run(command, shell=True, cwd=folder, env=environment, timeout=60,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            count += 1
            if ran.stdout != wanted:
                failed += 1
                print(f"README.md:{line}: $ {command}\nwanted:\n{wanted}got:\n{ran.stdout}")
    if not count:
        print("README.md has no console block")
    return 1 if failed or not count else 0


sys.exit(main())
