"""Stands in for PyTorch where it is not installed: the calls of in_torch.py, by PyTorch's description of
them, on JAX's arrays. So the formulas there are run and held against float64 before any GPU is seen; it
says nothing about PyTorch itself."""
import jax
import jax.numpy as jnp

from . import func, nn
from .tensor import Tensor, wrap

jax.config.update("jax_enable_x64", True)       # indices are int64
__version__ = "stand-in on JAX"
__all__ = ["func", "nn", "Tensor"]


class _Switches:
    def __init__(self, **fields):
        self.__dict__.update(fields)


backends = _Switches(cuda=_Switches(matmul=_Switches(allow_tf32=False)),
                     cudnn=_Switches(allow_tf32=False, benchmark=False))
cuda = _Switches(is_available=lambda: False)
bfloat16, int16, float32 = jnp.bfloat16, jnp.int16, jnp.float32


def from_numpy(array):
    return Tensor(jnp.asarray(array))


def tanh(x):
    return wrap(jnp.tanh, x)


def sum(x, dim=None):
    return wrap(lambda a: jnp.sum(a, axis=dim), x)


def cumsum(x, dim):
    return wrap(lambda a: jnp.cumsum(a, axis=dim), x)


def sort(x, dim=-1):
    return wrap(lambda a: jnp.sort(a, axis=dim), x), wrap(lambda a: jnp.argsort(a, axis=dim), x)


def matmul(a, b):
    return a @ b


def addmm(bias, a, b):
    """bias + a @ b, of two matrices."""
    if a.dim() != 2 or b.dim() != 2:
        raise RuntimeError("mat1 and mat2 must be matrices")
    return bias + a @ b


def einsum(text, *xs):
    return wrap(lambda *arrays: jnp.einsum(text, *arrays), *xs)


def _foreach_add_(xs, others, *, alpha=1):
    for x, other in zip(xs, others, strict=True):
        x.add_(other, alpha=alpha)


def compile(function, dynamic=None):
    return function
