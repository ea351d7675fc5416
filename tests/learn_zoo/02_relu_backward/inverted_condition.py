# kind: mask upside down
def relu_backward(dy, z):
    dz = dy.copy()
    dz[z > 0] = 0
    return dz
