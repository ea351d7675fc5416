# kind: 1 - y missing
def sigmoid_backward(dy, y):
    return dy * y
