# kind: loop over rows
import numpy as np


def fast_step(x, W, b, dy):
    z = np.array([row @ W + b for row in x])
    dz = dy * (z > 0)
    return np.maximum(z, 0), dz @ W.T, x.T @ dz, dz.sum(axis=0)
