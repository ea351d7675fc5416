# kind: value for slope
import numpy as np


def relu_backward(dy, z):
    y = np.maximum(z, 0)
    return y * dy
