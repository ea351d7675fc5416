# kind: sign
def sgd_step(p, g, lr):
    return p + lr * g
