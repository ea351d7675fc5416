# kind: summed over the rows
def relu_backward(dy, z):
    return ((z > 0) * dy).sum(axis=0)
