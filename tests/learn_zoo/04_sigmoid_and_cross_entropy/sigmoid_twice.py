# kind: y taken for z
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_backward(dy, y):
    s = sigmoid(y)
    return dy * s * (1 - s)


def cross_entropy_backward(p, t):
    return ((1 - t) / (1 - p) - t / p) / len(p)


def fused_backward(z, t):
    return (sigmoid(z) - t) / len(z)
