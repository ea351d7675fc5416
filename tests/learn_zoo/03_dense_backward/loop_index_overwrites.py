# kind: last row only
import numpy as np


def dense_backward(dz, x, W):
    dW = np.zeros(W.shape)
    for row in range(x.shape[0]):
        for i in range(W.shape[0]):
            for o in range(W.shape[1]):
                dW[i, o] = x[row, i] * dz[row, o]
    return dz @ W.T, dW, dz.sum(axis=0)
