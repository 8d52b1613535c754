#!/usr/bin/env python3
"""The reading view parses as mdl: dumps of programs are programs that give the same.

    dumps.py MDLC RUN_LANG FILE...

Each file is dumped by --emit=ir. The dump must compile without an error, and so must its own dump.
Where an entry of the file stands below `//= VALUE` (tests/lang), the dump's must give it too.
"""
import os
import re
import subprocess
import sys
import tempfile


def expectations(text):
    """The comment lines above each entry that say what it gives."""
    found, above = {}, []
    for line in text.split("\n"):
        if line.startswith(("//= ", "//~ ")):
            above.append(line)
            continue
        entry = re.match(r"entry (?:fn )?(\w+)", line)
        if entry and above:
            found[entry.group(1)] = above
        above = []
    return found


def annotated(dump, expected):
    lines = []
    for line in dump.split("\n"):
        entry = re.match(r"entry fn (\w+)", line)
        lines += expected.get(entry.group(1), []) if entry else []
        lines.append(line)
    return "\n".join(lines)


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def check(mdlc, run_lang, path, directory):
    name = os.path.basename(path)
    first, second = os.path.join(directory, name), os.path.join(directory, "2_" + name)
    for source, dump in ((path, first), (first, second)):
        code, said = run([mdlc, "-w", "--emit=ir", source, "-o", dump])
        if code:
            return "%s: its %s does not compile\n%s" % (
                path, "dump" if source == first else "text", said)
    with open(path, encoding="utf-8") as f:
        expected = expectations(f.read())
    with open(first, encoding="utf-8") as f:
        text = f.read()
    with open(first, "w", encoding="utf-8") as f:
        f.write(annotated(text, expected))
    code, said = run([run_lang, first]) if expected else (0, "")
    return "%s: its dump gives something else\n%s" % (path, said) if code else None


def main(mdlc, run_lang, *paths):
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        for path in paths:
            problem = check(mdlc, run_lang, path, directory)
            if problem:
                failed += 1
                print(problem)
    print("%d of %d dumps are programs that give the same" % (len(paths) - failed, len(paths)))
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
