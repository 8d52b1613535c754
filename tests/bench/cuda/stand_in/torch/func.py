"""torch.func: tensors are trees of one array to JAX, so its transformations do the work."""
import jax

from .tensor import Tensor


def grad_and_value(function):
    """By the first argument."""
    def both(*args):
        value, grads = jax.value_and_grad(lambda *inner: function(*inner).array)(*args)
        return grads, Tensor(value)
    return both


vjp = jax.vjp
