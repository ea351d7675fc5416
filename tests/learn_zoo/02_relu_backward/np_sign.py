# kind: slope of the absolute value
import numpy as np


def relu_backward(dy, z):
    return dy * np.sign(z)
