# kind: stale cache
import numpy as np

saved = {}


def forward(x, W1, b1, W2, b2):
    saved["x"] = x
    saved["h"] = np.maximum(x @ W1 + b1, 0)
    saved["W2"] = W2
    return saved["h"] @ W2 + b2, None


def backward(dy, cache):
    h = saved["h"]
    dz1 = (dy @ saved["W2"].T) * (h > 0)
    return saved["x"].T @ dz1, dz1.sum(axis=0), h.T @ dy, dy.sum(axis=0)
