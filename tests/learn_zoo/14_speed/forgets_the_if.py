# kind: mask missing
import numpy as np


def fast_step(x, W, b, dy):
    y = np.maximum(x @ W + b, 0)
    return y, dy @ W.T, x.T @ dy, dy.sum(axis=0)
