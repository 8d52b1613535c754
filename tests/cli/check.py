"""Runs a transcript: each `$ command` must print the lines below it (both streams, in the order
stdout, stderr) and exit as `? N` says (0 without one). `...` in a line stands for anything, a line
`...` for any lines. Commands run in a fresh folder that holds the files beside the transcript.

    python3 check.py BIN-FOLDER TRANSCRIPT [FOLDER]

FOLDER holds the files, if they are not beside the transcript.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile


def steps(path):
    command, lines, code = None, [], 0
    for line in open(path, encoding="utf-8").read().split("\n"):
        if line.startswith("$ ") or line.startswith("#"):
            if command:
                yield command, lines, code
            command, lines, code = (line[2:] if line[0] == "$" else None), [], 0
        elif line.startswith("? "):
            code = int(line[2:])
        elif command:
            lines.append(line)
    if command:
        yield command, lines, code


def matches(wanted, got):
    parts = []
    for line in wanted:
        if line.strip() == "...":
            parts.append("(?:.*\n)*?")
        else:
            parts.append(".*".join(map(re.escape, line.split("..."))) + "\n")
    return re.fullmatch("".join(parts), got) is not None


def run(binaries, path, sources):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in os.listdir(sources):
            if not name.endswith((".txt", ".py", ".cmake")):
                shutil.copy(os.path.join(sources, name), folder)
        env = dict(os.environ, PATH=binaries + os.pathsep + os.environ["PATH"], LC_ALL="C")
        for command, lines, code in steps(path):
            done = subprocess.run(["sh", "-c", command], cwd=folder, env=env, timeout=120,
                                  capture_output=True, text=True, encoding="utf-8")
            while lines and not lines[-1]:
                lines.pop()
            got = done.stdout + done.stderr
            got = got.rstrip("\n") + "\n" if got else ""
            if done.returncode != code or not matches(lines, got):
                failed += 1
                print(f"{path}: $ {command}\n--- wanted (exit {code})\n" + "\n".join(lines) +
                      f"\n--- got (exit {done.returncode})\n{got}")
    return failed


if __name__ == "__main__":
    transcript = os.path.abspath(sys.argv[2])
    given = sys.argv[3] if len(sys.argv) > 3 else os.path.dirname(transcript)
    sys.exit(1 if run(os.path.abspath(sys.argv[1]), transcript, given) else 0)
