# kind: old velocity
def sgd_step(p, g, lr):
    return p - lr * g


def momentum_step(p, g, velocity, lr, mu):
    p = p + velocity
    velocity = mu * velocity - lr * g
    return p, velocity
