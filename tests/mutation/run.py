#!/usr/bin/env python3
"""Are the tests awake? Puts one deliberate fault at a time into a copy of the compiler, builds it and
runs the tests that should notice. Prints a line a mutation; the last line counts. Exit 1 if one
survives.

    python3 tests/mutation/run.py [--only=WORD]... [--list]

A mutation whose text is not in the file any more is an error too: adapt the row."""
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

OPS = "backend_ops f32 --draws=4"
INTEGERS = "backend_ops i32 --draws=4"
RANDOM = "random_programs --programs=20 --size=1 --seed=1 --no-reduce"
GRAD = "rows_test"

# what the fault is, file, text, replacement, tests (any one that fails has caught it)
MUTATIONS = [
    ("a sign in the derivative of cos", "ir/ops.def", '"-sin(a)",  ', '"sin(a)",   ', [GRAD]),
    ("a square lost in that of tanh", "ir/ops.def", '"1 - y*y", ', '"1 - y",   ', [GRAD]),
    ("atan2's operands swapped in one partial", "ir/ops.def", '"g*b/(a*a + b*b), ',
     '"g*a/(a*a + b*b), ', [GRAD]),
    ("a broadcast's adjoint keeps stretched axes out", "passes/transpose_move.c",
     "if (!is_old || stretched)", "if (!is_old)", [GRAD, RANDOM]),
    ("a transpose's adjoint permutes the same way again", "passes/transpose_move.c",
     "back[perm[i]] = i", "back[i] = perm[i]", [GRAD, RANDOM]),
    ("integer division rounds towards zero", "passes/integers.c",
     "quotient = choose(a, rounds_down(a, t, rest, by), less, quotient);", "(void)less;", [INTEGERS]),
    ("division by zero is not caught", "passes/integers.c",
     "return choose(a, is_equal(a, t, x[1], 0), constant(a, t, -1), quotient);",
     "return quotient;", [INTEGERS]),
    ("an update's window reaches one too far", "passes/at.c",
     "inside = both(n, inside, mdl_loop_compare(&n->b, MDL_PREDICATE_lt, p->at[axis], end));",
     "inside = both(n, inside, mdl_loop_compare(&n->b, MDL_PREDICATE_le, p->at[axis], end));", [OPS]),
    ("concat switches one element late", "passes/at.c",
     "MlirValue first = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, p->at[axis], length);",
     "MlirValue first = mdl_loop_compare(&n->b, MDL_PREDICATE_le, p->at[axis], length);", [OPS]),
    ("a rewrite that forgets -0", "passes/rewrites.def", 'R( exact, F,  "a + -0", ',
     'R( exact, F,  "a + 0",  ', ["rewrites_test"]),
    ("2*a + a becomes 4*a", "passes/rewrites.def", '"2*a + a",                       "3*a"',
     '"2*a + a",                       "4*a"', ["rewrites_test"]),
    ("vmap of a gather shifts no axis", "passes/vmap_index.c", "places(v, axis + 1, 0)",
     "places(v, axis, 0)", ["vmap_test", RANDOM]),
    ("the C printer forgets an unsigned shift", "codegen/cfamily_expr.c",
     '!strcmp(row->c, ">>");', '!strcmp(row->c, ">>>");', ["backend_ops u8 --draws=4", OPS]),
    ("f16 is read as its bits", "ir/eval_number.c", "return h >> 15 ? -value : value;",
     "return value;", ["eval_test", "backend_ops f16 --draws=2"]),
    ("max loses NaN", "ir/ops.def", "a > b || a != a ? a : b == a ? (signbit(a) ? b : a) : b",
     "a > b ? a : b == a ? (signbit(a) ? b : a) : b", ["eval_test", OPS]),
]


def build(copy, targets):
    command = ["ninja", "-j2", "-C", os.path.join(copy, "build", "release"), *sorted(targets)]
    return subprocess.run(command, capture_output=True, text=True, timeout=1800)


def caught_by(copy, tests):
    """The first test that fails, or None."""
    for test in tests:
        words = test.split()
        words[0] = os.path.join(copy, "build", "release", "bin", words[0])
        try:
            if subprocess.run(words, capture_output=True, timeout=900).returncode:
                return test
        except subprocess.TimeoutExpired:
            return test
    return None


def try_mutation(copy, row):
    what, path, text, with_text, tests = row
    name = os.path.join(copy, path)
    with open(name, encoding="utf-8") as file:
        source = file.read()
    if text not in source:
        return "LOST", "its text is not in " + path
    with open(name, "w", encoding="utf-8") as file:
        file.write(source.replace(text, with_text))
    try:
        made = build(copy, {test.split()[0] for test in tests})
        if made.returncode:
            return "LOST", "it does not compile: " + made.stdout[-300:]
        by = caught_by(copy, tests)
        return ("caught", "by " + by) if by else ("SURVIVED", what)
    finally:
        with open(name, "w", encoding="utf-8") as file:
            file.write(source)


def prepare(copy, rows):
    """A copy of the sources, built, in which every test passes."""
    ignore = shutil.ignore_patterns("build", ".git")
    shutil.copytree(ROOT, copy, ignore=ignore)
    subprocess.run(["cmake", "-S", copy, "-B", os.path.join(copy, "build", "release"), "-G", "Ninja",
                    "-DMDLC_WERROR=OFF"],
                   check=True, capture_output=True)
    tests = sorted({test for row in rows for test in row[4]})
    made = build(copy, {test.split()[0] for test in tests})
    if made.returncode:
        sys.exit("the unchanged copy does not build:\n" + made.stdout[-2000:])
    for test in tests:
        if caught_by(copy, [test]):
            sys.exit("the unchanged copy already fails " + test)


def main():
    only = [word[7:] for word in sys.argv[1:] if word.startswith("--only=")]
    rows = [row for row in MUTATIONS if not only or any(word in row[0] for word in only)]
    if "--list" in sys.argv:
        print("\n".join(row[0] for row in rows))
        return 0
    folder = tempfile.mkdtemp(prefix="mdlc_mutants_")
    try:
        copy = os.path.join(folder, "mdlc")
        prepare(copy, rows)
        outcomes = []
        for row in rows:
            outcome, why = try_mutation(copy, row)
            outcomes.append(outcome)
            print(f"{outcome:8} {row[0]} ({why})", flush=True)
        caught = outcomes.count("caught")
        print(f"{caught} of {len(rows)} mutations caught")
        return 0 if caught == len(rows) else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
