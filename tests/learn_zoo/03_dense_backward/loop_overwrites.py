# kind: last row only
import numpy as np


def dense_backward(dz, x, W):
    dW = np.zeros(W.shape)
    for row in range(len(x)):
        dW = np.outer(x[row], dz[row])
    return dz @ W.T, dW, dz.sum(axis=0)
