# kind: labels off by one
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


def softmax_cross_entropy_backward(z, labels):
    dz = softmax(z)
    for row, label in enumerate(labels):
        dz[row, label - 1] -= 1
    return dz / len(z)
