# kind: forward for backward
def relu_backward(dy, z):
    return (abs(z) + z) / 2
