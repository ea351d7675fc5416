# kind: changes its input
def sgd_step(p, g, lr):
    p -= lr * g
    return p
