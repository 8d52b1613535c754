#!/usr/bin/env python3
"""Are the tests awake? Puts one deliberate fault at a time into a copy of the compiler, builds it and
runs the tests that should notice, until one fails. Prints a line a mutation; the last line counts.
Exit 1 if fewer than 95 % are caught. A test is a program of build/release/bin with its arguments, or
`errors CODE`: the malformed programs of that code.

    python3 tests/mutation/run.py [--only=WORD]... [--list | --lint]

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
    # ---- front end
    ("a range of negative length is a size", "frontend/build.c", "length < 0;", "length < -9;",
     ["fuzz_frontend tests/fuzz/corpus/range_below_zero.mdl"]),
    ("two numbers that differ are one size", "frontend/core.c",
     "if (!gap || mdl_size_is_const(gap, &value)) return false;",
     "if (!gap || (mdl_size_is_const(gap, &value) && value > 99)) return false;",
     ["errors E04"]),
    ("a number is a condition of where", "frontend/apply.c", "if (letter == 'B') {",
     "if (letter == '?') {", ["fuzz_frontend tests/fuzz/corpus/number_as_condition.mdl"]),
    ("axes that a guard made equal keep their names", "frontend/map.c", "if (extent == size) return v;",
     "if (size) return v;", ["fuzz_frontend tests/fuzz/corpus/empty_axis.mdl"]),
    # ---- derivatives
    ("a minus becomes a plus in forward mode", "passes/linearize.c",
     "return sum.ptr ? mdl_build(&f->b, MDL_OP_sub, sum, term)",
     "return sum.ptr ? mdl_build(&f->b, MDL_OP_add, sum, term)", [GRAD]),
    ("where's tangents change places", "passes/linearize.c", "mdl_operand(op, 0), b, c));",
     "mdl_operand(op, 0), c, b));", [GRAD]),
    ("a product's other factors are shifted the wrong way", "passes/linearize_rules.c",
     "back ? -1 : 1;", "back ? 1 : -1;", [GRAD]),
    ("cumprod's tangent takes the element for the product", "passes/linearize_rules.c",
     "mdl_build(&in.b, MDL_OP_mul, p, dx)", "mdl_build(&in.b, MDL_OP_mul, x, dx)", [GRAD]),
    ("a dot's adjoint permutes the wrong side", "passes/transpose_contract.c",
     "for (int i = 0; i < sums && side; i++)", "for (int i = 0; i < sums && !side; i++)", [GRAD]),
    # ---- simplify
    ("axes of size 1 count as empty", "passes/simplify.c",
     "if (mdl_size_is_const(type->dim[i], &extent) && !extent)",
     "if (mdl_size_is_const(type->dim[i], &extent) && extent < 2)",
     ["run_lang tests/lang/indexing.mdl", "run_lang tests/lang/shape.mdl", RANDOM]),
    # ---- places
    ("lifetimes that touch share a place", "passes/arena_plan.c",
     "a->from <= b->to && b->from <= a->to", "a->from < b->to && b->from < a->to", [RANDOM, OPS]),
    ("a lifetime ends at its first use", "passes/arena_plan.c", "if (to > store->to) store->to = to;",
     "if (!store->to) store->to = to;", [RANDOM, OPS]),
    ("places of values that live together overlap", "passes/arena_plan.c",
     "offset >= o->offset + o->bytes ||", "o->bytes >= 0 ||", [RANDOM, OPS]),
    # ---- loops
    ("a slice's step is the first axis'", "passes/at.c", "mdl_nest_index(n, step[i])",
     "mdl_nest_index(n, step[0])", ["run_lang tests/lang/indexing.mdl"]),
    ("padding inside is one too wide", "passes/at.c", "step = mdl_nest_index(n, inner[i] + 1);",
     "step = mdl_nest_index(n, inner[i] + 2);", [OPS]),
    ("a gather reads one past the end", "passes/at.c", "to.at[axis] = clamp(n, as_index(n, index, &from), most);",
     "to.at[axis] = mdl_index_add(&n->b, clamp(n, as_index(n, index, &from), most), mdl_nest_index(n, 1));",
     [OPS, RANDOM]),
    ("scans run the other way", "passes/nest_window.c", "if (backwards)", "if (!backwards)", [OPS]),
    ("argmax takes the last of equals", "passes/nest_window.c", "MDL_PREDICATE_ugt : MDL_PREDICATE_gt)",
     "MDL_PREDICATE_uge : MDL_PREDICATE_ge)", [INTEGERS]),
    ("all starts from false", "passes/nest_combine.c",
     "case MDL_OP_reduce_all:\n    return mdl_arith_number(a, dtype, 0, 1);",
     "case MDL_OP_reduce_all:\n    return mdl_arith_number(a, dtype, 0, 0);", ["backend_ops bool --draws=4"]),
    ("half of the lanes are left out of a reduction", "passes/nest_combine.c",
     "half = n->width / 2; half > 0; half /= 2", "half = n->width / 2; half > 1; half /= 2", [OPS]),
    ("loops run no round", "passes/loop_dce.c", "|| lo < hi)", "|| lo > hi)", [OPS]),
    # ---- printers and the C side
    ("a - (b - c) loses its brackets", "codegen/cfamily_expr.c",
     "mdl_print_at(p, value, row->precedence + right);", "mdl_print_at(p, value, row->precedence);",
     [OPS, RANDOM]),
    ("a struct in a struct loses its padding", "ir/signature_layout.c",
     "  l->at = round_up(l->at, align);\n}", "}",
     ["random_programs --no-reduce tests/random/kept/structs_by_value_and_view.mdl"]),
    ("an empty array has no room in a struct", "ir/signature_layout.c", "return count ? count : 1;",
     "return count;", ["random_programs --no-reduce tests/random/kept/structs_by_value_and_view.mdl"]),
    # ---- runtime, hostile input
    ("npy takes big-endian elements", "runtime/npy.c", "if (length && *text == '>')",
     "if (length && *text == '!')", ["runtime_test"]),
    ("a signature may lack its texts", "ir/signature.c", "if (!text) broken(ir, name);\n  return text;",
     "return text;", ["feed mlir 1 400 samples/quadratic.mdl samples/logreg.mdl"]),
]


def build(copy, targets):
    command = ["ninja", "-j2", "-C", os.path.join(copy, "build", "release"), *sorted(targets)]
    return subprocess.run(command, capture_output=True, text=True, timeout=1800)


def target_of(test):
    word = test.split()[0]
    return "mdlc" if word == "errors" else word


def command_of(copy, test):
    words = test.split()
    program = os.path.join(copy, "build", "release", "bin", target_of(test))
    if words[0] == "errors":
        return [sys.executable, os.path.join(copy, "tests", "error", "run.py"), program, *words[1:]]
    return [program, *words[1:]]


def caught_by(copy, tests):
    """The first test that fails, or None."""
    for test in tests:
        words = command_of(copy, test)
        try:
            if subprocess.run(words, capture_output=True, timeout=900, cwd=copy).returncode:
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
        made = build(copy, {target_of(test) for test in tests})
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
    made = build(copy, {target_of(test) for test in tests})
    if made.returncode:
        sys.exit("the unchanged copy does not build:\n" + made.stdout[-2000:])
    for test in tests:
        if caught_by(copy, [test]):
            sys.exit("the unchanged copy already fails " + test)


def count_of(row):
    with open(os.path.join(ROOT, row[1]), encoding="utf-8") as file:
        return file.read().count(row[2])


def main():
    only = [word[7:] for word in sys.argv[1:] if word.startswith("--only=")]
    rows = [row for row in MUTATIONS if not only or any(word in row[0] for word in only)]
    if "--lint" in sys.argv:
        lost = [row for row in rows if count_of(row) != 1]
        for row in lost:
            print(f"{row[0]}: its text stands {count_of(row)} times in {row[1]}")
        print(f"{len(rows)} mutations, {len(lost)} of them lost")
        return len(lost) > 0
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
        return 0 if caught >= 0.95 * len(rows) else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
