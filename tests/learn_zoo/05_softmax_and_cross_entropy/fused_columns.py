# kind: whole columns
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


def softmax_cross_entropy_backward(z, labels):
    p = softmax(z)
    p[:, labels] -= 1
    return p / len(z)
