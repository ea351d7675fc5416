# kind: dL/dy sign
import numpy as np


def neuron(x, w, b, t):
    y = np.sum(x * w) + b
    error = t - y
    dw = np.array([2 * error * xi for xi in x])
    db = 2 * error
    return y, dw, db
