# kind: bias forgotten
import numpy as np


def neuron(x, w, b, t):
    y = np.dot(w, x)
    error = y - t
    return y, 2 * error * x, 2 * error
