"""The programs in PyTorch, as one writes them there, and the sides of the benchmark that run them,
eager and compiled. What a function takes and returns: see in_numpy.py; integers are int64, and what
an entry updates is updated in place."""
import inspect
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import grad_and_value, vjp


def chain(x, gate):
    return F.silu(gate)*x + 0.5*torch.tanh(x)


chain_bf16 = chain


def bias_gelu(x, b):
    return F.gelu(x + b, approximate="tanh")


def adam(*leaves):
    *leaves, lr = leaves
    p, a, s, g = (leaves[i:i + 3] for i in (0, 3, 6, 9))
    rate = lr*(1 - 0.999**10)**0.5/(1 - 0.9**10)
    for w, m, v, d in zip(p, a, s, g):
        m.mul_(0.9).add_(d, alpha=0.1)
        v.mul_(0.999).addcmul_(d, d, value=0.001)
        w.addcdiv_(m, v.sqrt().add_(1e-8), value=-rate)
    return *p, *a, *s


STEPS = {}      # of an optimizer's run, by the address of its first parameter


def adam_eager(*leaves):
    """The optimizer's one fused kernel; it counts its steps on the device."""
    from torch.optim.adam import adam as update
    *leaves, lr = leaves
    p, a, s, g = (list(leaves[i:i + 3]) for i in (0, 3, 6, 9))
    if p[0].data_ptr() not in STEPS:
        STEPS[p[0].data_ptr()] = [torch.full((), 9.0, device=w.device) for w in p]
    steps = STEPS[p[0].data_ptr()]
    update(p, g, a, s, [], steps, fused=True, amsgrad=False, beta1=0.9, beta2=0.999, lr=lr,
           weight_decay=0.0, eps=1e-8, maximize=False)
    return *p, *a, *s


def transpose(x):
    return x.t().contiguous()


def channels_last(x):
    return x.permute(0, 2, 3, 1).contiguous()


def gather(table, ids):
    return F.embedding(ids, table)


def scatter(ids, dy, *, V):
    return dy.new_zeros(V, dy.shape[1]).index_add_(0, ids, dy)


def total(x):
    return torch.sum(x)


def columns(x):
    return torch.sum(x, dim=0)


def rows(x):
    return torch.sum(x, dim=1)


def softmax(x):
    return F.softmax(x, dim=1)


def cross_entropy(z, y):
    grad, value = grad_and_value(F.cross_entropy)(z, y)
    return value, grad


def layer_norm(g, b, x):
    return F.layer_norm(x, x.shape[-1:], g, b, 1e-5)


def layer_norm_back(g, b, x, dy):
    return vjp(layer_norm, g, b, x)[1](dy)


def rms_norm(g, x):
    return F.rms_norm(x, x.shape[-1:], g, 1e-6)


def cumsum(x):
    return torch.cumsum(x, dim=-1)


def sort(x):
    return torch.sort(x, dim=-1)[0]


cumsum_rows, sort_rows = cumsum, sort


def gemm(a, b):
    return torch.matmul(a, b)


gemm_bf16 = gemm_f16 = gemm_batched = gemm


def gemm_nt(a, b):
    return torch.matmul(a, b.t())


def gemm_tn(a, b):
    return torch.matmul(a.t(), b)


def linear(x, w, b):
    return F.relu(torch.addmm(b, x, w))


def conv(x, w):
    return F.conv2d(x, w, padding=1)


conv_bf16 = conv


def conv_1x1(x, w):
    return F.conv2d(x, w)


def conv_stem(x, w):
    return F.conv2d(x, w, stride=2, padding=3)


def conv_dx(x, w, dy):
    return torch.nn.grad.conv2d_input(x.shape, w, dy, padding=1)


def conv_dw(x, w, dy):
    return torch.nn.grad.conv2d_weight(x, w.shape, dy, padding=1)


def max_pool(x):
    return F.max_pool2d(x, 3, stride=2, padding=1)


def descend(loss, params, lr, *data):
    """One step in place: the parameters, and the loss before it."""
    grads, value = grad_and_value(lambda p: loss(*p, *data))(params)
    torch._foreach_add_(params, grads, alpha=-lr)
    return *params, value


def logreg(w, b, x, y, lr):
    def loss(w, b, x, y):
        return F.binary_cross_entropy_with_logits(x @ w + b, y) + 1e-4*torch.sum(w**2)
    return descend(loss, (w, b), lr, x, y)


def mlp(w1, b1, w2, b2, x, y, lr):
    def loss(w1, b1, w2, b2, x, y):
        return F.cross_entropy(torch.addmm(b2, F.relu(torch.addmm(b1, x, w1)), w2), y)
    return descend(loss, (w1, b1, w2, b2), lr, x, y)


def cnn(w1, b1, w2, b2, w3, b3, x, y, lr):
    def loss(w1, b1, w2, b2, w3, b3, x, y):
        h = F.relu(F.conv2d(x.reshape(-1, 1, 8, 8), w1, b1, padding=1))
        h = F.max_pool2d(F.relu(F.conv2d(h, w2, b2, padding=1)), 2)
        return F.cross_entropy(torch.addmm(b3, h.reshape(x.shape[0], -1), w3), y)
    return descend(loss, (w1, b1, w2, b2, w3, b3), lr, x, y)


def transformer(g1, b1, qkv, out, g2, b2, up, down, x, y, lr):
    def loss(g1, b1, qkv, out, g2, b2, up, down, x, y):
        q, k, v = torch.einsum("btd,dchk->cbhtk", layer_norm(g1, b1, x), qkv)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = x + torch.einsum("bhtk,hkd->btd", mixed, out)
        r = h + F.gelu(layer_norm(g2, b2, h) @ up, approximate="tanh") @ down
        return F.mse_loss(r, y)
    return descend(loss, (g1, b1, qkv, out, g2, b2, up, down), lr, x, y)


class Side:
    """One row at a time; with "compile" among the options by torch.compile."""

    def __init__(self, options):
        self.compiled = "compile" in options
        self.on_gpu = torch.cuda.is_available()
        self.device = "cuda" if self.on_gpu else "cpu"
        kind = torch.cuda.get_device_name() if self.on_gpu else "cpu"
        self.name = f"PyTorch {torch.__version__} on {kind}"

    def open(self, case):
        torch.backends.cuda.matmul.allow_tf32 = case["tf32"]
        torch.backends.cudnn.allow_tf32 = case["tf32"]
        torch.backends.cudnn.benchmark = True      # the fastest algorithm, as in_cudnn.cu takes it
        formula = globals()[case["row"]]
        wanted = inspect.signature(formula).parameters.values()
        given = {p.name: case["sizes"][p.name] for p in wanted if p.kind == p.KEYWORD_ONLY}
        if not self.compiled and self.on_gpu:
            formula = globals().get(case["row"] + "_eager", formula)
        self.run = lambda *args: formula(*args, **given)
        if self.compiled:
            self.run = torch.compile(self.run, dynamic=False)
        self.sets = [[self.put(a) for a in case["inputs"]] for _ in range(case["sets"])]
        out = self.run(*self.sets[0])
        outputs = [self.get(x) for x in (out if isinstance(out, tuple) else (out,))]
        self.graph, self.graph_calls = None, 0
        return outputs

    def put(self, argument):
        data = argument["data"]
        if argument["mode"] == "scalar":
            return float(data)
        if data.dtype == np.int32:
            data = data.astype(np.int64)
        if argument["dtype"] == "bf16":
            return torch.from_numpy(data.view(np.int16).copy()).view(torch.bfloat16).to(self.device)
        return torch.from_numpy(data.copy()).to(self.device)

    @staticmethod
    def get(x):
        x = x.detach().cpu()
        return x.view(torch.int16).numpy().view(np.uint16) if x.dtype == torch.bfloat16 else x.numpy()

    def make_graph(self, calls):
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for args in (self.sets*3)[:max(3, len(self.sets))]:
                self.run(*args)
        torch.cuda.synchronize()
        self.graph, self.graph_calls = torch.cuda.CUDAGraph(), calls
        with torch.cuda.graph(self.graph):
            for i in range(calls):
                self.run(*self.sets[i % len(self.sets)])

    def work(self, method, calls):
        if method == "graph":
            self.graph.replay()
            return
        for i in range(calls):
            self.run(*self.sets[i % len(self.sets)])

    def time(self, method, calls):
        """Microseconds a call, by events around one replay of a graph, or around plain calls."""
        if not self.on_gpu:
            start = time.perf_counter()
            self.work("stream", calls)
            return 1e6*(time.perf_counter() - start)/calls
        if method == "graph" and self.graph_calls != calls:
            self.make_graph(calls)
            self.graph.replay()
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        start.record()
        self.work(method, calls)
        stop.record()
        stop.synchronize()
        return 1e3*start.elapsed_time(stop)/calls

    def close(self):
        self.run = self.sets = self.graph = None
        STEPS.clear()
        if self.compiled:
            torch._dynamo.reset()
        if self.on_gpu:
            torch.cuda.empty_cache()
