"""A solution of exercise 14."""

import numpy as np


def fast_step(x, W, b, dy):
    """What slow_step does, without loops."""
    y = np.maximum(x @ W + b, 0)
    dz = dy * (y > 0)
    return y, dz @ W.T, x.T @ dz, dz.sum(axis=0)
