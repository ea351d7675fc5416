# kind: flattened
import numpy as np


def numeric_gradient(loss, W, h):
    slopes = []
    for at in np.ndindex(*W.shape):
        e = np.zeros_like(W)
        e[at] = h
        slopes.append((loss(W + e) - loss(W - e)) / (2 * h))
    return np.array(slopes)
