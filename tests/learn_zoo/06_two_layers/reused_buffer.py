# kind: aliased cache
import numpy as np

hidden = {}


def forward(x, W1, b1, W2, b2):
    shape = (len(x), len(b1))
    h = hidden.setdefault(shape, np.empty(shape))
    np.maximum(x @ W1 + b1, 0, out=h)
    return h @ W2 + b2, (x, h, W2)


def backward(dy, cache):
    x, h, W2 = cache
    dz1 = (dy @ W2.T) * (h > 0)
    return x.T @ dz1, dz1.sum(axis=0), h.T @ dy, dy.sum(axis=0)
