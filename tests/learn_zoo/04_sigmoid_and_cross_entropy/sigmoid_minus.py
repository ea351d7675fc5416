# kind: dz sign
def sigmoid_backward(dy, y):
    return dy * y * (y - 1)
