# kind: backward difference
import numpy as np


def numeric_gradient(loss, W, h):
    dW = np.zeros_like(W)
    for at in np.ndindex(*W.shape):
        moved = W.copy()
        moved[at] -= h
        dW[at] = (loss(W) - loss(moved)) / h
    return dW
