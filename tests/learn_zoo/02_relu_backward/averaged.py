# kind: dz divided by B
def relu_backward(dy, z):
    B = dy.shape[0]
    return (z > 0) * dy / B
