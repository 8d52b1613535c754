"""The table: a line a row, what went wrong below it."""
import numpy as np

import sides

# Fused multiply-adds of 16-bit floats into f32 that a multiprocessor's tensor cores begin a cycle, by
# compute capability, as NVIDIA's descriptions of the cards say.
TENSOR_RATE = {(8, 0): 1024, (8, 6): 512, (8, 9): 512, (9, 0): 2048, (10, 0): 4096, (12, 0): 512}
PEERS = {"torch": "graph", "compile": "graph", "jax": "stream", "library": "graph"}
TITLES = {"torch": "PyTorch", "compile": "compiled", "jax": "JAX", "library": "library"}


class Machine:
    def __init__(self, device, bandwidth, flops, graph_floor, stream_floor):
        self.bandwidth, self.flops = bandwidth, flops
        self.floors = graph_floor, stream_floor
        rate = TENSOR_RATE.get((device.major, device.minor))
        self.tensor = rate and 2*rate*device.multiprocessors*device.clock_khz*1e3
        self.cache = device.cache_bytes

    def best(self, trial):
        """Seconds that the row takes at the card's peaks; None where a peak is not known."""
        peak = self.tensor if trial.dtype() in ("bf16", "f16") else self.flops
        if trial.flops() and not peak:
            return None
        return max(trial.bytes_moved()/self.bandwidth, trial.flops()/peak if peak else 0)


def spread(times):
    """The range about the median, in percent."""
    return 50*(max(times) - min(times))/np.median(times)


def ratio(ours, theirs, by):
    """The peer's time by ours: median of the rounds' ratios, and their range."""
    mark, method = "", by
    if not theirs.times[method]:
        mark, method = "s", "stream"
    if not theirs.times[method] or not ours.times[method]:
        return "-"
    rounds = zip(theirs.times[method], ours.times[method])
    r = np.array([peer/own for peer, own in rounds])
    return f"{np.median(r):.2f}{mark} ({r.min():.2f}-{r.max():.2f})"


def mismatches(trial, measured, tf32):
    """Lines that say which outputs are not what they should be."""
    lines = []
    for name, side in measured.items():
        most = sides.TF32_TOLERANCE if tf32 and name != "mdlc" else trial.row.tolerance
        if side.outputs and not side.error <= most:
            lines.append(f"{name} against float64: {side.error:.1e}, more than {most:.0e}")
        if side.outputs and name != "mdlc" and not side.against <= 2*most:
            lines.append(f"{name} against mdlc: {side.against:.1e}, more than {2*most:.0e}")
    return lines


def heading():
    cells = [f"{'row':42}", f"{'us':>10} {'+-%':>4}", f"{'us stream':>10}", f"{'GB/s':>7}",
             f"{'TF/s':>7}", f"{'peak':>5}", *[f"{TITLES[p]:>17}" for p in PEERS], f"{'error':>8}",
             f"{'L2':>4}", f"{'MHz':>9}"]
    return " ".join(cells)


def line(trial, measured, machine, tf32, cold, mhz):
    """A row in numbers; without a machine in errors only."""
    title = trial.title + (", peers TF32" if tf32 else "")
    ours = measured["mdlc"]
    if machine is None:
        errors = [f"{name} {side.error:.1e}" if side.outputs else f"{name} -"
                  for name, side in measured.items()]
        return f"{title:42} " + "  ".join(errors)
    if ours.failed or not ours.times["graph"]:
        return f"{title:42} -"
    us, stream = np.median(ours.times["graph"]), np.median(ours.times["stream"])
    best = machine.best(trial)
    flops = f"{trial.flops()/us/1e6:7.2f}" if trial.flops() else f"{'-':>7}"
    part = f"{100*best/us*1e6:4.0f}%" if best else f"{'-':>5}"
    peers = [ratio(ours, measured[p], by) if p in measured else "-" for p, by in PEERS.items()]
    return " ".join([f"{title:42}", f"{us:10.2f} {spread(ours.times['graph']):4.1f}", f"{stream:10.2f}",
                     f"{trial.bytes_moved()/us/1e3:7.1f}", flops, part, *[f"{p:>17}" for p in peers],
                     f"{ours.error:8.1e}", f"{'cold' if cold else 'warm':>4}", f"{mhz:>9}"])
