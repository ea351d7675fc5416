# kind: not faster
import numpy as np


def fast_step(x, W, b, dy):
    for _ in range(2000):
        y = np.maximum(x @ W + b, 0)
        dz = dy * (y > 0)
        answers = y, dz @ W.T, x.T @ dz, dz.sum(axis=0)
    return answers
