import jax
import jax.numpy as jnp
from jax import lax

from ..tensor import Tensor, wrap


def silu(x):
    return wrap(jax.nn.silu, x)


def relu(x):
    return wrap(jax.nn.relu, x)


def gelu(x, approximate="none"):
    return wrap(lambda a: jax.nn.gelu(a, approximate=approximate == "tanh"), x)


def softmax(x, dim):
    return wrap(lambda a: jax.nn.softmax(a, axis=dim), x)


def embedding(ids, weight):
    return Tensor(weight.array[ids.array])


def cross_entropy(z, y):
    if y.dtype != jnp.int64:
        raise RuntimeError("expected scalar type Long")
    return wrap(lambda a: -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(a), y.array[:, None], 1)), z)


def binary_cross_entropy_with_logits(z, y):
    return wrap(lambda a, b: jnp.mean(jnp.maximum(a, 0) - a*b + jnp.log1p(jnp.exp(-jnp.abs(a)))), z, y)


def mse_loss(a, b):
    return wrap(lambda x, y: jnp.mean((x - y)**2), a, b)


def layer_norm(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    axes = tuple(range(-len(normalized_shape), 0))

    def norm(a, g, b):
        away = a - a.mean(axes, keepdims=True)
        return away/jnp.sqrt((away**2).mean(axes, keepdims=True) + eps)*g + b
    return wrap(norm, x, weight, bias)


def rms_norm(x, normalized_shape, weight=None, eps=None):
    axes = tuple(range(-len(normalized_shape), 0))
    return wrap(lambda a, g: a/jnp.sqrt((a**2).mean(axes, keepdims=True) + eps)*g, x, weight)


def conv2d(x, w, bias=None, stride=1, padding=0):
    pads = ((padding, padding),)*2
    y = wrap(lambda a, b: lax.conv_general_dilated(a, b, (stride, stride), pads), x, w)
    return y if bias is None else y + Tensor(bias.array[:, None, None])


def max_pool2d(x, kernel_size, stride=None, padding=0):
    stride = stride or kernel_size
    window, steps = (1, 1, kernel_size, kernel_size), (1, 1, stride, stride)
    pads = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    return wrap(lambda a: lax.reduce_window(a, -jnp.inf, lax.max, window, steps, pads), x)


def scaled_dot_product_attention(q, k, v, is_causal=False):
    """Of [..., time, width]; the scale is 1/sqrt(width)."""
    def attention(a, b, c):
        s = jnp.einsum("...tk,...sk->...ts", a, b)/jnp.sqrt(a.shape[-1])
        if is_causal:
            s = jnp.where(jnp.tri(*s.shape[-2:], dtype=bool), s, -jnp.inf)
        return jax.nn.softmax(s, axis=-1) @ c
    return wrap(attention, q, k, v)
