# kind: changes its input
def relu_backward(dy, z):
    dy[z <= 0] = 0
    return dy
