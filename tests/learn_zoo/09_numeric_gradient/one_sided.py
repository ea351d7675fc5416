# kind: forward difference
import numpy as np


def numeric_gradient(loss, W, h):
    dW = np.zeros_like(W)
    base = loss(W)
    for i in range(W.shape[0]):
        for o in range(W.shape[1]):
            moved = W.copy()
            moved[i, o] += h
            dW[i, o] = (loss(moved) - base) / h
    return dW
