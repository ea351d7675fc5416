# kind: loop over rows, inputs, outputs
import numpy as np


def slow_step(x, W, b, dy):
    y, dx, dW, db = np.zeros_like(dy), np.zeros_like(x), np.zeros_like(W), np.zeros_like(b)
    for row in range(x.shape[0]):
        for o in range(W.shape[1]):
            z = b[o]
            for i in range(W.shape[0]):
                z += x[row, i] * W[i, o]
            y[row, o] = max(z, 0)
            if z > 0:
                db[o] += dy[row, o]
                for i in range(W.shape[0]):
                    dW[i, o] += x[row, i] * dy[row, o]
                    dx[row, i] += dy[row, o] * W[i, o]
    return y, dx, dW, db


def fast_step(x, W, b, dy):
    return slow_step(x, W, b, dy)
