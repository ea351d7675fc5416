# kind: step for parameters
def sgd_step(p, g, lr):
    step = -lr * g
    return step
