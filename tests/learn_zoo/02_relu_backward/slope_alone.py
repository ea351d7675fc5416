# kind: dy missing
import numpy as np


def relu_backward(dy, z):
    slope = np.zeros_like(z)
    slope[z > 0] = 1
    return slope
