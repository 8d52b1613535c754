#!/usr/bin/env python3
"""Malformed programs and what the compiler says about them.

    run.py MDLC [--update] [NAME...]     run tests (all, or those whose name starts so)
    run.py MDLC --lint                   every code has a test and a true explanation

A test is CODE[-case].mdl with its expected standard error in a .txt beside it. Its first line may be
`// run: FLAGS` (`// run: run ENTRY VALUES` for a program that runs). Checked: the text, that it
names CODE, the exit code, that no output is left, that JSON says the same, and that the program
compiles after its exact fixes.
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "../../ir/diag.def")


class Failed(Exception):
    pass


def run(command, cwd):
    try:
        bare = {k: v for k, v in os.environ.items() if k not in ("MDLC_PJRT", "TPU_LIBRARY_PATH")}
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, env=bare)
    except subprocess.TimeoutExpired:
        raise Failed("runs for more than 60 s")
    return done.returncode, done.stderr.decode("utf-8", "replace")


def command_of(mdlc, path, output):
    """The command line for a test: compile it to `output`, unless its first line says otherwise."""
    with open(path, encoding="utf-8", errors="replace") as f:
        first = f.readline()
    flags = shlex.split(first[7:]) if first.startswith("// run:") else []
    name = os.path.basename(path)
    if flags[:1] == ["run"]:
        return [mdlc, "run", name] + flags[1:]
    if "NOFILE" in flags:
        return [mdlc] + [f for f in flags if f != "NOFILE"]
    return [mdlc] + flags + [name, "-o", output]


def expected_exit(code, text):
    if "error[E0999]" in text:
        return 70
    if code.startswith("E085"):
        return 3
    if re.search(r"^mdlc: error\[(E0810|E0809|E0812)\]", text, re.M):
        return 2
    return 1 if re.search(r": error\[", text) else 0


def check_json(command, directory, text):
    """JSON's `rendered` is the text; returns the objects."""
    _, out = run(command + ["--diagnostics=json"], directory)
    try:
        objects = [json.loads(line) for line in out.splitlines()]
    except ValueError:
        raise Failed("prints what is no JSON:\n" + out)
    rendered = "".join(o["rendered"] + "\n" for o in objects if "rendered" in o)
    if rendered != re.sub(r"^mdlc: \d+ (error|warning).*\n\Z", "", text, flags=re.M):
        raise Failed("JSON renders another text:\n" + rendered)
    fields = ["v", "level", "code", "flag", "message", "spans", "notes", "fixes", "rendered"]
    for o in objects[:-1]:
        if list(o) != fields:
            raise Failed("fields of JSON are " + " ".join(o))
    if objects and list(objects[-1]) != ["v", "errors", "warnings", "exit"]:
        raise Failed("JSON ends in " + str(objects[-1]))
    return objects[:-1]


def check_fixes(mdlc, source, objects):
    """A program with one mistake that has an exact fix compiles after it."""
    errors = [o for o in objects if o["level"] == "error"]
    fixes = [f for o in errors for f in o["fixes"]]
    if len(errors) != 1 or len(fixes) != 1 or not fixes[0]["exact"]:
        return
    with open(source, "rb") as f:
        text = f.read()
    for edit in sorted(fixes[0]["edits"], key=lambda e: -e["byte"]):
        text = text[:edit["byte"]] + edit["text"].encode() + text[edit["end_byte"]:]
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "fixed.mdl"), "wb") as f:
            f.write(text)
        code, out = run([mdlc, "-fsyntax-only", "fixed.mdl"], directory)
        if code != 0 and "error[E0802]" not in out:
            raise Failed("does not compile after its exact fix:\n" + out)


def check(mdlc, source, update):
    code = re.match(r"[EW]\d+", os.path.basename(source)).group()
    golden = source[:-4] + ".txt"
    with tempfile.TemporaryDirectory() as directory:
        command = command_of(mdlc, source, os.path.join(directory, "out"))
        status, text = run(command, HERE)
        left = os.listdir(directory)
        if status != 0 and left:
            raise Failed("leaves " + " ".join(left))
        if status < 0:
            raise Failed("ends by signal %d:\n%s" % (-status, text))
        if "[%s]" % code not in text:
            raise Failed("does not report %s:\n%s" % (code, text))
        if status != expected_exit(code, text):
            raise Failed("exit %d, wanted %d:\n%s" % (status, expected_exit(code, text), text))
        # The short tier asks for JSON every third time.
        if update or os.environ.get("MDLC_TESTS_ALL") or zlib.crc32(os.path.basename(source).encode()) % 3 == 0:
            check_fixes(mdlc, source, check_json(command, HERE, text))
    if update:
        with open(golden, "w", encoding="utf-8") as f:
            f.write(text)
    if not os.path.exists(golden):
        raise Failed("has no .txt; it prints\n" + text)
    with open(golden, encoding="utf-8") as f:
        wanted = f.read()
    if text != wanted:
        raise Failed("wanted\n%s\ngot\n%s" % (wanted, text))


def tests(names):
    for name in sorted(os.listdir(HERE)):
        if re.match(r"[EW]\d+.*\.mdl$", name) and (not names or name.startswith(tuple(names))):
            yield os.path.join(HERE, name)


# ---- the table --------------------------------------------------------------------------------

def explanations(mdlc):
    """Code, heading, wrong program, right program of every row."""
    with open(TABLE, encoding="utf-8") as f:
        codes = [k + n for k, n in re.findall(r"^([EW])\((\d+)", f.read(), re.M)]
    for code in codes:
        text = subprocess.run([mdlc, "--explain", code], capture_output=True,
                              text=True).stdout.split("\n")
        parts = {"wrong": [], "right": []}
        part = None
        for line in text[1:]:
            if line[:8] in ("wrong:  ", "right:  "):
                part = parts[line[:5]]
            elif not line.startswith("        "):
                part = None
            if part is not None:
                part.append(line[8:])
        yield code, text[0], "\n".join(parts["wrong"]), "\n".join(parts["right"])


def compile_text(mdlc, text, flags):
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "a.mdl"), "w") as f:
            f.write(text + "\n")
        # Some rules are checked by the passes: an entry is compiled whole.
        how = ["-c", "-o", "a.o"] if "entry " in text else ["-fsyntax-only"]
        _, out = run([mdlc] + how + flags + ["a.mdl"], directory)
        # A library without an entry is no mistake here.
        return "".join(r for r in re.split(r"(?<=\n)\n", out) if "error[E0802]" not in r)


def lint_code(mdlc, code, heading, wrong, right):
    flags = ["-Wguard"] if code == "W108" else []
    if wrong and not wrong.startswith("mdlc "):
        out = compile_text(mdlc, wrong, flags)
        kind = "warning" if code[0] == "W" else "error"
        message = heading[len(code) + 2:]
        if not re.search(r": %s\[%s\]: %s( \[-W|$)" % (kind, code, re.escape(message)), out, re.M):
            yield "the wrong program of %s gives\n%s\nwanted: %s" % (code, out, message)
        elif len(re.findall(r": error\[", out)) > 1:
            yield "the wrong program of %s gives several errors:\n%s" % (code, out)
    if right and not right.startswith("mdlc "):
        out = compile_text(mdlc, right, flags)
        if re.search(r": error\[", out) or (code[0] == "W" and "[%s]" % code in out):
            yield "the right program of %s gives\n%s" % (code, out)


def lint(mdlc, names):
    tested = {re.match(r"[EW]\d+", os.path.basename(t)).group() for t in tests([])}
    with open(os.path.join(HERE, "untested.txt")) as f:
        excused = {line.split()[0] for line in f if line.strip() and line[0] != "#"}
    problems = 0
    codes = set()
    for code, heading, wrong, right in explanations(mdlc):
        codes.add(code)
        if names and not code.startswith(tuple(names)):
            continue
        found = list(lint_code(mdlc, code, heading, wrong, right)) if code not in excused else []
        if code not in tested and code not in excused:
            found.append("%s has no test" % code)
        if code in tested and code in excused:
            found.append("%s has a test: untested.txt says no" % code)
        for problem in found:
            print("lint: " + problem)
        problems += len(found)
    for code in sorted(tested - codes):
        print("lint: tests of %s, which the table has not" % code)
        problems += 1
    return problems


def main(arguments):
    mdlc = os.path.abspath(arguments[0])
    names = [a for a in arguments[1:] if not a.startswith("--")]
    if "--lint" in arguments:
        return lint(mdlc, names)
    failed = count = 0
    for source in tests(names):
        count += 1
        try:
            check(mdlc, source, "--update" in arguments)
        except Failed as e:
            failed += 1
            print("%s: %s" % (os.path.basename(source), e))
    print("%d of %d malformed programs as expected" % (count - failed, count))
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
