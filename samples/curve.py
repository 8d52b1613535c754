"""Draws the losses and accuracies of a training log as SVG: python3 curve.py LOG SVG TITLE."""
import math
import re
import sys

WIDTH, HEIGHT, LEFT, TOP = 560, 300, 60, 40


def points(log, word):
    return [float(m) for m in re.findall(word + r" +(-?[0-9.e+-]+)", log)]


def line(values, low, high, colour):
    step = (WIDTH - 2 * LEFT) / max(1, len(values) - 1)
    scale = (HEIGHT - 2 * TOP) / ((high - low) or 1)
    path = " ".join(f"{LEFT + i * step:.1f},{HEIGHT - TOP - (v - low) * scale:.1f}"
                    for i, v in enumerate(values))
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def text(x, y, words, colour, anchor="start"):
    return (f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}" '
            f'font-family="sans-serif" font-size="12">{words}</text>')


def draw(log, title):
    loss = [math.log10(max(v, 1e-300)) for v in points(log, "loss")]
    test = points(log, r"\btest")[:len(loss)]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH - 2 * LEFT}" height="{HEIGHT - 2 * TOP}" '
           'fill="none" stroke="#999"/>', text(WIDTH // 2, 22, title, "#222", "middle")]
    for values, name, colour, x, anchor in ((loss, "loss", "#c0392b", LEFT - 6, "end"),
                                            (test, "test %", "#2471a3", WIDTH - LEFT + 6, "start")):
        if not values:
            continue
        low, high = min(values), max(values)
        shown = (lambda v: f"{10 ** v:.2g}") if name == "loss" else (lambda v: f"{v:.1f}")
        out += [line(values, low, high, colour), text(x, TOP + 4, shown(high), colour, anchor),
                text(x, HEIGHT - TOP + 4, shown(low), colour, anchor),
                text(x, HEIGHT // 2, name, colour, anchor)]
    return "\n".join(out + ["</svg>", ""])


if __name__ == "__main__":
    svg = draw(open(sys.argv[1]).read(), sys.argv[3])
    open(sys.argv[2], "w").write(svg)
