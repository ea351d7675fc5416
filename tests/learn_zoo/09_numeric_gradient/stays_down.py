# kind: not put back
import numpy as np


def numeric_gradient(loss, W, h):
    W = W.copy()
    dW = np.zeros_like(W)
    for at in np.ndindex(*W.shape):
        W[at] += h
        up = loss(W)
        W[at] -= 2 * h
        down = loss(W)
        dW[at] = (up - down) / (2 * h)
    return dW
