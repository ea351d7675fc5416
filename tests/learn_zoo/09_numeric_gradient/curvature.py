# kind: second derivative
import numpy as np


def numeric_gradient(loss, W, h):
    dW = np.zeros_like(W)
    for at in np.ndindex(*W.shape):
        e = np.zeros_like(W)
        e[at] = h
        dW[at] = (loss(W + e) - 2 * loss(W) + loss(W - e)) / h**2
    return dW
