# kind: divided by the learning rate
def sgd_step(p, g, lr):
    return p - g / lr
