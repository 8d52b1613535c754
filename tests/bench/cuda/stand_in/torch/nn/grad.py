import jax
import jax.numpy as jnp

from ..tensor import Tensor
from . import functional


def conv2d_input(input_size, weight, grad_output, stride=1, padding=0):
    x = Tensor(jnp.zeros(input_size, weight.dtype))
    return jax.vjp(lambda a: functional.conv2d(a, weight, None, stride, padding), x)[1](grad_output)[0]


def conv2d_weight(input, weight_size, grad_output, stride=1, padding=0):
    w = Tensor(jnp.zeros(weight_size, input.dtype))
    return jax.vjp(lambda a: functional.conv2d(input, a, None, stride, padding), w)[1](grad_output)[0]
