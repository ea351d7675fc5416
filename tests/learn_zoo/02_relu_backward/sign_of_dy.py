# kind: mask on dy
import numpy as np


def relu_backward(dy, z):
    return np.maximum(dy, 0)
