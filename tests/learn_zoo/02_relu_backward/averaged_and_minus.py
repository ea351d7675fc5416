# kind: dz sign + dz divided by B
def relu_backward(dy, z):
    return -dy * (z > 0) / len(dy)
