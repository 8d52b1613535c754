"""The programs as plain formulas in float64, gradients by hand: what every side is held against.

A function has its program's name, takes its arguments in their order (a struct as its leaves), and
returns what the entry writes: arguments that it updates first, then its results. Sizes that no
argument has come by keyword.
"""
import numpy as np

LAYER_EPS, RMS_EPS = 1e-5, 1e-6
GELU = 0.7978845608028654


def sigmoid(x):
    return 1/(1 + np.exp(-x))


def gelu(x):
    return 0.5*x*(1 + np.tanh(GELU*(x + 0.044715*x**3)))


def gelu_slope(x):
    t = np.tanh(GELU*(x + 0.044715*x**3))
    return 0.5*(1 + t) + 0.5*x*(1 - t**2)*GELU*(1 + 3*0.044715*x**2)


def relu(x):
    return np.maximum(x, 0)


# ---- maps and moves -------------------------------------------------------------------------------

def chain(x, gate):
    return gate*sigmoid(gate)*x + 0.5*np.tanh(x)


chain_bf16 = chain


def bias_gelu(x, b):
    return gelu(x + b)


def adam(*leaves):
    *leaves, lr = leaves
    p, a, s, g = (leaves[i:i + 3] for i in (0, 3, 6, 9))
    a = [0.9*m + 0.1*d for m, d in zip(a, g)]
    s = [0.999*v + 0.001*d**2 for v, d in zip(s, g)]
    rate = lr*np.sqrt(1 - 0.999**10)/(1 - 0.9**10)
    return *[w - rate*m/(np.sqrt(v) + 1e-8) for w, m, v in zip(p, a, s)], *a, *s


def transpose(x):
    return x.T


def channels_last(x):
    return x.transpose(0, 2, 3, 1)


def gather(table, ids):
    return table[ids]


def scatter(ids, dy, *, V):
    out = np.zeros((V, dy.shape[1]))
    np.add.at(out, ids, dy)
    return out


# ---- reductions, rows, scans ----------------------------------------------------------------------

def total(x):
    return np.sum(x)


def columns(x):
    return np.sum(x, axis=0)


def rows(x):
    return np.sum(x, axis=1)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e/e.sum(axis=-1, keepdims=True)


def cross_entropy(z, y):
    at = np.arange(len(z)), y
    p = softmax(z)
    shifted = z - z.max(axis=1, keepdims=True)
    loss = np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[at])
    p[at] -= 1
    return loss, p/len(z)


def normed(x):
    """x without its mean, over its deviation; and one over that."""
    away = x - x.mean(axis=-1, keepdims=True)
    by = 1/np.sqrt((away**2).mean(axis=-1, keepdims=True) + LAYER_EPS)
    return away*by, by


def layer_norm(g, b, x):
    return normed(x)[0]*g + b


def layer_norm_back(g, b, x, dy):
    n, by = normed(x)
    dn = dy*g
    dx = by*(dn - dn.mean(axis=-1, keepdims=True) - n*(dn*n).mean(axis=-1, keepdims=True))
    others = tuple(range(x.ndim - 1))
    return (dy*n).sum(axis=others), dy.sum(axis=others), dx


def rms_norm(g, x):
    return x/np.sqrt((x**2).mean(axis=-1, keepdims=True) + RMS_EPS)*g


def cumsum(x):
    return np.cumsum(x, axis=-1)


cumsum_rows = cumsum


def sort(x):
    return np.sort(x, axis=-1)


sort_rows = sort


# ---- products -------------------------------------------------------------------------------------

def gemm(a, b):
    return a @ b


gemm_bf16 = gemm_f16 = gemm_batched = gemm


def gemm_nt(a, b):
    return a @ b.T


def gemm_tn(a, b):
    return a.T @ b


def linear(x, w, b):
    return relu(x @ w + b)


# ---- images ---------------------------------------------------------------------------------------

def windows(x, k, stride, out, inside=0.0):
    """For each place of a k by k window: where it is, and the pixels that it sees in all windows."""
    pad = k//2
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=inside)
    for i in range(k):
        for j in range(k):
            yield i, j, padded[:, :, i:i + stride*out[0]:stride, j:j + stride*out[1]:stride]


def convolve(x, w, stride=1):
    H, W = (x.shape[2] - 1)//stride + 1, (x.shape[3] - 1)//stride + 1
    y = np.zeros((w.shape[0], x.shape[0], H, W))
    for i, j, seen in windows(x, w.shape[2], stride, (H, W)):
        y += np.tensordot(w[:, :, i, j], seen, axes=(1, 1))
    return y.transpose(1, 0, 2, 3)


conv = conv_bf16 = conv_1x1 = convolve


def conv_stem(x, w):
    return convolve(x, w, stride=2)


def conv_dx(x, w, dy):
    return convolve(dy, w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3))


def conv_dw(x, w, dy):
    dw = np.zeros(w.shape)
    for i, j, seen in windows(x, w.shape[2], 1, x.shape[2:]):
        dw[:, :, i, j] = np.tensordot(dy, seen, axes=((0, 2, 3), (0, 2, 3)))
    return dw


def max_pool(x):
    out = x.shape[2]//2, x.shape[3]//2
    return np.maximum.reduce([seen for _, _, seen in windows(x, 3, 2, out, -np.inf)])


# ---- training steps -------------------------------------------------------------------------------

def logreg(w, b, x, y, lr):
    z = x @ w + b
    loss = np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y*z) + 1e-4*np.sum(w**2)
    dz = (sigmoid(z) - y)/len(y)
    return w - lr*(x.T @ dz + 2e-4*w), b - lr*dz.sum(), loss


def mlp(w1, b1, w2, b2, x, y, lr):
    before = x @ w1 + b1
    h = relu(before)
    loss, dz = cross_entropy(h @ w2 + b2, y)
    dh = dz @ w2.T*(before > 0)
    return (w1 - lr*x.T @ dh, b1 - lr*dh.sum(axis=0), w2 - lr*h.T @ dz, b2 - lr*dz.sum(axis=0),
            loss)


def cnn(w1, b1, w2, b2, w3, b3, x, y, lr):
    x = x.reshape(-1, 1, 8, 8)
    first = convolve(x, w1) + b1[:, None, None]
    second = convolve(relu(first), w2) + b2[:, None, None]
    tiles = relu(second).reshape(-1, 16, 4, 2, 4, 2)
    pooled = tiles.max(axis=(3, 5))
    flat = pooled.reshape(len(x), -1)
    loss, dz = cross_entropy(flat @ w3 + b3, y)
    dpooled = (dz @ w3.T).reshape(pooled.shape)
    largest = tiles == pooled[:, :, :, None, :, None]
    share = largest/largest.sum(axis=(3, 5), keepdims=True)   # a tie is zeros, whose slope is 0
    dsecond = (share*dpooled[:, :, :, None, :, None]).reshape(second.shape)*(second > 0)
    dfirst = conv_dx(None, w2, dsecond)*(first > 0)
    return (w1 - lr*conv_dw(x, w1, dfirst), b1 - lr*dfirst.sum(axis=(0, 2, 3)),
            w2 - lr*conv_dw(relu(first), w2, dsecond), b2 - lr*dsecond.sum(axis=(0, 2, 3)),
            w3 - lr*flat.T @ dz, b3 - lr*dz.sum(axis=0), loss)


def transformer(g1, b1, qkv, out, g2, b2, up, down, x, y, lr):
    root = np.sqrt(qkv.shape[3])
    n = layer_norm(g1, b1, x)
    q, k, v = np.einsum("btd,dchk->cbhtk", n, qkv, optimize=True)
    s = q @ k.swapaxes(2, 3)/root
    a = softmax(np.where(np.tri(x.shape[1], dtype=bool), s, -np.inf))
    mixed = a @ v
    h = x + np.einsum("bhtk,hkd->btd", mixed, out, optimize=True)
    n2 = layer_norm(g2, b2, h)
    wide = n2 @ up
    miss = h + gelu(wide) @ down - y

    dr = 2*miss/miss.size
    ddown = np.einsum("btf,btd->fd", gelu(wide), dr, optimize=True)
    dwide = dr @ down.T*gelu_slope(wide)
    dup = np.einsum("btd,btf->df", n2, dwide, optimize=True)
    dg2, db2, dh = layer_norm_back(g2, b2, h, dwide @ up.T)
    dh = dh + dr
    dout = np.einsum("bhtk,btd->hkd", mixed, dh, optimize=True)
    dmixed = np.einsum("btd,hkd->bhtk", dh, out, optimize=True)
    da = dmixed @ v.swapaxes(2, 3)
    ds = a*(da - (da*a).sum(axis=-1, keepdims=True))/root
    dp = np.stack([ds @ k, ds.swapaxes(2, 3) @ q, a.swapaxes(2, 3) @ dmixed])
    dqkv = np.einsum("btd,cbhtk->dchk", n, dp, optimize=True)
    dg1, db1, _ = layer_norm_back(g1, b1, x, np.einsum("cbhtk,dchk->btd", dp, qkv, optimize=True))
    pairs = zip((g1, b1, qkv, out, g2, b2, up, down), (dg1, db1, dqkv, dout, dg2, db2, dup, ddown))
    return *[w - lr*d for w, d in pairs], np.mean(miss**2)
