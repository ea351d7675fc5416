# kind: softmax missing
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


def softmax_cross_entropy_backward(z, labels):
    dz = z.copy()
    dz[np.arange(len(z)), labels] -= 1
    return dz / len(z)
