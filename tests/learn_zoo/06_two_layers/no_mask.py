# kind: mask missing
import numpy as np


def forward(x, W1, b1, W2, b2):
    z1 = x @ W1 + b1
    h = np.maximum(0, z1)
    return h @ W2 + b2, (x, h, W2)


def backward(dy, cache):
    x, h, W2 = cache
    dW2 = h.T @ dy
    db2 = dy.sum(0)
    dh = dy @ W2.T
    return x.T @ dh, dh.sum(0), dW2, db2
