# kind: learning rate missing
def sgd_step(p, g, lr):
    return p - g
