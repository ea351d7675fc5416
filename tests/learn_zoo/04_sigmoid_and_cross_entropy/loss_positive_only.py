# kind: only the term of t
def sigmoid_backward(dy, y):
    return y * (1 - y) * dy


def cross_entropy_backward(p, t):
    return -(t / p) / len(p)
