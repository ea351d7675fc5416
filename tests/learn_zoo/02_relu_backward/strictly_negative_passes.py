# kind: mask upside down
import numpy as np


def relu_backward(dy, z):
    return np.where(z < 0, dy, 0.0)
