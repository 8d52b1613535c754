"""The programs in JAX, as one writes them there, and the side of the benchmark that runs them. What a
function takes and returns: see in_numpy.py."""
import inspect
import os
import time

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")   # others are on the device too
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def chain(x, gate):
    return jax.nn.silu(gate)*x + 0.5*jnp.tanh(x)


def chain_bf16(x, gate):
    return chain(x.astype(jnp.float32), gate.astype(jnp.float32)).astype(jnp.bfloat16)


def bias_gelu(x, b):
    return jax.nn.gelu(x + b, approximate=True)


def adam(*leaves):
    *leaves, lr = leaves
    p, a, s, g = (leaves[i:i + 3] for i in (0, 3, 6, 9))
    a = [0.9*m + 0.1*d for m, d in zip(a, g)]
    s = [0.999*v + 0.001*d**2 for v, d in zip(s, g)]
    rate = lr*jnp.sqrt(1 - 0.999**10)/(1 - 0.9**10)
    return *[w - rate*m/(jnp.sqrt(v) + 1e-8) for w, m, v in zip(p, a, s)], *a, *s


def transpose(x):
    return x.T


def channels_last(x):
    return jnp.transpose(x, (0, 2, 3, 1))


def gather(table, ids):
    return jnp.take(table, ids, axis=0, mode="clip")


def scatter(ids, dy, *, V):
    return jnp.zeros((V, dy.shape[1]), dy.dtype).at[ids].add(dy)


def total(x):
    return jnp.sum(x)


def columns(x):
    return jnp.sum(x, axis=0)


def rows(x):
    return jnp.sum(x, axis=1)


def softmax(x):
    return jax.nn.softmax(x, axis=1)


def entropy(z, y):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1))


def cross_entropy(z, y):
    return jax.value_and_grad(entropy)(z, y)


def layer_norm(g, b, x):
    return jax.nn.standardize(x, axis=-1, epsilon=1e-5)*g + b


def layer_norm_back(g, b, x, dy):
    return jax.vjp(layer_norm, g, b, x)[1](dy)


def rms_norm(g, x):
    return x*lax.rsqrt(jnp.mean(x*x, axis=-1, keepdims=True) + 1e-6)*g


def cumsum(x):
    return jnp.cumsum(x, axis=-1)


def sort(x):
    return jnp.sort(x, axis=-1)


cumsum_rows, sort_rows = cumsum, sort


def gemm(a, b):
    return a @ b


gemm_bf16 = gemm_f16 = gemm_batched = gemm


def gemm_nt(a, b):
    return a @ b.T


def gemm_tn(a, b):
    return a.T @ b


def linear(x, w, b):
    return jax.nn.relu(x @ w + b)


def convolve(x, w, stride=1):
    pad = w.shape[2]//2
    return lax.conv_general_dilated(x, w, (stride, stride), ((pad, pad), (pad, pad)))


conv = conv_bf16 = conv_1x1 = convolve


def conv_stem(x, w):
    return convolve(x, w, stride=2)


def conv_dx(x, w, dy):
    return jax.vjp(lambda images: convolve(images, w), x)[1](dy)[0]


def conv_dw(x, w, dy):
    return jax.vjp(lambda weights: convolve(x, weights), w)[1](dy)[0]


def pool(x, size, stride, pad):
    pads = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, size, size), (1, 1, stride, stride), pads)


def max_pool(x):
    return pool(x, 3, 2, 1)


def descend(loss, params, lr, *data):
    """One step: the new parameters, and the loss before it."""
    value, grads = jax.value_and_grad(lambda p: loss(*p, *data))(params)
    return *[p - lr*g for p, g in zip(params, grads)], value


def logreg(w, b, x, y, lr):
    def loss(w, b, x, y):
        z = x @ w + b
        return jnp.mean(jax.nn.softplus(z) - y*z) + 1e-4*jnp.sum(w**2)
    return descend(loss, (w, b), lr, x, y)


def mlp(w1, b1, w2, b2, x, y, lr):
    def loss(w1, b1, w2, b2, x, y):
        return entropy(jax.nn.relu(x @ w1 + b1) @ w2 + b2, y)
    return descend(loss, (w1, b1, w2, b2), lr, x, y)


def cnn(w1, b1, w2, b2, w3, b3, x, y, lr):
    def loss(w1, b1, w2, b2, w3, b3, x, y):
        h = jax.nn.relu(convolve(x.reshape(-1, 1, 8, 8), w1) + b1[:, None, None])
        h = jax.nn.relu(convolve(h, w2) + b2[:, None, None])
        return entropy(pool(h, 2, 2, 0).reshape(len(x), -1) @ w3 + b3, y)
    return descend(loss, (w1, b1, w2, b2, w3, b3), lr, x, y)


def transformer(g1, b1, qkv, out, g2, b2, up, down, x, y, lr):
    def loss(g1, b1, qkv, out, g2, b2, up, down, x, y):
        q, k, v = jnp.einsum("btd,dchk->cbthk", layer_norm(g1, b1, x), qkv)
        mixed = jax.nn.dot_product_attention(q, k, v, is_causal=True)
        h = x + jnp.einsum("bthk,hkd->btd", mixed, out)
        r = h + jax.nn.gelu(layer_norm(g2, b2, h) @ up, approximate=True) @ down
        return jnp.mean((r - y)**2)
    return descend(loss, (g1, b1, qkv, out, g2, b2, up, down), lr, x, y)


class Side:
    """One row at a time, compiled by jax.jit; what an entry updates is donated."""

    def __init__(self, options):
        kind = jax.devices()[0]
        self.name = f"JAX {jax.__version__} on {kind.device_kind}"
        self.on_gpu = kind.platform == "gpu"

    def open(self, case):
        precision = "tensorfloat32" if case["tf32"] else "highest"
        jax.config.update("jax_default_matmul_precision", precision)
        formula = globals()[case["row"]]
        wanted = inspect.signature(formula).parameters.values()
        given = {p.name: case["sizes"][p.name] for p in wanted if p.kind == p.KEYWORD_ONLY}
        inputs = case["inputs"]
        self.updated = [i for i, a in enumerate(inputs) if a["mode"] == "inout"]
        self.run = jax.jit(lambda *args: formula(*args, **given), donate_argnums=self.updated)
        self.sets = [[self.put(a) for a in inputs] for _ in range(case["sets"])]
        return [self.get(out) for out in self.step(self.sets[0])]

    def put(self, argument):
        data = argument["data"]
        return jax.device_put(data.view(jnp.bfloat16) if argument["dtype"] == "bf16" else data)

    @staticmethod
    def get(out):
        array = np.asarray(out)
        return array.view(np.uint16) if array.dtype == jnp.bfloat16 else array

    def step(self, args):
        out = self.run(*args)
        out = out if isinstance(out, tuple) else (out,)
        for place, new in zip(self.updated, out):
            args[place] = new
        return out

    def time(self, method, calls):
        """Microseconds a call by the host's clock: asynchronous calls, then a wait for the last."""
        if method == "graph":
            return None
        for args in self.sets:
            last = self.step(args)
        jax.block_until_ready(last)
        start = time.perf_counter()
        for i in range(calls):
            last = self.step(self.sets[i % len(self.sets)])
        jax.block_until_ready(last)
        return 1e6*(time.perf_counter() - start)/calls

    def close(self):
        self.run = self.sets = None
        jax.clear_caches()
