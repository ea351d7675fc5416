# kind: learning rate on p
def sgd_step(p, g, lr):
    return (p - g) * lr
