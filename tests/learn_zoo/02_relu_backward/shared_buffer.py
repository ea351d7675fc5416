# kind: aliased result
import numpy as np

buffers = {}


def relu_backward(dy, z):
    if z.shape not in buffers:
        buffers[z.shape] = np.empty(z.shape)
    out = buffers[z.shape]
    np.multiply(dy, z > 0, out=out)
    return out
