# kind: loop over outputs
import numpy as np


def fast_step(x, W, b, dy):
    y, dz = np.zeros_like(dy), np.zeros_like(dy)
    for o in range(len(b)):
        z = x @ W[:, o] + b[o]
        y[:, o] = np.maximum(z, 0)
        dz[:, o] = dy[:, o] * (z > 0)
    return y, dz @ W.T, x.T @ dz, dz.sum(axis=0)
