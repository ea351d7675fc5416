# kind: dp times B
def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def cross_entropy_backward(p, t):
    return -t / p + (1 - t) / (1 - p)
