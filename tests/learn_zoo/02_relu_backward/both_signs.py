# kind: two masks
import numpy as np


def relu_backward(dy, z):
    gradient = np.maximum(dy, 0)
    return gradient * (z > 0)
