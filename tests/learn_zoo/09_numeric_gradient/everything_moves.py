# kind: all moved at once
import numpy as np


def numeric_gradient(loss, W, h):
    dW = np.zeros_like(W)
    for at in np.ndindex(*W.shape):
        dW[at] = (loss(W + h) - loss(W - h)) / (2 * h)
    return dW
