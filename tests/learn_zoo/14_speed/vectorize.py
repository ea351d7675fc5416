# kind: loop over rows, outputs
import numpy as np


def fast_step(x, W, b, dy):
    relu = np.vectorize(lambda z: max(z, 0.0))
    z = x @ W + b
    dz = dy * (z > 0)
    return relu(z), dz @ W.T, x.T @ dz, dz.sum(axis=0)
