# kind: not put back
import numpy as np


def numeric_gradient(loss, W, h):
    dW = np.zeros_like(W)
    for i in range(W.shape[0]):
        for o in range(W.shape[1]):
            W[i, o] = W[i, o] + h
            up = loss(W)
            W[i, o] = W[i, o] - 2 * h
            down = loss(W)
            dW[i, o] = (up - down) / (2 * h)
    return dW
