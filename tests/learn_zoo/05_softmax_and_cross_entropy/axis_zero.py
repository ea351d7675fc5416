# kind: wrong axis
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)
