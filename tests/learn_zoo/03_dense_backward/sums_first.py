# kind: summed too early
import numpy as np


def dense_backward(dz, x, W):
    dW = x.sum(axis=0)[:, None] * dz.sum(axis=0)[None, :]
    return np.einsum("bo,io->bi", dz, W), dW, dz.sum(axis=0)
