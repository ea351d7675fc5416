# kind: inner sign
def sigmoid_backward(dy, y):
    return y * (1 - y) * dy


def cross_entropy_backward(p, t):
    B = p.shape[0]
    return -(t / p + (1 - t) / (1 - p)) / B
