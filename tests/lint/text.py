"""What every file of ours keeps: no path of a machine, no tab or trailing blank in code, UTF-8, in C
lines and files that can be read (100 columns and 500 lines are the aim, and what clang-format makes).

    python3 text.py ROOT
"""
import re
import subprocess
import sys

MOST_COLUMNS, MOST_LINES = 120, 600
CODE = (".c", ".h", ".def", ".y", ".l", ".py", ".sh", ".cmake", ".mdl")
PATH = re.compile(r"(?<![\w.])/(?:home|root|work|Users|mnt|opt)/")


def check(root):
    bad = []
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        try:
            data = open(f"{root}/{name}", "rb").read()
        except FileNotFoundError:
            continue
        if b"\0" in data or "/data/" in name or name.startswith("tests/fuzz/"):
            continue
        try:
            lines = data.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            bad.append(f"{name}: not UTF-8")
            continue
        for number, line in enumerate(lines, 1):
            if PATH.search(line):
                bad.append(f"{name}:{number}: a path of one machine")
            if not name.endswith(CODE):
                continue
            if line.rstrip() != line or "\t" in line:
                bad.append(f"{name}:{number}: tab or trailing blank")
            if name.endswith((".c", ".h")) and "tests/" not in name and len(line) > MOST_COLUMNS:
                bad.append(f"{name}:{number}: {len(line)} characters")
        if name.endswith((".c", ".h")) and len(lines) > MOST_LINES + 1:
            bad.append(f"{name}: {len(lines) - 1} lines")
    return bad


if __name__ == "__main__":
    problems = check(sys.argv[1])
    print("\n".join(problems))
    sys.exit(bool(problems))
