# kind: dz times B
import numpy as np


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def cross_entropy_backward(p, t):
    return ((1 - t) / (1 - p) - t / p) / len(p)


def fused_backward(z, t):
    return 1 / (1 + np.exp(-z)) - t
