# kind: gradient sign
def sgd_step(p, g, lr):
    return p - lr * g


def momentum_step(p, g, velocity, lr, mu):
    velocity = mu * velocity + lr * g
    return p + velocity, velocity
