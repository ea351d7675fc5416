# kind: mask missing
def relu_backward(dy, z):
    # relu has slope 1
    return dy * 1
