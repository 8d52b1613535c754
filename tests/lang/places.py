"""Reads and writes by every mix of indices, with their gradients and batches, against a reference
that walks the elements one by one: `places.py RUN_LANG FOLDER [COUNT [SEED]]`.

Writes a program whose entries stand below what they must give, and has run_lang run it, evaluated
and compiled."""
import itertools
import math
import random
import subprocess
import sys

SHAPES = [(5,), (4, 3), (3, 4), (2, 3, 4), (3, 2, 3), (2, 3, 2, 3)]
UPDATES = ["=", "+=", "-=", "*=", "/=", "max=", "min="]


class Array:
    """Numbers by place: as little of a tensor as a reference needs."""

    def __init__(self, shape, values):
        self.shape, self.at = tuple(shape), dict(zip(places(shape), values))

    def map(self, f):
        return Array(self.shape, [f(v) for v in self.at.values()])

    def text(self, place=()):
        if len(place) == len(self.shape):
            return str(self.at[place])
        rows = range(self.shape[len(place)])
        return "[" + ", ".join(self.text(place + (i,)) for i in rows) + "]"

    def broadcast(self, place):
        place = place[len(place) - len(self.shape):]
        return self.at[tuple(0 if n == 1 else i for i, n in zip(place, self.shape))]

    def typed(self, dtype):
        return f"{dtype}[{', '.join(map(str, self.shape))}]" if self.shape else dtype


def places(shape):
    return itertools.product(*map(range, shape))


def stack(arrays):
    return Array((len(arrays),) + arrays[0].shape,
                 [v for a in arrays for v in a.at.values()])


def widest(shapes):
    """The shape that all of these broadcast to."""
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    return tuple(max(dims) for dims in zip(*padded))


class Index:
    """What is taken of every axis: a list of (kind, ...)."""

    def __init__(self, rng, shape, news):
        self.shape, self.setup, self.text, self.picks = shape, [], [], []
        lists = rng.choice([(3,), (2,), (2, 2), (1,)])
        for n in shape:
            self.pick(rng, n, lists)
            if news and rng.random() < 0.1:
                self.picks.append(("new",))
                self.text.append("new")

    def name(self, value, dtype="i32"):
        name = f"i{len(self.setup)}"
        self.setup.append(f"let {name}: {value.typed(dtype)} = {value.text()}")
        return name

    def pick(self, rng, n, lists):
        kind = rng.choice(["all", "range", "const", "one", "list", "list", "window"])
        if kind == "all":
            self.text.append(":")
        elif kind == "range":
            a, step = rng.randrange(n), rng.choice([1, 1, 2, 3])
            b = rng.randrange(a + 1, n + 1)
            self.text.append(f"{a}:{b}" + (f":{step}" if step > 1 else ""))
            self.picks.append((kind, list(range(a, b, step))))
            return
        elif kind == "const":
            k = rng.randrange(-n, n)
            self.text.append(str(k))
            self.picks.append(("one", k % n))
            return
        elif kind == "one":
            k = rng.randrange(-1, n + 2) if rng.random() < 0.3 else rng.randrange(n)
            self.text.append(self.name(Array((), [k]), rng.choice(["i32", "i64", "i8"])))
            self.picks.append((kind, k))
            return
        elif kind == "list":
            dims = lists if rng.random() < 0.8 else lists[1:]
            some = [rng.randrange(-1, n + 1) if rng.random() < 0.2 else rng.randrange(n)
                    for _ in places(dims)]
            value = Array(dims, some)
            self.text.append(self.name(value, rng.choice(["i32", "i64", "i16"])))
            self.picks.append((kind, value) if dims else ("one", some[0]))
            return
        else:
            length, start = rng.randrange(1, n + 1), rng.randrange(-1, n + 1)
            name = self.name(Array((), [start]))
            self.text.append(f"{name}:{name}+{length}")
            start = min(max(start, 0), n - length)
            self.picks.append(("range", list(range(start, start + length))))
            return
        self.picks.append(("range", list(range(n))))

    def lists(self):
        return [p[1] for p in self.picks if p[0] == "list"]

    def adjoin(self):
        kinds = [p[0] for p in self.picks if p[0] != "one"]
        at = [i for i, k in enumerate(kinds) if k == "list"]
        return not at or at[-1] - at[0] + 1 == len(at)

    def axes(self):
        """The result's axes: ("range", axis, places), ("list", k), ("new",)."""
        shape = widest([v.shape for v in self.lists()])
        block = [("list", k, n) for k, n in enumerate(shape)]
        result, placed, axis = ([], False, 0) if self.adjoin() else (block[:], True, 0)
        for p in self.picks:
            if p[0] == "list" and not placed:
                result, placed = result + block, True
            elif p[0] == "range":
                result.append(("range", axis, len(p[1])))
            elif p[0] == "new":
                result.append(("new", 0, 1))
            axis += p[0] != "new"
        return result, shape

    def places(self):
        """(where in the result, where in x, whether that is in x), row-major over the lists first.
        """
        axes, shape = self.axes()
        for out in places([a[2] for a in axes]):
            of_list = tuple(o for o, a in zip(out, axes) if a[0] == "list")
            at = {a[1]: o for o, a in zip(out, axes) if a[0] == "range"}
            place, inside, axis = [], True, 0
            for p in self.picks:
                if p[0] == "new":
                    continue
                if p[0] == "range":
                    place.append(p[1][at[axis]])
                else:
                    i = p[1] if p[0] == "one" else p[1].broadcast(of_list)
                    inside &= 0 <= i < self.shape[axis]
                    place.append(min(max(i, 0), self.shape[axis] - 1))
                axis += 1
            yield out, tuple(place), inside

    def result_shape(self):
        return tuple(a[2] for a in self.axes()[0])


def zeros(shape):
    return Array(shape, [0 for _ in places(shape)])


def read(index, x):
    return Array(index.result_shape(), [x.at[place] for _, place, _ in index.places()])


def read_back(index, w):
    g = zeros(index.shape)
    for out, place, _ in index.places():
        g.at[place] += w.at[out]
    return g


def combine(update, a, b):
    return {"=": b, "+=": a + b, "-=": a - b, "*=": a * b, "/=": a / b, "max=": max(a, b),
            "min=": min(a, b)}[update]


def write(index, x, v, update):
    y = x.map(lambda a: a)
    for out, place, inside in index.places():
        if inside:
            y.at[place] = combine(update, y.at[place], v.at[out])
    return y


def write_back(index, x, v, w, update):
    """The gradient of sum(w*y) by x and by v."""
    gx, gv = w.map(lambda a: a), zeros(v.shape)
    where = {}
    for out, place, inside in index.places():
        if inside:
            where.setdefault(place, []).append(out)
    for place, outs in where.items():
        g = w.at[place]
        if update == "=":
            gx.at[place] = 0
            gv.at[outs[-1]] = g
        elif update == "*=":
            gx.at[place] *= math.prod(v.at[o] for o in outs)
            for o in outs:
                gv.at[o] = g * x.at[place] * math.prod(v.at[q] for q in outs if q != o)
        elif update == "/=":
            gx.at[place] /= math.prod(v.at[o] for o in outs)
            for o in outs:
                gv.at[o] = -gx.at[place] * x.at[place] / v.at[o]
        else:
            for o in outs:
                gv.at[o] = g if update == "+=" else -g
    return gx, gv


def numbers(rng, shape):
    return Array(shape, [rng.choice([-3, -2, -1, 1, 2, 3, 4]) for _ in places(shape)])


def body(lines):
    return "{ " + "; ".join(lines) + " }"


def entry(name, wanted, result, lines):
    return (f"//= {wanted.text()}\nentry fn {name}() -> {wanted.typed('f32')} "
            f"{body(lines + [result])}\n")


def bound(name, array):
    return f"let {name}: {array.typed('f32')} = {array.text()}"


def read_entries(rng, n):
    index = Index(rng, rng.choice(SHAPES), news=True)
    x, at = numbers(rng, index.shape), ", ".join(index.text)
    y = read(index, x)
    w = numbers(rng, y.shape)
    start = index.setup + [bound("x", x), bound("w", w)]
    loss = f"fn(p: {x.typed('f32')}) = sum(w*p[{at}])"
    yield entry(f"read{n}", y, f"x[{at}]", start)
    yield entry(f"read_grad{n}", read_back(index, w), f"grad({loss})(x)", start)
    factors = (1, 2, -1)
    batch = stack([x.map(lambda a, k=k: k*a) for k in factors])
    one = f"fn(p: {x.typed('f32')}) = p[{at}]"
    lanes = stack([y.map(lambda a, k=k: k*a) for k in factors])
    yield entry(f"read_vmap{n}", lanes, f"vmap({one})(x)", index.setup + [bound("x", batch)])


def write_entries(rng, n):
    index = Index(rng, rng.choice(SHAPES), news=False)
    update, at = rng.choice(UPDATES), ", ".join(index.text)
    x, w = numbers(rng, index.shape), numbers(rng, index.shape)
    v = numbers(rng, index.result_shape())
    tx, tv = x.typed("f32"), v.typed("f32")
    start = index.setup + [bound("x", x), bound("v", v), bound("w", w)]
    f = f"fn(p: {tx}, q: {tv}) " + body(["var y = p", f"y[{at}] {update} q", "y"])
    loss = f"fn(p: {tx}, q: {tv}) = sum(w*f(p, q))"
    start.append(f"let f = {f}")
    yield entry(f"write{n}", write(index, x, v, update), "f(x, v)", start)
    if update in ("max=", "min="):
        return
    gx, gv = write_back(index, x, v, w, update)
    yield entry(f"write_grad_x{n}", gx, f"grad({loss}, wrt=p)(x, v)", start)
    yield entry(f"write_grad_v{n}", gv, f"grad({loss}, wrt=q)(x, v)", start)
    twice, less = x.map(lambda a: 2*a), v.map(lambda a: -a)
    both = stack([write(index, x, v, update), write(index, twice, less, update)])
    yield entry(f"write_vmap{n}", both, "vmap(f)([x, 2*x], [v, -v])", start)


def main():
    run_lang, folder = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 60
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    rng, text = random.Random(seed), ""
    for n in range(count):
        text += "".join(read_entries(rng, n)) + "".join(write_entries(rng, n))
    path = f"{folder}/places_{seed}.mdl"
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    print(f"{path}: {count} reads and writes")
    return subprocess.run([run_lang, path], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
