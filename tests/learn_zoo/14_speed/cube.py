# kind: one big array
import numpy as np


def fast_step(x, W, b, dy):
    z = (x[:, :, None] * W[None, :, :]).sum(axis=1) + b
    dz = dy * (z > 0)
    dW = (x[:, :, None] * dz[:, None, :]).sum(axis=0)
    return np.maximum(z, 0), dz @ W.T, dW, dz.sum(axis=0)
