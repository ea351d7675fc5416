# kind: learning rate outside the velocity
def sgd_step(p, g, lr):
    return p - lr * g


def momentum_step(p, g, velocity, lr, mu):
    v = mu * velocity + g
    return p - lr * v, v
