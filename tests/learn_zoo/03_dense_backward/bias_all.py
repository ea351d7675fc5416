# kind: bias summed over everything
import numpy as np


def dense_backward(dz, x, W):
    return dz @ W.T, x.T @ dz, np.sum(dz)
