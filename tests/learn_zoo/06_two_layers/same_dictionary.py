# kind: stale cache
import numpy as np

cache = {}


def forward(x, W1, b1, W2, b2):
    h = np.maximum(x @ W1 + b1, 0)
    cache.update(x=x, h=h, W2=W2)
    return h @ W2 + b2, cache


def backward(dy, cache):
    x, h, W2 = cache["x"], cache["h"], cache["W2"]
    dz1 = (dy @ W2.T) * (h > 0)
    return x.T @ dz1, dz1.sum(axis=0), h.T @ dy, dy.sum(axis=0)
