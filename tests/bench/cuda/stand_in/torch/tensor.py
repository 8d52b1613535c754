"""A tensor: a JAX array that can be replaced in place, as PyTorch's in-place calls do."""
import jax
import jax.numpy as jnp
import numpy as np


@jax.tree_util.register_pytree_node_class
class Tensor:
    def __init__(self, array):
        self.array = array

    def tree_flatten(self):
        return (self.array,), None

    @classmethod
    def tree_unflatten(cls, _, children):
        return cls(*children)

    # ---- what it is ---------------------------------------------------------------------------
    shape = property(lambda self: tuple(self.array.shape))
    dtype = property(lambda self: self.array.dtype)
    device = property(lambda self: "cpu")

    def dim(self):
        return self.array.ndim

    def detach(self):
        return self

    cpu = contiguous = detach

    def to(self, _device):
        return self

    def numpy(self):
        return np.asarray(self.array)

    def data_ptr(self):
        return id(self)

    # ---- other tensors of it ------------------------------------------------------------------

    def view(self, dtype):
        return Tensor(self.array.view(dtype))

    def reshape(self, *shape):
        return Tensor(self.array.reshape(shape))

    def t(self):
        if self.dim() > 2:
            raise RuntimeError("t() expects a tensor with <= 2 dimensions")
        return Tensor(self.array.T)

    def permute(self, *axes):
        return Tensor(self.array.transpose(axes))

    def new_zeros(self, *shape):
        return Tensor(jnp.zeros(shape, self.dtype))

    def sqrt(self):
        return Tensor(jnp.sqrt(self.array))

    def __iter__(self):
        return (Tensor(part) for part in self.array)

    def __add__(self, other):
        return wrap(lambda a, b: a + b, self, other)

    def __radd__(self, other):
        return wrap(lambda a, b: b + a, self, other)

    def __mul__(self, other):
        return wrap(lambda a, b: a*b, self, other)

    __rmul__ = __mul__

    def __pow__(self, power):
        return Tensor(self.array**power)

    def __matmul__(self, other):
        return wrap(jnp.matmul, self, other)

    # ---- in place -----------------------------------------------------------------------------

    def set(self, other):
        if other.shape != self.shape:
            raise RuntimeError(f"output {other.shape} does not fit {self.shape}")
        self.array = other.array.astype(self.dtype)
        return self

    def mul_(self, by):
        return self.set(self*by)

    def add_(self, other, *, alpha=1):
        return self.set(self + other*alpha if isinstance(other, Tensor) else Tensor(self.array + other))

    def addcmul_(self, a, b, *, value=1):
        return self.set(self + a*b*value)

    def addcdiv_(self, a, b, *, value=1):
        return self.set(Tensor(self.array + value*(a.array/b.array)))

    def index_add_(self, dim, index, source):
        if dim != 0:
            raise NotImplementedError("index_add_ along another axis")
        return self.set(Tensor(self.array.at[index.array].add(source.array)))


def wrap(function, *xs):
    """function of the arrays; two float tensors of different dtypes do not meet here."""
    arrays = [x.array if isinstance(x, Tensor) else x for x in xs]
    return Tensor(function(*arrays))
