# kind: the long way, clipped
import numpy as np


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def cross_entropy_backward(p, t):
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return ((1 - t) / (1 - p) - t / p) / len(p)


def fused_backward(z, t):
    p = 1 / (1 + np.exp(-z))
    return sigmoid_backward(cross_entropy_backward(p, t), p)
