# kind: loop over rows
import numpy as np


def fast_step(x, W, b, dy):
    y, dx, dW = np.zeros_like(dy), np.zeros_like(x), np.zeros_like(W)
    db = np.zeros_like(b)
    for row in range(len(x)):
        z = x[row] @ W + b
        y[row] = np.maximum(z, 0)
        dz = dy[row] * (z > 0)
        dx[row] = W @ dz
        dW += np.outer(x[row], dz)
        db += dz
    return y, dx, dW, db
