# kind: overflow + sum over everything
import numpy as np


def softmax(z):
    return np.exp(z) / np.sum(np.exp(z))
