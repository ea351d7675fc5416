# kind: label added
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


def softmax_cross_entropy_backward(z, labels):
    onehot = np.eye(z.shape[1])[labels]
    return (softmax(z) + onehot) / z.shape[0]
